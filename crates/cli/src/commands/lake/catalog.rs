//! `azml adla catalog`.

use azml::datalake_analytics::{AcePermission, AceType, AclOf, Catalog, DataLake, Items};
use azml_auth::Secret;
use futures::TryStreamExt as _;
use serde::Serialize;
use serde_json::Value;

use crate::args::catalog::{
    AclScope, CatalogAclCommand, CatalogCommand, CredentialCommand, EntryKind, PermissionArg, Whom,
    Within,
};
use crate::failure::{Failure, Result};
use crate::files::read_secret;
use crate::output::{Format, Listing, Record, note};

/// The schema of an entry when none is named.
const DEFAULT_SCHEMA: &str = "dbo";

/// Runs `azml adla catalog`.
pub(super) async fn run(command: CatalogCommand, lake: &DataLake, format: &Format) -> Result<()> {
    match command {
        CatalogCommand::List { kind, within } => {
            let catalog = lake.catalog(&within.jobs.account)?;
            list(&catalog, kind, &within, format).await
        }
        CatalogCommand::Show { kind, name, within } => {
            let catalog = lake.catalog(&within.jobs.account)?;
            show(&catalog, kind, &name, &within, format).await
        }
        CatalogCommand::Preview { name, rows, within } => {
            let catalog = lake.catalog(&within.jobs.account)?;
            preview(&catalog, &name, rows, &within, format).await
        }
        CatalogCommand::Credential(command) => credential(command, lake).await,
        CatalogCommand::Acl(command) => acl(command, lake, format).await,
    }
}

async fn list(catalog: &Catalog, kind: EntryKind, within: &Within, format: &Format) -> Result<()> {
    let database = within.database.as_str();
    let schema = within.schema.as_deref();
    let one_schema = schema.unwrap_or(DEFAULT_SCHEMA);
    let names = match (kind, schema) {
        (EntryKind::Databases, _) => names(catalog.list_databases()?).await?,
        (EntryKind::Schemas, _) => names(catalog.list_schemas(database)?).await?,
        (EntryKind::Assemblies, _) => names(catalog.list_assemblies(database)?).await?,
        (EntryKind::DataSources, _) => names(catalog.list_external_data_sources(database)?).await?,
        (EntryKind::Credentials, _) => names(catalog.list_credentials(database)?).await?,
        (EntryKind::Tables, None) => names(catalog.list_tables_of_database(database)?).await?,
        (EntryKind::Tables, Some(schema)) => names(catalog.list_tables(database, schema)?).await?,
        (EntryKind::Views, None) => names(catalog.list_views_of_database(database)?).await?,
        (EntryKind::Views, Some(schema)) => names(catalog.list_views(database, schema)?).await?,
        (EntryKind::Functions, None) => {
            names(catalog.list_table_valued_functions_of_database(database)?).await?
        }
        (EntryKind::Functions, Some(schema)) => {
            names(catalog.list_table_valued_functions(database, schema)?).await?
        }
        (EntryKind::Statistics, schema) => match (&within.table, schema) {
            (Some(table), _) => {
                names(catalog.list_statistics(database, one_schema, table)?).await?
            }
            (None, Some(schema)) => {
                names(catalog.list_statistics_of_schema(database, schema)?).await?
            }
            (None, None) => names(catalog.list_statistics_of_database(database)?).await?,
        },
        (EntryKind::TableTypes, _) => {
            names(catalog.list_table_types(database, one_schema)?).await?
        }
        (EntryKind::Types, _) => names(catalog.list_types(database, one_schema)?).await?,
        (EntryKind::Procedures, _) => names(catalog.list_procedures(database, one_schema)?).await?,
        (EntryKind::Packages, _) => names(catalog.list_packages(database, one_schema)?).await?,
        (EntryKind::Partitions, _) => {
            let table = table(within)?;
            names(catalog.list_partitions(database, one_schema, table)?).await?
        }
    };
    let mut listing = Listing::new(["name", "schema", "database"]);
    for row in names {
        listing.row(row);
    }
    listing.print(format)
}

/// The names of entries: the member that says it has the kind in its own name.
async fn names<T: Serialize>(mut items: Items<T>) -> Result<Vec<[Value; 3]>> {
    let mut rows = Vec::new();
    while let Some(item) = items.try_next().await? {
        let shown = serde_json::to_value(&item).unwrap_or_default();
        let text = |name: &str| shown.get(name).cloned().unwrap_or_default();
        let own = shown
            .as_object()
            .into_iter()
            .flatten()
            .find(|(name, value)| {
                name.ends_with("Name")
                    && !name.ends_with("SharpName")
                    && value.is_string()
                    && !matches!(
                        name.as_str(),
                        "computeAccountName"
                            | "databaseName"
                            | "schemaName"
                            | "tableName"
                            | "clrName"
                    )
            })
            .map(|(_, value)| value.clone());
        let name = own
            .or_else(|| shown.get("tableName").cloned())
            .filter(|name| name.is_string())
            .or_else(|| shown.get("schemaName").filter(|it| it.is_string()).cloned())
            .unwrap_or_else(|| text("databaseName"));
        rows.push([name, text("schemaName"), text("databaseName")]);
    }
    Ok(rows)
}

fn table(within: &Within) -> Result<&str> {
    within.table.as_deref().ok_or_else(|| {
        Failure::usage("this is of a table, and none is named").hint("add --table NAME")
    })
}

