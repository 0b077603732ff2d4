"""The article "Manage Azure Data Lake Analytics using Python" with the packages of its time, step by
step. Its own slips are put right (a client that is never made, a parenthesis too many, names in the
spelling of other languages); the endpoints are added; nothing else differs."""

import logging
import os
import tempfile
import time
import uuid

from support import ADLA_SUFFIX, ADLS_SUFFIX, ARM, SCRIPT, SUBSCRIPTION, service_principal, user

# Use this only for Azure AD service-to-service authentication
from azure.common.credentials import ServicePrincipalCredentials

# Use this only for Azure AD end-user authentication
from azure.common.credentials import UserPassCredentials

# Required for Azure Resource Manager
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.resource.resources.models import ResourceGroup

# Required for Azure Data Lake Store account management
from azure.mgmt.datalake.store import DataLakeStoreAccountManagementClient
from azure.mgmt.datalake.store.models import DataLakeStoreAccount

# Required for Azure Data Lake Store filesystem management
from azure.datalake.store import core, lib, multithread

# Required for Azure Data Lake Analytics account management
from azure.mgmt.datalake.analytics.account import DataLakeAnalyticsAccountManagementClient
from azure.mgmt.datalake.analytics.account.models import (
    ComputePolicyCreateOrUpdateParameters,
    DataLakeAnalyticsAccount,
    DataLakeStoreAccountInfo,
)

# Required for Azure Data Lake Analytics job management
from azure.mgmt.datalake.analytics.job import DataLakeAnalyticsJobManagementClient
from azure.mgmt.datalake.analytics.job.models import JobInformation, JobState, USqlJobProperties

# Required for Azure Data Lake Analytics catalog management
from azure.mgmt.datalake.analytics.catalog import DataLakeAnalyticsCatalogManagementClient

from rows import equal, main, row

rg, location, adls, adla = "article", "East US 2", "articlelake", "articleadla"
subid = SUBSCRIPTION


@row("article: sign in as a user")
def interactive():
    credentials = user()
    assert isinstance(credentials, UserPassCredentials)
    client = ResourceManagementClient(credentials, subid, base_url=ARM)
    assert "azml" in [group.name for group in client.resource_groups.list()]


@row("article: sign in as a service principal")
def noninteractive():
    global credentials
    credentials = service_principal()
    assert isinstance(credentials, ServicePrincipalCredentials)


@row("article: make the clients")
def clients():
    global resourceClient, adlsAcctClient, adlaAcctClient, adlaJobClient, adlaCatalogClient
    resourceClient = ResourceManagementClient(credentials, subid, base_url=ARM)
    adlsAcctClient = DataLakeStoreAccountManagementClient(credentials, subid, base_url=ARM)
    adlaAcctClient = DataLakeAnalyticsAccountManagementClient(credentials, subid, base_url=ARM)
    adlaJobClient = DataLakeAnalyticsJobManagementClient(credentials, ADLA_SUFFIX)
    adlaCatalogClient = DataLakeAnalyticsCatalogManagementClient(credentials, ADLA_SUFFIX)


@row("article: create a resource group")
def group():
    armGroupResult = resourceClient.resource_groups.create_or_update(
        rg, ResourceGroup(location=location)
    )
    equal((armGroupResult.name, armGroupResult.location), (rg, "eastus2"))


@row("article: create a store account")
def store():
    adlsAcctResult = adlsAcctClient.account.create(
        rg, adls, DataLakeStoreAccount(location=location)
    ).result()
    equal((adlsAcctResult.name, adlsAcctResult.state.value), (adls, "Active"))


@row("article: create an analytics account")
def analytics():
    adlaAcctClient.account.create(
        rg,
        adla,
        DataLakeAnalyticsAccount(
            location=location,
            default_data_lake_store_account=adls,
            data_lake_store_accounts=[DataLakeStoreAccountInfo(name=adls)],
        ),
    ).wait()
    account = adlaAcctClient.account.get(rg, adla)
    equal(account.provisioning_state.value, "Succeeded")
    equal(account.default_data_lake_store_account, adls)
    equal([store.name for store in account.data_lake_store_accounts], [adls])


