//! Scripts, bodies and statements that define nothing in the catalog.

use super::cursor::{PResult, Parser};
use crate::ast::{
    Declare, DeclareModifier, ExprKind, Insert, Invocation, ObjectName, OtherStatement, Output,
    Query, QueryKind, Statement, StatementKind, Violation,
};
use crate::lexer::TokenKind;

impl Parser<'_> {
    pub(super) fn script(&mut self) -> Vec<Statement> {
        let mut statements = Vec::new();
        while !self.at_end() {
            self.statement_into(&mut statements, &[]);
        }
        statements
    }

    /// Statements up to one of `ends`, which is not taken.
    pub(super) fn statements(&mut self, ends: &'static [&'static str]) -> PResult<Vec<Statement>> {
        let mut statements = Vec::new();
        loop {
            for end in ends {
                if self.at(end) {
                    return Ok(statements);
                }
            }
            if self.at_end() {
                return self.unexpected();
            }
            self.statement_into(&mut statements, ends);
        }
    }

    /// One statement with its semicolon; a broken one is reported and passed over.
    fn statement_into(&mut self, into: &mut Vec<Statement>, ends: &[&str]) {
        if self.eat_punct(";") {
            return;
        }
        let before = self.token().span;
        let start = before.start;
        let parsed = self.deeper(Self::statement).and_then(|kind| {
            let span = self.span_from(start);
            // `END` closes a block, and the last semicolon of a script may be missing.
            let closed = self.eat_punct(";")
                || self.at_end()
                || ends.contains(&self.nth_text(0))
                || matches!(kind, StatementKind::If { .. } | StatementKind::Create(_));
            if closed {
                Ok(Statement { kind, span })
            } else {
                self.unexpected()
            }
        });
        match parsed {
            Ok(statement) => into.push(statement),
            Err(_) => {
                self.skip_balanced(ends);
                if self.eat_punct(";") || self.token().span != before || self.at_end() {
                    return;
                }
                // An `ends` word that began the broken statement.
                self.bump();
            }
        }
    }

    fn statement(&mut self) -> PResult<StatementKind> {
        if self.at_variable() {
            return self.assign_or_call();
        }
        if self.nth_punct(0, "(") && self.nth(1).kind == TokenKind::Variable {
            return self.assign_many();
        }
        if self.at("OUTPUT") {
            return self.output();
        }
        if self.at("DECLARE") {
            return self.declare();
        }
        if self.at("CREATE") {
            return self.create();
        }
        if self.at("DROP") {
            return self.drop_statement();
        }
        if self.at("ALTER") {
            return self.alter();
        }
        if self.at("INSERT") {
            return self.insert();
        }
        if self.at("TRUNCATE") {
            return self.truncate();
        }
        if self.eat("USE") {
            let schema = self.eat("SCHEMA");
            if !schema {
                self.eat("DATABASE");
            }
            let name = self.object_name()?;
            return Ok(StatementKind::Use { schema, name });
        }
        if self.at("IF") {
            return self.if_statement();
        }
        if self.eat("SET") {
            return self.set();
        }
        if self.eat("RAISE") {
            let warning = !self.eat("ERROR");
            if warning {
                self.expect("WARNING")?;
            }
            return Ok(StatementKind::Raise {
                warning,
                message: self.expr()?,
            });
        }
        if self.eat("REFERENCE") {
            let system = self.eat("SYSTEM");
            self.expect("ASSEMBLY")?;
            let name = if system {
                self.dotted_name()?
            } else {
                self.object_name()?
            };
            return Ok(StatementKind::Reference { system, name });
        }
        if self.eat("USING") {
            let aliased = self.nth_punct(1, "=");
            let alias = if aliased { Some(self.name()?) } else { None };
            if aliased {
                self.expect_punct("=")?;
            }
            return Ok(StatementKind::Using {
                alias,
                target: self.type_ref()?,
            });
        }
        if self.eat("DEPLOY") {
            self.expect("RESOURCE")?;
            return Ok(StatementKind::Deploy(self.list(Self::expr)?));
        }
        if self.eat("IMPORT") {
            return self.import();
        }
        if self.eat("EXPORT") {
            return self.export();
        }
        if self.eat("RETURN") {
            return Ok(StatementKind::Return);
        }
        if self.nth_word(0, "UPDATE") && self.nth_word(1, "STATISTICS") {
            self.skip_balanced(&[]);
            return Ok(StatementKind::Other(OtherStatement::Statistics));
        }
        if matches!(self.nth_text(0), "GRANT" | "REVOKE") {
            self.skip_balanced(&[]);
            return Ok(StatementKind::Other(OtherStatement::Administration));
        }
        self.procedure_call()
    }

    /// `a.b.c(…)`: the only statement that begins with a name.
    fn procedure_call(&mut self) -> PResult<StatementKind> {
        let called = matches!(self.nth_text(1), "(" | ".") && self.at_name();
        if !called {
            return self.unexpected();
        }
        let name = self.object_name()?;
        let start = name.span.start;
        let args = self.args()?;
        Ok(StatementKind::Call(Invocation {
            name,
            args,
            span: self.span_from(start),
        }))
    }

    fn assign_or_call(&mut self) -> PResult<StatementKind> {
        let name = self.variable()?;
        if self.nth_punct(0, "(") {
            let start = name.span.start;
            let name = ObjectName {
                span: name.span,
                parts: vec![name],
            };
            let args = self.args()?;
            return Ok(StatementKind::Call(Invocation {
                name,
                args,
                span: self.span_from(start),
            }));
        }
        self.expect_punct("=")?;
        let query = self.query()?;
        Ok(StatementKind::Assign {
            targets: vec![name],
            query: Box::new(query),
        })
    }

    fn assign_many(&mut self) -> PResult<StatementKind> {
        let targets = self.paren_list(Self::variable)?;
        self.expect_punct("=")?;
        let query = self.query()?;
        if !matches!(query.kind, QueryKind::Call(_)) {
            return self.fail(
                query.span,
                "syntax error. Only a function's call yields several rowsets",
            );
        }
        Ok(StatementKind::Assign {
            targets,
            query: Box::new(query),
        })
    }

    fn output(&mut self) -> PResult<StatementKind> {
        self.expect("OUTPUT")?;
        let start = self.token().span.start;
        let kind = if self.at_punct("(") {
            self.bump();
            let inner = self.query()?;
            self.expect_punct(")")?;
            QueryKind::Nested(Box::new(inner))
        } else {
            self.rowset_reference()?
        };
        let input = Query {
            kind,
            order: None,
            sample: None,
            span: self.span_from(start),
        };
        self.expect("TO")?;
        let path = self.expr()?;
        let mut order = None;
        let mut expiration = None;
        loop {
            if order.is_none() && self.at("ORDER") {
                order = Some(self.order_fetch()?);
            } else if expiration.is_none() && self.eat("EXPIRATION") {
                expiration = Some(self.expr()?);
            } else {
                break;
            }
        }
        self.expect("USING")?;
        let using = self.operator_expr()?;
        Ok(StatementKind::Output(Box::new(Output {
            input,
            path,
            order,
            expiration,
            using,
        })))
    }

    fn declare(&mut self) -> PResult<StatementKind> {
        self.expect("DECLARE")?;
        if matches!(
            self.nth_text(0),
            "FUNCTION" | "PROCEDURE" | "VIEW" | "TYPE" | "ASSEMBLY"
        ) {
            return self.declare_object();
        }
        let modifier = if self.eat("CONST") {
            Some(DeclareModifier::Const)
        } else if self.eat("EXTERNAL") {
            Some(DeclareModifier::External)
        } else {
            None
        };
        let name = self.variable()?;
        let ty = if self.at_punct("=") {
            None
        } else {
            Some(self.type_ref()?)
        };
        self.expect_punct("=")?;
        let value = self.expr()?;
        Ok(StatementKind::Declare(Box::new(Declare {
            modifier,
            name,
            ty,
            value,
        })))
    }

    fn insert(&mut self) -> PResult<StatementKind> {
        self.expect("INSERT")?;
        self.eat("INTO");
        let table = self.object_name()?;
        let has_columns = self.nth_punct(0, "(")
            && matches!(self.nth(1).kind, TokenKind::Word | TokenKind::QuotedName)
            && (self.nth_punct(2, ",") || self.nth_punct(2, ")"));
        let columns = if has_columns {
            self.paren_list(Self::name)?
        } else {
            Vec::new()
        };
        let mut partition = None;
        let mut violation = None;
        if self.eat("PARTITION") {
            partition = Some(self.row()?);
        }
        if self.eat("ON") {
            self.expect("INTEGRITY")?;
            self.expect("VIOLATION")?;
            violation = Some(if self.eat("IGNORE") {
                Violation::Ignore
            } else {
                self.expect("MOVE")?;
                self.expect("TO")?;
                self.eat("PARTITION");
                Violation::MoveTo(self.row()?)
            });
        }
        let start = self.token().span.start;
        let rows = if self.at("VALUES") {
            let kind = QueryKind::Values(self.values()?);
            Query {
                kind,
                order: None,
                sample: None,
                span: self.span_from(start),
            }
        } else {
            self.query()?
        };
        Ok(StatementKind::Insert(Box::new(Insert {
            table,
            columns,
            partition,
            violation,
            rows,
        })))
    }

    fn truncate(&mut self) -> PResult<StatementKind> {
        self.expect("TRUNCATE")?;
        self.expect("TABLE")?;
        let table = self.object_name()?;
        let partitions = self.partition_keys()?;
        Ok(StatementKind::Truncate { table, partitions })
    }

    fn if_statement(&mut self) -> PResult<StatementKind> {
        self.expect("IF")?;
        let mut arms = Vec::new();
        loop {
            let condition = self.expr()?;
            self.expect("THEN")?;
            arms.push((condition, self.statements(&["ELSEIF", "ELSE", "END"])?));
            if !self.eat("ELSEIF") {
                break;
            }
        }
        let otherwise = if self.eat("ELSE") {
            self.statements(&["END"])?
        } else {
            Vec::new()
        };
        self.expect("END")?;
        Ok(StatementKind::If { arms, otherwise })
    }

    fn set(&mut self) -> PResult<StatementKind> {
        if !self.at_kind(TokenKind::SystemVariable) {
            self.note_expected("system-variable");
            return self.unexpected();
        }
        let target = self.postfix_expr()?;
        let ExprKind::Name(name) = target.kind else {
            return self.fail(
                target.span,
                "syntax error. Only a system variable can be set",
            );
        };
        self.expect_punct("=")?;
        Ok(StatementKind::Set {
            name,
            value: self.expr()?,
        })
    }

    fn import(&mut self) -> PResult<StatementKind> {
        self.expect("PACKAGE")?;
        let name = self.object_name()?;
        let start = name.span.start;
        let args = if self.at_punct("(") {
            self.args()?
        } else {
            Vec::new()
        };
        let package = Invocation {
            name,
            args,
            span: self.span_from(start),
        };
        let alias = if self.eat("AS") {
            Some(self.name()?)
        } else {
            None
        };
        Ok(StatementKind::Import { package, alias })
    }

    fn export(&mut self) -> PResult<StatementKind> {
        if self.eat("ASSEMBLY") {
            let name = self.object_name()?;
            self.skip_balanced(&["END"]);
            return Ok(StatementKind::ExportAssembly(name));
        }
        let name = self.variable()?;
        let ty = if self.at_punct("=") {
            None
        } else {
            Some(self.type_ref()?)
        };
        self.expect_punct("=")?;
        let value = self.expr()?;
        Ok(StatementKind::ExportVariable(Box::new(Declare {
            modifier: None,
            name,
            ty,
            value,
        })))
    }

    /// A name of any number of parts: a system assembly.
    fn dotted_name(&mut self) -> PResult<ObjectName> {
        let start = self.token().span.start;
        let mut parts = vec![self.name()?];
        while self.eat_punct(".") {
            parts.push(self.member_name()?);
        }
        Ok(ObjectName {
            parts,
            span: self.span_from(start),
        })
    }
}