async fn show(
    catalog: &Catalog,
    kind: EntryKind,
    name: &str,
    within: &Within,
    format: &Format,
) -> Result<()> {
    let database = within.database.as_str();
    let schema = within.schema.as_deref().unwrap_or(DEFAULT_SCHEMA);
    let shown = match kind {
        EntryKind::Databases => value(&catalog.get_database(name).await?),
        EntryKind::Schemas => value(&catalog.get_schema(database, name).await?),
        EntryKind::Assemblies => value(&catalog.get_assembly(database, name).await?),
        EntryKind::DataSources => value(&catalog.get_external_data_source(database, name).await?),
        EntryKind::Credentials => value(&catalog.get_credential(database, name).await?),
        EntryKind::Tables => value(&catalog.get_table(database, schema, name).await?),
        EntryKind::TableTypes => value(&catalog.get_table_type(database, schema, name).await?),
        EntryKind::Views => value(&catalog.get_view(database, schema, name).await?),
        EntryKind::Functions => {
            let function = catalog.get_table_valued_function(database, schema, name);
            value(&function.await?)
        }
        EntryKind::Procedures => value(&catalog.get_procedure(database, schema, name).await?),
        EntryKind::Packages => value(&catalog.get_package(database, schema, name).await?),
        EntryKind::Statistics => {
            let statistics = catalog.get_statistics(database, schema, table(within)?, name);
            value(&statistics.await?)
        }
        EntryKind::Partitions => {
            let partition = catalog.get_partition(database, schema, table(within)?, name);
            value(&partition.await?)
        }
        EntryKind::Types => {
            return Err(Failure::usage("types can only be listed")
                .hint("azml adla catalog list types --output json"));
        }
    };
    let mut record = Record::default();
    for (name, value) in shown.as_object().into_iter().flatten() {
        let empty = value.is_null() || value.as_array().is_some_and(Vec::is_empty);
        if !empty {
            record.field(name, value.clone());
        }
    }
    record.print(format)
}

fn value(item: &impl Serialize) -> Value {
    serde_json::to_value(item).unwrap_or_default()
}

async fn preview(
    catalog: &Catalog,
    table: &str,
    rows: u64,
    within: &Within,
    format: &Format,
) -> Result<()> {
    let schema = within.schema.as_deref().unwrap_or(DEFAULT_SCHEMA);
    let shown = catalog
        .preview_table(&within.database, schema, table, Some(rows), None)
        .await?;
    let columns: Vec<&'static str> = shown
        .schema
        .into_iter()
        // Headings live as long as the listing, which lives as long as the command.
        .map(|column| &*column.name.leak())
        .collect();
    let mut listing = Listing::new(columns);
    for row in shown.rows {
        listing.row(row.into_iter().map(Value::from).collect::<Vec<_>>());
    }
    listing.print(format)?;
    if shown.truncated {
        note(format_args!("of {} rows", shown.total_row_count));
    }
    Ok(())
}

async fn credential(command: CredentialCommand, lake: &DataLake) -> Result<()> {
    match command {
        CredentialCommand::Create {
            name,
            uri,
            user,
            password_file,
            within,
        } => {
            let password = read_secret(&password_file)?;
            crate::logging::hide(&password);
            lake.catalog(&within.jobs.account)?
                .create_credential(&within.database, &name, &uri, &user, &Secret::new(password))
                .await?;
            note(format_args!("created `{name}`"));
        }
        CredentialCommand::Delete {
            name,
            cascade,
            within,
        } => {
            lake.catalog(&within.jobs.account)?
                .delete_credential(&within.database, &name, None, cascade)
                .await?;
            note(format_args!("deleted `{name}`"));
        }
    }
    Ok(())
}

async fn acl(command: CatalogAclCommand, lake: &DataLake, format: &Format) -> Result<()> {
    match command {
        CatalogAclCommand::List(scope) => {
            let mut items = lake.catalog(&scope.jobs.account)?.acl(of(&scope))?;
            let mut listing = Listing::new(["type", "principal", "permission"]);
            while let Some(item) = items.try_next().await? {
                listing.row([
                    item.ace_type.as_str().into(),
                    item.principal_id.into(),
                    item.permission.as_str().into(),
                ]);
            }
            listing.print(format)?;
        }
        CatalogAclCommand::Grant {
            whom,
            permission,
            scope,
        } => {
            let (kind, id) = principal(&whom);
            let permission = match permission {
                PermissionArg::None => AcePermission::None,
                PermissionArg::Use => AcePermission::Use,
                PermissionArg::Create => AcePermission::Create,
                PermissionArg::Drop => AcePermission::Drop,
                PermissionArg::Alter => AcePermission::Alter,
                PermissionArg::Write => AcePermission::Write,
                PermissionArg::All => AcePermission::All,
            };
            lake.catalog(&scope.jobs.account)?
                .grant(of(&scope), &kind, &id, &permission)
                .await?;
            note(format_args!("{id} may {permission}"));
        }
        CatalogAclCommand::Revoke { whom, scope } => {
            let (kind, id) = principal(&whom);
            lake.catalog(&scope.jobs.account)?
                .revoke(of(&scope), &kind, &id)
                .await?;
            note(format_args!("took away what {id} was allowed"));
        }
    }
    Ok(())
}

fn of(scope: &AclScope) -> AclOf<'_> {
    scope
        .database
        .as_deref()
        .map_or(AclOf::Catalog, AclOf::Database)
}

fn principal(whom: &Whom) -> (AceType, String) {
    match (whom.user, whom.group) {
        (Some(user), _) => (AceType::User, user.to_string()),
        (None, group) => (AceType::Group, group.unwrap_or_default().to_string()),
    }
}
