//! Variables, SET, and the statements that hold other statements: IF, BEGIN, TRY; and THROW.

use datafusion::sql::sqlparser::{
    ast::{BinaryOperator, Expr, Ident},
    tokenizer::Token,
};

use super::{
    Declaration, Statement, StatementKind,
    cursor::{BatchParser, Result},
};

impl BatchParser {
    pub(super) fn declarations(&mut self) -> Result<Vec<Declaration>> {
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

    pub(super) fn set(&mut self) -> Result<StatementKind> {
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

    pub(super) fn if_else(&mut self) -> Result<StatementKind> {
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

    pub(super) fn begin(&mut self) -> Result<StatementKind> {
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

    pub(super) fn unsupported_rest(&mut self, name: &str) -> Result<StatementKind> {
        while !self.at_end() {
            self.parser.next_token();
        }
        Ok(StatementKind::Unsupported(name.to_owned()))
    }

    /// Statements up to END, which is taken.
    pub(super) fn until_end(&mut self) -> Result<Vec<Statement>> {
        let mut statements = Vec::new();
        loop {
            self.skip_semicolons();
            if self.accept(&["END"]) {
                return Ok(statements);
            }
            statements.push(self.statement()?);
        }
    }

    pub(super) fn throw(&mut self) -> Result<StatementKind> {
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

    pub(super) fn transaction_word(&mut self) {
        if !self.accept(&["TRANSACTION"]) && !self.accept(&["TRAN"]) {
            self.accept(&["WORK"]);
        }
    }

    pub(super) fn transaction_name(&mut self) -> Option<String> {
        if self.ends_statement() {
            return None;
        }
        self.identifier().ok()
    }
}
