"""Reads through a folder that a mount shows, and tells what the mount used for it.

usage: mount.py PROGRAM TASK FOLDER COMMAND...

COMMAND mounts at FOLDER until it is interrupted; TASK is one of sequential, again, random,
small, list. The last line is what was measured, in JSON.
"""

import json
import os
import random
import resource
import signal
import subprocess
import sys
import time

PIECE = 1 << 20
SMALL = 4096
READS = 1000

program, task, folder, *command = sys.argv[1:]


def sequential():
    with open(os.path.join(folder, "large"), "rb", buffering=0) as file:
        while file.read(PIECE):
            pass


def here_and_there():
    path = os.path.join(folder, "large")
    file = os.open(path, os.O_RDONLY)
    os.posix_fadvise(file, 0, 0, os.POSIX_FADV_RANDOM)
    places = random.Random(7)
    last = os.path.getsize(path) // SMALL - 1
    for _ in range(READS):
        assert len(os.pread(file, SMALL, places.randint(0, last) * SMALL)) == SMALL
    os.close(file)


def small_files():
    names = os.listdir(os.path.join(folder, "small"))
    for name in names:
        with open(os.path.join(folder, "small", name), "rb") as file:
            assert file.read()


def listing():
    subprocess.run(["ls", "-l", os.path.join(folder, "small")], check=True, stdout=subprocess.DEVNULL)


TASKS = {
    "sequential": [sequential],
    "again": [sequential, sequential],
    "random": [here_and_there],
    "small": [small_files],
    "list": [listing],
}

os.makedirs(folder, exist_ok=True)
mount = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
try:
    for _ in range(600):
        if os.path.ismount(folder):
            break
        if mount.poll() is not None:
            raise SystemExit(f"{command[0]} ended with {mount.returncode}")
        time.sleep(0.05)
    else:
        raise SystemExit(f"{command[0]} mounted nothing")
    *before, measured = TASKS[task]
    for work in before:
        work()
    start = time.perf_counter()
    measured()
    seconds = time.perf_counter() - start
finally:
    mount.send_signal(signal.SIGINT)
    _, _, used = os.wait4(mount.pid, 0)

line = {
    "program": program,
    "seconds": seconds,
    "processor_seconds": used.ru_utime + used.ru_stime,
    "peak_bytes": used.ru_maxrss * 1024,
}
print(json.dumps(line))
