//! Plans and runs queries over a snapshot of the catalog.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock},
};

use datafusion::{
    arrow::{
        datatypes::{DataType, FieldRef, Schema, SchemaRef},
        record_batch::RecordBatch,
    },
    execution::{
        SendableRecordBatchStream, SessionState, SessionStateBuilder,
        context::{SessionConfig, SessionContext},
    },
    logical_expr::{
        LogicalPlan,
        var_provider::{VarProvider, VarType},
    },
    scalar::ScalarValue,
    sql::{
        parser::Statement as PlannedStatement,
        sqlparser::ast::{Expr, Query, SelectItem, SetExpr, Statement},
    },
};
use futures::TryStreamExt;

use super::{
    functions::{self, FunctionContext},
    planner::{Semantics, Types},
    provider::{Reader, SnapshotCatalogs, TargetTable},
    rewrite::{self, OutputNames},
};
use crate::sql::{
    catalog::{DEFAULT_SCHEMA, Instance, key},
    error::{Result, SqlError},
    session::{Facts, Variable},
    tsql::SqlType,
    types::DISPLAY_NAME,
};

/// The engine without catalog, variables and functions of a session.
static BASE: LazyLock<SessionState> = LazyLock::new(|| {
    let mut config = SessionConfig::new()
        .with_information_schema(false)
        .with_create_default_catalog_and_schema(false);
    let options = config.options_mut();
    options.sql_parser.parse_float_as_decimal = true;
    options.sql_parser.map_string_types_to_utf8view = false;
    // Functions of T-SQL say of their result that it may be NULL where the planner, which takes common parts of
    // expressions out, knows better: the difference is no error.
    options.execution.skip_physical_aggregate_schema_check = true;
    // NULL is the smallest value.
    "nulls_min".clone_into(&mut options.sql_parser.default_null_ordering);
    SessionStateBuilder::new_with_default_features()
        .with_config(config)
        .build()
});

/// A column of a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::sql) struct ResultColumn {
    /// Empty for an unnamed column.
    pub(in crate::sql) name: String,
    pub(in crate::sql) sql_type: SqlType,
    pub(in crate::sql) nullable: bool,
}

/// A query that is ready to run.
pub(in crate::sql) struct Planned {
    pub(in crate::sql) columns: Vec<ResultColumn>,
    context: SessionContext,
    plan: LogicalPlan,
}

/// What a query sees: one snapshot, the variables, the facts of the session.
#[derive(Clone, Debug)]
pub(in crate::sql) struct Scope {
    pub(in crate::sql) instance: Arc<Instance>,
    pub(in crate::sql) variables: HashMap<String, Variable>,
    pub(in crate::sql) facts: Facts,
}

impl Scope {
    /// Plans a query. Nothing has run, and its columns are known.
    ///
    /// # Errors
    /// The errors of compiling: unknown names, types that do not fit, clauses that are not carried out.
    pub(in crate::sql) async fn plan(&self, query: Query) -> Result<Planned> {
        self.plan_in(query, None).await
    }

    /// [`Scope::plan`] with a table that is about to be changed in the place of its twin in the snapshot.
    ///
    /// # Errors
    /// As [`Scope::plan`].
    pub(in crate::sql) async fn plan_over(
        &self,
        query: Query,
        target: TargetTable,
    ) -> Result<Planned> {
        self.plan_in(query, Some(Arc::new(target))).await
    }

    async fn plan_in(&self, mut query: Query, target: Option<Arc<TargetTable>>) -> Result<Planned> {
        check_variables(&query, &self.variables)?;
        let names = rewrite::query(&mut query)?;
        let context = self.context(target);
        let statement = PlannedStatement::Statement(Box::new(Statement::Query(Box::new(query))));
        let plan = context.state().statement_to_plan(statement).await?;
        let columns = columns(plan.schema().fields(), &names)?;
        Ok(Planned {
            columns,
            context,
            plan,
        })
    }

    /// The value of an expression.
    ///
    /// # Errors
    /// As [`Scope::plan`] and [`Planned::rows`].
    pub(in crate::sql) async fn value(&self, expr: Expr) -> Result<ScalarValue> {
        let planned = self.plan(select(vec![expr], None)).await?;
        let rows = planned.all().await?;
        match rows.iter().find(|rows| rows.num_rows() > 0) {
            Some(rows) => Ok(ScalarValue::try_from_array(rows.column(0), 0)?),
            None => Ok(ScalarValue::Null),
        }
    }

    /// The value of an expression that is kept as a text, such as a default.
    ///
    /// # Errors
    /// As [`Scope::value`].
    pub(in crate::sql) async fn constant(&self, text: &str) -> Result<ScalarValue> {
        use datafusion::sql::sqlparser::{dialect::MsSqlDialect, parser::Parser};
        let parsed = Parser::new(&MsSqlDialect {})
            .try_with_sql(text)
            .and_then(|mut parser| parser.parse_expr());
        self.value(parsed.map_err(|error| SqlError::internal(&error))?)
            .await
    }

    /// Whether a condition holds; unknown is no.
    ///
    /// # Errors
    /// As [`Scope::value`].
    pub(in crate::sql) async fn holds(&self, condition: Expr) -> Result<bool> {
        let one =
            Expr::Value(datafusion::sql::sqlparser::ast::Value::Number("1".into(), false).into());
        let rows = self
            .plan(select(vec![one], Some(condition)))
            .await?
            .all()
            .await?;
        Ok(rows.iter().any(|rows| rows.num_rows() > 0))
    }

