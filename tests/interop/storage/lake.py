"""Data Lake Storage Gen2 with azure-storage-file-datalake."""

import os

from azure.core import MatchConditions
from azure.storage.blob import BlobServiceClient
from azure.storage.filedatalake import (
    DataLakeServiceClient,
    FileSystemClient,
    generate_file_system_sas,
)
from rows import equal, main, row
from setting import ACCOUNT, BLOB, DFS, KEY, code, hours

service = DataLakeServiceClient(DFS, credential=KEY, retry_total=0)
files = service.get_file_system_client("lake")
blobs = BlobServiceClient(BLOB, credential=KEY, retry_total=0).get_container_client("lake")
large = os.urandom(9 << 20)


@row("SL-01")
def file_systems_are_created_listed_and_deleted():
    files.create_file_system(metadata={"owner": "tests"})
    equal(code(files.create_file_system), "ContainerAlreadyExists")
    service.create_file_system("lake-other")
    listed = [f.name for f in service.list_file_systems("lake")]
    equal(listed, ["lake", "lake-other"])
    equal(files.get_file_system_properties().metadata, {"owner": "tests"})
    service.delete_file_system("lake-other")
    gone = service.get_file_system_client("lake-other")
    equal(code(gone.get_file_system_properties), "ContainerNotFound")


@row("SL-02")
def a_file_is_appended_flushed_and_read():
    file = files.get_file_client("a/b/n\u00e4 me+%.txt")
    file.create_file()
    file.append_data(b"hello ", 0)
    file.append_data(b"world", 6)
    equal(file.get_file_properties().size, 0)
    file.flush_data(11)
    equal(file.download_file().readall(), b"hello world")
    equal(file.download_file(offset=6, length=3).readall(), b"wor")
    equal(code(lambda: file.flush_data(20)), "InvalidFlushPosition")
    equal(files.get_directory_client("a/b").exists(), True)


@row("SL-03")
def large_files_go_in_chunks():
    file = files.get_file_client("large")
    file.upload_data(large, overwrite=True, chunk_size=2 << 20, max_concurrency=3)
    equal(file.download_file(max_concurrency=3).readall() == large, True)
    file.upload_data(b"small", overwrite=True)
    equal(file.download_file().readall(), b"small")


@row("SL-04")
def paths_are_listed():
    for name in ("list/one", "list/two/three", "list/two/four"):
        files.get_file_client(name).upload_data(name.encode(), overwrite=True)
    found = [(p.name, p.is_directory) for p in files.get_paths("list")]
    equal(found, [("list/one", False), ("list/two", True), ("list/two/four", False),
                  ("list/two/three", False)])
    flat = [p.name for p in files.get_paths("list", recursive=False)]
    equal(flat, ["list/one", "list/two"])
    pages = files.get_paths("list", max_results=3).by_page()
    equal([len(list(page)) for page in pages], [3, 1])
    equal(code(lambda: list(files.get_paths("none"))), "PathNotFound")


@row("SL-05")
def directories_are_renamed_with_what_is_below():
    directory = files.get_directory_client("list/two")
    directory.rename_directory("lake/list/renamed")
    equal(files.get_file_client("list/renamed/three").download_file().readall(), b"list/two/three")
    equal(files.get_file_client("list/two/three").exists(), False)
    moved = files.get_file_client("list/one").rename_file("lake/list/moved")
    equal(moved.download_file().readall(), b"list/one")
    equal(files.get_file_client("list/one").exists(), False)


@row("SL-06")
def directories_are_deleted_with_what_is_below():
    directory = files.get_directory_client("list")
    directory.delete_directory()
    equal(directory.exists(), False)
    equal(files.get_file_client("list/moved").exists(), False)
    equal(code(directory.delete_directory), "PathNotFound")


@row("SL-07")
def access_control_is_kept():
    directory = files.create_directory("acl")
    equal(directory.get_access_control()["acl"], "user::rwx,group::r-x,other::---")
    directory.set_access_control(acl="user::rwx,group::r--,other::---", owner="somebody")
    found = directory.get_access_control()
    equal((found["acl"], found["owner"], found["permissions"]),
          ("user::rwx,group::r--,other::---", "somebody", "rwxr-----"))
    directory.create_file("inner")
    changed = directory.set_access_control_recursive("user::rwx,group::---,other::---")
    equal((changed.counters.directories_successful, changed.counters.files_successful), (1, 1))
    inner = directory.get_file_client("inner").get_access_control()
    equal(inner["acl"], "user::rwx,group::---,other::---")


@row("SL-08")
def both_services_see_one_container():
    blobs.upload_blob("from/blobs.txt", b"blob")
    equal(files.get_file_client("from/blobs.txt").download_file().readall(), b"blob")
    files.get_file_client("from/lake.txt").upload_data(b"lake", overwrite=True)
    equal(blobs.download_blob("from/lake.txt").readall(), b"lake")
    properties = blobs.get_blob_client("acl").get_blob_properties()
    equal(properties.metadata.get("hdi_isfolder"), "true")


@row("SL-09")
def properties_and_conditions():
    file = files.get_file_client("described")
    file.create_file(metadata={"k": "v"})
    etag = file.get_file_properties().etag
    file.set_metadata({"k": "w"})
    equal(file.get_file_properties().metadata, {"k": "w"})
    equal(code(lambda: file.delete_file(etag=etag, match_condition=MatchConditions.IfNotModified)),
          "ConditionNotMet")
    file.delete_file()
    equal(file.exists(), False)


@row("SL-10")
def signatures():
    files.get_file_client("signed").upload_data(b"s", overwrite=True)
    sas = generate_file_system_sas(ACCOUNT, "lake", KEY, permission="rl", expiry=hours(1))
    signed = FileSystemClient(DFS, "lake", credential=sas, retry_total=0)
    equal(signed.get_file_client("signed").download_file().readall(), b"s")
    equal(code(lambda: signed.get_file_client("new").create_file()),
          "AuthorizationPermissionMismatch")
    bad = FileSystemClient(DFS, "lake", credential="QUJD", retry_total=0)
    equal(code(lambda: list(bad.get_paths())), "AuthenticationFailed")


main()
