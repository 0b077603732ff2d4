//! Batches and statements.

use datafusion::sql::sqlparser::{
    ast::{
        self, AssignmentTarget, BinaryOperator, Expr, Ident, ObjectName, Query, SelectItem,
        SetExpr, UnaryOperator,
    },
    dialect::MsSqlDialect,
    keywords::Keyword,
    parser::{Parser, ParserError},
    tokenizer::{Token, TokenWithSpan, Tokenizer, TokenizerError, Word},
};

use super::{
    ColumnDefinition, CreateTable, Declaration, Identity, Insert, InsertBulk, InsertSource,
    SqlType, Statement, StatementKind, TypeError, execute,
};

/// How deep expressions, blocks and statements may nest.
const MAX_DEPTH: usize = 64;

/// Why a batch cannot be read; nothing of it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::sql) struct SyntaxError {
    /// The number of the error message.
    pub(in crate::sql) number: i32,
    pub(in crate::sql) message: String,
    /// From 1.
    pub(in crate::sql) line: u32,
}

pub(super) type Result<T, E = SyntaxError> = std::result::Result<T, E>;

static DIALECT: MsSqlDialect = MsSqlDialect {};

/// Reads a batch.
pub(in crate::sql) fn parse(text: &str) -> Result<Vec<Statement>> {
    let mut batch = BatchParser::new(text)?;
    let mut statements = Vec::new();
    batch.skip_semicolons();
    // A procedure may be called without EXEC as the first statement of a batch.
    if batch.starts_with_call() {
        let line = batch.line();
        let call = execute::call(&mut batch)?;
        statements.push(Statement {
            kind: StatementKind::Execute(call),
            line,
        });
    }
    loop {
        batch.skip_semicolons();
        if batch.at_end() {
            return Ok(statements);
        }
        statements.push(batch.statement()?);
    }
}

/// Reads the declaration of parameters that `sp_executesql` and `sp_execute_external_script` take.
pub(in crate::sql) fn parse_parameters(text: &str) -> Result<Vec<Declaration>> {
    let mut batch = BatchParser::new(text)?;
    if batch.at_end() {
        return Ok(Vec::new());
    }
    let declarations = batch.declarations()?;
    if batch.at_end() {
        Ok(declarations)
    } else {
        Err(batch.unexpected())
    }
}

/// A cursor over the tokens of a batch.
pub(super) struct BatchParser {
    pub(super) parser: Parser<'static>,
    depth: usize,
}

impl BatchParser {
    fn new(text: &str) -> Result<Self> {
        let tokens = Tokenizer::new(&DIALECT, text)
            .tokenize_with_location()
            .map_err(|error| lexical(&error))?;
        Ok(Self {
            parser: Parser::new(&DIALECT)
                .with_recursion_limit(MAX_DEPTH)
                .with_tokens_with_locations(tokens),
            depth: 0,
        })
    }

    pub(super) fn peek(&self) -> &TokenWithSpan {
        self.parser.peek_token_ref()
    }

    pub(super) fn line(&self) -> u32 {
        u32::try_from(self.peek().span.start.line)
            .unwrap_or(1)
            .max(1)
    }

    pub(super) fn at_end(&self) -> bool {
        self.peek().token == Token::EOF
    }

    pub(super) fn skip_semicolons(&mut self) {
        while self.parser.consume_token(&Token::SemiColon) {}
    }

    /// The error for the token that is next.
    pub(super) fn unexpected(&self) -> SyntaxError {
        let next = self.peek();
        let (number, message) = match &next.token {
            Token::EOF => (
                102,
                "Incorrect syntax near the end of the batch.".to_owned(),
            ),
            Token::Word(Word {
                value,
                quote_style: None,
                keyword,
            }) if *keyword != Keyword::NoKeyword => {
                (156, format!("Incorrect syntax near the keyword '{value}'."))
            }
            Token::Word(word) => (102, format!("Incorrect syntax near '{}'.", word.value)),
            Token::SingleQuotedString(text) | Token::NationalStringLiteral(text) => {
                (102, format!("Incorrect syntax near '{text}'."))
            }
            other => (102, format!("Incorrect syntax near '{other}'.")),
        };
        SyntaxError {
            number,
            message,
            line: self.line(),
        }
    }

