//! The U-SQL catalog of an analytics account: what scripts made, and who may use it.

use azml_auth::Secret;
use azml_core::http::Repeat;
use azure_core::http::Method;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::{
    Ace, AcePermission, AceType, Assembly, CatalogCredential, CatalogSecret, CatalogType, Database,
    ExternalDataSource, Items, Package, Procedure, Result, Schema, Table, TableFragment,
    TablePartition, TablePreview, TableStatistics, TableType, TableValuedFunction, View,
    arm::Service,
};

/// The catalog of an analytics account.
///
/// Entries are made by U-SQL scripts; here they are looked at. Credentials, secrets and access control can be changed.
#[derive(Clone, Debug)]
pub struct Catalog {
    service: Service,
}

/// Where a path of the catalog begins.
const ROOT: [&str; 2] = ["catalog", "usql"];

/// Whose access control.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AclOf<'a> {
    /// The whole catalog's.
    Catalog,
    /// A database's.
    Database(&'a str),
}

/// A `list_..` and a `get_..` of one kind of entry.
macro_rules! listed {
    ($list:ident, $get:ident, $model:ident, $kind:literal, $what:literal, [$($level:ident),*], [$($fixed:literal),*]) => {
        #[doc = concat!("All ", $what, "s, by name.")]
        ///
        /// # Errors
        /// Each item as a request of its page; [`NotFound`](azml_core::ErrorKind::NotFound) when what they are in is
        /// not there.
        pub fn $list(&self, $($level: &str),*) -> Result<Items<$model>> {
            self.list(&[$($fixed, $level,)* $kind])
        }

        #[doc = concat!("The ", $what, " of this name, in any letter case.")]
        ///
        /// # Errors
        /// [`NotFound`](azml_core::ErrorKind::NotFound) when there is none.
        pub async fn $get(&self, $($level: &str,)* name: &str) -> Result<$model> {
            self.get(&[$($fixed, $level,)* $kind, name]).await
        }
    };
}

/// A list of what all schemas of a database have.
macro_rules! across {
    ($list:ident, $model:ident, $kind:literal, $what:literal) => {
        #[doc = concat!("All ", $what, " of a database, whatever their schema.")]
        ///
        /// # Errors
        /// Each item as a request of its page; [`NotFound`](azml_core::ErrorKind::NotFound) when there is no such
        /// database.
        pub fn $list(&self, database: &str) -> Result<Items<$model>> {
            self.list(&["databases", database, $kind])
        }
    };
}

impl Catalog {
    pub(crate) fn new(service: Service) -> Self {
        Self { service }
    }

