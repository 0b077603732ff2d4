"""Accounts in Resource Manager, with the last published clients: A1 to A15."""

import os
import urllib.request

from support import ARM, SUBSCRIPTION, TENANT, identity, service_principal

from azure.mgmt.datalake.analytics.account import DataLakeAnalyticsAccountManagementClient
from azure.mgmt.datalake.analytics.account.models import CreateOrUpdateComputePolicyParameters
from azure.mgmt.datalake.store import DataLakeStoreAccountManagementClient
from azure.mgmt.resource import ResourceManagementClient, SubscriptionClient
from msrestazure.azure_exceptions import CloudError

from rows import equal, main, row

RG, STORE, ADLA = "rows", "rowslake", "rowsadla"
credentials = service_principal()
groups = ResourceManagementClient(credentials, SUBSCRIPTION, base_url=ARM).resource_groups
stores = DataLakeStoreAccountManagementClient(credentials, SUBSCRIPTION, base_url=ARM)
adla = DataLakeAnalyticsAccountManagementClient(credentials, SUBSCRIPTION, base_url=ARM)


def refused(action, status, code):
    try:
        action()
    except CloudError as error:
        equal((error.status_code, error.error.error), (status, code))
        assert error.message
    else:
        raise AssertionError("nothing was raised")


@row("A1", "A2")
def resource_groups():
    equal(groups.check_existence(RG), False)
    first = groups.create_or_update(RG, {"location": "East US 2"}, raw=True)
    second = groups.create_or_update(RG, {"location": "East US 2"}, raw=True)
    equal((first.response.status_code, second.response.status_code), (201, 200))
    equal(second.output.location, "eastus2")
    equal(groups.check_existence(RG), True)


@row("A3", "A5", "A6")
def create_store():
    created = stores.accounts.create(RG, STORE, {"location": "eastus2"}, raw=True, polling=False)
    initial = created.result().response
    equal(initial.status_code, 201)
    body = initial.json()["properties"]
    equal((body["provisioningState"], body["state"], body["endpoint"]), ("Creating", None, None))
    assert initial.headers["Azure-AsyncOperation"] and initial.headers["Location"]
    account = stores.accounts.create(RG, STORE, {"location": "eastus2"}).result()
    equal((account.state, account.encryption_state), ("Active", "Enabled"))
    equal(account.encryption_config.type, "ServiceManaged")


def create_body(store):
    return {
        "location": "eastus2",
        "default_data_lake_store_account": store,
        "data_lake_store_accounts": [{"name": store}],
    }


@row("A7")
def missing_store():
    refused(
        lambda: adla.accounts.create(RG, ADLA, create_body("nolake")).result(),
        400,
        "DataLakeStoreAccountNotFound",
    )
    equal(list(adla.accounts.list_by_resource_group(RG)), [])


@row("A4")
def defaults():
    account = adla.accounts.create(RG, ADLA, create_body(STORE)).result()
    equal(
        (
            account.max_degree_of_parallelism,
            account.max_job_count,
            account.query_store_retention,
            account.max_degree_of_parallelism_per_job,
            account.min_priority_per_job,
        ),
        (30, 3, 30, 30, 1),
    )
    equal([store.name for store in account.data_lake_store_accounts], [STORE])
    assert account.endpoint.startswith(ADLA + ".azuredatalakeanalytics.")


@row("A8")
def limits():
    account = adla.accounts.update(RG, ADLA, {"max_degree_of_parallelism": 15}).result()
    equal((account.max_degree_of_parallelism, account.max_degree_of_parallelism_per_job), (15, 15))


@row("A9", "A10")
def links():
    adla.storage_accounts.add(RG, ADLA, "blobs", access_key="c2VjcmV0")
    link = adla.storage_accounts.get(RG, ADLA, "blobs", raw=True)
    equal(link.output.suffix, "core.windows.net")
    assert "c2VjcmV0" not in link.response.text
    stores.accounts.create(RG, "secondlake", {"location": "eastus2"}).wait()
    adla.data_lake_store_accounts.add(RG, ADLA, "secondlake")
    names = [link.name for link in adla.data_lake_store_accounts.list_by_account(RG, ADLA)]
    equal(names, [STORE, "secondlake"])
    adla.data_lake_store_accounts.delete(RG, ADLA, "secondlake")


