//! Batches and statements.

use datafusion::sql::sqlparser::{ast::Query, tokenizer::Token};

use super::{
    Declaration, Statement, StatementKind,
    cursor::{BatchParser, MAX_DEPTH, Result, SyntaxError, is_statement_start},
    execute,
    security::Action,
};

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
        let statement = batch.statement()?;
        if let (StatementKind::CreateProcedure(_), false) = (&statement.kind, statements.is_empty())
        {
            return Err(SyntaxError {
                number: 111,
                message: "'CREATE/ALTER PROCEDURE' must be the first statement in a query batch."
                    .to_owned(),
                line: statement.line,
            });
        }
        statements.push(statement);
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

impl BatchParser {
    /// Whether the batch begins with a name that starts no statement: a call without EXEC.
    pub(super) fn starts_with_call(&self) -> bool {
        match &self.peek().token {
            Token::Word(word) => {
                word.quote_style.is_some() || !is_statement_start(&word.value.to_ascii_uppercase())
            }
            _ => false,
        }
    }

    pub(super) fn statement(&mut self) -> Result<Statement> {
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

    pub(super) fn statement_kind(&mut self) -> Result<StatementKind> {
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
            "ALTER" => self.alter(),
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
            "GRANT" => self.permissions(Action::Grant),
            "DENY" => self.permissions(Action::Deny),
            "REVOKE" => self.permissions(Action::Revoke),
            "WAITFOR" if self.word(1).as_deref() == Some("DELAY") => {
                self.parser.next_token();
                self.parser.next_token();
                Ok(StatementKind::WaitFor(self.expr()?))
            }
            "EXEC" | "EXECUTE" => {
                self.parser.next_token();
                Ok(StatementKind::Execute(execute::execute(self)?))
            }
            other => self.unsupported(other),
        }
    }

    pub(super) fn single(&mut self, kind: StatementKind) -> Result<StatementKind> {
        self.parser.next_token();
        Ok(kind)
    }

    /// A statement that is known and not carried out; the rest of the batch cannot be read behind it.
    pub(super) fn unsupported(&mut self, first: &str) -> Result<StatementKind> {
        const KNOWN: &[&str] = &[
            "BACKUP",
            "CHECKPOINT",
            "CLOSE",
            "DBCC",
            "DEALLOCATE",
            "DISABLE",
            "ENABLE",
            "FETCH",
            "KILL",
            "MERGE",
            "OPEN",
            "RESTORE",
            "REVERT",
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
