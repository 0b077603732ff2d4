//! Statements that read and change rows: SELECT, INSERT, UPDATE, DELETE and INSERT BULK.

use datafusion::sql::sqlparser::{
    ast::{self, AssignmentTarget, BinaryOperator, Expr, SelectItem, SetExpr},
    parser::Parser,
    tokenizer::Token,
};

use super::{
    Insert, InsertBulk, InsertSource, StatementKind,
    cursor::{BatchParser, Result},
    execute,
};

impl BatchParser {
    pub(super) fn select(&mut self) -> Result<StatementKind> {
        let mut query = self.with(Parser::parse_query)?;
        let SetExpr::Select(select) = query.body.as_mut() else {
            return Ok(StatementKind::Select(query));
        };
        if let Some(into) = select.into.take() {
            return Ok(StatementKind::SelectInto(into.name, query));
        }
        let assigned = assignments(&select.projection);
        match assigned {
            Some(assigned) => {
                let (variables, values): (Vec<_>, Vec<_>) = assigned.into_iter().unzip();
                select.projection = values.into_iter().map(SelectItem::UnnamedExpr).collect();
                Ok(StatementKind::Assign(variables, query))
            }
            None => Ok(StatementKind::Select(query)),
        }
    }

    pub(super) fn insert(&mut self) -> Result<StatementKind> {
        self.parser.next_token();
        if self.accept(&["BULK"]) {
            return self.insert_bulk();
        }
        self.accept(&["INTO"]);
        let table = self.name()?;
        // A parenthesis begins the columns unless a query stands in it.
        let has_columns = self.peek().token == Token::LParen
            && !matches!(self.word(1).as_deref(), Some("SELECT" | "WITH"));
        let columns = if has_columns {
            self.columns()?
        } else {
            Vec::new()
        };
        let source = if self.accept(&["DEFAULT", "VALUES"]) {
            InsertSource::DefaultValues
        } else if self.accept(&["EXEC"]) || self.accept(&["EXECUTE"]) {
            InsertSource::Execute(Box::new(execute::execute(self)?))
        } else {
            InsertSource::Query(self.with(Parser::parse_query)?)
        };
        Ok(StatementKind::Insert(Insert {
            table,
            columns,
            source,
        }))
    }

    pub(super) fn columns(&mut self) -> Result<Vec<String>> {
        self.expect_token(&Token::LParen)?;
        let columns = self.comma_separated(Self::identifier)?;
        self.expect_token(&Token::RParen)?;
        Ok(columns)
    }

    pub(super) fn insert_bulk(&mut self) -> Result<StatementKind> {
        let table = self.name()?;
        self.expect_token(&Token::LParen)?;
        let columns = self.comma_separated(|batch| {
            let name = batch.identifier()?;
            batch.sql_type()?;
            if batch.accept(&["COLLATE"]) {
                batch.identifier()?;
            }
            Ok(name)
        })?;
        self.expect_token(&Token::RParen)?;
        if self.accept(&["WITH"]) {
            self.skip_parentheses()?;
        }
        Ok(StatementKind::InsertBulk(InsertBulk { table, columns }))
    }

    pub(super) fn update(&mut self) -> Result<StatementKind> {
        let token = self.parser.next_token();
        let update = self.with(|parser| parser.parse_update(token))?;
        let ast::Statement::Update(update) = update else {
            return Err(self.unexpected());
        };
        if update.output.is_some() {
            return Ok(StatementKind::Unsupported("OUTPUT".to_owned()));
        }
        if update
            .assignments
            .iter()
            .any(|assignment| matches!(assignment.target, AssignmentTarget::Tuple(_)))
        {
            return Err(self.unexpected());
        }
        Ok(StatementKind::Update(Box::new(update)))
    }

    pub(super) fn delete(&mut self) -> Result<StatementKind> {
        let token = self.parser.next_token();
        // FROM may be left out in front of the table; sqlparser wants it.
        let delete = if self.word(0).as_deref() == Some("FROM") || self.deletes_with_join() {
            self.with(|parser| parser.parse_delete(token))?
        } else {
            let from = self.with(Parser::parse_table_and_joins)?;
            let selection = if self.accept(&["WHERE"]) {
                Some(self.expr()?)
            } else {
                None
            };
            ast::Statement::Delete(ast::Delete {
                delete_token: token.into(),
                optimizer_hints: Vec::new(),
                tables: Vec::new(),
                from: ast::FromTable::WithFromKeyword(vec![from]),
                using: None,
                selection,
                returning: None,
                output: None,
                order_by: Vec::new(),
                limit: None,
            })
        };
        let ast::Statement::Delete(delete) = delete else {
            return Err(self.unexpected());
        };
        if delete.output.is_some() {
            return Ok(StatementKind::Unsupported("OUTPUT".to_owned()));
        }
        Ok(StatementKind::Delete(Box::new(delete)))
    }

    /// `DELETE t FROM t JOIN u ...`: a name and then FROM.
    pub(super) fn deletes_with_join(&self) -> bool {
        let mut at = 1;
        while self.parser.peek_nth_token(at).token == Token::Period {
            at += 2;
        }
        self.word(at).as_deref() == Some("FROM")
    }
}

/// The variables and values of a projection in which every item is `@v = value`.
fn assignments(items: &[SelectItem]) -> Option<Vec<(String, Expr)>> {
    let assignment = |item: &SelectItem| match item {
        SelectItem::UnnamedExpr(Expr::BinaryOp {
            left,
            op: BinaryOperator::Eq,
            right,
        }) => match left.as_ref() {
            Expr::Identifier(name) if name.quote_style.is_none() && name.value.starts_with('@') => {
                Some((name.value.clone(), right.as_ref().clone()))
            }
            _ => None,
        },
        // sqlparser reads `@v = value` as an alias in front of its value.
        SelectItem::ExprWithAlias { expr, alias }
            if alias.quote_style.is_none() && alias.value.starts_with('@') =>
        {
            Some((alias.value.clone(), expr.clone()))
        }
        _ => None,
    };
    items.iter().map(assignment).collect()
}