    fn context(&self, target: Option<Arc<TargetTable>>) -> SessionContext {
        let mut config = BASE.config().clone();
        let catalog = &mut config.options_mut().catalog;
        catalog.default_catalog = key(&self.facts.database);
        DEFAULT_SCHEMA.clone_into(&mut catalog.default_schema);
        let mut planners: Vec<Arc<dyn datafusion::logical_expr::planner::ExprPlanner>> =
            vec![Arc::new(Semantics::new())];
        planners.extend(BASE.expr_planners().iter().cloned());
        let catalogs = SnapshotCatalogs {
            instance: Arc::clone(&self.instance),
            reader: Reader::new(&self.facts),
            target,
        };
        let state = SessionStateBuilder::new_from_existing(BASE.clone())
            .with_config(config)
            .with_catalog_list(Arc::new(catalogs))
            .with_expr_planners(planners)
            .with_type_planner(Arc::new(Types))
            .build();
        let context = SessionContext::new_with_state(state);
        let described = FunctionContext {
            instance: Arc::clone(&self.instance),
            facts: self.facts.clone(),
        };
        for function in functions::functions(&described) {
            context.register_udf(function);
        }
        let variables = Arc::new(Variables(self.variables.clone()));
        context.register_variable(VarType::UserDefined, variables);
        context.register_variable(VarType::System, Arc::new(Variables(self.facts.variables())));
        context
    }
}

/// A query to fill in: `SELECT 1`.
pub(in crate::sql) fn empty_query() -> Query {
    use datafusion::sql::sqlparser::{dialect::MsSqlDialect, parser::Parser};
    let mut parser = Parser::new(&MsSqlDialect {})
        .try_with_sql("SELECT 1")
        .expect("a constant query is well-formed");
    *parser
        .parse_query()
        .expect("a constant query is well-formed")
}

/// `SELECT items WHERE condition`.
fn select(items: Vec<Expr>, condition: Option<Expr>) -> Query {
    let mut query = empty_query();
    if let SetExpr::Select(select) = query.body.as_mut() {
        select.projection = items.into_iter().map(SelectItem::UnnamedExpr).collect();
        select.selection = condition;
    }
    query
}

impl Planned {
    /// Runs the query and hands out its rows as they come.
    ///
    /// # Errors
    /// The errors of running, here or from the stream.
    pub(in crate::sql) async fn rows(self) -> Result<SendableRecordBatchStream> {
        let frame = self.context.execute_logical_plan(self.plan).await?;
        Ok(frame.execute_stream().await?)
    }

    /// All rows at once.
    ///
    /// # Errors
    /// As [`Planned::rows`].
    pub(in crate::sql) async fn all(self) -> Result<Vec<RecordBatch>> {
        Ok(self.rows().await?.try_collect().await?)
    }

    /// One row by its number, from 0.
    ///
    /// # Errors
    /// As [`Planned::rows`].
    pub(in crate::sql) async fn row(self, number: usize) -> Result<Vec<RecordBatch>> {
        let frame = self.context.execute_logical_plan(self.plan).await?;
        Ok(frame.limit(number, Some(1))?.collect().await?)
    }

    /// The schema of the rows.
    pub(in crate::sql) fn schema(&self) -> SchemaRef {
        let schema: &Schema = self.plan.schema().as_arrow();
        Arc::new(schema.clone())
    }
}

fn columns<'a>(
    fields: impl IntoIterator<Item = &'a FieldRef>,
    names: &OutputNames,
) -> Result<Vec<ResultColumn>> {
    fields
        .into_iter()
        .map(|field| {
            let display = field
                .metadata()
                .get(DISPLAY_NAME)
                .filter(|name| key(name) == *field.name());
            let name = match (names.written(field.name()), display) {
                (Some(written), _) => written,
                (None, Some(display)) => display,
                (None, None) => field.name(),
            };
            Ok(ResultColumn {
                name: name.to_owned(),
                sql_type: SqlType::of(field)?,
                nullable: true,
            })
        })
        .collect()
}

/// Variables by their names in lower case, with their `@`.
#[derive(Debug)]
struct Variables(HashMap<String, Variable>);

impl VarProvider for Variables {
    fn get_value(&self, names: Vec<String>) -> datafusion::common::Result<ScalarValue> {
        let name = names.concat();
        match self.0.get(&name) {
            Some(variable) => Ok(variable.value.clone()),
            None => Err(datafusion::common::exec_datafusion_err!(
                "variable {name} is not declared"
            )),
        }
    }

    fn get_type(&self, names: &[String]) -> Option<DataType> {
        self.0
            .get(&names.concat())
            .map(|variable| variable.value.data_type())
    }
}

/// The names of variables in a query that nobody declared are found before planning, so that the error is 137.
fn check_variables(query: &Query, variables: &HashMap<String, Variable>) -> Result<()> {
    use std::ops::ControlFlow;

    use datafusion::sql::sqlparser::ast::visit_expressions;
    let missing = visit_expressions(query, |expr| match expr {
        Expr::Identifier(name)
            if name.value.starts_with('@')
                && !name.value.starts_with("@@")
                && !variables.contains_key(&key(&name.value)) =>
        {
            ControlFlow::Break(name.value.clone())
        }
        _ => ControlFlow::Continue(()),
    });
    match missing {
        ControlFlow::Break(name) => Err(SqlError::new(
            137,
            15,
            format!("Must declare the scalar variable \"{name}\"."),
        )),
        ControlFlow::Continue(()) => Ok(()),
    }
}
