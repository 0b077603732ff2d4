//! Rowset expressions as text.

use std::fmt::{self, Display, Formatter};

use super::commas;
use crate::ast::{
    ApplyKind, ByName, Expr, Extract, ExtractColumn, Invocation, JoinKind, Names, OperatorInput,
    OrderFetch, Produce, ProduceColumn, Quantifier, Query, QueryKind, Sample, SampleMethod, Select,
    SelectItem, SetOp, SetOperator, Source, SourceKind,
};

impl Display for Query {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.kind {
            QueryKind::Select(select) => select.fmt(f)?,
            QueryKind::Extract(extract) => extract.fmt(f)?,
            QueryKind::Process(process) => {
                write!(f, "PROCESS {} {}", process.input, process.produce)?
            }
            QueryKind::Reduce(reduce) => {
                write!(f, "REDUCE {}", reduce.input)?;
                if !reduce.presort.is_empty() {
                    write!(f, " PRESORT {}", commas(&reduce.presort))?;
                }
                if reduce.on.is_empty() {
                    f.write_str(" ALL ")?;
                } else {
                    write!(f, " ON {} ", commas(&reduce.on))?;
                }
                reduce.produce.fmt(f)?;
            }
            QueryKind::Combine(combine) => write!(
                f,
                "COMBINE {} WITH {} ON {} {}",
                combine.left, combine.right, combine.on, combine.produce
            )?,
            QueryKind::Sample(sample) => {
                write!(f, "SAMPLE {}", sample.input)?;
                if !sample.keys.is_empty() {
                    write!(f, " ON {}", commas(&sample.keys))?;
                }
                match &sample.method {
                    SampleMethod::Uniform(p) => write!(f, " UNIFORM ({p})")?,
                    SampleMethod::Universe(p) => write!(f, " UNIVERSE ({p})")?,
                    SampleMethod::Distinct(p, n) => write!(f, " DISTINCT ({p}, {n})")?,
                }
                if let Some(weight) = &sample.weight {
                    write!(f, " WITH WEIGHT AS {weight}")?;
                }
            }
            QueryKind::Rowset(name) => name.fmt(f)?,
            QueryKind::Object(name) => name.fmt(f)?,
            QueryKind::Call(call) => call.fmt(f)?,
            QueryKind::Values(rows) => values(rows, f)?,
            QueryKind::Nested(inner) => write!(f, "({inner})")?,
            QueryKind::SetOp(set) => set.fmt(f)?,
        }
        if let Some(order) = &self.order {
            write!(f, " {order}")?;
        }
        match &self.sample {
            Some(Sample::Any(rows)) => write!(f, " SAMPLE ANY ({rows})"),
            Some(Sample::Uniform(p)) => write!(f, " SAMPLE UNIFORM ({p})"),
            None => Ok(()),
        }
    }
}

pub(super) fn values(rows: &[Vec<Expr>], f: &mut Formatter<'_>) -> fmt::Result {
    f.write_str("VALUES ")?;
    for (n, row) in rows.iter().enumerate() {
        write!(f, "{}({})", if n > 0 { ", " } else { "" }, commas(row))?;
    }
    Ok(())
}

impl Display for Invocation {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", self.name, commas(&self.args))
    }
}

impl Display for SetOp {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let op = match self.op {
            SetOperator::Union => "UNION",
            SetOperator::Intersect => "INTERSECT",
            SetOperator::Except => "EXCEPT",
        };
        // Parentheses where the grammar would group otherwise.
        let loose =
            |q: &Query| matches!(&q.kind, QueryKind::SetOp(s) if s.op != SetOperator::Intersect);
        let tight = self.op == SetOperator::Intersect;
        if tight && loose(&self.left) {
            write!(f, "({})", self.left)?;
        } else {
            write!(f, "{}", self.left)?;
        }
        write!(f, " {}{op}", if self.outer { "OUTER " } else { "" })?;
        match self.quantifier {
            Some(Quantifier::All) => f.write_str(" ALL")?,
            Some(Quantifier::Distinct) => f.write_str(" DISTINCT")?,
            None => {}
        }
        if let Some(by_name) = &self.by_name {
            by_name.fmt(f)?;
        }
        if !self.disjoint.is_empty() {
            write!(f, " WITH DISJOINT ({})", commas(&self.disjoint))?;
        }
        write!(f, " {}", self.right)
    }
}

impl Display for ByName {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(" BY NAME")?;
        if self.on {
            write!(f, " ON ({}", commas(&self.names))?;
            if self.star {
                f.write_str(if self.names.is_empty() { "*" } else { ", *" })?;
            }
            f.write_str(")")?;
        }
        Ok(())
    }
}

impl Display for Select {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let distinct = if self.distinct { "DISTINCT " } else { "" };
        write!(
            f,
            "SELECT {distinct}{} FROM {}",
            commas(&self.items),
            self.from
        )?;
        if let Some(filter) = &self.filter {
            write!(f, " WHERE {filter}")?;
        }
        if !self.group_by.is_empty() {
            write!(f, " GROUP BY {}", commas(&self.group_by))?;
        }
        if let Some(having) = &self.having {
            write!(f, " HAVING {having}")?;
        }
        Ok(())
    }
}

