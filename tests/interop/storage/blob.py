"""The blob service with azure-storage-blob."""

import os
import urllib.error
import urllib.request

from azure.core import MatchConditions
from azure.identity import ClientSecretCredential
from azure.storage.blob import (
    AccessPolicy,
    BlobBlock,
    BlobClient,
    BlobServiceClient,
    ContainerClient,
    ContentSettings,
    generate_account_sas,
    generate_blob_sas,
    generate_container_sas,
)
from rows import equal, main, row
from setting import ACCOUNT, BLOB, KEY, ODD, code, hours

service = BlobServiceClient(BLOB, credential=KEY, retry_total=0)
container = service.get_container_client("raw-data")
large = os.urandom(20 << 20)


@row("SB-01")
def containers_are_created_listed_and_deleted():
    container.create_container(metadata={"owner": "tests"})
    equal(code(container.create_container), "ContainerAlreadyExists")
    equal(code(lambda: service.create_container("No_Capitals")), "InvalidResourceName")
    service.create_container("raw-other")
    listed = {c.name: c.metadata for c in service.list_containers("raw-", include_metadata=True)}
    equal(listed, {"raw-data": {"owner": "tests"}, "raw-other": None})
    service.delete_container("raw-other")
    equal(code(lambda: service.get_container_client("raw-other").get_container_properties()),
          "ContainerNotFound")


@row("SB-02")
def a_blob_is_written_once_unless_it_may_be_replaced():
    settings = ContentSettings(content_type="text/plain", cache_control="no-cache")
    blob = container.upload_blob(
        ODD, b"first", metadata={"some_key": "1"}, content_settings=settings
    )
    equal(code(lambda: container.upload_blob(ODD, b"second")), "BlobAlreadyExists")
    equal(blob.download_blob().readall(), b"first")
    properties = blob.get_blob_properties()
    equal(properties.metadata, {"some_key": "1"})
    equal(properties.content_settings.content_type, "text/plain")
    equal(properties.content_settings.cache_control, "no-cache")
    container.upload_blob(ODD, b"second", overwrite=True)
    equal(blob.download_blob().readall(), b"second")
    equal(blob.get_blob_properties().metadata, {})


@row("SB-03")
def large_blobs_go_in_blocks_and_come_back_in_ranges():
    blocks = ContainerClient(
        BLOB, "raw-data", credential=KEY, max_single_put_size=1 << 20, max_block_size=4 << 20
    )
    blocks.upload_blob("large", large, max_concurrency=4)
    container.upload_blob("whole", large)
    for name in ("large", "whole"):
        equal(container.download_blob(name, max_concurrency=4).readall() == large, True)
        equal(container.download_blob(name, offset=5, length=100).readall(), large[5:105])
    container.upload_blob("empty", b"")
    equal(container.download_blob("empty").readall(), b"")
    equal(code(lambda: container.download_blob("whole", offset=len(large), length=1)),
          "InvalidRange")


@row("SB-04")
def block_lists_are_kept_and_committed():
    blob = container.get_blob_client("blocks")
    for name, content in (("a", b"AAA"), ("b", b"BB"), ("c", b"C")):
        blob.stage_block(name, content)
    committed, staged = blob.get_block_list("all")
    equal((committed, [(b.id, b.size) for b in staged]), ([], [("a", 3), ("b", 2), ("c", 1)]))
    equal(blob.exists(), False)
    blob.commit_block_list([BlobBlock("c"), BlobBlock("a")])
    equal(blob.download_blob().readall(), b"CAAA")
    committed, staged = blob.get_block_list("all")
    equal([b.id for b in committed], ["c", "a"])
    equal(staged, [])
    equal(code(lambda: blob.commit_block_list([BlobBlock("b")])), "InvalidBlockList")
    equal(blob.download_blob().readall(), b"CAAA")


@row("SB-05")
def lists_come_in_pages_with_prefixes_and_odd_names():
    for index in range(25):
        container.upload_blob(f"many/{index:03}", str(index).encode())
    container.upload_blob("odd\u0001name", b"x")
    names = [blob.name for blob in container.list_blobs()]
    equal("odd\u0001name" in names and ODD in names, True)
    pages = [[b.name for b in page] for page in container.list_blobs(results_per_page=7).by_page()]
    equal([len(page) <= 7 for page in pages], [True] * len(pages))
    equal([name for page in pages for name in page], names)
    equal(len(list(container.list_blobs(name_starts_with="many/01"))), 10)
    top = [blob.name for blob in container.walk_blobs(delimiter="/")]
    # The client gives the groups of a page before its blobs.
    equal(sorted(top), ["blocks", "dir/", "empty", "large", "many/", "odd\u0001name", "whole"])


