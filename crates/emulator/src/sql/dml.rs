//! INSERT, UPDATE, DELETE and bulk loads: rows are computed by the engine, made to fit the table, and become new
//! segments.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use datafusion::{
    arrow::{
        array::{
            Array, ArrayRef, AsArray, BooleanArray, Int64Array, RecordBatch, new_null_array,
            types::UInt64Type,
        },
        compute::{cast_with_options, concat_batches, filter_record_batch},
        datatypes::{DataType, SchemaRef},
        row::{RowConverter, SortField},
    },
    scalar::ScalarValue,
    sql::sqlparser::ast::{
        self, Expr, Ident, ObjectName, SelectItem, SetExpr, TableFactor, TableWithJoins,
    },
};

use super::{
    catalog::{DEFAULT_SCHEMA, Segment, Table, TableDefinition, key},
    engine::{ROW_ID, Scope, TargetTable, empty_query, relation},
    error::{Result, SqlError},
    session::Variable,
    tsql::{Insert, SqlType},
};

/// A table's full name, all parts as [`key`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TableName {
    pub(super) database: String,
    pub(super) schema: String,
    pub(super) name: String,
}

impl TableName {
    /// The full name behind a written one.
    ///
    /// # Errors
    /// 40517 for names of four parts.
    pub(super) fn resolve(written: &ObjectName, database: &str) -> Result<Self> {
        let mut written = written.clone();
        relation(&mut written)?;
        let mut parts: Vec<String> = written
            .0
            .iter()
            .filter_map(|part| part.as_ident().map(|ident| ident.value.clone()))
            .collect();
        let name = parts.pop().unwrap_or_default();
        if name.starts_with('#') {
            return Err(SqlError::unsupported_clause("temporary table"));
        }
        let schema = parts
            .pop()
            .filter(|schema| !schema.is_empty())
            .unwrap_or_else(|| DEFAULT_SCHEMA.to_owned());
        Ok(Self {
            database: parts.pop().map_or_else(|| key(database), |name| key(&name)),
            schema,
            name,
        })
    }
}

/// The written name as it stands in messages.
pub(super) fn shown(written: &ObjectName) -> String {
    let parts = written
        .0
        .iter()
        .filter_map(|part| part.as_ident().map(|ident| ident.value.as_str()));
    parts.collect::<Vec<_>>().join(".")
}

/// The rows of an INSERT in the shape of the table, and the last identity value given.
///
/// # Errors
/// 110, 207, 213, 515, 544, 2628 and the errors of conversion; nothing is changed then.
pub(super) async fn fit(
    scope: &Scope,
    table: &mut Table,
    columns: &[String],
    rows: Vec<RecordBatch>,
) -> Result<(RecordBatch, Option<i64>)> {
    let definition = Arc::clone(&table.definition);
    let width = rows.first().map(RecordBatch::num_columns);
    // DEFAULT VALUES gives a row without columns.
    let targets = if columns.is_empty() && width == Some(0) {
        Vec::new()
    } else {
        targets(&definition, columns)?
    };
    let width = width.unwrap_or(targets.len());
    if width != targets.len() {
        let (number, message) = if columns.is_empty() {
            (
                213,
                "Column name or number of supplied values does not match table definition.",
            )
        } else if width > targets.len() {
            (
                110,
                "There are fewer columns in the INSERT statement than values specified in the VALUES clause. The number of \
                 values in the VALUES clause must match the number of columns specified in the INSERT statement.",
            )
        } else {
            (
                109,
                "There are more columns in the INSERT statement than values specified in the VALUES clause. The number of \
                 values in the VALUES clause must match the number of columns specified in the INSERT statement.",
            )
        };
        return Err(SqlError::new(number, 16, message));
    }
    let Some(first) = rows.first() else {
        return Ok((RecordBatch::new_empty(Arc::clone(&table.arrow)), None));
    };
    let rows = concat_batches(&first.schema(), &rows)?;
    let count = rows.num_rows();
    let mut last_identity = None;
    let mut arrays = Vec::with_capacity(definition.columns.len());
    for (at, column) in definition.columns.iter().enumerate() {
        let given = targets.iter().position(|target| *target == at);
        let array = match (given, column.identity) {
            (Some(_), Some(_)) => {
                return Err(SqlError::new(
                    544,
                    16,
                    format!(
                        "Cannot insert explicit value for identity column in table '{}' when IDENTITY_INSERT is set to OFF.",
                        definition.name
                    ),
                ));
            }
            (Some(given), None) => convert(
                rows.column(given),
                column.sql_type,
                &definition,
                &column.name,
            )?,
            (None, Some(identity)) => {
                let start = table.next_identity;
                let values = (0..count).map(|row| {
                    let row = i64::try_from(row).unwrap_or(i64::MAX);
                    start.wrapping_add(row.wrapping_mul(identity.increment))
                });
                let values: Int64Array = values.map(Some).collect();
                if count > 0 {
                    let rows = i64::try_from(count).unwrap_or(i64::MAX);
                    table.next_identity = start.wrapping_add(rows.wrapping_mul(identity.increment));
                    last_identity = Some(table.next_identity.wrapping_sub(identity.increment));
                }
                let values: ArrayRef = Arc::new(values);
                convert(&values, column.sql_type, &definition, &column.name)?
            }
            (None, None) => match &column.default {
                Some(text) => {
                    let value = default_value(scope, text).await?;
                    convert(
                        &value.to_array_of_size(count)?,
                        column.sql_type,
                        &definition,
                        &column.name,
                    )?
                }
                None => new_null_array(&column.sql_type.arrow()?, count),
            },
        };
        if !column.nullable && array.null_count() > 0 {
            return Err(SqlError::new(
                515,
                16,
                format!(
                    "Cannot insert the value NULL into column '{}', table '{}'; column does not allow nulls. INSERT fails.",
                    column.name, definition.name
                ),
            )
            .with_state(2));
        }
        arrays.push(array);
    }
    Ok((
        RecordBatch::try_new(Arc::clone(&table.arrow), arrays)?,
        last_identity,
    ))
}