@row("containers")
def containers_of_linked_accounts():
    key, blobs = os.environ["AZML_ACCOUNT_KEY"], os.environ["AZML_BLOB_ENDPOINT"]
    account = os.environ["AZML_ACCOUNT"]
    bearer = identity().get_token("https://storage.azure.com/.default").token
    headers = {"Authorization": f"Bearer {bearer}", "x-ms-version": "2024-11-04"}
    container = f"{blobs}/photos?restype=container"
    request = urllib.request.Request(container, b"", headers, method="PUT")
    equal(urllib.request.urlopen(request).status, 201)
    links = adla.storage_accounts
    links.add(RG, ADLA, account, access_key="c2VjcmV0")
    refused(
        lambda: list(links.list_storage_containers(RG, ADLA, account)),
        400,
        "InvalidStorageAccountAccessKey",
    )
    links.update(RG, ADLA, account, access_key=key)
    found = links.list_storage_containers(RG, ADLA, account)
    (listed,) = [container for container in found if container.name == "photos"]
    shown = links.get_storage_container(RG, ADLA, account, "photos")
    equal(shown.last_modified_time, listed.last_modified_time)
    (signature,) = links.list_sas_tokens(RG, ADLA, account, "photos")
    with urllib.request.urlopen(f"{container}&comp=list&{signature.access_token}") as answer:
        assert b"EnumerationResults" in answer.read()
    links.delete(RG, ADLA, account)
    refused(lambda: links.get(RG, ADLA, account), 404, "ResourceNotFound")


@row("A11")
def policies():
    policy = CreateOrUpdateComputePolicyParameters(
        object_id="3b097601-4912-4d41-b9d2-78672fc2acde",
        object_type="User",
        max_degree_of_parallelism_per_job=2,
    )
    adla.compute_policies.create_or_update(RG, ADLA, "p", policy)
    statuses = [
        adla.compute_policies.delete(RG, ADLA, "p", raw=True).response.status_code for _ in range(2)
    ]
    equal(statuses, [200, 204])


@row("A12", "A13")
def locations():
    equal(adla.locations.get_capability("atlantis"), None)
    equal(adla.locations.get_capability("eastus2").state, "Registered")
    taken = adla.accounts.check_name_availability("eastus2", ADLA)
    equal((taken.name_available, taken.reason), (False, "AlreadyExists"))
    equal(adla.accounts.check_name_availability("eastus2", "afreename").name_available, True)


@row("resources")
def subscriptions_and_providers():
    client = SubscriptionClient(credentials, base_url=ARM)
    (found,) = client.subscriptions.list()
    equal((found.subscription_id, found.state), (SUBSCRIPTION, "Enabled"))
    equal([tenant.tenant_id for tenant in client.tenants.list()], [TENANT])
    providers = ResourceManagementClient(credentials, SUBSCRIPTION, base_url=ARM).providers
    equal(providers.register("Microsoft.DataLakeStore").registration_state, "Registered")
    equal(providers.get("Microsoft.DataLakeAnalytics").registration_state, "Registered")
    groups.create_or_update("tagged", {"location": "eastus2", "tags": {"for": "rows"}})
    query = "tagName eq 'for' and tagValue eq 'rows'"
    equal([group.name for group in groups.list(filter=query)], ["tagged"])
    refused(
        lambda: groups.create_or_update("tagged", {"location": "westeurope"}),
        409,
        "InvalidResourceGroupLocation",
    )
    groups.delete("tagged").wait()


@row("A14")
def unknown():
    refused(lambda: adla.accounts.get(RG, "nobody"), 404, "ResourceNotFound")
    refused(lambda: adla.accounts.get("nogroup", ADLA), 404, "ResourceGroupNotFound")


@row("A15")
def lists():
    (account,) = adla.accounts.list()
    equal((account.name, account.provisioning_state), (ADLA, "Succeeded"))
    (same,) = adla.accounts.list(filter=f"name eq '{ADLA}'", top=1)
    equal(same.account_id, account.account_id)


@row("deleting")
def deleting():
    adla.accounts.delete(RG, ADLA).wait()
    equal(list(adla.accounts.list()), [])
    groups.delete(RG).wait()
    equal(groups.check_existence(RG), False)
    equal(list(stores.accounts.list()), [])


if __name__ == "__main__":
    main()