    /// Reads a part with `sqlparser`.
    pub(super) fn with<T>(
        &mut self,
        read: impl FnOnce(&mut Parser<'static>) -> Result<T, ParserError>,
    ) -> Result<T> {
        read(&mut self.parser).map_err(|error| match error {
            ParserError::RecursionLimitExceeded => SyntaxError {
                number: 191,
                message: "Some part of your SQL statement is nested too deeply. Rewrite the query or break it up into \
                          smaller queries."
                    .to_owned(),
                line: self.line(),
            },
            _ => self.unexpected(),
        })
    }

    /// The word at `ahead`, where it is an unquoted one.
    pub(super) fn word(&self, ahead: usize) -> Option<String> {
        match self.parser.peek_nth_token(ahead).token {
            Token::Word(Word {
                value,
                quote_style: None,
                ..
            }) => Some(value.to_ascii_uppercase()),
            _ => None,
        }
    }

    /// Takes these words if all of them are next.
    pub(super) fn accept(&mut self, words: &[&str]) -> bool {
        let all = words
            .iter()
            .enumerate()
            .all(|(at, word)| self.word(at).as_deref() == Some(*word));
        if all {
            words.iter().for_each(|_| drop(self.parser.next_token()));
        }
        all
    }

    pub(super) fn expect(&mut self, words: &[&str]) -> Result<()> {
        if self.accept(words) {
            Ok(())
        } else {
            Err(self.unexpected())
        }
    }

    pub(super) fn expect_token(&mut self, token: &Token) -> Result<()> {
        if self.parser.consume_token(token) {
            Ok(())
        } else {
            Err(self.unexpected())
        }
    }

    pub(super) fn name(&mut self) -> Result<ObjectName> {
        self.with(|parser| parser.parse_object_name(false))
    }

    /// A single name, quoted or not.
    pub(super) fn identifier(&mut self) -> Result<String> {
        match self.parser.peek_token().token {
            Token::Word(word) => {
                self.parser.next_token();
                Ok(word.value)
            }
            _ => Err(self.unexpected()),
        }
    }

    /// A variable with its `@`.
    pub(super) fn variable(&mut self) -> Result<String> {
        match self.peek_variable() {
            Some(name) => {
                self.parser.next_token();
                Ok(name)
            }
            None => Err(self.unexpected()),
        }
    }

    pub(super) fn peek_variable(&self) -> Option<String> {
        match &self.peek().token {
            Token::Word(word) if word.quote_style.is_none() && word.value.starts_with('@') => {
                Some(word.value.clone())
            }
            _ => None,
        }
    }

    pub(super) fn expr(&mut self) -> Result<Expr> {
        self.with(Parser::parse_expr)
    }

    pub(super) fn sql_type(&mut self) -> Result<SqlType> {
        let line = self.line();
        let written = self.with(Parser::parse_data_type)?;
        SqlType::from_ast(&written, 1).map_err(|error| type_error(&error, line))
    }

    fn comma_separated<T>(
        &mut self,
        mut read: impl FnMut(&mut Self) -> Result<T>,
    ) -> Result<Vec<T>> {
        let mut items = vec![read(self)?];
        while self.parser.consume_token(&Token::Comma) {
            items.push(read(self)?);
        }
        Ok(items)
    }

    /// Whether the batch begins with a name that starts no statement: a call without EXEC.
    fn starts_with_call(&self) -> bool {
        match &self.peek().token {
            Token::Word(word) => {
                word.quote_style.is_some() || !is_statement_start(&word.value.to_ascii_uppercase())
            }
            _ => false,
        }
    }

    fn statement(&mut self) -> Result<Statement> {
        let line = self.line();
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(SyntaxError {
                number: 191,
                message: "Some part of your SQL statement is nested too deeply. Rewrite the query or break it up into \
                          smaller queries."
                    .to_owned(),
                line,
            });
        }
        let kind = self.statement_kind()?;
        self.depth -= 1;
        Ok(Statement { kind, line })
    }

