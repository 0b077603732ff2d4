//! Resource Manager's contract for datastores: the same records under other names.

use axum::Json;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::super::workspaces::{Scope, Workspace};
use super::model::{DataLakeSection, Principal};
use super::{Datastore, Datastores, Existing, PutOptions, StorageSection};
use crate::arm::{ArmError, ArmRequest, Body};

/// Datastores of one page when nothing is asked for.
const USUAL_PAGE: usize = 30;

/// Answers a request below `workspaces/{name}/datastores`; `rest` is what follows.
pub(crate) async fn handle(
    datastores: &Datastores,
    scope: Scope,
    request: &ArmRequest,
    rest: &[&str],
) -> Result<Response, ArmError> {
    match (&request.method, rest) {
        (&Method::GET, []) => list(datastores, &scope, request),
        (&Method::GET, [name]) => {
            let (workspace, datastore) = datastores.get(&scope, name)?;
            Ok(Json(show(&workspace, &datastore)?).into_response())
        }
        (&Method::PUT, [name]) => put(datastores, scope, request, name).await,
        (&Method::DELETE, [name]) => {
            let there = datastores.delete(scope, (*name).to_owned()).await?;
            let status = if there {
                StatusCode::OK
            } else {
                StatusCode::NO_CONTENT
            };
            Ok(status.into_response())
        }
        (&Method::POST, [name, action]) if action.eq_ignore_ascii_case("listSecrets") => {
            let (_, datastore) = datastores.get(&scope, name)?;
            Ok(Json(secrets(&datastore)?).into_response())
        }
        _ => Err(ArmError::method_not_allowed()),
    }
}

fn list(
    datastores: &Datastores,
    scope: &Scope,
    request: &ArmRequest,
) -> Result<Response, ArmError> {
    let (workspace, all) = datastores.list(scope)?;
    let query = |name: &str| {
        request
            .query
            .get(name)
            .map(String::as_str)
            .filter(|it| !it.is_empty())
    };
    let number = |name: &str, default: usize| match query(name) {
        None => Ok(default),
        Some(text) => text
            .parse::<usize>()
            .map_err(|_| ArmError::invalid_value(name, "a whole number is expected")),
    };
    let skip = number("$skip", 0)?;
    let count = number("count", USUAL_PAGE)?.max(1);
    let names: Option<Vec<String>> = query("names").map(|names| {
        names
            .split(',')
            .map(|it| it.trim().to_lowercase())
            .collect()
    });
    let search = query("searchText").map(str::to_lowercase);
    let default = query("isDefault").map(|text| text.eq_ignore_ascii_case("true"));
    let mut chosen = all
        .iter()
        .filter(|it| kind_of(it).is_ok())
        .filter(|it| names.as_ref().is_none_or(|names| names.contains(&it.name)))
        .filter(|it| {
            search
                .as_ref()
                .is_none_or(|search| it.name.contains(search))
        })
        .filter(|it| {
            default.is_none_or(|wanted| wanted == (it.name == workspace.default_datastore))
        })
        .skip(skip);
    let value = chosen
        .by_ref()
        .take(count)
        .map(|it| show(&workspace, it))
        .collect::<Result<Vec<_>, _>>()?;
    let mut body = json!({ "value": value });
    if chosen.next().is_some() {
        body["nextLink"] = next_link(request, skip + count).into();
    }
    Ok(Json(body).into_response())
}

fn next_link(request: &ArmRequest, skip: usize) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    let mut pairs: Vec<_> = request
        .query
        .iter()
        .filter(|(name, _)| *name != "$skip")
        .collect();
    pairs.sort();
    query.extend_pairs(pairs);
    query.append_pair("$skip", &skip.to_string());
    format!(
        "{}{}?{}",
        request.origin.base(),
        request.address,
        query.finish()
    )
}

async fn put(
    datastores: &Datastores,
    scope: Scope,
    request: &ArmRequest,
    name: &str,
) -> Result<Response, ArmError> {
    let skip_validation = request
        .query
        .get("skipValidation")
        .is_some_and(|text| text.eq_ignore_ascii_case("true"));
    let datastore = read(name, &request.json()?.object("properties")?)?;
    let options = PutOptions {
        existing: Existing::Replace,
        create_if_not_exists: false,
        skip_validation,
    };
    let (workspace, datastore, new) = datastores.put(scope, datastore, options).await?;
    let status = if new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Ok((status, Json(show(&workspace, &datastore)?)).into_response())
}

