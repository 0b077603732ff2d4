//! Workspaces in Resource Manager: create, show, list, change, delete; and the way to
//! their datastores and computes.

use async_trait::async_trait;
use axum::Json;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use azml_auth::storage::SasService;
use serde_json::{Map, Value, json};
use time::format_description::well_known::Rfc3339;

use super::datastores::{self, Datastore, Datastores, StorageSection};
use super::workspaces::{self, Scope, Workspace};
use crate::arm::{ArmError, ArmRequest, Body, ResourceProvider};
use crate::state::{self, WriteTxn};

/// The namespace of the resources.
pub(crate) const NAMESPACE: &str = "Microsoft.MachineLearningServices";

/// Properties that a caller may set and gets back.
const SETTABLE: [&str; 9] = [
    "description",
    "friendlyName",
    "keyVault",
    "applicationInsights",
    "containerRegistry",
    "hbiWorkspace",
    "primaryUserAssignedIdentity",
    "imageBuildCompute",
    "v1LegacyMode",
];

/// Offers workspaces to Resource Manager.
pub(crate) struct Workspaces {
    pub(crate) datastores: Datastores,
    pub(crate) tenant: String,
}

#[async_trait]
impl ResourceProvider for Workspaces {
    fn namespace(&self) -> &'static str {
        NAMESPACE
    }

    fn resource_types(&self) -> &'static [&'static str] {
        &["workspaces", "workspaces/datastores"]
    }

    async fn handle(&self, request: ArmRequest) -> Result<Response, ArmError> {
        let route = request.route();
        let route: Vec<&str> = route.iter().map(String::as_str).collect();
        match route.as_slice() {
            ["workspaces"] => self.list(&request),
            ["workspaces", name] => self.workspace(&request, self.scope(&request, name)?).await,
            ["workspaces", name, "datastores", rest @ ..] => {
                let scope = self.scope(&request, name)?;
                datastores::arm::handle(&self.datastores, scope, &request, rest).await
            }
            _ => Err(ArmError::unknown_type(&request.path.join("/"))),
        }
    }

    fn remove_group(
        &self,
        transaction: &mut WriteTxn<'_>,
        subscription: &str,
        group: &str,
    ) -> Result<(), state::Error> {
        workspaces::remove_group(transaction, subscription, group)
    }
}

impl Workspaces {
    fn scope(&self, request: &ArmRequest, name: &str) -> Result<Scope, ArmError> {
        let group = request
            .group
            .clone()
            .ok_or_else(|| ArmError::unknown_type(&request.path.join("/")))?;
        Ok(Scope {
            subscription: request.subscription.clone(),
            group,
            name: name.to_owned(),
        })
    }

    fn list(&self, request: &ArmRequest) -> Result<Response, ArmError> {
        if request.method != Method::GET {
            return Err(ArmError::method_not_allowed());
        }
        let group = request.group.as_deref();
        let all = workspaces::list(&self.datastores.state, &request.subscription, group)?;
        let value: Vec<Value> = all.iter().map(|it| self.show(it, request)).collect();
        Ok(Json(json!({ "value": value })).into_response())
    }

    async fn workspace(&self, request: &ArmRequest, scope: Scope) -> Result<Response, ArmError> {
        match request.method {
            Method::GET => {
                let read = |snapshot: &state::Snapshot| workspaces::find(snapshot, &scope);
                let found = self.datastores.state.store.read(read)?;
                let workspace = found.ok_or_else(|| not_found(&scope))?;
                Ok(Json(self.show(&workspace, request)).into_response())
            }
            Method::PUT => self.create(request, scope).await,
            Method::PATCH => self.update(request, scope).await,
            Method::DELETE => self.delete(scope).await,
            _ => Err(ArmError::method_not_allowed()),
        }
    }

    async fn create(&self, request: &ArmRequest, scope: Scope) -> Result<Response, ArmError> {
        if !workspaces::is_name(&scope.name) {
            return Err(ArmError::invalid_value(
                "name",
                "3 to 33 letters, digits, dashes and underscores are expected, a letter or digit first",
            ));
        }
        let body = request.json()?;
        let account = self.storage_account(&body.object("properties")?)?;
        let workspace = Workspace {
            id: self.datastores.state.ids.uuid().to_string(),
            subscription: scope.subscription.clone(),
            group: scope.group.clone(),
            name: scope.name.clone(),
            location: body.required_string("location")?.to_owned(),
            tags: body.tags()?.unwrap_or_default(),
            sku: body
                .object("sku")?
                .string("name")?
                .unwrap_or("basic")
                .to_owned(),
            properties: settable(&body)?,
            created: self.datastores.state.clock.now(),
            storage_account: account,
            default_datastore: BLOB_STORE.to_owned(),
        };
        let (workspace, new) = create(&self.datastores, workspace).await?;
        let status = if new {
            StatusCode::CREATED
        } else {
            StatusCode::OK
        };
        Ok((status, Json(self.show(&workspace, request))).into_response())
    }

    /// The account that a request names, which must be the emulator's, or the emulator's own.
    fn storage_account(&self, properties: &Body) -> Result<String, ArmError> {
        let storage = &self.datastores.storage;
        let Some(id) = properties.string("storageAccount")? else {
            return Ok(storage.default_account().to_owned());
        };
        let name = id.rsplit('/').next().unwrap_or_default();
        if storage.has_account(name) {
            return Ok(name.to_owned());
        }
        Err(ArmError::bad_request(
            "StorageAccountNotFound",
            format!("The storage account '{name}' does not exist in the emulator."),
        ))
    }

