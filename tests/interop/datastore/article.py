"""The article "Access data in Azure storage services" with azureml-core, step by step: sign in,
register, look up, list, set the default, upload, download."""

import os
import tempfile

from azureml.core import Datastore, Workspace
from azureml.core.authentication import ServicePrincipalAuthentication
from azureml.data.data_reference import DataReference
from azureml.exceptions import UserErrorException
from rows import equal, main, raises, row

ACCOUNT = os.environ["AZML_ACCOUNT"]
KEY = os.environ["AZML_ACCOUNT_KEY"]

FILES = {
    "a.txt": b"hello",
    "empty": b"",
    "nested/deep/b.bin": bytes(range(256)) * 4096,
    "nested/n\u00e4me with space +%.txt": b"odd",
}


def files_below(folder):
    found = {}
    for directory, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(directory, name)
            with open(path, "rb") as file:
                found[os.path.relpath(path, folder)] = file.read()
    return found


def write_files(folder):
    for name, content in FILES.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)


@row("DA-01")
def workspace():
    global ws
    auth = ServicePrincipalAuthentication(
        tenant_id=os.environ["AZML_TENANT_ID"],
        service_principal_id=os.environ["AZML_CLIENT_ID"],
        service_principal_password=os.environ["AZML_CLIENT_SECRET"],
    )
    ws = Workspace.get(
        name=os.environ["AZML_WORKSPACE"],
        auth=auth,
        subscription_id=os.environ["AZML_SUBSCRIPTION_ID"],
        resource_group=os.environ["AZML_RESOURCE_GROUP"],
    )
    equal(ws.name, os.environ["AZML_WORKSPACE"])


@row("DA-02")
def config():
    with tempfile.TemporaryDirectory() as folder:
        ws.write_config(path=folder)
        inner = os.path.join(folder, "a", "b")
        os.makedirs(inner)
        again = Workspace.from_config(path=inner, auth=ws._auth)
        equal(again.name, ws.name)
        equal(again.resource_group, ws.resource_group)


@row("DA-03")
def default():
    ds = ws.get_default_datastore()
    equal(ds.name, "workspaceblobstore")
    equal(ds.datastore_type, "AzureBlob")
    equal(ds.account_name, ACCOUNT)


@row("DA-04")
def register():
    ds = Datastore.register_azure_blob_container(
        workspace=ws,
        datastore_name="Photos",
        container_name="raw",
        account_name=ACCOUNT,
        account_key=KEY,
        create_if_not_exists=True,
    )
    equal(ds.name, "photos")
    equal(ds.container_name, "raw")
    equal(ds.account_key, KEY)
    equal(ds.protocol, "https")


@row("DA-05")
def register_twice():
    def register(**more):
        return Datastore.register_azure_blob_container(
            ws, "photos", "raw", ACCOUNT, account_key=KEY, **more
        )

    error = raises(UserErrorException, register)
    assert "Another datastore with the same name already exists" in str(error)
    equal(register(overwrite=True).name, "photos")


@row("DA-06")
def refused():
    def register(name="x", container="raw", account=ACCOUNT, key=KEY):
        return Datastore.register_azure_blob_container(
            ws, name, container, account, account_key=key
        )

    raises(UserErrorException, lambda: register(key="QUJD"), "403")
    raises(UserErrorException, lambda: register(container="absent"), "absent")
    raises(UserErrorException, lambda: register(account="other"), "other")
    raises(UserErrorException, lambda: register(name="a-b"), "a-b")
    raises(UserErrorException, lambda: Datastore.get(ws, "absent"), "absent")


@row("DA-07")
def look_up():
    ds = Datastore.get(ws, "photos")
    equal(type(ds).__name__, "AzureBlobDatastore")
    names = list(ws.datastores)
    assert {"photos", "workspaceblobstore"} <= set(names), names
    ws.set_default_datastore("photos")
    equal(ws.get_default_datastore().name, "photos")
    equal(Datastore(ws).name, "photos")


@row("DA-08")
def upload():
    ds = Datastore.get(ws, "photos")
    with tempfile.TemporaryDirectory() as folder:
        write_files(folder)
        reference = ds.upload(src_dir=folder, target_path="train", overwrite=True, show_progress=True)
    assert isinstance(reference, DataReference)
    equal(reference.path_on_datastore, "train")
    blobs = ds.blob_service.get_container_client("raw").list_blobs(name_starts_with="train/")
    equal(sorted(blob.name for blob in blobs), sorted("train/" + name for name in FILES))


