"""The other side of `bench-datalake`: one measurement in each process, printed the same way.

    datalake.py upload SOURCE TARGET     ADLUploader of azure-datalake-store
    datalake.py download SOURCE TARGET   ADLDownloader of azure-datalake-store
    datalake.py list                     job.list of azure-mgmt-datalake-analytics
"""

import importlib.metadata
import json
import os
import resource
import sys
import time

STORE, ACCOUNT = "benchlake", "benchadla"
ARM = os.environ["AZML_ARM_ENDPOINT"]


def files():
    from azure.datalake.store import core
    from azure.identity import ClientSecretCredential

    credential = ClientSecretCredential(
        os.environ["AZML_TENANT_ID"],
        os.environ["AZML_CLIENT_ID"],
        os.environ["AZML_CLIENT_SECRET"],
        authority=ARM,
        disable_instance_discovery=True,
    )
    return core.AzureDLFileSystem(
        token_credential=credential,
        store_name=STORE,
        url_suffix=os.environ["AZML_ADLS_SUFFIX"],
    )


def upload(source, target):
    from azure.datalake.store import multithread

    fs = files()
    fs.ls("/")
    start = time.perf_counter()
    multithread.ADLUploader(fs, target, source, overwrite=True)
    return start, 0


def download(source, target):
    from azure.datalake.store import multithread

    fs = files()
    fs.ls("/")
    start = time.perf_counter()
    multithread.ADLDownloader(fs, source, target, overwrite=True)
    return start, 0


def jobs():
    from azure.mgmt.datalake.analytics.job import DataLakeAnalyticsJobManagementClient
    from msrestazure.azure_active_directory import ServicePrincipalCredentials
    from msrestazure.azure_cloud import get_cloud_from_metadata_endpoint

    credentials = ServicePrincipalCredentials(
        client_id=os.environ["AZML_CLIENT_ID"],
        secret=os.environ["AZML_CLIENT_SECRET"],
        tenant=os.environ["AZML_TENANT_ID"],
        cloud_environment=get_cloud_from_metadata_endpoint(ARM, "emulator"),
    )
    client = DataLakeAnalyticsJobManagementClient(credentials, os.environ["AZML_ADLA_SUFFIX"])
    start = time.perf_counter()
    listed = client.job.list(
        ACCOUNT,
        filter="result eq 'Succeeded'",
        orderby="priority asc, submitTime desc",
        top=300,
    )
    return start, sum(1 for _ in listed)


TASKS = {"upload": upload, "download": download, "list": jobs}

PACKAGES = {
    "upload": "azure-datalake-store",
    "download": "azure-datalake-store",
    "list": "azure-mgmt-datalake-analytics",
}

task = sys.argv[1]
start, rows = TASKS[task](*sys.argv[2:])
seconds = time.perf_counter() - start
used = resource.getrusage(resource.RUSAGE_SELF)
line = {
    "program": f"{PACKAGES[task]} {importlib.metadata.version(PACKAGES[task])}",
    "seconds": seconds,
    "processor_seconds": used.ru_utime + used.ru_stime,
    "rows": rows,
    "peak_bytes": used.ru_maxrss * 1024,
}
print(json.dumps(line))
