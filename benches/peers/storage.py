"""azure-storage-blob at the work that `cargo xtask bench storage` compares, one measurement in each
process."""

import json
import os
import resource
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import azure.storage.blob
from azure.storage.blob import BlobServiceClient

CONCURRENCY = 8


def upload(container, source):
    def send(path):
        with open(path, "rb") as data:
            container.upload_blob(path.name, data, overwrite=True, max_concurrency=CONCURRENCY)

    with ThreadPoolExecutor(CONCURRENCY) as pool:
        return len(list(pool.map(send, Path(source).iterdir())))


def download(container, target):
    target = Path(target)
    target.mkdir(parents=True, exist_ok=True)

    def fetch(name):
        with open(target / name, "wb") as file:
            container.download_blob(name, max_concurrency=CONCURRENCY).readinto(file)

    with ThreadPoolExecutor(CONCURRENCY) as pool:
        return len(list(pool.map(fetch, [blob.name for blob in container.list_blobs()])))


def main():
    task, endpoint, container, *rest = sys.argv[1:]
    service = BlobServiceClient(endpoint, credential={
        "account_name": os.environ["AZML_ACCOUNT"], "account_key": os.environ["AZML_ACCOUNT_KEY"]})
    container = service.get_container_client(container)
    start = time.perf_counter()
    if task == "upload":
        rows = upload(container, *rest)
    elif task == "download":
        rows = download(container, *rest)
    else:
        rows = sum(1 for _ in container.list_blobs())
    seconds = time.perf_counter() - start
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({
        "program": f"azure-storage-blob {azure.storage.blob.__version__} (Python)",
        "seconds": seconds,
        "processor_seconds": usage.ru_utime + usage.ru_stime,
        "rows": rows,
        "peak_bytes": usage.ru_maxrss * 1024,
    }))


main()