@row("article: submit a job and wait")
def submit():
    jobId = str(uuid.uuid4())
    jobResult = adlaJobClient.job.create(
        adla,
        jobId,
        JobInformation(name="Sample Job", type="USql", properties=USqlJobProperties(script=SCRIPT)),
    )
    equal(jobResult.state, JobState.compiling)
    jobResult = adlaJobClient.job.get(adla, jobId)
    while jobResult.state != JobState.ended:
        print("Job is not yet done, waiting. Current state: " + jobResult.state.value)
        time.sleep(0.1)
        jobResult = adlaJobClient.job.get(adla, jobId)
    print("Job finished with result: " + jobResult.result.value)
    equal(jobResult.properties.script, SCRIPT)
    equal(jobResult.result.value, "Succeeded")
    equal(filesystem().cat("/data.csv"), b'"Contoso",1500\r\n"Woodgrove",2700\r\n')


@row("article: list pipelines and recurrences")
def relations():
    from azure.mgmt.datalake.analytics.job.models import JobRelationshipProperties

    recurrence, pipeline = str(uuid.uuid4()), str(uuid.uuid4())
    related = JobRelationshipProperties(
        recurrence_id=recurrence,
        recurrence_name="every day",
        pipeline_id=pipeline,
        pipeline_name="reports",
        run_id=str(uuid.uuid4()),
    )
    adlaJobClient.job.create(
        adla,
        str(uuid.uuid4()),
        JobInformation(
            name="Recurring", type="USql", related=related, properties=USqlJobProperties("// nothing")
        ),
    )
    pipelines = adlaJobClient.pipeline.list(adla)
    equal([(p.pipeline_name, p.pipeline_id) for p in pipelines], [("reports", pipeline)])
    recurrences = adlaJobClient.recurrence.list(adla)
    equal([(r.recurrence_name, r.recurrence_id) for r in recurrences], [("every day", recurrence)])


@row("article: manage compute policies")
def policies():
    userAadObjectId = "3b097601-4912-4d41-b9d2-78672fc2acde"
    newPolicyParams = ComputePolicyCreateOrUpdateParameters(userAadObjectId, "User", 50, 250)
    adlaAcctClient.compute_policies.create_or_update(rg, adla, "GaryMcDaniel", newPolicyParams)
    policies = list(adlaAcctClient.compute_policies.list_by_account(rg, adla))
    shown = [
        (p.name, p.object_type, p.max_degree_of_parallelism_per_job, p.min_priority_per_job)
        for p in policies
    ]
    equal(shown, [("GaryMcDaniel", "User", 50, 250)])


@row("article: read and write the store")
def files():
    store = filesystem()
    store.mkdir("/mydata")
    with store.open("/mydata/hello.txt", "wb") as file:
        file.write(b"hello")
    equal(store.cat("/mydata/hello.txt"), b"hello")
    equal(store.ls("/mydata"), ["mydata/hello.txt"])
    with tempfile.TemporaryDirectory() as folder:
        there, back = os.path.join(folder, "there"), os.path.join(folder, "back")
        with open(there, "wb") as file:
            file.write(os.urandom(9 << 20))
        multithread.ADLUploader(
            store, lpath=there, rpath="/mydata/big", nthreads=4, overwrite=True
        )
        multithread.ADLDownloader(
            store, lpath=back, rpath="/mydata/big", nthreads=4, overwrite=True
        )
        with open(there, "rb") as a, open(back, "rb") as b:
            assert a.read() == b.read()
    store.rm("/mydata", recursive=True)
    assert not store.exists("/mydata")


def filesystem():
    token = {"time": time.time(), "expires_in": 3599, **credentials.token}
    return core.AzureDLFileSystem(
        lib.DataLakeCredential(token), store_name=adls, url_suffix=ADLS_SUFFIX
    )


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    main()
