//! What an UPDATE or DELETE works on, and how its rows are found and changed.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use datafusion::{
    arrow::{
        array::{Array, AsArray, BooleanArray, RecordBatch, types::UInt64Type},
        compute::{concat_batches, filter_record_batch},
        datatypes::{DataType, SchemaRef},
    },
    sql::sqlparser::ast::{
        self, Expr, Ident, ObjectName, SelectItem, SetExpr, TableFactor, TableWithJoins,
    },
};

use super::{TableName, check_primary_key, fit::convert, shown};
use crate::sql::{
    catalog::{Segment, Table, key},
    engine::{ROW_ID, Scope, TargetTable, empty_query},
    error::{Result, SqlError},
};

/// What an UPDATE or DELETE works on: the table, and the name by which its query calls it.
#[derive(Debug)]
pub(in crate::sql) struct Target {
    pub(in crate::sql) name: TableName,
    pub(in crate::sql) shown: String,
    qualifier: Vec<Ident>,
    from: Vec<TableWithJoins>,
    pub(in crate::sql) selection: Option<Expr>,
}

/// The target of an UPDATE.
///
/// # Errors
/// 208 for a table that is not named in the statement.
pub(in crate::sql) fn update_target(update: &ast::Update, database: &str) -> Result<Target> {
    let from = match &update.from {
        Some(
            ast::UpdateTableFromKind::AfterSet(from) | ast::UpdateTableFromKind::BeforeSet(from),
        ) => from.clone(),
        None => Vec::new(),
    };
    target(&update.table, from, update.selection.clone(), database)
}

/// The target of a DELETE.
///
/// # Errors
/// 208 for a table that is not named in the statement.
pub(in crate::sql) fn delete_target(delete: &ast::Delete, database: &str) -> Result<Target> {
    let (ast::FromTable::WithFromKeyword(from) | ast::FromTable::WithoutKeyword(from)) =
        &delete.from;
    match delete.tables.first() {
        None => {
            let table = from.first().ok_or_else(|| SqlError::invalid_object(""))?;
            target(table, Vec::new(), delete.selection.clone(), database)
        }
        Some(name) => {
            let qualifier = identifiers(name);
            let written = find_table(from, &qualifier).unwrap_or_else(|| name.clone());
            Ok(Target {
                name: TableName::resolve(&written, database)?,
                shown: shown(&written),
                qualifier,
                from: from.clone(),
                selection: delete.selection.clone(),
            })
        }
    }
}

fn target(
    table: &TableWithJoins,
    from: Vec<TableWithJoins>,
    selection: Option<Expr>,
    database: &str,
) -> Result<Target> {
    let TableFactor::Table { name, alias, .. } = &table.relation else {
        return Err(SqlError::unsupported_clause("derived table as the target"));
    };
    let qualifier = alias
        .as_ref()
        .map_or_else(|| identifiers(name), |alias| vec![alias.name.clone()]);
    let written = find_table(&from, &qualifier).unwrap_or_else(|| name.clone());
    let from = if from.is_empty() {
        vec![table.clone()]
    } else {
        from
    };
    Ok(Target {
        name: TableName::resolve(&written, database)?,
        shown: shown(&written),
        qualifier,
        from,
        selection,
    })
}

fn identifiers(name: &ObjectName) -> Vec<Ident> {
    name.0
        .iter()
        .filter_map(|part| part.as_ident().cloned())
        .collect()
}

/// The table that a FROM clause calls by this alias or name.
fn find_table(from: &[TableWithJoins], qualifier: &[Ident]) -> Option<ObjectName> {
    let wanted = qualifier.last().map(|ident| key(&ident.value))?;
    let factors = from.iter().flat_map(|table| {
        std::iter::once(&table.relation).chain(table.joins.iter().map(|join| &join.relation))
    });
    factors
        .filter_map(|factor| match factor {
            TableFactor::Table { name, alias, .. } => Some((name, alias)),
            _ => None,
        })
        .find(|(name, alias)| match alias {
            Some(alias) => key(&alias.name.value) == wanted,
            None => name
                .0
                .last()
                .and_then(|part| part.as_ident())
                .is_some_and(|ident| key(&ident.value) == wanted),
        })
        .map(|(name, _)| name.clone())
}

impl Target {
    /// Runs the query over the target with the number of each row in front of these columns.
    async fn rows(
        &self,
        scope: &Scope,
        table: &Table,
        columns: Vec<Expr>,
    ) -> Result<Vec<RecordBatch>> {
        let column = |name: &str| {
            let mut parts = self.qualifier.clone();
            parts.push(Ident::with_quote('[', name));
            Expr::CompoundIdentifier(parts)
        };
        let mut items = vec![column(ROW_ID)];
        items.extend(columns);
        let mut query = empty_query();
        if let SetExpr::Select(select) = query.body.as_mut() {
            select.projection = items.into_iter().map(SelectItem::UnnamedExpr).collect();
            select.from.clone_from(&self.from);
            select.selection.clone_from(&self.selection);
        }
        let target = TargetTable {
            database: self.name.database.clone(),
            schema: self.name.schema.clone(),
            name: self.name.name.clone(),
            rows: numbered(table)?,
        };
        scope.plan_over(query, target).await?.all().await
    }

    /// Deletes the rows that the query finds; returns how many.
    ///
    /// # Errors
    /// The errors of the query.
    pub(in crate::sql) async fn delete(&self, scope: &Scope, table: &mut Table) -> Result<u64> {
        let rows = self.rows(scope, table, Vec::new()).await?;
        let gone: HashSet<u64> = rows
            .iter()
            .flat_map(|rows| {
                rows.column(0)
                    .as_primitive::<UInt64Type>()
                    .values()
                    .iter()
                    .copied()
            })
            .collect();
        remove(table, &gone)?;
        Ok(count(gone.len()))
    }

