//! CREATE, ALTER, DROP and the DECLAREs that make script-local objects.

use super::cursor::{PResult, Parser};
use crate::ast::{
    AlterAction, AlterTable, Create, CreateKind, Drop, Expr, IndexDef, ObjectKind, ObjectName,
    OtherStatement, Param, ParamType, Partition, ResultRowset, Scheme, Statement, StatementKind,
    TableBody, TypeRef,
};
use crate::lexer::TokenKind;

impl Parser<'_> {
    pub(super) fn create(&mut self) -> PResult<StatementKind> {
        self.expect("CREATE")?;
        if let Some(other) = self.other_object() {
            return Ok(other);
        }
        if self.eat("CLUSTERED") {
            return self.create_index();
        }
        for (word, kind) in [
            ("DATABASE", ObjectKind::Database),
            ("SCHEMA", ObjectKind::Schema),
            ("TABLE", ObjectKind::Table),
            ("VIEW", ObjectKind::View),
            ("FUNCTION", ObjectKind::Function),
            ("PROCEDURE", ObjectKind::Procedure),
            ("TYPE", ObjectKind::Type),
            ("PACKAGE", ObjectKind::Package),
            ("ASSEMBLY", ObjectKind::Assembly),
        ] {
            if self.eat(word) {
                let if_not_exists = self.if_not_exists()?;
                let name = self.object_name()?;
                let kind = self.object_body(kind)?;
                return Ok(StatementKind::Create(Box::new(Create {
                    kind,
                    name,
                    if_not_exists,
                })));
            }
        }
        self.unexpected()
    }

    /// `DECLARE FUNCTION @f …`, after DECLARE.
    pub(super) fn declare_object(&mut self) -> PResult<StatementKind> {
        let kind = match self.bump().span.text(self.source) {
            "FUNCTION" => ObjectKind::Function,
            "PROCEDURE" => ObjectKind::Procedure,
            "VIEW" => ObjectKind::View,
            "TYPE" => ObjectKind::Type,
            _ => ObjectKind::Assembly,
        };
        let name = self.variable()?;
        let name = ObjectName {
            span: name.span,
            parts: vec![name],
        };
        let kind = self.object_body(kind)?;
        Ok(StatementKind::Create(Box::new(Create {
            kind,
            name,
            if_not_exists: false,
        })))
    }

    /// What follows the name in a definition.
    fn object_body(&mut self, kind: ObjectKind) -> PResult<CreateKind> {
        match kind {
            ObjectKind::Database => Ok(CreateKind::Database),
            ObjectKind::Schema => Ok(CreateKind::Schema),
            ObjectKind::Table => Ok(CreateKind::Table(Box::new(self.table_body()?))),
            ObjectKind::View => {
                self.expect("AS")?;
                Ok(CreateKind::View(Box::new(self.query()?)))
            }
            ObjectKind::Function => {
                let params = self.params()?;
                self.expect("RETURNS")?;
                let results = if self.at_punct("(") {
                    self.paren_list(Self::result_rowset)?
                } else {
                    vec![self.result_rowset()?]
                };
                self.eat("AS");
                let body = self.begin_end()?;
                Ok(CreateKind::Function {
                    params,
                    results,
                    body,
                })
            }
            ObjectKind::Procedure => {
                let params = self.params()?;
                self.eat("AS");
                let body = self.begin_end()?;
                Ok(CreateKind::Procedure { params, body })
            }
            ObjectKind::Package => {
                let params = if self.at_punct("(") {
                    self.params()?
                } else {
                    Vec::new()
                };
                self.eat("AS");
                let body = self.begin_end()?;
                Ok(CreateKind::Package { params, body })
            }
            ObjectKind::Type => {
                self.expect("AS")?;
                self.expect("TABLE")?;
                self.paren_list(Self::column_def).map(CreateKind::Type)
            }
            ObjectKind::Assembly | ObjectKind::Index => self.assembly(),
        }
    }

    fn if_not_exists(&mut self) -> PResult<bool> {
        if !self.eat("IF") {
            return Ok(false);
        }
        self.expect("NOT")?;
        self.expect("EXISTS")?;
        Ok(true)
    }

    fn if_exists(&mut self) -> PResult<bool> {
        if !self.eat("IF") {
            return Ok(false);
        }
        self.expect("EXISTS")?;
        Ok(true)
    }

    fn begin_end(&mut self) -> PResult<Vec<Statement>> {
        self.expect("BEGIN")?;
        let body = self.statements(&["END"])?;
        self.expect("END")?;
        Ok(body)
    }

    /// Objects that are recognised and not kept.
    fn other_object(&mut self) -> Option<StatementKind> {
        let kind = match (self.nth_text(0), self.nth_text(1)) {
            ("CREDENTIAL", _) => OtherStatement::Credential,
            ("DATA", "SOURCE") | ("EXTERNAL", "TABLE") => OtherStatement::Federated,
            ("STATISTICS", _) => OtherStatement::Statistics,
            _ => return None,
        };
        self.skip_balanced(&[]);
        Some(StatementKind::Other(kind))
    }

    fn table_body(&mut self) -> PResult<TableBody> {
        let mut body = TableBody::default();
        if self.at_punct("(") {
            self.bump();
            loop {
                if self.nth_word(0, "INDEX") && self.nth_word(2, "CLUSTERED") {
                    self.bump();
                    body.index = Some(self.index_def()?);
                    self.partition(&mut body.partition)?;
                } else if self.nth_word(0, "PARTITIONED")
                    || self.nth_word(0, "DISTRIBUTED")
                    || self.nth_word(0, "CLUSTERED")
                {
                    self.partition(&mut body.partition)?;
                } else {
                    body.columns.push(self.column_def()?);
                }
                if !self.eat_punct(",") {
                    break;
                }
            }
            self.expect_punct(")")?;
        }
        self.partition(&mut body.partition)?;
        if self.eat("AS") {
            body.query = Some(self.query()?);
        }
        Ok(body)
    }

    fn index_def(&mut self) -> PResult<IndexDef> {
        let name = self.name()?;
        self.expect("CLUSTERED")?;
        let keys = self.paren_list(Self::sort_item)?;
        Ok(IndexDef { name, keys })
    }

    fn create_index(&mut self) -> PResult<StatementKind> {
        self.expect("INDEX")?;
        let if_not_exists = self.if_not_exists()?;
        let name = self.name()?;
        let name = ObjectName {
            span: name.span,
            parts: vec![name],
        };
        self.expect("ON")?;
        let table = self.object_name()?;
        let keys = self.paren_list(Self::sort_item)?;
        let mut partition = Partition::default();
        self.partition(&mut partition)?;
        let kind = CreateKind::Index {
            table,
            keys,
            partition,
        };
        Ok(StatementKind::Create(Box::new(Create {
            kind,
            name,
            if_not_exists,
        })))
    }

    /// `[PARTITIONED BY …] [DISTRIBUTED|CLUSTERED BY …] [INTO n]`, in any of
    /// the published orders.
    fn partition(&mut self, into: &mut Partition) -> PResult<()> {
        loop {
            if self.eat("PARTITIONED") {
                self.eat("BY");
                // Before 2016 the scheme stood here.
                if self.at_punct("(") {
                    into.columns = self.paren_list(Self::name)?;
                } else {
                    into.scheme = Some(self.scheme()?);
                }
            } else if self.eat("DISTRIBUTED") || self.eat("CLUSTERED") {
                self.eat("BY");
                into.scheme = Some(self.scheme()?);
            } else if self.eat("INTO") {
                into.into = Some(self.expr()?);
            } else {
                return Ok(());
            }
        }
    }

    fn scheme(&mut self) -> PResult<Scheme> {
        if self.eat("HASH") {
            return self.paren_list(Self::name).map(Scheme::Hash);
        }
        if self.eat("DIRECT") {
            self.expect("HASH")?;
            return self.paren_list(Self::name).map(Scheme::DirectHash);
        }
        if self.eat("RANGE") {
            return self.paren_list(Self::sort_item).map(Scheme::Range);
        }
        self.expect("ROUND")?;
        self.expect("ROBIN")?;
        Ok(Scheme::RoundRobin)
    }

    fn params(&mut self) -> PResult<Vec<Param>> {
        self.expect_punct("(")?;
        let mut params = Vec::new();
        if !self.nth_punct(0, ")") {
            params = self.list(|p| {
                let name = p.variable()?;
                let ty = p.param_type()?;
                let default = if p.eat_punct("=") {
                    Some(p.expr()?)
                } else {
                    None
                };
                Ok(Param { name, ty, default })
            })?;
        }
        self.expect_punct(")")?;
        Ok(params)
    }

    fn param_type(&mut self) -> PResult<ParamType> {
        if self.nth_word(0, "TABLE") && self.nth_punct(1, "(") {
            self.bump();
            return self.paren_list(Self::column_def).map(ParamType::Table);
        }
        if self.at_kind(TokenKind::Variable) {
            // A table type of the script.
            let name = self.variable()?;
            let span = name.span;
            let (path, args, suffixes) = (vec![name], Vec::new(), Vec::new());
            return Ok(ParamType::Named(TypeRef {
                path,
                args,
                suffixes,
                span,
            }));
        }
        self.type_ref().map(ParamType::Named)
    }

    fn result_rowset(&mut self) -> PResult<ResultRowset> {
        let name = self.variable()?;
        let typed = matches!(
            self.token().kind,
            TokenKind::Word | TokenKind::QuotedName | TokenKind::Variable
        ) && !matches!(self.nth_text(0), "AS" | "BEGIN");
        let ty = if typed {
            Some(self.param_type()?)
        } else {
            None
        };
        Ok(ResultRowset { name, ty })
    }

    fn assembly(&mut self) -> PResult<CreateKind> {
        self.expect("FROM")?;
        let from = self.expr()?;
        let mut additional_files = Vec::new();
        if self.eat("WITH") {
            if !self.eat("ADDITIONAL_FILES") {
                self.expect("ADDITIONAL")?;
                self.expect("FILES")?;
            }
            self.expect_punct("=")?;
            additional_files = self.paren_list(|p| {
                let path = p.expr()?;
                let name = if p.eat("AS") { Some(p.expr()?) } else { None };
                Ok((path, name))
            })?;
        }
        Ok(CreateKind::Assembly {
            from,
            additional_files,
        })
    }

    pub(super) fn drop_statement(&mut self) -> PResult<StatementKind> {
        self.expect("DROP")?;
        if let Some(other) = self.other_object() {
            return Ok(other);
        }
        self.eat("CLUSTERED");
        for kind in [
            ObjectKind::Database,
            ObjectKind::Schema,
            ObjectKind::Table,
            ObjectKind::View,
            ObjectKind::Function,
            ObjectKind::Procedure,
            ObjectKind::Type,
            ObjectKind::Assembly,
            ObjectKind::Index,
            ObjectKind::Package,
        ] {
            if self.eat(kind.keyword()) {
                let if_exists = self.if_exists()?;
                let mut name = self.object_name()?;
                if kind == ObjectKind::Index && self.eat("ON") {
                    // An index is named within its table.
                    let mut table = self.object_name()?;
                    table.parts.append(&mut name.parts);
                    name = ObjectName {
                        span: name.span.to(table.span),
                        parts: table.parts,
                    };
                }
                return Ok(StatementKind::Drop(Drop {
                    kind,
                    if_exists,
                    name,
                }));
            }
        }
        self.unexpected()
    }

    pub(super) fn alter(&mut self) -> PResult<StatementKind> {
        self.expect("ALTER")?;
        if let Some(other) = self.other_object() {
            return Ok(other);
        }
        if matches!(self.nth_text(0), "DATABASE" | "ASSEMBLY" | "SCHEMA") {
            self.skip_balanced(&[]);
            return Ok(StatementKind::Other(OtherStatement::Administration));
        }
        self.expect("TABLE")?;
        let table = self.object_name()?;
        let action = self.alter_action()?;
        Ok(StatementKind::AlterTable(Box::new(AlterTable {
            table,
            action,
        })))
    }

    fn alter_action(&mut self) -> PResult<AlterAction> {
        if self.eat("REBUILD") {
            self.partition_keys()?;
            return Ok(AlterAction::Rebuild);
        }
        if self.eat("ADD") {
            if self.eat("COLUMN") {
                return self.list(Self::column_def).map(AlterAction::AddColumns);
            }
            let if_not_exists = self.if_not_exists()?;
            let keys = self.partition_keys_required()?;
            return Ok(AlterAction::AddPartitions {
                if_not_exists,
                keys,
            });
        }
        self.expect("DROP")?;
        if self.eat("COLUMN") {
            return self.list(Self::name).map(AlterAction::DropColumns);
        }
        let if_exists = self.if_exists()?;
        let keys = self.partition_keys_required()?;
        Ok(AlterAction::DropPartitions { if_exists, keys })
    }

    /// `PARTITION (…), PARTITION (…)`, also `PARTITION (…), (…)`; may be none.
    pub(super) fn partition_keys(&mut self) -> PResult<Vec<Vec<Expr>>> {
        if self.at("PARTITION") {
            self.partition_keys_required()
        } else {
            Ok(Vec::new())
        }
    }

    fn partition_keys_required(&mut self) -> PResult<Vec<Vec<Expr>>> {
        self.expect("PARTITION")?;
        self.list(|p| {
            p.eat("PARTITION");
            p.row()
        })
    }
}
