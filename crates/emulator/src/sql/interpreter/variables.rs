//! DECLARE and SET of variables.

use datafusion::{scalar::ScalarValue, sql::sqlparser::ast::Expr};

use super::Frame;
use crate::sql::{
    catalog::key,
    dml,
    error::{Result, SqlError},
    session::{Session, Variable},
    tsql::Declaration,
};

pub(super) fn variable<'a>(frame: &'a mut Frame, name: &str) -> Result<&'a mut Variable> {
    let undeclared = || {
        SqlError::new(
            137,
            15,
            format!("Must declare the scalar variable \"{name}\"."),
        )
    };
    frame.variables.get_mut(&key(name)).ok_or_else(undeclared)
}

pub(super) async fn declare(
    session: &Session,
    declarations: &[Declaration],
    frame: &mut Frame,
) -> Result<()> {
    for declaration in declarations {
        let name = key(&declaration.name);
        if frame.variables.contains_key(&name) {
            return Err(SqlError::new(
                134,
                15,
                format!(
                    "The variable name '{}' has already been declared. Variable names must be unique within a query batch or \
                     stored procedure.",
                    declaration.name
                ),
            ));
        }
        let mut variable = Variable::new(
            declaration.sql_type,
            ScalarValue::try_from(&declaration.sql_type.arrow()?)?,
        );
        if let Some(value) = &declaration.value {
            let value = session.scope(&frame.variables).value(value.clone()).await?;
            dml::assign(&mut variable, &value)?;
        }
        frame.variables.insert(name, variable);
    }
    Ok(())
}

pub(super) async fn set(
    session: &Session,
    name: &str,
    value: &Expr,
    frame: &mut Frame,
) -> Result<()> {
    variable(frame, name)?;
    let value = session.scope(&frame.variables).value(value.clone()).await?;
    dml::assign(variable(frame, name)?, &value)
}
