"""Leases, snapshots, append and page blobs, tags, batches and copies from addresses, with
azure-storage-blob."""

import os

from azure.identity import ClientSecretCredential
from azure.storage.blob import (
    BlobBlock,
    BlobClient,
    BlobServiceClient,
    ContainerClient,
    generate_blob_sas,
    generate_container_sas,
)
from rows import equal, main, row
from setting import ACCOUNT, BLOB, KEY, code, hours

service = BlobServiceClient(BLOB, credential=KEY, retry_total=0)
container = service.get_container_client("versions")
container.create_container()


@row("SB-13")
def leases_keep_others_from_writing():
    blob = container.upload_blob("leased", b"one")
    lease = blob.acquire_lease()
    properties = blob.get_blob_properties().lease
    equal((properties.status, properties.state, properties.duration),
          ("locked", "leased", "infinite"))
    equal(code(lambda: blob.upload_blob(b"two", overwrite=True)), "LeaseIdMissing")
    equal(code(blob.delete_blob), "LeaseIdMissing")
    equal(code(lambda: blob.set_blob_metadata({"a": "b"})), "LeaseIdMissing")
    equal(code(lambda: blob.upload_blob(b"two", overwrite=True, lease="0" * 8 + "-0000" * 3 + "-" + "0" * 12)),
          "LeaseIdMismatchWithBlobOperation")
    blob.upload_blob(b"two", overwrite=True, lease=lease)
    equal(blob.download_blob().readall(), b"two")
    equal(code(blob.acquire_lease), "LeaseAlreadyPresent")
    lease.renew()
    new = "11111111-2222-3333-4444-555555555555"
    lease.change(new)
    equal(lease.id, new)
    equal(lease.break_lease(), 0)
    equal(blob.get_blob_properties().lease.state, "broken")
    equal(code(lease.renew), "LeaseIsBrokenAndCannotBeRenewed")
    lease.release()
    equal(code(lambda: blob.upload_blob(b"x", overwrite=True, lease=new)),
          "LeaseNotPresentWithBlobOperation")
    fixed = blob.acquire_lease(15)
    equal(blob.get_blob_properties().lease.duration, "fixed")
    equal(fixed.break_lease(lease_break_period=10) <= 10, True)
    equal(blob.get_blob_properties().lease.state, "breaking")
    other = service.create_container("leased-container")
    held = other.acquire_lease()
    equal(code(other.delete_container), "LeaseIdMissing")
    other.delete_container(lease=held)


@row("SB-14")
def snapshots_keep_what_was_there():
    blob = container.upload_blob("snapped", b"first", metadata={"version": "1"})
    time = blob.create_snapshot()["snapshot"]
    blob.upload_blob(b"second", overwrite=True)
    old = container.get_blob_client("snapped", snapshot=time)
    equal((old.download_blob().readall(), blob.download_blob().readall()), (b"first", b"second"))
    equal(old.get_blob_properties().metadata, {"version": "1"})
    listed = [(b.name, b.snapshot) for b in container.list_blobs("snapped", include=["snapshots"])]
    equal(listed, [("snapped", time), ("snapped", None)])
    equal(code(blob.delete_blob), "SnapshotsPresent")
    copy = container.get_blob_client("snapped copy")
    copy.start_copy_from_url(old.url)
    equal(copy.download_blob().readall(), b"first")
    second = blob.create_snapshot()["snapshot"]
    old.delete_blob()
    equal(code(old.download_blob), "BlobNotFound")
    equal(container.get_blob_client("snapped", snapshot=second).exists(), True)
    blob.delete_blob(delete_snapshots="only")
    equal([b.snapshot for b in container.list_blobs("snapped", include=["snapshots"])], [None, None])
    blob.create_snapshot()
    blob.delete_blob(delete_snapshots="include")
    equal(blob.exists(), False)


@row("SB-15")
def append_blobs_grow():
    blob = container.get_blob_client("log")
    blob.create_append_blob()
    first = blob.append_block(b"one ")
    second = blob.append_block(b"two ")
    equal((first["blob_append_offset"], second["blob_append_offset"]), ("0", "4"))
    equal(second["blob_committed_block_count"], 2)
    equal(code(lambda: blob.append_block(b"x", appendpos_condition=3)),
          "AppendPositionConditionNotMet")
    equal(code(lambda: blob.append_block(b"x", maxsize_condition=8)), "MaxBlobSizeConditionNotMet")
    blob.upload_blob(os.urandom(9 << 20), blob_type="AppendBlob")
    properties = blob.get_blob_properties()
    equal((properties.size, properties.blob_type.value), (8 + (9 << 20), "AppendBlob"))
    equal(blob.download_blob(0, 8).readall(), b"one two ")
    equal(code(lambda: container.upload_blob("block", b"x").append_block(b"y")), "InvalidBlobType")


@row("SB-16")
def page_blobs_are_written_in_pages():
    blob = container.get_blob_client("disk")
    blob.create_page_blob(2048)
    blob.upload_page(b"a" * 512, 512, 512)
    blob.upload_page(b"b" * 512, 1024, 512)
    equal(blob.download_blob().readall(), b"\0" * 512 + b"a" * 512 + b"b" * 512 + b"\0" * 512)
    ranges = [(r.start, r.end) for r in blob.list_page_ranges()]
    equal(ranges, [(512, 1535)])
    blob.clear_page(512, 512)
    equal([(r.start, r.end) for r in blob.list_page_ranges()], [(1024, 1535)])
    equal(code(lambda: blob.upload_page(b"c" * 512, 2048, 512)), "InvalidPageRange")


