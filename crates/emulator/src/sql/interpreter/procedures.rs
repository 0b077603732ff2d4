//! CREATE, ALTER and DROP PROCEDURE.

use std::sync::Arc;

use datafusion::sql::sqlparser::ast::ObjectName;

use super::{
    change::changed,
    objects::{drop_objects, name_as_written, schema_as_written},
};
use crate::sql::{
    catalog::{ProcedureParameter, StoredProcedure},
    dml::TableName,
    error::{Result, SqlError},
    session::Session,
    tsql::CreateProcedure,
};

pub(super) async fn create_procedure(
    session: &mut Session,
    create: &CreateProcedure,
) -> Result<()> {
    let place = TableName::resolve(&create.name, &session.database)?;
    let schema = schema_as_written(&create.name);
    let name = name_as_written(&create.name);
    if create.create || !session.may_alter(&place) {
        session.require(&place.database, "CREATE PROCEDURE")?;
    }
    let mut parameters: Vec<ProcedureParameter> = Vec::with_capacity(create.parameters.len());
    for parameter in &create.parameters {
        if parameters
            .iter()
            .any(|known| known.name.eq_ignore_ascii_case(&parameter.name))
        {
            return Err(SqlError::new(
                134,
                15,
                format!(
                    "The variable name '{}' has already been declared.",
                    parameter.name
                ),
            ));
        }
        parameter.sql_type.arrow()?;
        parameters.push(ProcedureParameter {
            name: parameter.name.clone(),
            sql_type: parameter.sql_type,
            default: parameter.value.as_ref().map(ToString::to_string),
            output: parameter.output,
        });
    }
    changed(session, |session, change| {
        let id = session.server.store.state().ids.uuid();
        let created = session.server.store.now();
        let database = change.instance.database_mut(&place.database)?;
        let key = (place.schema.clone(), place.name.clone());
        let known = database.procedures.get(&key).cloned();
        if database.tables.contains_key(&key) || (create.create && known.is_some()) {
            return Err(SqlError::new(
                2714,
                16,
                format!("There is already an object named '{name}' in the database."),
            )
            .with_state(3));
        }
        if create.alter && known.is_none() {
            return Err(
                SqlError::new(208, 16, format!("Invalid object name '{name}'.")).with_state(6),
            );
        }
        let number = known
            .as_ref()
            .map_or_else(|| database.next_object_number(), |known| known.number);
        let procedure = StoredProcedure {
            id: known.as_ref().map_or(id, |known| known.id),
            number,
            schema,
            name,
            parameters,
            body: create.body.clone(),
            created: known.map_or(created, |known| known.created),
        };
        database.procedures.insert(key, Arc::new(procedure));
        Ok(())
    })
    .await
}

pub(super) async fn drop_procedures(
    session: &mut Session,
    names: &[ObjectName],
    if_exists: bool,
) -> Result<()> {
    drop_objects(session, names, if_exists, "procedure", |database, name| {
        database.procedures.remove(name).is_some()
    })
    .await
}