/// The value of a column's default, whose text was checked when the table was created.
async fn default_value(scope: &Scope, text: &str) -> Result<ScalarValue> {
    use datafusion::sql::sqlparser::{dialect::MsSqlDialect, parser::Parser};
    let parsed = Parser::new(&MsSqlDialect {})
        .try_with_sql(text)
        .and_then(|mut parser| parser.parse_expr());
    scope
        .value(parsed.map_err(|error| SqlError::internal(&error))?)
        .await
}

/// Positions of the columns that are given, in the order of the values.
fn targets(definition: &TableDefinition, columns: &[String]) -> Result<Vec<usize>> {
    if columns.is_empty() {
        let given = definition
            .columns
            .iter()
            .enumerate()
            .filter(|(_, column)| column.identity.is_none());
        return Ok(given.map(|(at, _)| at).collect());
    }
    let mut seen = HashSet::new();
    columns
        .iter()
        .map(|name| {
            let at = definition
                .position(name)
                .ok_or_else(|| SqlError::new(207, 16, format!("Invalid column name '{name}'.")))?;
            if seen.insert(at) {
                return Ok(at);
            }
            Err(SqlError::new(264, 16, format!("The column name '{name}' is specified more than once in the SET clause or column list of an INSERT.")))
        })
        .collect()
}

/// Values in the type of their column; text that is too long is an error, not cut.
pub(super) fn convert(
    array: &ArrayRef,
    sql_type: SqlType,
    table: &TableDefinition,
    column: &str,
) -> Result<ArrayRef> {
    let wanted = sql_type.arrow()?;
    let options = datafusion::arrow::compute::CastOptions {
        safe: false,
        ..Default::default()
    };
    let array = match (array.data_type(), &wanted) {
        (have, wanted) if have == wanted => Arc::clone(array),
        // A bare NULL has any type.
        (DataType::Null, _) => new_null_array(&wanted, array.len()),
        _ => cast_with_options(array, &wanted, &options)?,
    };
    let limit = match sql_type {
        SqlType::Char(limit) | SqlType::NChar(limit) => Some(limit),
        SqlType::VarChar(limit) | SqlType::NVarChar(limit) => limit,
        _ => None,
    };
    if let (Some(limit), Some(texts)) = (limit, array.as_string_opt::<i32>()) {
        let too_long = texts
            .iter()
            .flatten()
            .find(|text| text.encode_utf16().count() > limit.into());
        if let Some(text) = too_long {
            return Err(truncated(table, column, text));
        }
    }
    if let (SqlType::Binary(limit) | SqlType::VarBinary(Some(limit)), Some(bytes)) =
        (sql_type, array.as_binary_opt::<i32>())
        && bytes
            .iter()
            .flatten()
            .any(|bytes| bytes.len() > limit.into())
    {
        return Err(truncated(table, column, ""));
    }
    Ok(array)
}

