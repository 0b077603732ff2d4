//! Statements as text.

use std::fmt::{self, Display, Formatter};

use super::commas;
use crate::ast::{
    AlterAction, Create, CreateKind, DeclareModifier, Expr, IdentForm, Insert, OtherStatement,
    Output, Param, ParamType, Partition, ResultRowset, Scheme, Script, Statement, StatementKind,
    TableBody, Violation,
};

impl Display for Script {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for statement in &self.statements {
            writeln!(f, "{statement};")?;
        }
        Ok(())
    }
}

fn block(statements: &[Statement], f: &mut Formatter<'_>) -> fmt::Result {
    for statement in statements {
        write!(f, " {statement};")?;
    }
    Ok(())
}

fn partitions(word: &str, keys: &[Vec<Expr>], f: &mut Formatter<'_>) -> fmt::Result {
    for (n, key) in keys.iter().enumerate() {
        write!(
            f,
            "{}{word} ({})",
            if n > 0 { ", " } else { "" },
            commas(key)
        )?;
    }
    Ok(())
}

impl Display for Statement {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)
    }
}

impl Display for StatementKind {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Assign { targets, query } => match targets.as_slice() {
                [one] => write!(f, "{one} = {query}"),
                many => write!(f, "({}) = {query}", commas(many)),
            },
            Self::Output(output) => output.fmt(f),
            Self::Declare(declare) => {
                f.write_str(match declare.modifier {
                    None => "DECLARE ",
                    Some(DeclareModifier::Const) => "DECLARE CONST ",
                    Some(DeclareModifier::External) => "DECLARE EXTERNAL ",
                })?;
                write!(f, "{}", declare.name)?;
                if let Some(ty) = &declare.ty {
                    write!(f, " {ty}")?;
                }
                write!(f, " = {}", declare.value)
            }
            Self::Use { schema, name } => write!(
                f,
                "USE {} {name}",
                if *schema { "SCHEMA" } else { "DATABASE" }
            ),
            Self::Create(create) => create.fmt(f),
            Self::AlterTable(alter) => {
                write!(f, "ALTER TABLE {} ", alter.table)?;
                match &alter.action {
                    AlterAction::Rebuild => f.write_str("REBUILD"),
                    AlterAction::AddColumns(columns) => write!(f, "ADD COLUMN {}", commas(columns)),
                    AlterAction::DropColumns(names) => write!(f, "DROP COLUMN {}", commas(names)),
                    AlterAction::AddPartitions {
                        if_not_exists,
                        keys,
                    } => {
                        f.write_str(if *if_not_exists {
                            "ADD IF NOT EXISTS "
                        } else {
                            "ADD "
                        })?;
                        partitions("PARTITION", keys, f)
                    }
                    AlterAction::DropPartitions { if_exists, keys } => {
                        f.write_str(if *if_exists {
                            "DROP IF EXISTS "
                        } else {
                            "DROP "
                        })?;
                        partitions("PARTITION", keys, f)
                    }
                }
            }
            Self::Drop(drop) => {
                let if_exists = if drop.if_exists { "IF EXISTS " } else { "" };
                let (table, name) = drop.name.parts.split_at(drop.name.parts.len() - 1);
                if drop.kind == crate::ast::ObjectKind::Index && !table.is_empty() {
                    let on = super::Separated(table, ".");
                    return write!(f, "DROP INDEX {if_exists}{} ON {on}", commas(name));
                }
                write!(f, "DROP {} {if_exists}{}", drop.kind.keyword(), drop.name)
            }
            Self::Insert(insert) => insert.fmt(f),
            Self::Truncate {
                table,
                partitions: keys,
            } => {
                write!(
                    f,
                    "TRUNCATE TABLE {table}{}",
                    if keys.is_empty() { "" } else { " " }
                )?;
                partitions("PARTITION", keys, f)
            }
            Self::Call(call) => call.fmt(f),
            Self::Set { name, value } => write!(f, "SET {name} = {value}"),
            Self::If { arms, otherwise } => {
                for (n, (condition, body)) in arms.iter().enumerate() {
                    write!(
                        f,
                        "{} {condition} THEN",
                        if n == 0 { "IF" } else { " ELSEIF" }
                    )?;
                    block(body, f)?;
                }
                if !otherwise.is_empty() {
                    f.write_str(" ELSE")?;
                    block(otherwise, f)?;
                }
                f.write_str(" END")
            }
            Self::Raise { warning, message } => {
                write!(
                    f,
                    "RAISE {} {message}",
                    if *warning { "WARNING" } else { "ERROR" }
                )
            }
            Self::Reference { system, name } => {
                write!(
                    f,
                    "REFERENCE {}ASSEMBLY {name}",
                    if *system { "SYSTEM " } else { "" }
                )
            }
            Self::Using {
                alias: Some(alias),
                target,
            } => write!(f, "USING {alias} = {target}"),
            Self::Using {
                alias: None,
                target,
            } => write!(f, "USING {target}"),
            Self::Deploy(paths) => write!(f, "DEPLOY RESOURCE {}", commas(paths)),
            Self::Import { package, alias } => {
                write!(f, "IMPORT PACKAGE {package}")?;
                match alias {
                    Some(alias) => write!(f, " AS {alias}"),
                    None => Ok(()),
                }
            }
            Self::ExportVariable(export) => {
                write!(f, "EXPORT {}", export.name)?;
                if let Some(ty) = &export.ty {
                    write!(f, " {ty}")?;
                }
                write!(f, " = {}", export.value)
            }
            Self::ExportAssembly(name) => write!(f, "EXPORT ASSEMBLY {name}"),
            Self::Return => f.write_str("RETURN"),
            Self::Other(other) => f.write_str(match other {
                OtherStatement::Credential => "CREATE CREDENTIAL",
                OtherStatement::Federated => "CREATE DATA SOURCE",
                OtherStatement::Statistics => "CREATE STATISTICS",
                OtherStatement::Administration => "ALTER DATABASE",
            }),
        }
    }
}

