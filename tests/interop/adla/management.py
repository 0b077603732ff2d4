"""Jobs that are ended from outside, and what is kept beside the catalog, with the last published
client: J7, J17, J20, C5, C6."""

import http.client
import json
import os
import ssl
import time
import uuid

from support import ADLA_SUFFIX, ARM, SUBSCRIPTION, identity, service_principal

from azure.mgmt.datalake.analytics.account import DataLakeAnalyticsAccountManagementClient
from azure.mgmt.datalake.analytics.catalog import DataLakeAnalyticsCatalogManagementClient
from azure.mgmt.datalake.analytics.job import DataLakeAnalyticsJobManagementClient
from azure.mgmt.datalake.analytics.job.models import (
    CreateJobParameters,
    CreateUSqlJobProperties,
    JobRelationshipProperties,
)
from azure.mgmt.datalake.store import DataLakeStoreAccountManagementClient
from msrestazure.azure_exceptions import CloudError

from rows import equal, main, row

RG, STORE, ADLA = "azml", "rowslake", "rowsadla"
credentials = service_principal()
accounts = DataLakeAnalyticsAccountManagementClient(credentials, SUBSCRIPTION, base_url=ARM)
jobs = DataLakeAnalyticsJobManagementClient(credentials, ADLA_SUFFIX)
catalog = DataLakeAnalyticsCatalogManagementClient(credentials, ADLA_SUFFIX).catalog
DataLakeStoreAccountManagementClient(credentials, SUBSCRIPTION, base_url=ARM).accounts.create(
    RG, STORE, {"location": "eastus2"}
).wait()
accounts.accounts.create(
    RG,
    ADLA,
    {
        "location": "eastus2",
        "default_data_lake_store_account": STORE,
        "data_lake_store_accounts": [{"name": STORE}],
    },
).wait()


def submit(**options):
    properties = CreateUSqlJobProperties(script="// nothing to do")
    parameters = CreateJobParameters(name="Job", type="USql", properties=properties, **options)
    return jobs.job.create(ADLA, str(uuid.uuid4()), parameters)


def wait_for(job, state):
    while job.state not in (state, "Ended"):
        time.sleep(0.02)
        job = jobs.job.get(ADLA, job.job_id)
    return job


def refused(action, status, code):
    try:
        action()
    except CloudError as error:
        equal((error.status_code, error.error.error), (status, code))
    else:
        raise AssertionError("nothing was raised")


def raw(method, path, body=None):
    """A request that this client has no method for: status and JSON."""
    trusting = ssl.create_default_context(cafile=os.environ["AZML_CA_BUNDLE"])
    connection = http.client.HTTPSConnection(f"{ADLA}.{ADLA_SUFFIX}", context=trusting)
    token = identity().get_token("https://datalake.azure.net//.default").token
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    text = json.dumps(body) if body is not None else ""
    connection.request(method, path, text, headers)
    answer = connection.getresponse()
    content = answer.read()
    return answer.status, json.loads(content) if content else None


@row("J7", "J17")
def cancelling():
    related = JobRelationshipProperties(
        recurrence_id=str(uuid.uuid4()), pipeline_id=str(uuid.uuid4())
    )
    job = wait_for(submit(related=related), "Running")
    equal(job.state, "Running")
    jobs.job.cancel(ADLA, job.job_id)
    job = jobs.job.get(ADLA, job.job_id)
    equal((job.state, job.result), ("Ended", "Cancelled"))
    equal(job.error_message[0].error_id, "I_USER_CJS_CANCELEDBYUSER")
    pipeline = jobs.pipeline.get(ADLA, related.pipeline_id)
    equal((pipeline.num_jobs_canceled, pipeline.num_jobs_succeeded), (1, 0))


@row("J20", "yield")
def spellings_and_yielding():
    job = wait_for(submit(), "Running")
    version = "api-version=2017-09-01-preview"
    one = raw("GET", f"/Jobs/{job.job_id}?{version}")
    other = raw("GET", f"/jobs/{job.job_id.upper()}?{version}")
    equal((one[0], one[1]["jobId"]), (other[0], other[1]["jobId"]))
    jobs.job.yield_method(ADLA, job.job_id).wait()
    states = []
    while states.count("Running") < 2:
        time.sleep(0.02)
        job = jobs.job.get(ADLA, job.job_id)
        states = [record.new_state for record in job.state_audit_records]
    equal((states.count("Queued"), states.count("Ended")), (2, 0))
    jobs.job.cancel(ADLA, job.job_id)
    status, body = raw("POST", f"/jobs/{job.job_id}/YieldJob?{version}")
    equal((status, body["error"]["code"]), (409, "JobNotRunning"))