@row("DA-09")
def upload_again():
    ds = Datastore.get(ws, "photos")
    container = ds.blob_service.get_container_client("raw")
    before = container.get_blob_client("train/a.txt").get_blob_properties().etag
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "a.txt")
        with open(path, "wb") as file:
            file.write(b"other")
        ds.upload(folder, "train", show_progress=False)
        equal(container.download_blob("train/a.txt").readall(), b"hello")
        ds.upload_files([path], target_path="/train", overwrite=True, show_progress=False)
    equal(container.download_blob("train/a.txt").readall(), b"other")
    after = container.get_blob_client("train/a.txt").get_blob_properties().etag
    assert before != after
    container.upload_blob("train/a.txt", b"hello", overwrite=True)


@row("DA-10")
def download():
    ds = Datastore.get(ws, "photos")
    with tempfile.TemporaryDirectory() as folder:
        equal(ds.download(folder, prefix="train/", show_progress=False), len(FILES))
        equal(files_below(folder), {"train/" + name: content for name, content in FILES.items()})
        equal(ds.download(folder, prefix="train/", show_progress=False), 0)
        equal(ds.download(folder, prefix="absent/", show_progress=False), 0)


@row("DA-11")
def signature():
    from datetime import datetime, timedelta

    from azureml._vendor.azure_storage.blob import generate_container_sas

    token = generate_container_sas(
        ACCOUNT, "raw", account_key=KEY, permission="rl", expiry=datetime.utcnow() + timedelta(hours=1)
    )
    ds = Datastore.register_azure_blob_container(ws, "readonly", "raw", ACCOUNT, sas_token="?" + token)
    equal(ds.account_key, None)
    with tempfile.TemporaryDirectory() as folder:
        equal(ds.download(folder, prefix="train/a", show_progress=False), 1)


@row("DA-12")
def kinds():
    Datastore.register_azure_data_lake(
        ws, "lake", "store", tenant_id="t", client_id="c", client_secret="s"
    )
    ds = Datastore.get(ws, "lake")
    equal((ds.store_name, ds.client_secret), ("store", "s"))
    Datastore.register_azure_sql_database(
        ws, "sql", "srv", "db", username="u", password="p", skip_validation=True
    )
    ds = Datastore.get(ws, "sql")
    equal((ds.server_name, ds.username, ds.password), ("srv", "u", "p"))
    ds = Datastore.register_azure_postgre_sql(ws, "pg", "srv", "db", "u", "p")
    equal((ds.port_number, ds.user_password), ("5432", "p"))
    ds = Datastore.register_azure_my_sql(ws, "my", "srv", "db", "u", "p")
    equal((ds.port_number, ds.user_password), ("3306", "p"))
    equal(Datastore.register_dbfs(ws, "bricks").datastore_type, "DBFS")
    ds = Datastore.register_azure_data_lake_gen2(
        ws, "gen2", "raw", ACCOUNT, tenant_id="t", client_id="c", client_secret="s"
    )
    equal((ds.container_name, ds.client_secret), ("raw", "s"))
    assert {"lake", "sql", "pg", "my", "bricks", "gen2"} <= set(ws.datastores)


@row("DA-13")
def unregister():
    ds = Datastore.get(ws, "photos")
    ds.unregister()
    raises(UserErrorException, lambda: Datastore.get(ws, "photos"), "photos")
    again = Datastore.register_azure_blob_container(ws, "photos", "raw", ACCOUNT, account_key=KEY)
    with tempfile.TemporaryDirectory() as folder:
        equal(again.download(folder, prefix="train/a", show_progress=False), 1)


@row("DA-14")
def reference():
    ds = Datastore.get(ws, "photos")
    reference = ds.path("train").as_download(path_on_compute="data")
    equal(reference.path("nested").path_on_datastore, "train/nested")
    configuration = reference.to_config()
    equal((configuration.data_store_name, configuration.path_on_data_store,
           configuration.mode, configuration.path_on_compute),
          ("photos", "train", "download", "data"))


@row("DA-16")
def file_share():
    default = Datastore.get(ws, "workspacefilestore")
    equal((default.datastore_type, default.account_name), ("AzureFile", ACCOUNT))
    ds = Datastore.register_azure_file_share(
        ws, "shared", "team", ACCOUNT, account_key=KEY, create_if_not_exists=True
    )
    equal(type(ds).__name__, "AzureFileDatastore")
    with tempfile.TemporaryDirectory() as folder:
        write_files(folder)
        ds.upload(folder, "train", overwrite=True, show_progress=False)
    with tempfile.TemporaryDirectory() as folder:
        equal(ds.download(folder, prefix="train", show_progress=False), len(FILES))
        equal(files_below(folder), {"train/" + name: content for name, content in FILES.items()})
    raises(UserErrorException, lambda: Datastore.register_azure_file_share(
        ws, "shared", "team", ACCOUNT, account_key="QUJD", overwrite=True), "403")


if __name__ == "__main__":
    main()