impl Display for Output {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "OUTPUT {} TO {}", self.input, self.path)?;
        if let Some(order) = &self.order {
            write!(f, " {order}")?;
        }
        if let Some(expiration) = &self.expiration {
            write!(f, " EXPIRATION {expiration}")?;
        }
        write!(f, " USING {}", self.using)
    }
}

impl Display for Insert {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "INSERT INTO {}", self.table)?;
        if !self.columns.is_empty() {
            write!(f, " ({})", commas(&self.columns))?;
        }
        if let Some(key) = &self.partition {
            write!(f, " PARTITION ({})", commas(key))?;
        }
        match &self.violation {
            Some(Violation::Ignore) => f.write_str(" ON INTEGRITY VIOLATION IGNORE")?,
            Some(Violation::MoveTo(key)) => {
                write!(
                    f,
                    " ON INTEGRITY VIOLATION MOVE TO PARTITION ({})",
                    commas(key)
                )?;
            }
            None => {}
        }
        write!(f, " {}", self.rows)
    }
}

impl Display for Create {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let local = self.name.last().form == IdentForm::Variable;
        f.write_str(if local { "DECLARE " } else { "CREATE " })?;
        let head = |word: &str, f: &mut Formatter<'_>| {
            let if_not_exists = if self.if_not_exists {
                "IF NOT EXISTS "
            } else {
                ""
            };
            write!(f, "{word} {if_not_exists}{}", self.name)
        };
        match &self.kind {
            CreateKind::Database => head("DATABASE", f),
            CreateKind::Schema => head("SCHEMA", f),
            CreateKind::Table(body) => {
                head("TABLE", f)?;
                body.fmt(f)
            }
            CreateKind::Index {
                table,
                keys,
                partition,
            } => {
                head("CLUSTERED INDEX", f)?;
                write!(f, " ON {table} ({}){partition}", commas(keys))
            }
            CreateKind::View(query) => {
                head("VIEW", f)?;
                write!(f, " AS {query}")
            }
            CreateKind::Function {
                params,
                results,
                body,
            } => {
                head("FUNCTION", f)?;
                write!(f, "({}) RETURNS ", commas(params))?;
                match results.as_slice() {
                    [one] => one.fmt(f)?,
                    many => write!(f, "({})", commas(many))?,
                }
                f.write_str(" AS BEGIN")?;
                block(body, f)?;
                f.write_str(" END")
            }
            CreateKind::Procedure { params, body } => {
                head("PROCEDURE", f)?;
                write!(f, "({}) AS BEGIN", commas(params))?;
                block(body, f)?;
                f.write_str(" END")
            }
            CreateKind::Type(columns) => {
                head("TYPE", f)?;
                write!(f, " AS TABLE ({})", commas(columns))
            }
            CreateKind::Package { params, body } => {
                head("PACKAGE", f)?;
                write!(f, "({}) AS BEGIN", commas(params))?;
                block(body, f)?;
                f.write_str(" END")
            }
            CreateKind::Assembly {
                from,
                additional_files,
            } => {
                head("ASSEMBLY", f)?;
                write!(f, " FROM {from}")?;
                if additional_files.is_empty() {
                    return Ok(());
                }
                f.write_str(" WITH ADDITIONAL_FILES = (")?;
                for (n, (path, name)) in additional_files.iter().enumerate() {
                    write!(f, "{}{path}", if n > 0 { ", " } else { "" })?;
                    if let Some(name) = name {
                        write!(f, " AS {name}")?;
                    }
                }
                f.write_str(")")
            }
        }
    }
}

impl Display for TableBody {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut items: Vec<String> = self.columns.iter().map(ToString::to_string).collect();
        if let Some(index) = &self.index {
            items.push(format!(
                "INDEX {} CLUSTERED ({})",
                index.name,
                commas(&index.keys)
            ));
        }
        if !items.is_empty() {
            write!(f, " ({})", commas(&items))?;
        }
        self.partition.fmt(f)?;
        match &self.query {
            Some(query) => write!(f, " AS {query}"),
            None => Ok(()),
        }
    }
}

impl Display for Partition {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if !self.columns.is_empty() {
            write!(f, " PARTITIONED BY ({})", commas(&self.columns))?;
        }
        match &self.scheme {
            Some(Scheme::Hash(names)) => write!(f, " DISTRIBUTED BY HASH ({})", commas(names))?,
            Some(Scheme::DirectHash(names)) => {
                write!(f, " DISTRIBUTED BY DIRECT HASH ({})", commas(names))?
            }
            Some(Scheme::Range(keys)) => write!(f, " DISTRIBUTED BY RANGE ({})", commas(keys))?,
            Some(Scheme::RoundRobin) => f.write_str(" DISTRIBUTED BY ROUND ROBIN")?,
            None => {}
        }
        match &self.into {
            Some(into) => write!(f, " INTO {into}"),
            None => Ok(()),
        }
    }
}

impl Display for ParamType {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(ty) => ty.fmt(f),
            Self::Table(columns) => write!(f, "TABLE({})", commas(columns)),
        }
    }
}

impl Display for Param {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.ty)?;
        match &self.default {
            Some(default) => write!(f, " = {default}"),
            None => Ok(()),
        }
    }
}

impl Display for ResultRowset {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.ty {
            Some(ty) => write!(f, "{} {ty}", self.name),
            None => self.name.fmt(f),
        }
    }
}