    fn statement_kind(&mut self) -> Result<StatementKind> {
        let Some(first) = self.word(0) else {
            if self.peek().token == Token::LParen {
                return self.select();
            }
            return Err(self.unexpected());
        };
        match first.as_str() {
            "SELECT" | "WITH" => self.select(),
            "INSERT" => self.insert(),
            "UPDATE" => self.update(),
            "DELETE" => self.delete(),
            "CREATE" => self.create(),
            "DROP" => self.drop_object(),
            "TRUNCATE" => {
                self.parser.next_token();
                self.expect(&["TABLE"])?;
                Ok(StatementKind::Truncate(self.name()?))
            }
            "USE" => {
                self.parser.next_token();
                Ok(StatementKind::Use(self.identifier()?))
            }
            "DECLARE" => {
                self.parser.next_token();
                Ok(StatementKind::Declare(self.declarations()?))
            }
            "SET" => self.set(),
            "IF" => self.if_else(),
            "WHILE" => {
                self.parser.next_token();
                let condition = self.expr()?;
                Ok(StatementKind::While(condition, Box::new(self.statement()?)))
            }
            "BREAK" => self.single(StatementKind::Break),
            "CONTINUE" => self.single(StatementKind::Continue),
            "RECONFIGURE" => {
                self.parser.next_token();
                self.accept(&["WITH", "OVERRIDE"]);
                Ok(StatementKind::Reconfigure)
            }
            "BEGIN" => self.begin(),
            "COMMIT" => {
                self.parser.next_token();
                self.transaction_word();
                self.transaction_name();
                Ok(StatementKind::Commit)
            }
            "ROLLBACK" => {
                self.parser.next_token();
                self.transaction_word();
                Ok(StatementKind::Rollback(self.transaction_name()))
            }
            "SAVE" => {
                self.parser.next_token();
                self.transaction_word();
                Ok(StatementKind::Save(self.identifier()?))
            }
            "RETURN" => {
                self.parser.next_token();
                let value = if self.ends_statement() {
                    None
                } else {
                    Some(self.expr()?)
                };
                Ok(StatementKind::Return(value))
            }
            "PRINT" => {
                self.parser.next_token();
                Ok(StatementKind::Print(self.expr()?))
            }
            "RAISERROR" => {
                self.parser.next_token();
                self.expect_token(&Token::LParen)?;
                let arguments = self.comma_separated(Self::expr)?;
                self.expect_token(&Token::RParen)?;
                if self.accept(&["WITH"]) {
                    self.comma_separated(Self::identifier)?;
                }
                Ok(StatementKind::RaisError(arguments))
            }
            "THROW" => self.throw(),
            "EXEC" | "EXECUTE" => {
                self.parser.next_token();
                Ok(StatementKind::Execute(execute::execute(self)?))
            }
            other => self.unsupported(other),
        }
    }

    fn single(&mut self, kind: StatementKind) -> Result<StatementKind> {
        self.parser.next_token();
        Ok(kind)
    }

    /// A statement that is known and not carried out; the rest of the batch cannot be read behind it.
    fn unsupported(&mut self, first: &str) -> Result<StatementKind> {
        const KNOWN: &[&str] = &[
            "ALTER",
            "BACKUP",
            "CHECKPOINT",
            "CLOSE",
            "DBCC",
            "DEALLOCATE",
            "DENY",
            "DISABLE",
            "ENABLE",
            "FETCH",
            "GRANT",
            "KILL",
            "MERGE",
            "OPEN",
            "RESTORE",
            "REVERT",
            "REVOKE",
            "SHUTDOWN",
            "WAITFOR",
        ];
        if !KNOWN.contains(&first) {
            return Err(self.unexpected());
        }
        while !self.at_end() {
            self.parser.next_token();
        }
        Ok(StatementKind::Unsupported(first.to_owned()))
    }

