"""The other side of `bench-studio`: one measurement in each process, printed the same way.

    studio.py azureml-read NAME          the original client reads a dataset into a frame
    studio.py azureml-write FILE NAME    the original client writes a frame to the service
    studio.py azureml-parse FILE         the original client's parser on a local file
    studio.py polars FILE                polars.read_csv
    studio.py pyarrow FILE               pyarrow.csv.read_csv
"""

import json
import resource
import sys
import time


def workspace():
    from azureml import Workspace

    return Workspace()


def azureml_parse(file):
    from azureml.serialization import deserialize_dataframe

    with open(file, "rb") as reader:
        return deserialize_dataframe(reader, "GenericCSV")


def read(name):
    dataset = workspace().datasets[name]
    start = time.perf_counter()
    rows = len(dataset.to_dataframe())
    return start, rows


def write(file, name):
    datasets = workspace().datasets
    frame = azureml_parse(file)
    start = time.perf_counter()
    datasets.add_from_dataframe(frame, "GenericCSV", name, "bench")
    return start, len(frame)


def parse(file):
    import azureml.serialization  # the import is no part of the measurement

    start = time.perf_counter()
    return start, len(azureml_parse(file))


def polars(file):
    import polars

    start = time.perf_counter()
    return start, len(polars.read_csv(file))


def pyarrow(file):
    import pyarrow.csv

    start = time.perf_counter()
    return start, pyarrow.csv.read_csv(file).num_rows


TASKS = {
    "azureml-read": read,
    "azureml-write": write,
    "azureml-parse": parse,
    "polars": polars,
    "pyarrow": pyarrow,
}

start, rows = TASKS[sys.argv[1]](*sys.argv[2:])
seconds = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps({"seconds": seconds, "rows": rows, "peak_bytes": peak}))