@row("SB-17")
def tags_are_kept_and_found():
    blob = container.upload_blob("tagged", b"x", tags={"kind": "test", "year": "2024"})
    equal(blob.get_blob_tags(), {"kind": "test", "year": "2024"})
    equal(blob.get_blob_properties().tag_count, 2)
    other = container.upload_blob("tagged too", b"y", tags={"kind": "test", "year": "2026"})
    found = [b.name for b in service.find_blobs_by_tags("\"kind\"='test'")]
    equal(found, ["tagged", "tagged too"])
    found = list(container.find_blobs_by_tags("\"year\" > '2025' AND \"kind\"='test'"))
    equal([(b.name, b.container_name) for b in found], [("tagged too", "versions")])
    etag = other.get_blob_properties().etag
    other.set_blob_tags({"kind": "other"})
    equal((other.get_blob_tags(), other.get_blob_properties().etag), ({"kind": "other"}, etag))
    listed = {b.name: b.tags for b in container.list_blobs("tagged", include=["tags"])}
    equal(listed["tagged"], {"kind": "test", "year": "2024"})


@row("SB-18")
def batches_answer_each_part():
    names = [f"batch/{index} \u00e4" for index in range(10)]
    for name in names:
        container.upload_blob(name, b"x")
    answers = list(container.delete_blobs(*names[:8]))
    equal([answer.status_code for answer in answers], [202] * 8)
    equal([b.name for b in container.list_blobs("batch/")], names[8:])
    answers = list(container.delete_blobs(names[0], names[8], raise_on_any_failure=False))
    equal([answer.status_code for answer in answers], [404, 202])
    answers = list(container.set_standard_blob_tier_blobs("Cool", names[9]))
    equal([answer.status_code for answer in answers], [200])
    equal(container.get_blob_client(names[9]).get_blob_properties().blob_tier, "Cool")
    sas = generate_container_sas(ACCOUNT, "versions", KEY, permission="rd", expiry=hours(1))
    signed = ContainerClient(BLOB, "versions", credential=sas, retry_total=0)
    equal([answer.status_code for answer in signed.delete_blobs(names[9])], [202])


@row("SB-19")
def blobs_and_blocks_come_from_addresses():
    source = container.upload_blob("source", b"0123456789", metadata={"k": "v"})
    sas = generate_blob_sas(ACCOUNT, "versions", "source", account_key=KEY,
                            permission="r", expiry=hours(1))
    url = f"{source.url}?{sas}"
    copy = container.get_blob_client("from address")
    copy.upload_blob_from_url(url)
    equal(copy.download_blob().readall(), b"0123456789")
    blocks = container.get_blob_client("blocks from address")
    blocks.stage_block_from_url("a", url, source_offset=5, source_length=5)
    blocks.stage_block_from_url("b", url, source_offset=0, source_length=5)
    blocks.commit_block_list([BlobBlock("a"), BlobBlock("b")])
    equal(blocks.download_blob().readall(), b"5678901234")
    log = container.get_blob_client("log from address")
    log.create_append_blob()
    log.append_block_from_url(url, source_offset=2, source_length=3)
    equal(log.download_blob().readall(), b"234")
    unsigned = container.get_blob_client("none")
    bad = url.replace("sig=", "sig=A")
    equal(code(lambda: unsigned.upload_blob_from_url(bad)), "CannotVerifyCopySource")


@row("SB-20")
def identities_sign_with_delegated_keys():
    credential = ClientSecretCredential(
        os.environ["AZML_TENANT_ID"],
        os.environ["AZML_CLIENT_ID"],
        os.environ["AZML_CLIENT_SECRET"],
        authority=os.environ["AZML_AAD_ENDPOINT"],
        disable_instance_discovery=True,
        connection_verify=os.environ["AZML_CA_BUNDLE"],
    )
    secure = BlobServiceClient(
        f"https://{ACCOUNT}.blob.{os.environ['AZML_STORAGE_SUFFIX']}",
        credential=credential,
        connection_verify=os.environ["AZML_CA_BUNDLE"],
        retry_total=0,
    )
    key = secure.get_user_delegation_key(hours(-1), hours(2))
    sas = generate_blob_sas(ACCOUNT, "versions", "source", user_delegation_key=key,
                            permission="r", expiry=hours(1))
    url = f"{container.get_blob_client('source').url}?{sas}"
    equal(BlobClient.from_blob_url(url).download_blob().readall(), b"0123456789")
    other = f"{container.get_blob_client('log').url}?{sas}"
    equal(code(BlobClient.from_blob_url(other, retry_total=0).download_blob),
          "AuthenticationFailed")
    key.value = "QUJDRA=="
    forged = generate_blob_sas(ACCOUNT, "versions", "source", user_delegation_key=key,
                               permission="r", expiry=hours(1))
    url = f"{container.get_blob_client('source').url}?{forged}"
    equal(code(BlobClient.from_blob_url(url, retry_total=0).download_blob), "AuthenticationFailed")
    equal(code(lambda: service.get_user_delegation_key(hours(-1), hours(2))),
          "AuthenticationFailed")


main()
