"""Writes the signature vectors of crates/auth/tests/data/storage_vectors.json.

Every signature comes from the official Python clients (versions in
requirements/storage.txt), so the Rust code is checked against foreign code:

    python tests/interop/storage_vectors.py > crates/auth/tests/data/storage_vectors.json
"""

import base64
import json
from datetime import datetime, timezone
from types import SimpleNamespace

from azure.core.pipeline.transport import HttpRequest
from azure.storage.blob import (
    UserDelegationKey,
    generate_account_sas,
    generate_blob_sas,
    generate_container_sas,
)
from azure.storage.blob._shared.authentication import SharedKeyCredentialPolicy
from azure.storage.filedatalake import generate_directory_sas
from azure.storage.fileshare import generate_file_sas, generate_share_sas

ACCOUNT = "vectoraccount"
KEY = base64.b64encode(bytes(range(64))).decode()
EXPIRY = datetime(2030, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
START = datetime(2024, 5, 6, 7, 8, 9, tzinfo=timezone.utc)
DATE = "Fri, 26 Jun 2015 23:39:12 GMT"


def shared_key(method, url, headers):
    request = HttpRequest(method, url, headers=dict(headers))
    context = SimpleNamespace(transport=None)
    policy = SharedKeyCredentialPolicy(ACCOUNT, KEY)
    policy.on_request(SimpleNamespace(http_request=request, context=context))
    authorization = request.headers.pop("Authorization")
    return {"method": method, "url": url, "headers": dict(request.headers), "authorization": authorization}


def requests():
    base = "https://vectoraccount.blob.core.windows.net"
    dated = {"x-ms-date": DATE, "x-ms-version": "2024-11-04"}
    yield shared_key("GET", f"{base}/?comp=list", dated)
    yield shared_key("GET", f"{base}/c?restype=container&comp=list&prefix=a%2Fb%20c&delimiter=%2F&marker=", dated)
    yield shared_key("HEAD", f"{base}/c/dir/na%20me%2B%C3%A4.txt", dated)
    yield shared_key("GET", f"{base}/c/b", {**dated, "x-ms-range": "bytes=0-1023", "If-Match": '"0x8D1"'})
    yield shared_key(
        "PUT",
        f"{base}/c/b",
        {
            **dated,
            "x-ms-blob-type": "BlockBlob",
            "Content-Length": "11",
            "Content-Type": "application/octet-stream",
            "Content-MD5": "XrY7u+Ae7tCTyyK7j1rNww==",
            "If-None-Match": "*",
            "x-ms-meta-b_c": "two",
            "x-ms-meta-bc": "one",
            "x-ms-meta-b": "zero",
        },
    )
    yield shared_key("PUT", f"{base}/c/empty", {**dated, "x-ms-blob-type": "BlockBlob", "Content-Length": "0"})
    yield shared_key("GET", "http://127.0.0.1:10000/vectoraccount/c/b?comp=blocklist&blocklisttype=all", dated)
    yield shared_key("DELETE", "http://127.0.0.1:10003/vectoraccount/share/d/f?timeout=30", {"Date": DATE})


def delegation_key(**extra):
    key = UserDelegationKey()
    key.signed_oid = "11111111-aaaa-bbbb-cccc-222222222222"
    key.signed_tid = "33333333-aaaa-bbbb-cccc-444444444444"
    key.signed_start = "2024-05-06T07:08:09Z"
    key.signed_expiry = "2024-05-07T07:08:09Z"
    key.signed_service = "b"
    key.signed_version = "2024-11-04"
    key.signed_delegated_user_tid = None
    key.value = base64.b64encode(bytes(range(32))).decode()
    for name, value in extra.items():
        setattr(key, name, value)
    return key


def signatures():
    common = {"account_key": KEY, "expiry": EXPIRY}
    yield "account", {}, generate_account_sas(ACCOUNT, KEY, "sco", "rwdlacup", EXPIRY, services="bf")
    yield "account-all-fields", {}, generate_account_sas(
        ACCOUNT, KEY, "o", "r", EXPIRY, start=START, ip="10.0.0.1-10.0.0.9", protocol="https", services="b",
        encryption_scope="scope1",
    )
    yield "container", {"container": "photos"}, generate_container_sas(ACCOUNT, "photos", permission="rl", **common)
    yield "container-policy", {"container": "photos"}, generate_container_sas(
        ACCOUNT, "photos", account_key=KEY, policy_id="readers"
    )
    blob = {"container": "photos", "path": "dir/a b+ä.jpg"}
    yield "blob", blob, generate_blob_sas(ACCOUNT, "photos", blob["path"], permission="r", **common)
    yield "blob-all-fields", blob, generate_blob_sas(
        ACCOUNT, "photos", blob["path"], permission="racwd", start=START, ip="10.0.0.1", protocol="https",
        cache_control="no-cache", content_disposition='attachment; filename="a b.jpg"', content_encoding="gzip",
        content_language="de", content_type="image/jpeg", **common,
    )
    snapshot = {"container": "photos", "path": "x", "snapshot": "2024-05-06T07:08:09.0000001Z"}
    yield "snapshot", snapshot, generate_blob_sas(
        ACCOUNT, "photos", "x", snapshot=snapshot["snapshot"], permission="r", **common
    )
    yield "directory", {"container": "photos", "path": "top/sub/file"}, generate_directory_sas(
        ACCOUNT, "photos", "top/sub", KEY, permission="rl", expiry=EXPIRY
    )
    yield "share", {"share": "files"}, generate_share_sas(ACCOUNT, "files", KEY, permission="rl", expiry=EXPIRY)
    yield "file", {"share": "files", "path": "d/f"}, generate_file_sas(
        ACCOUNT, "files", ["d", "f"], KEY, permission="rcwd", expiry=EXPIRY, start=START, content_type="text/plain"
    )
    yield "delegated-blob", blob, generate_blob_sas(
        ACCOUNT, "photos", blob["path"], user_delegation_key=delegation_key(), permission="r", expiry=EXPIRY
    )
    yield "delegated-container", {"container": "photos"}, generate_container_sas(
        ACCOUNT, "photos", user_delegation_key=delegation_key(), permission="rl", expiry=EXPIRY, start=START,
        user_delegation_oid="55555555-aaaa-bbbb-cccc-666666666666",
    )


def main():
    vectors = {
        "account": ACCOUNT,
        "key": KEY,
        "delegation_key": delegation_key().value,
        "requests": list(requests()),
        "signatures": [{"name": name, "target": target, "token": token} for name, target, token in signatures()],
    }
    print(json.dumps(vectors, indent=1, ensure_ascii=False))


main()