    fn list<T: DeserializeOwned + Send + 'static>(&self, path: &[&str]) -> Result<Items<T>> {
        self.service.list(&[&ROOT, path].concat(), &[])
    }

    async fn get<T: DeserializeOwned>(&self, path: &[&str]) -> Result<T> {
        self.service.get(&[&ROOT, path].concat()).await
    }

    listed!(
        list_databases,
        get_database,
        Database,
        "databases",
        "database",
        [],
        []
    );
    listed!(
        list_schemas,
        get_schema,
        Schema,
        "schemas",
        "schema",
        [database],
        ["databases"]
    );
    listed!(
        list_assemblies,
        get_assembly,
        Assembly,
        "assemblies",
        "assembly",
        [database],
        ["databases"]
    );
    listed!(
        list_external_data_sources,
        get_external_data_source,
        ExternalDataSource,
        "externaldatasources",
        "external data source",
        [database],
        ["databases"]
    );
    listed!(
        list_credentials,
        get_credential,
        CatalogCredential,
        "credentials",
        "credential",
        [database],
        ["databases"]
    );
    listed!(
        list_procedures,
        get_procedure,
        Procedure,
        "procedures",
        "procedure",
        [database, schema],
        ["databases", "schemas"]
    );
    listed!(
        list_views,
        get_view,
        View,
        "views",
        "view",
        [database, schema],
        ["databases", "schemas"]
    );
    listed!(
        list_table_valued_functions,
        get_table_valued_function,
        TableValuedFunction,
        "tablevaluedfunctions",
        "table-valued function",
        [database, schema],
        ["databases", "schemas"]
    );
    listed!(
        list_tables,
        get_table,
        Table,
        "tables",
        "table",
        [database, schema],
        ["databases", "schemas"]
    );
    listed!(
        list_table_types,
        get_table_type,
        TableType,
        "tabletypes",
        "table type",
        [database, schema],
        ["databases", "schemas"]
    );
    listed!(
        list_packages,
        get_package,
        Package,
        "packages",
        "package",
        [database, schema],
        ["databases", "schemas"]
    );
    listed!(
        list_partitions,
        get_partition,
        TablePartition,
        "partitions",
        "partition",
        [database, schema, table],
        ["databases", "schemas", "tables"]
    );
    listed!(
        list_statistics,
        get_statistics,
        TableStatistics,
        "statistics",
        "set of statistics",
        [database, schema, table],
        ["databases", "schemas", "tables"]
    );

    across!(list_tables_of_database, Table, "tables", "tables");
    across!(list_views_of_database, View, "views", "views");
    across!(
        list_table_valued_functions_of_database,
        TableValuedFunction,
        "tablevaluedfunctions",
        "table-valued functions"
    );
    across!(
        list_statistics_of_database,
        TableStatistics,
        "statistics",
        "statistics"
    );

    /// All types of a schema, by name.
    ///
    /// # Errors
    /// As [`list_tables`](Self::list_tables).
    pub fn list_types(&self, database: &str, schema: &str) -> Result<Items<CatalogType>> {
        self.list(&["databases", database, "schemas", schema, "types"])
    }

    /// All statistics of a schema.
    ///
    /// # Errors
    /// As [`list_tables`](Self::list_tables).
    pub fn list_statistics_of_schema(
        &self,
        database: &str,
        schema: &str,
    ) -> Result<Items<TableStatistics>> {
        self.list(&["databases", database, "schemas", schema, "statistics"])
    }

    /// The files that a table's rows are in.
    ///
    /// # Errors
    /// As [`get_table`](Self::get_table).
    pub fn list_table_fragments(
        &self,
        database: &str,
        schema: &str,
        table: &str,
    ) -> Result<Items<TableFragment>> {
        let path = [
            "databases",
            database,
            "schemas",
            schema,
            "tables",
            table,
            "tablefragments",
        ];
        self.list(&path)
    }

    /// The first rows and columns of a table, as many as are asked for, or the service's default.
    ///
    /// # Errors
    /// As [`get_table`](Self::get_table).
    pub async fn preview_table(
        &self,
        database: &str,
        schema: &str,
        table: &str,
        rows: Option<u64>,
        columns: Option<u64>,
    ) -> Result<TablePreview> {
        let path = [
            "databases",
            database,
            "schemas",
            schema,
            "tables",
            table,
            "previewrows",
        ];
        self.preview(&path, rows, columns).await
    }

    /// As [`preview_table`](Self::preview_table), for one partition.
    ///
    /// # Errors
    /// As [`get_partition`](Self::get_partition).
    pub async fn preview_partition(
        &self,
        (database, schema, table): (&str, &str, &str),
        partition: &str,
        rows: Option<u64>,
        columns: Option<u64>,
    ) -> Result<TablePreview> {
        let path = [
            "databases",
            database,
            "schemas",
            schema,
            "tables",
            table,
            "partitions",
            partition,
            "previewrows",
        ];
        self.preview(&path, rows, columns).await
    }

    async fn preview(
        &self,
        path: &[&str],
        rows: Option<u64>,
        columns: Option<u64>,
    ) -> Result<TablePreview> {
        let (rows, columns) = (
            rows.map(|it| it.to_string()),
            columns.map(|it| it.to_string()),
        );
        let mut query = Vec::new();
        if let Some(rows) = &rows {
            query.push(("maxRows", rows.as_str()));
        }
        if let Some(columns) = &columns {
            query.push(("maxColumns", columns.as_str()));
        }
        self.service.get_with(&[&ROOT, path].concat(), &query).await
    }

    /// Makes a credential that external data sources sign in with: the address it is for, a user and its password.
    ///
    /// # Errors
    /// The service's refusal, for example a credential of this name.
    pub async fn create_credential(
        &self,
        database: &str,
        name: &str,
        uri: &str,
        user: &str,
        password: &Secret,
    ) -> Result<()> {
        let body = json!({ "uri": uri, "userId": user, "password": password.expose() });
        let path = ["databases", database, "credentials", name];
        self.change(Method::Put, &path, &[], &body).await
    }

    /// Gives a credential another password.
    ///
    /// # Errors
    /// [`NotFound`](azml_core::ErrorKind::NotFound) when there is none, and the service's refusal of a wrong password.
    pub async fn update_credential_password(
        &self,
        database: &str,
        name: &str,
        password: &Secret,
        new_password: &Secret,
    ) -> Result<()> {
        let body = json!({ "password": password.expose(), "newPassword": new_password.expose() });
        let path = ["databases", database, "credentials", name];
        self.change(Method::Patch, &path, &[], &body).await
    }

    /// Deletes a credential; with `cascade`, what uses it too.
    ///
    /// # Errors
    /// [`NotFound`](azml_core::ErrorKind::NotFound) when there is none, and the service's refusal of a wrong password.
    pub async fn delete_credential(
        &self,
        database: &str,
        name: &str,
        password: Option<&Secret>,
        cascade: bool,
    ) -> Result<()> {
        let body = match password {
            Some(password) => json!({ "password": password.expose() }),
            None => json!({}),
        };
        let path = ["databases", database, "credentials", name];
        let query: &[_] = if cascade { &[("cascade", "true")] } else { &[] };
        self.change(Method::Post, &path, query, &body).await
    }

    /// Makes a secret for an address, or replaces it. Credentials came after secrets.
    ///
    /// # Errors
    /// The service's refusal.
    pub async fn put_secret(
        &self,
        database: &str,
        name: &str,
        uri: &str,
        password: &Secret,
    ) -> Result<()> {
        let body = json!({ "uri": uri, "password": password.expose() });
        let path = ["databases", database, "secrets", name];
        self.change(Method::Put, &path, &[], &body).await
    }

    /// A secret by name, without its password.
    ///
    /// # Errors
    /// [`NotFound`](azml_core::ErrorKind::NotFound) when there is none.
    pub async fn get_secret(&self, database: &str, name: &str) -> Result<CatalogSecret> {
        self.get(&["databases", database, "secrets", name]).await
    }

    /// Deletes a secret, or all secrets of the database.
    ///
    /// # Errors
    /// [`NotFound`](azml_core::ErrorKind::NotFound) when there is none of this name.
    pub async fn delete_secrets(&self, database: &str, name: Option<&str>) -> Result<()> {
        let mut path = vec!["databases", database, "secrets"];
        path.extend(name);
        self.service
            .call(
                Method::Delete,
                &[&ROOT, path.as_slice()].concat(),
                Repeat::ByMethod,
            )
            .await?;
        Ok(())
    }

    /// The entries of an access control list.
    ///
    /// # Errors
    /// Each item as a request of its page.
    pub fn acl(&self, of: AclOf<'_>) -> Result<Items<Ace>> {
        self.list(&acl_path(of))
    }

    /// Allows a user or group something; an entry that is there is replaced.
    ///
    /// # Errors
    /// The service's refusal, for example of an id that is none.
    pub async fn grant(
        &self,
        of: AclOf<'_>,
        ace_type: &AceType,
        principal_id: &str,
        permission: &AcePermission,
    ) -> Result<()> {
        let body =
            json!({ "aceType": ace_type, "principalId": principal_id, "permission": permission });
        self.change(Method::Post, &acl_path(of), &[("op", "GRANTACE")], &body)
            .await
    }

    /// Takes the entry of a user or group away.
    ///
    /// # Errors
    /// The service's refusal, for example when there is no such entry.
    pub async fn revoke(
        &self,
        of: AclOf<'_>,
        ace_type: &AceType,
        principal_id: &str,
    ) -> Result<()> {
        let body = json!({ "aceType": ace_type, "principalId": principal_id });
        self.change(Method::Post, &acl_path(of), &[("op", "REVOKEACE")], &body)
            .await
    }

    async fn change(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: &Value,
    ) -> Result<()> {
        // After a lost answer, a second attempt could find its own change and call it an error.
        let path = [&ROOT, path].concat();
        self.service
            .send(method, &path, query, Some(body), Repeat::Never)
            .await?;
        Ok(())
    }
}

fn acl_path(of: AclOf<'_>) -> Vec<&str> {
    match of {
        AclOf::Catalog => vec!["acl"],
        AclOf::Database(name) => vec!["databases", name, "acl"],
    }
}