    async fn update(&self, request: &ArmRequest, scope: Scope) -> Result<Response, ArmError> {
        let body = request.json()?;
        let properties = settable(&body)?;
        let tags = body.tags()?;
        let change = move |txn: &mut WriteTxn<'_>| {
            let mut workspace = workspaces::find(txn, &scope)?.ok_or_else(|| not_found(&scope))?;
            workspace.properties.extend(properties);
            if let Some(tags) = tags {
                workspace.tags = tags;
            }
            workspace.put(txn)?;
            Ok::<_, ArmError>(workspace)
        };
        let workspace = self.datastores.state.store.write(change).await?;
        Ok(Json(self.show(&workspace, request)).into_response())
    }

    async fn delete(&self, scope: Scope) -> Result<Response, ArmError> {
        let delete = move |txn: &mut WriteTxn<'_>| match workspaces::find(txn, &scope)? {
            None => Ok::<_, ArmError>(StatusCode::NO_CONTENT),
            Some(workspace) => {
                workspace.remove(txn)?;
                Ok(StatusCode::OK)
            }
        };
        let status = self.datastores.state.store.write(delete).await?;
        Ok(status.into_response())
    }

    fn show(&self, workspace: &Workspace, request: &ArmRequest) -> Value {
        let mut properties = workspace.properties.clone();
        let mut add = |name: &str, value: Value| {
            properties.entry(name).or_insert(value);
        };
        let origin = request.origin.base();
        let provider = |kind: &str, name: &str| {
            format!(
                "/subscriptions/{}/resourceGroups/{}/providers/{kind}/{name}",
                workspace.subscription, workspace.group
            )
        };
        add("workspaceId", workspace.id.clone().into());
        add("friendlyName", workspace.name.clone().into());
        add("description", "".into());
        add(
            "creationTime",
            workspace
                .created
                .format(&Rfc3339)
                .unwrap_or_default()
                .into(),
        );
        add(
            "discoveryUrl",
            format!("{origin}/discovery/workspaces/{}", workspace.id).into(),
        );
        add(
            "storageAccount",
            provider(
                "Microsoft.Storage/storageAccounts",
                &workspace.storage_account,
            )
            .into(),
        );
        add(
            "keyVault",
            provider("Microsoft.KeyVault/vaults", &workspace.name).into(),
        );
        add(
            "applicationInsights",
            provider("Microsoft.Insights/components", &workspace.name).into(),
        );
        add("containerRegistry", Value::Null);
        add("provisioningState", "Succeeded".into());
        add("hbiWorkspace", false.into());
        add("systemDatastoresAuthMode", "accesskey".into());
        add("v1LegacyMode", false.into());
        json!({
            "id": workspace.resource_id(),
            "name": workspace.name,
            "type": format!("{NAMESPACE}/workspaces"),
            "location": workspace.location,
            "tags": workspace.tags,
            "sku": { "name": workspace.sku, "tier": workspace.sku },
            "identity": {
                "type": "SystemAssigned",
                "principalId": workspace.id,
                "tenantId": self.tenant,
            },
            "properties": properties,
        })
    }
}

fn not_found(scope: &Scope) -> ArmError {
    let resource = format!("{NAMESPACE}/workspaces/{}", scope.name);
    ArmError::resource_not_found(&resource, &scope.group)
}

fn settable(body: &Body) -> Result<Map<String, Value>, ArmError> {
    let properties = body.object("properties")?;
    Ok(SETTABLE
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), properties.get(name)?.clone())))
        .collect())
}

const BLOB_STORE: &str = "workspaceblobstore";
const ARTIFACT_STORE: &str = "workspaceartifactstore";
const ARTIFACT_CONTAINER: &str = "azureml";
const FILE_STORE: &str = "workspacefilestore";

/// Makes a workspace with its containers and datastores; one that is there stays as it
/// is. Gives the workspace and whether it is new.
pub(crate) async fn create(
    datastores: &Datastores,
    workspace: Workspace,
) -> Result<(Workspace, bool), ArmError> {
    let places = [
        (BLOB_STORE, SasService::Blob, workspace.blob_container()),
        (
            ARTIFACT_STORE,
            SasService::Blob,
            ARTIFACT_CONTAINER.to_owned(),
        ),
        (FILE_STORE, SasService::File, workspace.file_share()),
    ];
    let mut system = Vec::new();
    for (name, service, container) in places {
        let account = &workspace.storage_account;
        datastores
            .storage
            .ensure_container(service, account, &container, true)
            .await
            .map_err(|error| ArmError::bad_request("StorageError", error))?;
        system.push(system_datastore(
            datastores,
            name,
            service,
            (account, container),
        ));
    }
    datastores
        .state
        .store
        .write(move |txn| {
            let scope = Scope {
                subscription: workspace.subscription.clone(),
                group: workspace.group.clone(),
                name: workspace.name.clone(),
            };
            if let Some(there) = workspaces::find(txn, &scope)? {
                return Ok((there, false));
            }
            workspace.create(txn, &system)?;
            Ok((workspace, true))
        })
        .await
}

fn system_datastore(
    datastores: &Datastores,
    name: &str,
    service: SasService,
    (account, container): (&str, String),
) -> Datastore {
    let storage = &datastores.storage;
    let key = storage
        .account_key(account)
        .map(|key| key.to_base64().to_string());
    let mut section = StorageSection {
        account_name: account.to_owned(),
        container_name: container,
        credential_type: Some("AccountKey".to_owned()),
        credential: key,
        ..StorageSection::default()
    };
    section.settle_credential();
    section.fill(&storage.suffix());
    Datastore {
        name: name.to_owned(),
        data_store_type: match service {
            SasService::Blob => "AzureBlob",
            SasService::File => "AzureFile",
        }
        .to_owned(),
        has_been_validated: true,
        azure_storage_section: Some(section),
        ..Datastore::default()
    }
}
