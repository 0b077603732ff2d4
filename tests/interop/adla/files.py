"""The file system of a store, with the last published client: F1 to F16."""

import http.client
import json
import os
import ssl
import tempfile
import time

from support import ADLS_SUFFIX, ARM, SUBSCRIPTION, identity, service_principal

from azure.datalake.store import core, multithread
from azure.datalake.store.exceptions import (
    DatalakeBadOffsetException,
    DatalakeRESTException,
    PermissionError,
)
from azure.mgmt.datalake.store import DataLakeStoreAccountManagementClient

from rows import equal, main, raises, row

STORE = "rowslake"
trusting = ssl.create_default_context(cafile=os.environ["AZML_CA_BUNDLE"])
stores = DataLakeStoreAccountManagementClient(service_principal(), SUBSCRIPTION, base_url=ARM)
stores.accounts.create("azml", STORE, {"location": "eastus2"}).wait()
fs = core.AzureDLFileSystem(token_credential=identity(), store_name=STORE, url_suffix=ADLS_SUFFIX)


def write(path, content):
    with fs.open(path, "wb") as file:
        file.write(content)


@row("F1")
def write_and_read():
    write("a/b/file", b"hello world")
    equal(fs.cat("a/b/file"), b"hello world")
    equal((fs.head("a/b/file", 5), fs.tail("a/b/file", 5)), (b"hello", b"world"))
    info = fs.info("a/b/file")
    equal((info["length"], info["type"], info["permission"]), (11, "FILE", "770"))
    with fs.open("a/b/file", "ab") as file:
        file.write(b"!")
    equal(fs.cat("a/b/file"), b"hello world!")
    equal(fs.du("a", deep=True), {"a/b/file": 12})


@row("F2")
def offsets():
    write("offsets", b"12345")
    call = lambda offset: fs.azure.call(
        "APPEND", "offsets", append="true", offset=offset, syncFlag="CLOSE", data=b"x"
    )
    raises(DatalakeBadOffsetException, lambda: call(4))
    call(5)
    fs.azure.call("APPEND", "offsets", append="true", offset=6, syncFlag="CLOSE", data=b"")


@row("F3")
def renames():
    missing = lambda: fs.azure.call("RENAME", "missing", destination="x")
    raises(DatalakeRESTException, missing, "Operation failed")
    write("d/one", b"1")
    fs.mv("d/one", "d/two")
    equal(fs.ls("d"), ["d/two"])


@row("F4")
def pages():
    for n in range(10):
        fs.touch(f"pages/{n}")
    for size in (2, 3, 9, 10, 11):
        names = [item["pathSuffix"] for item in fs._ls_batched("pages", batch_size=size)]
        equal(names, [str(n) for n in range(10)])


@row("F5")
def joined():
    sources = ["parts/a+b", "parts/100%", "parts/with space", "parts/naïve"]
    for source, content in zip(sources, (b"1", b"22", b"333", b"4444")):
        write(source, content)
    fs.concat("whole", sources, delete_source=True)
    equal(fs.cat("whole"), b"1223334444")
    equal(fs.exists("parts"), False)


@row("F6")
def access_control():
    fs.touch("controlled")
    user = "6b190b7a-0acf-43c8-ab14-965f5aea6243"
    fs.set_acl("controlled", f"user::rwx,user:{user}:r-x,group::r-x,other::---")
    status = fs.get_acl_status("controlled")
    equal(len(status["entries"]), 5)
    equal(fs.info("controlled", invalidate_cache=True)["aclBit"], True)
    fs.remove_acl("controlled")
    equal(len(fs.get_acl_status("controlled")["entries"]), 3)
    fs.chmod("controlled", "0750")
    equal(fs.info("controlled", invalidate_cache=True)["permission"], "750")


@row("F7")
def expiry():
    fs.touch("expiring")
    when = int(time.time() * 1000) + 3_600_000
    fs.set_expiry("expiring", "Absolute", when)
    assert abs(fs.info("expiring", invalidate_cache=True)["msExpirationTime"] - when) <= 100
    fs.set_expiry("expiring", "NeverExpire")
    equal(fs.info("expiring", invalidate_cache=True)["msExpirationTime"], 0)


@row("F8")
def transfers():
    with tempfile.TemporaryDirectory() as folder:
        there, back = os.path.join(folder, "there"), os.path.join(folder, "back")
        os.makedirs(os.path.join(there, "sub"))
        contents = {"big": os.urandom(9 << 20), "empty": b"", "sub/small": b"small"}
        for name, content in contents.items():
            with open(os.path.join(there, name), "wb") as file:
                file.write(content)
        multithread.ADLUploader(fs, lpath=there, rpath="up", nthreads=4)
        multithread.ADLDownloader(fs, lpath=back, rpath="up", nthreads=4)
        for name, content in contents.items():
            with open(os.path.join(back, name), "rb") as file:
                assert file.read() == content, name


@row("F10", "F11")
def missing():
    raises(FileNotFoundError, lambda: fs.info("nowhere"))
    raises(FileNotFoundError, lambda: fs.rm("nowhere"))
    fs.mkdir("directory")
    raises(OSError, lambda: fs.open("directory", "rb"), "is a directory")


@row("F12", "F13")
def refused():
    fs.touch("kept/file")
    create = lambda: fs.azure.call("CREATE", "kept/file", overwrite=False, write="true")
    raises(PermissionError, create)
    raises(PermissionError, lambda: fs.azure.call("DELETE", "kept", recursive=False))
    equal(fs.exists("kept/file"), True)


def raw(method, path, token=True, body=None):
    """A request as no client sends it: status, headers and body."""
    connection = http.client.HTTPSConnection(f"{STORE}.{ADLS_SUFFIX}", context=trusting)
    headers = {"Content-Length": str(len(body or b""))}
    if token:
        bearer = identity().get_token("https://datalake.azure.net//.default").token
        headers["Authorization"] = f"Bearer {bearer}"
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    return answer.status, answer.headers, answer.read()


@row("F9")
def no_token():
    status, headers, _ = raw("GET", "/webhdfs/v1/?op=LISTSTATUS", token=False)
    equal(status, 401)
    assert headers["WWW-Authenticate"].startswith("Bearer authorization_uri="), headers


@row("F14")
def reading_without_the_flag():
    write("flagless", b"x")
    status, headers, _ = raw("GET", "/webhdfs/v1/flagless?op=OPEN")
    equal(status, 307)
    assert "read=true" in headers["Location"], headers


@row("F15")
def bad_requests():
    write("acl-less", b"x")
    status, _, body = raw("PUT", "/webhdfs/v1/acl-less?op=SETACL&aclspec=user::rwx")
    equal((status, json.loads(body)["RemoteException"]["exception"]), (400, "IllegalArgumentException"))
    status, _, body = raw("GET", "/webhdfs/v1/acl-less?op=DANCE")
    equal(
        (status, json.loads(body)["RemoteException"]["exception"]),
        (400, "UnsupportedOperationException"),
    )


@row("F16")
def inherited_entries():
    user = "6b190b7a-0acf-43c8-ab14-965f5aea6243"
    fs.mkdir("family")
    fs.modify_acl_entries("family", f"default:user:{user}:rwx")
    write("family/child", b"x")
    assert f"user:{user}:rwx" in fs.get_acl_status("family/child")["entries"]


if __name__ == "__main__":
    main()
