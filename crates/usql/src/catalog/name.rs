//! Names of catalog objects, complete.

use std::fmt;

use azml_usql_syntax::ast::ObjectName;

use super::DBO;

/// Database, schema and object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QualifiedName {
    /// The database.
    pub database: String,
    /// The schema.
    pub schema: String,
    /// The object.
    pub object: String,
}

/// Where names with fewer parts are looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NameContext {
    pub(crate) database: String,
    pub(crate) schema: String,
}

impl Default for NameContext {
    fn default() -> Self {
        Self {
            database: super::MASTER.to_owned(),
            schema: DBO.to_owned(),
        }
    }
}

impl NameContext {
    /// The complete name of an object.
    pub(crate) fn object(&self, name: &ObjectName) -> QualifiedName {
        let parts: Vec<&str> = name.parts.iter().map(|part| part.text.as_str()).collect();
        let (database, schema, object) = match parts.as_slice() {
            [database, "", object] => (*database, DBO, *object),
            [database, schema, object] => (*database, *schema, *object),
            [schema, object] => (self.database.as_str(), *schema, *object),
            _ => (
                self.database.as_str(),
                self.schema.as_str(),
                name.last().text.as_str(),
            ),
        };
        QualifiedName {
            database: database.to_owned(),
            schema: schema.to_owned(),
            object: object.to_owned(),
        }
    }

    /// Database and name of a schema or assembly.
    pub(crate) fn in_database(&self, name: &ObjectName) -> (String, String) {
        match name.parts.as_slice() {
            [database, rest @ ..] if !rest.is_empty() => {
                (database.text.clone(), name.last().text.clone())
            }
            _ => (self.database.clone(), name.last().text.clone()),
        }
    }
}

impl fmt::Display for QualifiedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.database, self.schema, self.object)
    }
}
