"""The same article with the last packages that were published, whose names and models changed."""

import time
import uuid

from support import ADLA_SUFFIX, ADLS_SUFFIX, ARM, SCRIPT, SUBSCRIPTION, identity, service_principal, user

from azure.datalake.store import core
from azure.mgmt.datalake.analytics.account import DataLakeAnalyticsAccountManagementClient
from azure.mgmt.datalake.analytics.account.models import (
    AddDataLakeStoreWithAccountParameters,
    CreateDataLakeAnalyticsAccountParameters,
    CreateOrUpdateComputePolicyParameters,
)
from azure.mgmt.datalake.analytics.job import DataLakeAnalyticsJobManagementClient
from azure.mgmt.datalake.analytics.job.models import (
    CreateJobParameters,
    CreateUSqlJobProperties,
    JobRelationshipProperties,
    JobResult,
    JobState,
)
from azure.mgmt.datalake.store import DataLakeStoreAccountManagementClient
from azure.mgmt.datalake.store.models import CreateDataLakeStoreAccountParameters
from azure.mgmt.resource import ResourceManagementClient

from rows import equal, main, row

rg, location, adls, adla = "article", "East US 2", "articlelake", "articleadla"


@row("article: sign in as a user")
def interactive():
    client = ResourceManagementClient(user(), SUBSCRIPTION, base_url=ARM)
    assert "azml" in [group.name for group in client.resource_groups.list()]


@row("article: sign in as a service principal")
def noninteractive():
    global credentials
    credentials = service_principal()


@row("article: make the clients")
def clients():
    global groups, stores, accounts, jobs
    groups = ResourceManagementClient(credentials, SUBSCRIPTION, base_url=ARM).resource_groups
    stores = DataLakeStoreAccountManagementClient(credentials, SUBSCRIPTION, base_url=ARM)
    accounts = DataLakeAnalyticsAccountManagementClient(credentials, SUBSCRIPTION, base_url=ARM)
    jobs = DataLakeAnalyticsJobManagementClient(credentials, ADLA_SUFFIX)


@row("article: create a resource group")
def group():
    result = groups.create_or_update(rg, {"location": location})
    equal((result.name, result.location), (rg, "eastus2"))


@row("article: create a store account")
def store():
    begun = time.monotonic()
    result = stores.accounts.create(
        rg, adls, CreateDataLakeStoreAccountParameters(location=location)
    ).result()
    equal((result.name, result.state), (adls, "Active"))
    assert time.monotonic() - begun < 20, "the client waited half a minute between polls"


@row("article: create an analytics account")
def analytics():
    result = accounts.accounts.create(
        rg,
        adla,
        CreateDataLakeAnalyticsAccountParameters(
            location=location,
            default_data_lake_store_account=adls,
            data_lake_store_accounts=[AddDataLakeStoreWithAccountParameters(name=adls)],
        ),
    ).result()
    equal(result.default_data_lake_store_account, adls)
    equal(result.max_degree_of_parallelism, 30)


@row("article: submit a job and wait")
def submit():
    job_id = str(uuid.uuid4())
    job = jobs.job.create(
        adla,
        job_id,
        CreateJobParameters(
            name="Sample Job", type="USql", properties=CreateUSqlJobProperties(script=SCRIPT)
        ),
    )
    while job.state != JobState.ended:
        time.sleep(0.1)
        job = jobs.job.get(adla, job_id)
    equal(job.state_audit_records[0].new_state, "New")
    equal(job.result, JobResult.succeeded)
    equal(filesystem().cat("/data.csv"), b'"Contoso",1500\r\n"Woodgrove",2700\r\n')


@row("article: list pipelines and recurrences")
def relations():
    recurrence, pipeline, run = (str(uuid.uuid4()) for _ in range(3))
    jobs.job.create(
        adla,
        str(uuid.uuid4()),
        CreateJobParameters(
            name="Recurring",
            type="USql",
            properties=CreateUSqlJobProperties(script="// nothing"),
            related=JobRelationshipProperties(
                recurrence_id=recurrence,
                recurrence_name="every day",
                pipeline_id=pipeline,
                pipeline_name="reports",
                run_id=run,
            ),
        ),
    )
    equal([(p.pipeline_name, p.pipeline_id) for p in jobs.pipeline.list(adla)], [("reports", pipeline)])
    equal([r.recurrence_id for r in jobs.recurrence.list(adla)], [recurrence])
    equal(jobs.pipeline.get(adla, pipeline).recurrences, [recurrence])


@row("article: manage compute policies")
def policies():
    accounts.compute_policies.create_or_update(
        rg,
        adla,
        "GaryMcDaniel",
        CreateOrUpdateComputePolicyParameters(
            object_id="3b097601-4912-4d41-b9d2-78672fc2acde",
            object_type="User",
            max_degree_of_parallelism_per_job=50,
            min_priority_per_job=250,
        ),
    )
    equal([p.name for p in accounts.compute_policies.list_by_account(rg, adla)], ["GaryMcDaniel"])


@row("article: read and write the store")
def files():
    store = filesystem()
    store.touch("/mydata/empty")
    with store.open("/mydata/hello.txt", "wb") as file:
        file.write(b"hello")
    equal(store.cat("/mydata/hello.txt"), b"hello")
    equal(store.ls("/mydata"), ["mydata/empty", "mydata/hello.txt"])


def filesystem():
    return core.AzureDLFileSystem(
        token_credential=identity(), store_name=adls, url_suffix=ADLS_SUFFIX
    )


if __name__ == "__main__":
    main()
