"""rclone against blobs and file shares."""

import filecmp
import os
import subprocess
import sys
import tempfile

from azure.storage.fileshare import ShareClient
from rows import equal, main, row
from setting import ACCOUNT, BLOB, FILE, KEY, ODD

RCLONE = os.path.join(sys.prefix, "bin", "rclone")


def run(backend, endpoint, *arguments):
    """What rclone prints."""
    prefix = f"--{backend}"
    command = [
        RCLONE, "--config", os.devnull, "--retries", "1",
        f"{prefix}-account", ACCOUNT, f"{prefix}-key", KEY, f"{prefix}-endpoint", endpoint,
    ]
    if backend == "azurefiles":
        command += [f"{prefix}-share-name", "rclone"]
    done = subprocess.run(command + list(arguments), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def write_files(folder):
    names = ["a.txt", "empty", "sub/deep/big", ODD.replace("<>'\"", "")]
    for name in names:
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(b"" if name == "empty" else os.urandom(20 << 20 if "big" in name else 9))
    return sorted(names)


def same(left, right, names):
    match, mismatch, errors = filecmp.cmpfiles(left, right, names, shallow=False)
    equal((sorted(match), mismatch, errors), (names, [], []))


def round_trip(backend, endpoint, root):
    with tempfile.TemporaryDirectory() as source, tempfile.TemporaryDirectory() as copy:
        names = write_files(source)
        run(backend, endpoint, "copy", source, f"{root}t")
        listed = run(backend, endpoint, "lsf", "-R", "--files-only", f"{root}t").splitlines()
        equal(sorted(listed), names)
        run(backend, endpoint, "check", source, f"{root}t", "--download")
        run(backend, endpoint, "sync", f"{root}t", copy)
        same(source, copy, names)
        os.remove(os.path.join(source, "a.txt"))
        run(backend, endpoint, "sync", source, f"{root}t")
        listed = run(backend, endpoint, "lsf", f"{root}t", "--files-only").splitlines()
        equal(listed, ["empty"])
        run(backend, endpoint, "moveto", f"{root}t/sub/deep/big", f"{root}moved")
        run(backend, endpoint, "delete", f"{root}t")
        equal(run(backend, endpoint, "lsf", "-R", "--files-only", root).splitlines(), ["moved"])


@row("RL-01")
def rclone_copies_checks_and_syncs_blobs():
    run("azureblob", BLOB, "mkdir", ":azureblob:rclone")
    round_trip("azureblob", BLOB, ":azureblob:rclone/")
    run("azureblob", BLOB, "copyto", ":azureblob:rclone/moved", ":azureblob:rclone/copied")
    run("azureblob", BLOB, "purge", ":azureblob:rclone")


@row("RL-02")
def rclone_copies_checks_and_syncs_files_of_a_share():
    ShareClient(FILE, "rclone", credential=KEY).create_share()
    round_trip("azurefiles", FILE, ":azurefiles:")


main()