@row("job update")
def changing_jobs_that_wait():
    accounts.accounts.update(RG, ADLA, {"max_job_count": 1}).wait()
    first = wait_for(submit(), "Running")
    job = submit(priority=900)
    change = {"priority": 10, "degree_of_parallelism": 2, "tags": {"for": "rows"}}
    changed = jobs.job.update(ADLA, job.job_id, change).result()
    equal((changed.priority, changed.degree_of_parallelism), (10, 2))
    equal(changed.tags, {"for": "rows"})
    refused(
        lambda: jobs.job.update(ADLA, job.job_id, {"degree_of_parallelism": 31}).result(),
        400,
        "DegreeOfParallelismExceedsMaximum",
    )
    refused(
        lambda: jobs.job.update(ADLA, first.job_id, {"priority": 10}).result(), 409, "JobNotWaiting"
    )
    jobs.job.cancel(ADLA, first.job_id)
    job = wait_for(job, "Ended")
    equal((job.result, job.priority), ("Succeeded", 10))


@row("C5")
def catalog_credentials():
    def create():
        parameters = {
            "password": "hunter2",
            "uri": "https://shop.database.windows.net",
            "user_id": "reader",
        }
        catalog.create_credential(ADLA, "master", "shop", parameters)

    create()
    refused(create, 409, "CredentialAlreadyExists")
    (listed,) = catalog.list_credentials(ADLA, "master")
    equal((listed.name, listed.compute_account_name), ("shop", ADLA))
    equal(catalog.get_credential(ADLA, "master", "SHOP").name, "shop")
    changed = {"password": "hunter2", "new_password": "hunter3"}
    catalog.update_credential(ADLA, "master", "shop", changed)
    status, body = raw("GET", "/catalog/usql/databases/master/credentials?api-version=2016-11-01")
    equal(status, 200)
    assert "hunter" not in json.dumps(body), body
    refused(
        lambda: catalog.delete_credential(ADLA, "master", "shop", password="hunter2"),
        403,
        "CredentialPasswordMismatch",
    )
    catalog.delete_credential(ADLA, "master", "shop", cascade=True, password="hunter3")
    refused(lambda: catalog.get_credential(ADLA, "master", "shop"), 404, "CredentialNotFound")
    refused(lambda: list(catalog.list_credentials(ADLA, "none")), 404, "DatabaseNotFound")


@row("C5 secrets")
def catalog_secrets():
    catalog.create_secret(ADLA, "master", "old", "hunter2", uri="https://shop.example")
    secret = catalog.get_secret(ADLA, "master", "old")
    equal((secret.name, secret.uri, secret.password), ("old", "https://shop.example", None))
    catalog.delete_secret(ADLA, "master", "old")
    refused(lambda: catalog.get_secret(ADLA, "master", "old"), 404, "SecretNotFound")
    catalog.create_secret(ADLA, "master", "one", "hunter2")
    catalog.delete_all_secrets(ADLA, "master")
    refused(lambda: catalog.get_secret(ADLA, "master", "one"), 404, "SecretNotFound")


@row("C6")
def catalog_access_control():
    user = str(uuid.uuid4())
    entry = {"ace_type": "User", "principal_id": user, "permission": "Use"}
    catalog.grant_acl(ADLA, entry)
    (listed,) = catalog.list_acls(ADLA)
    equal((listed.ace_type, listed.principal_id, listed.permission), ("User", user, "Use"))
    equal(list(catalog.list_acls_by_database(ADLA, "master")), [])
    catalog.revoke_acl(ADLA, "User", user)
    equal(list(catalog.list_acls(ADLA)), [])
    catalog.grant_acl_to_database(ADLA, "master", entry)
    equal(len(list(catalog.list_acls_by_database(ADLA, "master"))), 1)
    catalog.revoke_acl_from_database(ADLA, "master", "User", user)
    equal(list(catalog.list_acls_by_database(ADLA, "master")), [])
    wrong = {**entry, "permission": "Everything"}
    refused(lambda: catalog.grant_acl(ADLA, wrong), 400, "InvalidParameterValue")


if __name__ == "__main__":
    main()