/// The kinds of this contract and their names in the other.
const KINDS: [(&str, &str); 5] = [
    ("AzureBlob", "AzureBlob"),
    ("AzureFile", "AzureFile"),
    ("AzureDataLakeGen1", "AzureDataLake"),
    ("AzureDataLakeGen2", "AzureDataLakeGen2"),
    ("OneLake", "OneLake"),
];

fn kind_of(datastore: &Datastore) -> Result<&'static str, ArmError> {
    let kind = datastore.data_store_type.as_str();
    KINDS
        .iter()
        .find(|(_, other)| *other == kind)
        .map(|(name, _)| *name)
        .ok_or_else(|| {
            ArmError::bad_request(
                "UnsupportedDatastoreType",
                format!("A datastore of type {kind} does not exist in this contract."),
            )
        })
}

/// Reads `properties` of a request.
fn read(name: &str, properties: &Body) -> Result<Datastore, ArmError> {
    let kind = properties.required_string("datastoreType")?;
    let kind = KINDS
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(kind))
        .map(|(_, other)| *other)
        .ok_or_else(|| ArmError::invalid_value("datastoreType", "it is not a known type"))?;
    let text = |name: &str| Ok::<_, ArmError>(properties.string(name)?.map(str::to_owned));
    let credentials = properties.object("credentials")?;
    let mut datastore = Datastore {
        name: name.to_owned(),
        data_store_type: kind.to_owned(),
        description: text("description")?,
        tags: properties.tags()?,
        properties: properties
            .get("properties")
            .and_then(Value::as_object)
            .cloned(),
        ..Datastore::default()
    };
    let identity = text("serviceDataAccessAuthIdentity")?;
    let container = match kind {
        "AzureBlob" => "containerName",
        "AzureFile" => "fileShareName",
        "AzureDataLakeGen2" => "filesystem",
        "AzureDataLake" => {
            datastore.azure_data_lake_section = Some(DataLakeSection {
                store_name: properties.required_string("storeName")?.to_owned(),
                principal: principal(&credentials)?.unwrap_or_default(),
                service_data_access_auth_identity: identity,
            });
            return Ok(datastore);
        }
        _ => {
            for member in [
                "oneLakeWorkspaceName",
                "artifact",
                "endpoint",
                "credentials",
            ] {
                if let Some(value) = properties.get(member) {
                    datastore.other.insert(member.to_owned(), value.clone());
                }
            }
            return Ok(datastore);
        }
    };
    let (credential_type, credential) = credential(&credentials)?;
    datastore.azure_storage_section = Some(StorageSection {
        account_name: properties.required_string("accountName")?.to_owned(),
        container_name: properties.required_string(container)?.to_owned(),
        endpoint: text("endpoint")?,
        protocol: text("protocol")?,
        credential_type: Some(credential_type.to_owned()),
        credential,
        client_credentials: principal(&credentials)?,
        subscription_id: text("subscriptionId")?,
        resource_group: text("resourceGroup")?,
        service_data_access_auth_identity: identity,
        ..StorageSection::default()
    });
    Ok(datastore)
}

/// The credential's type in the other contract, and its key or signature.
fn credential(credentials: &Body) -> Result<(&'static str, Option<String>), ArmError> {
    let secrets = credentials.object("secrets")?;
    let secret = |name: &str| Ok::<_, ArmError>(secrets.string(name)?.map(str::to_owned));
    match credentials.required_string("credentialsType")? {
        "AccountKey" => Ok(("AccountKey", secret("key")?)),
        "Sas" => Ok(("Sas", secret("sasToken")?)),
        "ServicePrincipal" | "Certificate" => Ok(("ClientCredentials", None)),
        "None" => Ok(("None", None)),
        _ => Err(ArmError::invalid_value(
            "credentialsType",
            "one of AccountKey, Sas, ServicePrincipal, Certificate, None is expected",
        )),
    }
}

fn principal(credentials: &Body) -> Result<Option<Principal>, ArmError> {
    let is_cert_auth = match credentials.required_string("credentialsType")? {
        "ServicePrincipal" => false,
        "Certificate" => true,
        _ => return Ok(None),
    };
    let text = |name: &str| Ok::<_, ArmError>(credentials.string(name)?.map(str::to_owned));
    let secrets = credentials.object("secrets")?;
    Ok(Some(Principal {
        client_id: Some(credentials.required_string("clientId")?.to_owned()),
        tenant_id: Some(credentials.required_string("tenantId")?.to_owned()),
        is_cert_auth,
        certificate: secrets.string("certificate")?.map(str::to_owned),
        client_secret: secrets.string("clientSecret")?.map(str::to_owned),
        thumbprint: text("thumbprint")?,
        authority_url: text("authorityUrl")?,
        resource_uri: text("resourceUrl")?,
        ..Principal::default()
    }))
}

