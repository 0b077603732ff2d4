//! `azml datastore register ...`.

use azml::datastore::{
    AzureBlob, AzureDataLakeGen1, AzureDataLakeGen2, AzureFile, AzureMySql, AzurePostgreSql,
    AzureSql, AzureStorage, Databricks, Datastore, Datastores, LoginDatabase, LoginDatabaseKind,
    StorageKind,
};
use azml_core::env;

use crate::args::datastore::{
    Gen1Args, Gen2Args, LoginDatabaseArgs, PrincipalArgs, Protocol, RegisterCommand, SqlArgs,
    StorageArgs,
};
use crate::failure::Result;
use crate::settings::Settings;
use crate::{files, logging};

/// Registers what the command line says.
pub(super) async fn run(
    command: RegisterCommand,
    datastores: &Datastores,
    settings: &Settings,
) -> Result<Datastore> {
    let registered = match command {
        RegisterCommand::Blob(args) => {
            let builder = AzureBlob::new(&args.name, &args.account, &args.container);
            datastores.register(storage(builder, args, settings)?).await
        }
        RegisterCommand::File(args) => {
            let builder = AzureFile::new(&args.name, &args.account, &args.container);
            datastores.register(storage(builder, args, settings)?).await
        }
        RegisterCommand::Gen1(args) => datastores.register(gen1(args)?).await,
        RegisterCommand::Gen2(args) => datastores.register(gen2(args)?).await,
        RegisterCommand::Sql(args) => datastores.register(sql(args)?).await,
        RegisterCommand::Postgres(args) => {
            let mut builder: AzurePostgreSql = login_database(args.database)?;
            if args.allow_plain {
                builder = builder.allow_plain();
            }
            datastores.register(builder).await
        }
        RegisterCommand::Mysql(args) => {
            let builder: AzureMySql = login_database(args)?;
            datastores.register(builder).await
        }
        RegisterCommand::Dbfs(args) => datastores.register(Databricks::new(args.name)).await,
    };
    Ok(registered?)
}

fn storage<K: StorageKind>(
    mut builder: AzureStorage<K>,
    args: StorageArgs,
    settings: &Settings,
) -> Result<AzureStorage<K>> {
    if let Some(file) = &args.sas_file {
        builder = builder.sas_token(secret(file)?);
    } else if let Some(file) = &args.key_file {
        builder = builder.account_key(secret(file)?);
    } else if !args.no_credential
        && settings.get(env::ACCOUNT).as_deref() == Some(args.account.as_str())
        && let Some(key) = settings.get(env::ACCOUNT_KEY)
    {
        builder = builder.account_key(key);
    }
    if let Some(endpoint) = args.endpoint {
        builder = builder.endpoint(endpoint);
    }
    if let Some(protocol) = args.protocol {
        builder = builder.protocol(match protocol {
            Protocol::Http => "http",
            Protocol::Https => "https",
        });
    }
    if args.create {
        builder = builder.create_if_not_exists();
    }
    if args.write.overwrite {
        builder = builder.overwrite();
    }
    if args.write.skip_validation {
        builder = builder.skip_validation();
    }
    Ok(builder)
}

fn gen1(args: Gen1Args) -> Result<AzureDataLakeGen1> {
    let mut builder = AzureDataLakeGen1::new(args.name, args.store);
    if let Some((tenant, client, secret)) = principal(args.principal)? {
        builder = builder.service_principal(tenant, client, secret);
    }
    if args.overwrite {
        builder = builder.overwrite();
    }
    Ok(builder)
}

fn gen2(args: Gen2Args) -> Result<AzureDataLakeGen2> {
    let mut builder = AzureDataLakeGen2::new(args.name, args.account, args.file_system);
    if let Some((tenant, client, secret)) = principal(args.principal)? {
        builder = builder.service_principal(tenant, client, secret);
    }
    if let Some(endpoint) = args.endpoint {
        builder = builder.endpoint(endpoint);
    }
    if args.overwrite {
        builder = builder.overwrite();
    }
    Ok(builder)
}

fn sql(args: SqlArgs) -> Result<AzureSql> {
    let database = args.database;
    let mut builder = AzureSql::new(database.name, database.server, database.database);
    if let (Some(user), Some(file)) = (args.user, &args.password_file) {
        builder = builder.login(user, secret(file)?);
    }
    if let Some((tenant, client, secret)) = principal(args.principal)? {
        builder = builder.service_principal(tenant, client, secret);
    }
    if let Some(port) = args.port {
        builder = builder.port(port);
    }
    if let Some(endpoint) = database.endpoint {
        builder = builder.endpoint(endpoint);
    }
    if database.write.overwrite {
        builder = builder.overwrite();
    }
    if database.write.skip_validation {
        builder = builder.skip_validation();
    }
    Ok(builder)
}

fn login_database<K: LoginDatabaseKind>(args: LoginDatabaseArgs) -> Result<LoginDatabase<K>> {
    let database = args.database;
    let password = secret(&args.password_file)?;
    let mut builder = LoginDatabase::new(
        database.name,
        database.server,
        database.database,
        args.user,
        password,
    );
    if let Some(port) = args.port {
        builder = builder.port(port);
    }
    if let Some(endpoint) = database.endpoint {
        builder = builder.endpoint(endpoint);
    }
    if database.write.overwrite {
        builder = builder.overwrite();
    }
    if database.write.skip_validation {
        builder = builder.skip_validation();
    }
    Ok(builder)
}

fn principal(args: PrincipalArgs) -> Result<Option<(String, String, String)>> {
    match (args.tenant, args.client, args.secret_file) {
        (Some(tenant), Some(client), Some(file)) => Ok(Some((tenant, client, secret(&file)?))),
        _ => Ok(None),
    }
}

fn secret(file: &std::path::Path) -> Result<String> {
    let secret = files::read_secret(file)?;
    logging::hide(&secret);
    Ok(secret)
}
