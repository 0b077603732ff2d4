"""The file service with azure-storage-file-share."""

import os

from azure.storage.fileshare import (
    AccessPolicy,
    ContentSettings,
    ShareClient,
    ShareFileClient,
    ShareServiceClient,
    generate_file_sas,
    generate_share_sas,
)
from rows import equal, main, row
from setting import ACCOUNT, FILE, KEY, code, hours

service = ShareServiceClient(FILE, credential=KEY, retry_total=0)
share = service.get_share_client("results")
large = os.urandom(9 << 20)


@row("SF-01")
def shares_are_created_listed_and_deleted():
    share.create_share(metadata={"owner": "tests"}, quota=7)
    equal(code(share.create_share), "ShareAlreadyExists")
    service.create_share("results-other")
    listed = {s.name: s.metadata for s in service.list_shares("results", include_metadata=True)}
    equal(listed, {"results": {"owner": "tests"}, "results-other": None})
    equal(share.get_share_properties().quota, 7)
    share.set_share_quota(9)
    share.set_share_metadata({"owner": "others"})
    properties = share.get_share_properties()
    equal((properties.quota, properties.metadata), (9, {"owner": "others"}))
    service.delete_share("results-other")
    equal(code(service.get_share_client("results-other").get_share_properties), "ShareNotFound")


@row("SF-02")
def directories_nest_and_must_be_empty_to_go():
    outer = share.create_directory("Outer", metadata={"a": "b"})
    equal(code(lambda: share.create_directory("outer")), "ResourceAlreadyExists")
    equal(code(lambda: share.create_directory("none/inner")), "ParentNotFound")
    inner = outer.create_subdirectory("inner")
    equal(outer.get_directory_properties().metadata, {"a": "b"})
    equal(code(outer.delete_directory), "DirectoryNotEmpty")
    inner.delete_directory()
    equal(code(inner.delete_directory), "ResourceNotFound")
    equal(inner.exists(), False)
    equal(outer.exists(), True)


@row("SF-03")
def a_file_is_created_written_in_ranges_and_read():
    file = share.get_file_client("Outer/report n\u00e4me+%.csv")
    file.upload_file(b"a,b\n1,2\n", content_settings=ContentSettings(content_type="text/csv"),
                     metadata={"k": "v"})
    equal(file.download_file().readall(), b"a,b\n1,2\n")
    equal(file.download_file(offset=2, length=3).readall(), b"b\n1")
    properties = file.get_file_properties()
    equal((properties.size, properties.content_settings.content_type, properties.metadata),
          (8, "text/csv", {"k": "v"}))
    equal(share.get_file_client("OUTER/REPORT N\u00c4ME+%.CSV").exists(), True)
    file.upload_range(b"XY", offset=4, length=2)
    equal(file.download_file().readall(), b"a,b\nXY2\n")


@row("SF-04")
def ranges_that_were_never_written_are_zeros():
    file = share.get_file_client("sparse")
    file.create_file(4096)
    equal(file.get_ranges(), [])
    file.upload_range(b"x" * 512, offset=1024, length=512)
    equal([(r["start"], r["end"]) for r in file.get_ranges()], [(1024, 1535)])
    equal(file.download_file().readall(), b"\0" * 1024 + b"x" * 512 + b"\0" * 2560)
    file.clear_range(1024, 512)
    equal(file.download_file().readall(), b"\0" * 4096)
    file.resize_file(10)
    equal(file.get_file_properties().size, 10)
    equal(code(lambda: file.upload_range(b"12", offset=9, length=2)), "InvalidRange")


@row("SF-05")
def large_files_go_in_ranges():
    file = share.get_file_client("large")
    file.upload_file(large, max_concurrency=4)
    equal(file.download_file(max_concurrency=4).readall() == large, True)
    file.upload_file(b"small")
    equal(file.download_file().readall(), b"small")


@row("SF-06")
def directories_are_listed_in_pages():
    folder = share.create_directory("many")
    for index in range(12):
        folder.upload_file(f"f{index:02}", str(index).encode())
    folder.create_subdirectory("sub")
    found = list(folder.list_directories_and_files())
    # The client gives the directories of a page before its files.
    equal([(f.name, f.is_directory) for f in found][::12], [("sub", True), ("f11", False)])
    equal([f.size for f in found if not f.is_directory], [1] * 10 + [2] * 2)
    pages = folder.list_directories_and_files(results_per_page=5).by_page()
    equal([len(list(page)) for page in pages], [5, 5, 3])
    named = folder.list_directories_and_files(name_starts_with="f1")
    equal([f.name for f in named], ["f10", "f11"])


@row("SF-07")
def files_are_copied_renamed_and_deleted():
    source = share.get_file_client("large")
    source.upload_file(large)
    copy = share.get_file_client("copy")
    equal(copy.start_copy_from_url(source.url)["copy_status"], "success")
    equal(copy.download_file().readall() == large, True)
    copy.delete_file()
    equal(code(copy.delete_file), "ResourceNotFound")


@row("SF-09")
def leases_keep_others_from_writing():
    file = share.get_file_client("leased")
    file.upload_file(b"one")
    lease = file.acquire_lease()
    equal(file.get_file_properties().lease.state, "leased")
    equal(code(lambda: file.upload_range(b"two", 0, 3)), "LeaseIdMissing")
    equal(code(file.delete_file), "LeaseIdMissing")
    equal(code(lambda: file.rename_file("other")), "LeaseIdMissing")
    file.upload_range(b"two", 0, 3, lease=lease)
    equal(file.download_file().readall(), b"two")
    equal(code(file.acquire_lease), "LeaseAlreadyPresent")
    new = "11111111-2222-3333-4444-555555555555"
    lease.change(new)
    equal(code(lambda: file.upload_file(b"x", lease="00000000-0000-0000-0000-000000000000")),
          "LeaseIdMismatchWithFileOperation")
    lease.release()
    equal(code(lambda: file.upload_range(b"x", 0, 1, lease=new)), "LeaseNotPresentWithFileOperation")
    file.acquire_lease().break_lease()
    file.delete_file()


@row("SF-08")
def signatures_and_policies():
    sas = generate_share_sas(ACCOUNT, "results", KEY, permission="rl", expiry=hours(1))
    signed = ShareClient(FILE, "results", credential=sas, retry_total=0)
    equal(signed.get_file_client("large").download_file().readall() == large, True)
    equal(code(lambda: signed.get_file_client("new").create_file(1)),
          "AuthorizationPermissionMismatch")
    share.set_share_access_policy({"readers": AccessPolicy(permission="r", expiry=hours(1))})
    equal([p.id for p in share.get_share_access_policy()["signed_identifiers"]], ["readers"])
    one = generate_file_sas(ACCOUNT, "results", ["large"], KEY, policy_id="readers")
    file = ShareFileClient(FILE, "results", "large", credential=one)
    equal(file.download_file().readall() == large, True)
    bad = ShareServiceClient(FILE, credential="QUJD", retry_total=0)
    equal(code(lambda: list(bad.list_shares())), "AuthenticationFailed")


main()
