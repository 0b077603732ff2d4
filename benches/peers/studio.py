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


def azureml_program():
    import azureml
    import pandas

    return f"azureml {azureml.__version__} (pandas {pandas.__version__})"


def read(name):
    dataset = workspace().datasets[name]
    program = azureml_program()
    start = time.perf_counter()
    return program, start, len(dataset.to_dataframe())


def write(file, name):
    datasets = workspace().datasets
    frame = azureml_parse(file)
    program = azureml_program()
    start = time.perf_counter()
    datasets.add_from_dataframe(frame, "GenericCSV", name, "bench")
    return program, start, len(frame)


def parse(file):
    import azureml.serialization  # the import is no part of the measurement

    program = azureml_program()
    start = time.perf_counter()
    return program, start, len(azureml_parse(file))


def polars(file):
    import polars

    program = f"polars {polars.__version__}"
    start = time.perf_counter()
    return program, start, len(polars.read_csv(file))


def pyarrow(file):
    import pyarrow.csv

    program = f"pyarrow {pyarrow.__version__}"
    start = time.perf_counter()
    return program, start, pyarrow.csv.read_csv(file).num_rows


TASKS = {
    "azureml-read": read,
    "azureml-write": write,
    "azureml-parse": parse,
    "polars": polars,
    "pyarrow": pyarrow,
}

program, start, rows = TASKS[sys.argv[1]](*sys.argv[2:])
seconds = time.perf_counter() - start
used = resource.getrusage(resource.RUSAGE_SELF)
line = {
    "program": program,
    "seconds": seconds,
    "processor_seconds": used.ru_utime + used.ru_stime,
    "rows": rows,
    "peak_bytes": used.ru_maxrss * 1024,
}
print(json.dumps(line))