@row("SB-06")
def blobs_are_copied_described_and_deleted():
    source = container.get_blob_client("large")
    copy = container.get_blob_client("copy of large")
    equal(copy.start_copy_from_url(source.url)["copy_status"], "success")
    equal(copy.download_blob().readall() == large, True)
    equal(copy.get_blob_properties().copy.source, source.url)
    copy.set_blob_metadata({"k": "v"})
    copy.set_http_headers(ContentSettings(content_type="text/csv"))
    properties = copy.get_blob_properties()
    equal((properties.metadata, properties.content_settings.content_type),
          ({"k": "v"}, "text/csv"))
    copy.delete_blob()
    equal(code(copy.delete_blob), "BlobNotFound")
    equal(code(copy.download_blob), "BlobNotFound")


@row("SB-07")
def conditions_hold_on_reads_and_writes():
    blob = container.upload_blob("conditional", b"1")
    etag = blob.get_blob_properties().etag
    same = {"etag": etag, "match_condition": MatchConditions.IfNotModified}
    blob.upload_blob(b"2", overwrite=True, **same)
    equal(code(lambda: blob.upload_blob(b"3", overwrite=True, **same)), "ConditionNotMet")
    equal(code(lambda: blob.download_blob(**same)), "ConditionNotMet")
    equal(blob.download_blob().readall(), b"2")


@row("SB-08")
def signatures_allow_what_they_name():
    sas = generate_container_sas(
        ACCOUNT, "raw-data", account_key=KEY, permission="rl", expiry=hours(1)
    )
    signed = ContainerClient.from_container_url(f"{container.url}?{sas}", retry_total=0)
    equal(signed.download_blob(ODD).readall(), b"second")
    equal(len(list(signed.list_blobs(name_starts_with="many/"))), 25)
    equal(code(lambda: signed.upload_blob("x", b"")), "AuthorizationPermissionMismatch")
    one = generate_blob_sas(
        ACCOUNT, "raw-data", ODD, account_key=KEY, permission="r", expiry=hours(1)
    )
    url = container.get_blob_client(ODD).url
    equal(BlobClient.from_blob_url(f"{url}?{one}").download_blob().readall(), b"second")
    other = BlobClient.from_blob_url(f"{container.url}/empty?{one}", retry_total=0)
    equal(code(other.download_blob), "AuthenticationFailed")
    old = generate_account_sas(ACCOUNT, KEY, "sco", "rl", hours(-1), start=hours(-2))
    late = ContainerClient.from_container_url(f"{container.url}?{old}", retry_total=0)
    equal(code(lambda: list(late.list_blobs())), "AuthenticationFailed")


@row("SB-09")
def stored_policies_carry_signatures():
    policy = AccessPolicy(permission="r", expiry=hours(1))
    container.set_container_access_policy({"readers": policy})
    found = container.get_container_access_policy()
    equal([(p.id, p.access_policy.permission) for p in found["signed_identifiers"]],
          [("readers", "r")])
    sas = generate_blob_sas(ACCOUNT, "raw-data", ODD, account_key=KEY, policy_id="readers")
    url = f"{container.get_blob_client(ODD).url}?{sas}"
    equal(BlobClient.from_blob_url(url).download_blob().readall(), b"second")
    container.set_container_access_policy({})
    again = BlobClient.from_blob_url(url, retry_total=0)
    equal(code(again.download_blob), "AuthenticationFailed")


@row("SB-10")
def nobody_reads_without_a_right_to():
    bad = BlobServiceClient(BLOB, credential="QUJD", retry_total=0)
    equal(code(lambda: list(bad.list_containers())), "AuthenticationFailed")
    url = container.get_blob_client("empty").url
    try:
        urllib.request.urlopen(url)
        raise AssertionError("read without authorization")
    except urllib.error.HTTPError as error:
        equal((error.code, error.headers["x-ms-error-code"]), (403, "AuthenticationFailed"))
    container.set_container_access_policy({}, public_access="blob")
    equal(urllib.request.urlopen(url).read(), b"")
    container.set_container_access_policy({})


@row("SB-11")
def tokens_are_taken_over_https():
    credential = ClientSecretCredential(
        os.environ["AZML_TENANT_ID"],
        os.environ["AZML_CLIENT_ID"],
        os.environ["AZML_CLIENT_SECRET"],
        authority=os.environ["AZML_AAD_ENDPOINT"],
        disable_instance_discovery=True,
        connection_verify=os.environ["AZML_CA_BUNDLE"],
    )
    suffix = os.environ["AZML_STORAGE_SUFFIX"]
    client = BlobServiceClient(
        f"https://{ACCOUNT}.blob.{suffix}",
        credential=credential,
        connection_verify=os.environ["AZML_CA_BUNDLE"],
        retry_total=0,
    )
    read = client.get_blob_client("raw-data", ODD).download_blob().readall()
    equal(read, b"second")


@row("SB-12")
def what_is_not_there_is_refused_by_name():
    log = container.get_blob_client("log")
    log.create_append_blob()
    equal(code(log.seal_append_blob), "NotImplemented")
    blob = container.get_blob_client("empty")
    equal(code(lambda: blob.download_blob(if_tags_match_condition="a='b'")), "NotImplemented")
    equal(code(lambda: blob.set_standard_blob_tier("Archive")), "NotImplemented")


main()