    fn select(&mut self) -> Result<StatementKind> {
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

    fn insert(&mut self) -> Result<StatementKind> {
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

    fn columns(&mut self) -> Result<Vec<String>> {
        self.expect_token(&Token::LParen)?;
        let columns = self.comma_separated(Self::identifier)?;
        self.expect_token(&Token::RParen)?;
        Ok(columns)
    }

    fn insert_bulk(&mut self) -> Result<StatementKind> {
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

    fn update(&mut self) -> Result<StatementKind> {
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

    fn delete(&mut self) -> Result<StatementKind> {
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
    fn deletes_with_join(&self) -> bool {
        let mut at = 1;
        while self.parser.peek_nth_token(at).token == Token::Period {
            at += 2;
        }
        self.word(at).as_deref() == Some("FROM")
    }

    fn create(&mut self) -> Result<StatementKind> {
        if self.accept(&["CREATE", "DATABASE"]) {
            let name = self.identifier()?;
            // File groups and options say where a real server keeps its files.
            while !self.ends_statement() {
                self.parser.next_token();
            }
            return Ok(StatementKind::CreateDatabase(name));
        }
        if self.accept(&["CREATE", "TABLE"]) {
            return self.create_table();
        }
        self.name_unsupported("CREATE")
    }

    fn create_table(&mut self) -> Result<StatementKind> {
        let name = self.name()?;
        self.expect_token(&Token::LParen)?;
        let mut table = CreateTable {
            name,
            columns: Vec::new(),
            primary_key: Vec::new(),
        };
        loop {
            if matches!(self.word(0).as_deref(), Some("CONSTRAINT" | "PRIMARY")) {
                if self.accept(&["CONSTRAINT"]) {
                    self.identifier()?;
                }
                if !self.accept(&["PRIMARY", "KEY"]) {
                    return Err(self.unexpected());
                }
                self.clustered();
                table.primary_key = self.key_columns()?;
            } else {
                let column = self.column()?;
                table.columns.push(column);
            }
            if !self.parser.consume_token(&Token::Comma) {
                break;
            }
            // A trailing comma is allowed.
            if self.peek().token == Token::RParen {
                break;
            }
        }
        self.expect_token(&Token::RParen)?;
        if self.accept(&["ON"]) {
            self.identifier()?;
        }
        Ok(StatementKind::CreateTable(table))
    }

    fn clustered(&mut self) {
        if !self.accept(&["CLUSTERED"]) {
            self.accept(&["NONCLUSTERED"]);
        }
    }

    fn key_columns(&mut self) -> Result<Vec<String>> {
        self.expect_token(&Token::LParen)?;
        let columns = self.comma_separated(|batch| {
            let name = batch.identifier()?;
            if !batch.accept(&["ASC"]) {
                batch.accept(&["DESC"]);
            }
            Ok(name)
        })?;
        self.expect_token(&Token::RParen)?;
        Ok(columns)
    }

    /// A column of CREATE TABLE or WITH RESULT SETS.
    pub(super) fn column(&mut self) -> Result<ColumnDefinition> {
        let name = self.identifier()?;
        let mut column = ColumnDefinition {
            name,
            sql_type: self.sql_type()?,
            nullable: None,
            identity: None,
            default: None,
            primary_key: false,
        };
        loop {
            if self.accept(&["NOT", "NULL"]) {
                column.nullable = Some(false);
            } else if self.accept(&["NULL"]) {
                column.nullable = Some(true);
            } else if self.accept(&["IDENTITY"]) {
                column.identity = Some(self.identity()?);
            } else if self.accept(&["DEFAULT"]) {
                column.default = Some(self.expr()?);
            } else if self.accept(&["COLLATE"]) || self.accept(&["CONSTRAINT"]) {
                self.identifier()?;
            } else if self.accept(&["PRIMARY", "KEY"]) {
                self.clustered();
                column.primary_key = true;
                column.nullable = Some(false);
            } else {
                return Ok(column);
            }
        }
    }

    fn identity(&mut self) -> Result<Identity> {
        if !self.parser.consume_token(&Token::LParen) {
            return Ok(Identity {
                seed: 1,
                increment: 1,
            });
        }
        let seed = self.signed_number()?;
        self.expect_token(&Token::Comma)?;
        let increment = self.signed_number()?;
        self.expect_token(&Token::RParen)?;
        Ok(Identity { seed, increment })
    }

    fn signed_number(&mut self) -> Result<i64> {
        let number = self.expr()?;
        constant_integer(&number).ok_or_else(|| self.unexpected())
    }

    fn drop_object(&mut self) -> Result<StatementKind> {
        if self.accept(&["DROP", "DATABASE"]) {
            let if_exists = self.accept(&["IF", "EXISTS"]);
            let names = self.comma_separated(Self::identifier)?;
            return Ok(StatementKind::DropDatabase { names, if_exists });
        }
        if self.accept(&["DROP", "TABLE"]) {
            let if_exists = self.accept(&["IF", "EXISTS"]);
            let names = self.comma_separated(Self::name)?;
            return Ok(StatementKind::DropTable { names, if_exists });
        }
        self.name_unsupported("DROP")
    }

    fn name_unsupported(&mut self, first: &str) -> Result<StatementKind> {
        let Some(second) = self.word(1) else {
            self.parser.next_token();
            return Err(self.unexpected());
        };
        while !self.at_end() {
            self.parser.next_token();
        }
        Ok(StatementKind::Unsupported(format!("{first} {second}")))
    }

    fn declarations(&mut self) -> Result<Vec<Declaration>> {
        self.comma_separated(|batch| {
            let name = batch.variable()?;
            batch.accept(&["AS"]);
            let sql_type = batch.sql_type()?;
            let value = if batch.parser.consume_token(&Token::Eq) {
                Some(batch.expr()?)
            } else {
                None
            };
            let output = batch.accept(&["OUTPUT"]) || batch.accept(&["OUT"]);
            Ok(Declaration {
                name,
                sql_type,
                value,
                output,
            })
        })
    }

    fn set(&mut self) -> Result<StatementKind> {
        self.parser.next_token();
        if self.peek_variable().is_some() {
            let name = self.variable()?;
            let operator = self.parser.next_token().token;
            let operator = match operator {
                Token::Eq => None,
                Token::Plus => Some(BinaryOperator::Plus),
                Token::Minus => Some(BinaryOperator::Minus),
                Token::Mul => Some(BinaryOperator::Multiply),
                Token::Div => Some(BinaryOperator::Divide),
                _ => {
                    self.parser.prev_token();
                    return Err(self.unexpected());
                }
            };
            if operator.is_some() {
                self.expect_token(&Token::Eq)?;
            }
            let value = self.expr()?;
            let value = match operator {
                Some(op) => Expr::BinaryOp {
                    left: Box::new(Expr::Identifier(Ident::new(name.clone()))),
                    op,
                    right: Box::new(Expr::Nested(Box::new(value))),
                },
                None => value,
            };
            return Ok(StatementKind::Set(name, value));
        }
        let option = self.identifier()?.to_ascii_uppercase();
        let mut words = Vec::new();
        while !self.ends_statement() {
            let token = self.parser.next_token().token;
            words.push(token.to_string());
        }
        Ok(StatementKind::SetOption(option, words))
    }

    fn if_else(&mut self) -> Result<StatementKind> {
        self.parser.next_token();
        let condition = self.expr()?;
        let then = Box::new(self.statement()?);
        // A semicolon in front of ELSE ends the statement inside, not the IF.
        if self.peek().token == Token::SemiColon && self.word(1).as_deref() == Some("ELSE") {
            self.parser.next_token();
        }
        let otherwise = if self.accept(&["ELSE"]) {
            Some(Box::new(self.statement()?))
        } else {
            None
        };
        Ok(StatementKind::If {
            condition,
            then,
            otherwise,
        })
    }

    fn begin(&mut self) -> Result<StatementKind> {
        self.parser.next_token();
        if matches!(
            self.word(0).as_deref(),
            Some("TRAN" | "TRANSACTION" | "DISTRIBUTED")
        ) {
            if self.accept(&["DISTRIBUTED"]) {
                return self.unsupported_rest("BEGIN DISTRIBUTED TRANSACTION");
            }
            self.transaction_word();
            self.transaction_name();
            return Ok(StatementKind::Begin);
        }
        if self.accept(&["TRY"]) {
            let body = self.until_end()?;
            self.expect(&["TRY"])?;
            self.skip_semicolons();
            self.expect(&["BEGIN", "CATCH"])?;
            let handler = self.until_end()?;
            self.expect(&["CATCH"])?;
            return Ok(StatementKind::TryCatch { body, handler });
        }
        Ok(StatementKind::Block(self.until_end()?))
    }

    fn unsupported_rest(&mut self, name: &str) -> Result<StatementKind> {
        while !self.at_end() {
            self.parser.next_token();
        }
        Ok(StatementKind::Unsupported(name.to_owned()))
    }

    /// Statements up to END, which is taken.
    fn until_end(&mut self) -> Result<Vec<Statement>> {
        let mut statements = Vec::new();
        loop {
            self.skip_semicolons();
            if self.accept(&["END"]) {
                return Ok(statements);
            }
            statements.push(self.statement()?);
        }
    }

    fn throw(&mut self) -> Result<StatementKind> {
        self.parser.next_token();
        if self.ends_statement() {
            return Ok(StatementKind::Throw(None));
        }
        let number = self.expr()?;
        self.expect_token(&Token::Comma)?;
        let message = self.expr()?;
        self.expect_token(&Token::Comma)?;
        let state = self.expr()?;
        Ok(StatementKind::Throw(Some(Box::new([
            number, message, state,
        ]))))
    }

    fn transaction_word(&mut self) {
        if !self.accept(&["TRANSACTION"]) && !self.accept(&["TRAN"]) {
            self.accept(&["WORK"]);
        }
    }

    fn transaction_name(&mut self) -> Option<String> {
        if self.ends_statement() {
            return None;
        }
        self.identifier().ok()
    }

    /// Whether the statement can end here: at the end, a semicolon, or a word that starts or ends one.
    pub(super) fn ends_statement(&self) -> bool {
        match &self.peek().token {
            Token::EOF | Token::SemiColon => true,
            Token::Word(Word {
                value,
                quote_style: None,
                ..
            }) => {
                let word = value.to_ascii_uppercase();
                is_statement_start(&word) || matches!(word.as_str(), "END" | "ELSE")
            }
            _ => false,
        }
    }

    fn skip_parentheses(&mut self) -> Result<()> {
        self.expect_token(&Token::LParen)?;
        let mut open = 1;
        while open > 0 {
            match self.parser.next_token().token {
                Token::LParen => open += 1,
                Token::RParen => open -= 1,
                Token::EOF => return Err(self.unexpected()),
                _ => {}
            }
        }
        Ok(())
    }
}

fn is_statement_start(word: &str) -> bool {
    const STARTS: &[&str] = &[
        "ALTER",
        "BACKUP",
        "BEGIN",
        "BREAK",
        "CHECKPOINT",
        "CLOSE",
        "COMMIT",
        "CONTINUE",
        "CREATE",
        "DBCC",
        "DEALLOCATE",
        "DECLARE",
        "DELETE",
        "DENY",
        "DISABLE",
        "DROP",
        "ENABLE",
        "EXEC",
        "EXECUTE",
        "FETCH",
        "GRANT",
        "IF",
        "INSERT",
        "KILL",
        "MERGE",
        "OPEN",
        "PRINT",
        "RAISERROR",
        "RECONFIGURE",
        "RESTORE",
        "RETURN",
        "REVERT",
        "REVOKE",
        "ROLLBACK",
        "SAVE",
        "SELECT",
        "SET",
        "SHUTDOWN",
        "THROW",
        "TRUNCATE",
        "UPDATE",
        "USE",
        "WAITFOR",
        "WHILE",
        "WITH",
    ];
    STARTS.binary_search(&word).is_ok()
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

/// A literal integer with its sign.
fn constant_integer(expr: &Expr) -> Option<i64> {
    match expr {
        Expr::Value(value) => value.value.to_string().parse().ok(),
        Expr::UnaryOp {
            op: UnaryOperator::Minus,
            expr,
        } => constant_integer(expr).map(|number| -number),
        Expr::UnaryOp {
            op: UnaryOperator::Plus,
            expr,
        } => constant_integer(expr),
        _ => None,
    }
}

fn lexical(error: &TokenizerError) -> SyntaxError {
    let (number, message) = if error.message.contains("quoted identifier")
        || error.message.contains("string literal")
    {
        (
            105,
            "Unclosed quotation mark after the character string.".to_owned(),
        )
    } else {
        (102, format!("Incorrect syntax: {}.", error.message))
    };
    SyntaxError {
        number,
        message,
        line: u32::try_from(error.location.line).unwrap_or(1).max(1),
    }
}

fn type_error(error: &TypeError, line: u32) -> SyntaxError {
    let (number, message) = match error {
        TypeError::Unknown(name) => (2715, format!("Cannot find data type {name}.")),
        TypeError::OutOfRange(name) => (
            131,
            format!("The size given to the type '{name}' is outside its range."),
        ),
    };
    SyntaxError {
        number,
        message,
        line,
    }
}

/// The query of a batch that must be one SELECT; used for the input of external scripts.
pub(in crate::sql) fn single_query(statements: Vec<Statement>) -> Option<Box<Query>> {
    let [Statement { kind, .. }] = <[Statement; 1]>::try_from(statements).ok()?;
    match kind {
        StatementKind::Select(query) => Some(query),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