    /// Replaces the rows that the query finds; returns how many.
    ///
    /// # Errors
    /// 207, 515, 2627, 8102 and the errors of the query and of conversion.
    pub(in crate::sql) async fn update(
        &self,
        scope: &Scope,
        table: &mut Table,
        assignments: &[ast::Assignment],
    ) -> Result<u64> {
        let definition = Arc::clone(&table.definition);
        let mut set: HashMap<usize, Expr> = HashMap::new();
        for assignment in assignments {
            let ast::AssignmentTarget::ColumnName(name) = &assignment.target else {
                return Err(SqlError::unsupported_clause("SET with several columns"));
            };
            let name = identifiers(name)
                .pop()
                .map(|ident| ident.value)
                .unwrap_or_default();
            let at = definition
                .position(&name)
                .ok_or_else(|| SqlError::new(207, 16, format!("Invalid column name '{name}'.")))?;
            if definition.columns[at].identity.is_some() {
                return Err(SqlError::new(
                    8102,
                    16,
                    format!("Cannot update identity column '{name}'."),
                ));
            }
            set.insert(at, assignment.value.clone());
        }
        let columns = definition.columns.iter().enumerate().map(|(at, column)| {
            set.get(&at).cloned().unwrap_or_else(|| {
                let mut parts = self.qualifier.clone();
                parts.push(Ident::with_quote('[', column.name.clone()));
                Expr::CompoundIdentifier(parts)
            })
        });
        let found = self.rows(scope, table, columns.collect()).await?;
        // A row that a join finds several times is changed once.
        let mut replaced: BTreeMap<u64, (usize, usize)> = BTreeMap::new();
        for (batch, rows) in found.iter().enumerate() {
            for (row, id) in rows
                .column(0)
                .as_primitive::<UInt64Type>()
                .values()
                .iter()
                .enumerate()
            {
                replaced.entry(*id).or_insert((batch, row));
            }
        }
        let Some(first) = found.first() else {
            return Ok(0);
        };
        let all = concat_batches(&first.schema(), &found)?;
        let starts: Vec<usize> = found
            .iter()
            .scan(0, |start, rows| {
                let here = *start;
                *start += rows.num_rows();
                Some(here)
            })
            .collect();
        let picked: datafusion::arrow::array::UInt64Array = replaced
            .values()
            .map(|(batch, row)| Some(count(starts[*batch] + row)))
            .collect();
        let picked = datafusion::arrow::compute::take_record_batch(&all, &picked)?;
        let mut arrays = Vec::with_capacity(definition.columns.len());
        for (at, column) in definition.columns.iter().enumerate() {
            let array = convert(
                picked.column(at + 1),
                column.sql_type,
                &definition,
                &column.name,
            )?;
            if !column.nullable && array.null_count() > 0 {
                return Err(SqlError::new(
                    515,
                    16,
                    format!(
                        "Cannot insert the value NULL into column '{}', table '{}'; column does not allow nulls. UPDATE fails.",
                        column.name, definition.name
                    ),
                ));
            }
            arrays.push(array);
        }
        let rows = RecordBatch::try_new(Arc::clone(&table.arrow), arrays)?;
        remove(table, &replaced.keys().copied().collect())?;
        table.append(rows)?;
        if definition.primary_key.iter().any(|at| set.contains_key(at)) {
            check_primary_key(table)?;
        }
        Ok(count(replaced.len()))
    }
}

fn count(rows: usize) -> u64 {
    u64::try_from(rows).unwrap_or(u64::MAX)
}

/// The table's rows with their number, from zero, behind the columns.
fn numbered(table: &Table) -> Result<(SchemaRef, Vec<RecordBatch>)> {
    use datafusion::arrow::{
        array::UInt64Array,
        datatypes::{Field, Schema},
    };
    let mut fields: Vec<_> = table.arrow.fields().iter().cloned().collect();
    fields.push(Arc::new(Field::new(ROW_ID, DataType::UInt64, false)));
    let schema = Arc::new(Schema::new(fields));
    let mut start = 0;
    let mut batches = Vec::with_capacity(table.segments.len());
    for segment in &table.segments {
        let end = start + count(segment.rows.num_rows());
        let mut columns = segment.rows.columns().to_vec();
        columns.push(Arc::new(UInt64Array::from_iter_values(start..end)));
        batches.push(RecordBatch::try_new(Arc::clone(&schema), columns)?);
        start = end;
    }
    Ok((schema, batches))
}

/// Removes rows by their numbers; segments without one of them stay as they are.
fn remove(table: &mut Table, gone: &HashSet<u64>) -> Result<()> {
    if gone.is_empty() {
        return Ok(());
    }
    let mut start = 0;
    let mut kept = Vec::with_capacity(table.segments.len());
    for segment in &table.segments {
        let end = start + count(segment.rows.num_rows());
        let keep: BooleanArray = (start..end).map(|row| Some(!gone.contains(&row))).collect();
        start = end;
        if keep.false_count() == 0 {
            kept.push(Arc::clone(segment));
            continue;
        }
        let rows = filter_record_batch(&segment.rows, &keep)?;
        if rows.num_rows() > 0 {
            kept.push(Arc::new(Segment::new(rows)));
        }
    }
    table.segments = kept;
    Ok(())
}