fn truncated(table: &TableDefinition, column: &str, text: &str) -> SqlError {
    let start: String = text.chars().take(100).collect();
    SqlError::new(
        2628,
        16,
        format!(
            "String or binary data would be truncated in table '{}', column '{column}'. Truncated value: '{start}'.",
            table.name
        ),
    )
}

/// Checks that no two rows have the same primary key.
///
/// # Errors
/// 2627.
pub(super) fn check_primary_key(table: &Table) -> Result<()> {
    let definition = &table.definition;
    if definition.primary_key.is_empty() {
        return Ok(());
    }
    let fields = definition
        .primary_key
        .iter()
        .map(|at| SortField::new(table.arrow.field(*at).data_type().clone()));
    let converter = RowConverter::new(fields.collect())?;
    let mut seen = HashSet::new();
    for segment in &table.segments {
        let columns: Vec<ArrayRef> = definition
            .primary_key
            .iter()
            .map(|at| fold(segment.rows.column(*at)))
            .collect();
        let rows = converter.convert_columns(&columns)?;
        for row in &rows {
            if !seen.insert(row.owned()) {
                return Err(SqlError::new(
                    2627,
                    14,
                    format!(
                        "Violation of PRIMARY KEY constraint. Cannot insert duplicate key in object '{}.{}'.",
                        definition.schema, definition.name
                    ),
                ));
            }
        }
    }
    Ok(())
}

/// Text as keys compare it: without case and trailing blanks.
fn fold(array: &ArrayRef) -> ArrayRef {
    match array.as_string_opt::<i32>() {
        Some(texts) => {
            let folded = texts
                .iter()
                .map(|text| text.map(|text| text.trim_end_matches(' ').to_lowercase()));
            Arc::new(folded.collect::<datafusion::arrow::array::StringArray>())
        }
        None => Arc::clone(array),
    }
}

/// What an UPDATE or DELETE works on: the table, and the name by which its query calls it.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) name: TableName,
    pub(super) shown: String,
    qualifier: Vec<Ident>,
    from: Vec<TableWithJoins>,
    selection: Option<Expr>,
}

/// The target of an UPDATE.
///
/// # Errors
/// 208 for a table that is not named in the statement.
pub(super) fn update_target(update: &ast::Update, database: &str) -> Result<Target> {
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
pub(super) fn delete_target(delete: &ast::Delete, database: &str) -> Result<Target> {
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
    pub(super) async fn delete(&self, scope: &Scope, table: &mut Table) -> Result<u64> {
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
    pub(super) async fn update(
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

/// The rows of an INSERT's VALUES or SELECT.
///
/// # Errors
/// The errors of the query.
pub(super) async fn source_rows(scope: &Scope, insert: &Insert) -> Result<Vec<RecordBatch>> {
    use super::tsql::InsertSource;
    match &insert.source {
        InsertSource::Query(query) => scope.plan(query.as_ref().clone()).await?.all().await,
        InsertSource::DefaultValues => {
            let empty = Arc::new(datafusion::arrow::datatypes::Schema::empty());
            let options =
                datafusion::arrow::array::RecordBatchOptions::new().with_row_count(Some(1));
            Ok(vec![RecordBatch::try_new_with_options(
                empty,
                Vec::new(),
                &options,
            )?])
        }
        InsertSource::Execute(_) => Err(SqlError::unsupported("INSERT EXEC")),
    }
}

/// A variable's value in its declared type.
///
/// # Errors
/// The errors of conversion.
pub(super) fn assign(variable: &mut Variable, value: &ScalarValue) -> Result<()> {
    let wanted = variable.sql_type.arrow()?;
    variable.value = if value.is_null() {
        ScalarValue::try_from(&wanted)?
    } else {
        value.cast_to(&wanted)?
    };
    // Text that is too long for a variable is cut, unlike in a table.
    let limit = match variable.sql_type {
        SqlType::Char(limit) | SqlType::NChar(limit) => Some(limit),
        SqlType::VarChar(limit) | SqlType::NVarChar(limit) => limit,
        _ => None,
    };
    if let (Some(limit), ScalarValue::Utf8(Some(text))) = (limit, &mut variable.value)
        && let Some((at, _)) = text.char_indices().nth(limit.into())
    {
        text.truncate(at);
    }
    Ok(())
}