impl Display for SelectItem {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Star(_) => f.write_str("*"),
            Self::QualifiedStar(name) => write!(f, "{name}.*"),
            Self::Expr {
                expr,
                alias: Some(alias),
            } => write!(f, "{expr} AS {alias}"),
            Self::Expr { expr, alias: None } => expr.fmt(f),
        }
    }
}

impl Display for Source {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.kind {
            SourceKind::Query { query, alias } => {
                let bare = matches!(
                    query.kind,
                    QueryKind::Rowset(_) | QueryKind::Object(_) | QueryKind::Call(_)
                ) && query.order.is_none();
                if bare {
                    write!(f, "{query}")?;
                } else {
                    write!(f, "({query})")?;
                }
                match alias {
                    Some(alias) => write!(f, " AS {alias}"),
                    None => Ok(()),
                }
            }
            SourceKind::Values {
                rows,
                alias,
                columns,
            } => {
                f.write_str("(")?;
                values(rows, f)?;
                write!(f, ") AS {alias}({})", commas(columns))
            }
            SourceKind::External => f.write_str("EXTERNAL source"),
            SourceKind::Nested(inner) => write!(f, "({inner})"),
            SourceKind::Join {
                kind,
                left,
                right,
                on,
            } => {
                let word = match kind {
                    JoinKind::Inner => "INNER JOIN",
                    JoinKind::LeftOuter => "LEFT OUTER JOIN",
                    JoinKind::RightOuter => "RIGHT OUTER JOIN",
                    JoinKind::FullOuter => "FULL OUTER JOIN",
                    JoinKind::Cross => "CROSS JOIN",
                    JoinKind::LeftSemi => "LEFT SEMIJOIN",
                    JoinKind::RightSemi => "RIGHT SEMIJOIN",
                    JoinKind::LeftAntiSemi => "LEFT ANTISEMIJOIN",
                    JoinKind::RightAntiSemi => "RIGHT ANTISEMIJOIN",
                };
                write!(f, "{left} {word} {right}")?;
                match on {
                    Some(on) => write!(f, " ON {on}"),
                    None => Ok(()),
                }
            }
            SourceKind::Apply {
                left,
                outer,
                kind,
                alias,
                columns,
            } => {
                write!(
                    f,
                    "{left} {} APPLY ",
                    if *outer { "OUTER" } else { "CROSS" }
                )?;
                match kind {
                    ApplyKind::Explode(value) => write!(f, "EXPLODE ({value})")?,
                    ApplyKind::Values(rows) => values(rows, f)?,
                    ApplyKind::Using(operator) => write!(f, "USING {operator}")?,
                }
                write!(f, " AS {alias}")?;
                if columns.is_empty() {
                    Ok(())
                } else {
                    write!(f, "({})", commas(columns))
                }
            }
            SourceKind::Pivot {
                input,
                aggregate,
                column,
                values,
                alias,
            } => {
                write!(f, "{input} PIVOT ({aggregate} FOR {column} IN (")?;
                for (n, (value, name)) in values.iter().enumerate() {
                    write!(f, "{}{value} AS {name}", if n > 0 { ", " } else { "" })?;
                }
                write!(f, ")) AS {alias}")
            }
            SourceKind::Unpivot {
                input,
                include_nulls,
                value,
                name,
                columns,
                alias,
            } => {
                let nulls = if *include_nulls { "INCLUDE NULLS " } else { "" };
                write!(
                    f,
                    "{input} UNPIVOT {nulls}({value} FOR {name} IN ({})) AS {alias}",
                    commas(columns)
                )
            }
        }
    }
}

impl Display for OrderFetch {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "ORDER BY {}", commas(&self.keys))?;
        if let Some(offset) = &self.offset {
            write!(f, " OFFSET {offset} ROWS")?;
        }
        if let Some(fetch) = &self.fetch {
            write!(f, " FETCH {fetch} ROWS")?;
        }
        Ok(())
    }
}

impl Display for Names {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("*"),
            Self::List(names) => commas(names).fmt(f),
        }
    }
}

impl Display for Extract {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "EXTRACT {} FROM {}",
            commas(&self.columns),
            commas(&self.paths)
        )?;
        if !self.sorted_by.is_empty() {
            write!(f, " SORTED BY {}", commas(&self.sorted_by))?;
        }
        if let Some(required) = &self.required {
            write!(f, " REQUIRED {required}")?;
        }
        write!(f, " USING {}", self.using)
    }
}

impl Display for ExtractColumn {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Column(column) => column.fmt(f),
            Self::Computed { name, value } => write!(f, "{name} = {value}"),
            Self::TypeStar(name) => write!(f, "{name}.*"),
        }
    }
}

impl Display for ProduceColumn {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.ty {
            Some(ty) => write!(f, "{} {ty}", self.name),
            None => self.name.fmt(f),
        }
    }
}

impl Display for OperatorInput {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.alias {
            Some(alias) => write!(f, "{} AS {alias}", self.query),
            None => self.query.fmt(f),
        }
    }
}

impl Display for Produce {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "PRODUCE {}", commas(&self.columns))?;
        if !self.sorted_by.is_empty() {
            write!(f, " SORTED BY {}", commas(&self.sorted_by))?;
        }
        if let Some(names) = &self.read_only {
            write!(f, " READONLY {names}")?;
        }
        if let Some(names) = &self.required {
            write!(f, " REQUIRED {names}")?;
        }
        write!(f, " USING {}", self.using)
    }
}