fn show(workspace: &Workspace, datastore: &Datastore) -> Result<Value, ArmError> {
    let kind = kind_of(datastore)?;
    let mut properties = Map::new();
    let mut add = |name: &str, value: Value| {
        properties.insert(name.to_owned(), value);
    };
    add("datastoreType", kind.into());
    add("description", json!(datastore.description));
    add("tags", json!(datastore.tags));
    add("properties", json!(datastore.properties));
    add(
        "isDefault",
        (datastore.name == workspace.default_datastore).into(),
    );
    add("credentials", shown_credentials(datastore));
    if let Some(section) = &datastore.azure_storage_section {
        let container = match kind {
            "AzureFile" => "fileShareName",
            "AzureDataLakeGen2" => "filesystem",
            _ => "containerName",
        };
        add("accountName", json!(section.account_name));
        add(container, json!(section.container_name));
        add("endpoint", json!(section.endpoint));
        add("protocol", json!(section.protocol));
        add("subscriptionId", json!(section.subscription_id));
        add("resourceGroup", json!(section.resource_group));
        add(
            "serviceDataAccessAuthIdentity",
            json!(section.service_data_access_auth_identity),
        );
    }
    if let Some(section) = &datastore.azure_data_lake_section {
        add("storeName", json!(section.store_name));
        add(
            "serviceDataAccessAuthIdentity",
            json!(section.service_data_access_auth_identity),
        );
    }
    for member in ["oneLakeWorkspaceName", "artifact", "endpoint"] {
        if let Some(value) = datastore.other.get(member) {
            add(member, value.clone());
        }
    }
    Ok(json!({
        "id": format!("{}/datastores/{}", workspace.resource_id(), datastore.name),
        "name": datastore.name,
        "type": "Microsoft.MachineLearningServices/workspaces/datastores",
        "properties": properties,
    }))
}

fn principal_of(datastore: &Datastore) -> Option<&Principal> {
    let of_storage = || {
        datastore
            .azure_storage_section
            .as_ref()?
            .client_credentials
            .as_ref()
    };
    let of_lake = || {
        let principal = &datastore.azure_data_lake_section.as_ref()?.principal;
        let there = |text: &Option<String>| text.as_deref().is_some_and(|text| !text.is_empty());
        there(&principal.client_id).then_some(principal)
    };
    of_storage().or_else(of_lake)
}

fn shown_credentials(datastore: &Datastore) -> Value {
    if let Some(section) = &datastore.azure_storage_section
        && let Some(kind @ ("AccountKey" | "Sas")) = section.credential_type.as_deref()
    {
        return json!({ "credentialsType": kind });
    }
    let Some(principal) = principal_of(datastore) else {
        return json!({ "credentialsType": "None" });
    };
    let mut shown = json!({
        "credentialsType": "ServicePrincipal",
        "clientId": principal.client_id,
        "tenantId": principal.tenant_id,
        "authorityUrl": principal.authority_url,
        "resourceUrl": principal.resource_uri,
    });
    if principal.is_cert_auth {
        shown["credentialsType"] = "Certificate".into();
        shown["thumbprint"] = json!(principal.thumbprint);
    }
    shown
}

fn secrets(datastore: &Datastore) -> Result<Value, ArmError> {
    if let Some(section) = &datastore.azure_storage_section {
        match section.credential_type.as_deref() {
            Some("AccountKey") => {
                return Ok(json!({ "secretsType": "AccountKey", "key": section.account_key }));
            }
            Some("Sas") => {
                return Ok(json!({ "secretsType": "Sas", "sasToken": section.sas_token }));
            }
            _ => {}
        }
    }
    match principal_of(datastore) {
        Some(principal) if principal.is_cert_auth => {
            Ok(json!({ "secretsType": "Certificate", "certificate": principal.certificate }))
        }
        Some(principal) => Ok(
            json!({ "secretsType": "ServicePrincipal", "clientSecret": principal.client_secret }),
        ),
        None => Err(ArmError::bad_request(
            "NoSecrets",
            format!("The datastore '{}' has no credentials.", datastore.name),
        )),
    }
}
