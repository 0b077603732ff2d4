//! CREATE and DROP.

use datafusion::sql::sqlparser::{
    ast::{Expr, UnaryOperator},
    tokenizer::Token,
};

use super::{
    ColumnDefinition, CreateProcedure, CreateTable, Identity, StatementKind,
    cursor::{BatchParser, Result},
};

impl BatchParser {
    pub(super) fn create(&mut self) -> Result<StatementKind> {
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
        let or_alter = self.accept(&["CREATE", "OR", "ALTER", "PROCEDURE"])
            || self.accept(&["CREATE", "OR", "ALTER", "PROC"]);
        if or_alter {
            return self.procedure(false, false);
        }
        if self.accept(&["CREATE", "PROCEDURE"]) || self.accept(&["CREATE", "PROC"]) {
            return self.procedure(true, false);
        }
        if let Some(statement) = self.create_principal()? {
            return Ok(statement);
        }
        self.name_unsupported("CREATE")
    }

    pub(super) fn alter(&mut self) -> Result<StatementKind> {
        if self.accept(&["ALTER", "PROCEDURE"]) || self.accept(&["ALTER", "PROC"]) {
            return self.procedure(false, true);
        }
        if let Some(statement) = self.alter_principal()? {
            return Ok(statement);
        }
        self.name_unsupported("ALTER")
    }

    /// What follows CREATE PROCEDURE: it goes on to the end of the batch.
    fn procedure(&mut self, create: bool, alter: bool) -> Result<StatementKind> {
        let name = self.name()?;
        let in_parentheses = self.parser.consume_token(&Token::LParen);
        let parameters = if self.peek_variable().is_some() {
            self.declarations()?
        } else {
            Vec::new()
        };
        if in_parentheses {
            self.expect_token(&Token::RParen)?;
        }
        if self.accept(&["WITH"]) {
            self.comma_separated(|batch| {
                if batch.accept(&["RECOMPILE"]) {
                    Ok(())
                } else {
                    Err(batch.unexpected())
                }
            })?;
        }
        self.expect(&["AS"])?;
        let body = self.rest();
        // Read now, so that what cannot be read is told now.
        super::parse(&body)?;
        Ok(StatementKind::CreateProcedure(CreateProcedure {
            name,
            parameters,
            body,
            create,
            alter,
        }))
    }

    pub(super) fn create_table(&mut self) -> Result<StatementKind> {
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

    pub(super) fn clustered(&mut self) {
        if !self.accept(&["CLUSTERED"]) {
            self.accept(&["NONCLUSTERED"]);
        }
    }

    pub(super) fn key_columns(&mut self) -> Result<Vec<String>> {
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

    pub(super) fn identity(&mut self) -> Result<Identity> {
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

    pub(super) fn signed_number(&mut self) -> Result<i64> {
        let number = self.expr()?;
        constant_integer(&number).ok_or_else(|| self.unexpected())
    }

    pub(super) fn drop_object(&mut self) -> Result<StatementKind> {
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
        if self.accept(&["DROP", "PROCEDURE"]) || self.accept(&["DROP", "PROC"]) {
            let if_exists = self.accept(&["IF", "EXISTS"]);
            let names = self.comma_separated(Self::name)?;
            return Ok(StatementKind::DropProcedure { names, if_exists });
        }
        if let Some(statement) = self.drop_principal()? {
            return Ok(statement);
        }
        self.name_unsupported("DROP")
    }

    pub(super) fn name_unsupported(&mut self, first: &str) -> Result<StatementKind> {
        let Some(second) = self.word(1) else {
            self.parser.next_token();
            return Err(self.unexpected());
        };
        while !self.at_end() {
            self.parser.next_token();
        }
        Ok(StatementKind::Unsupported(format!("{first} {second}")))
    }
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
