"""What azureml makes of texts and of columns, for comparison with the Rust formats.

    formats.py read FILE      one JSON object per line: type, text in base64
    formats.py write FILE     one JSON object per line: type, columns (kind, values)

Prints one JSON object per line: for a text, the columns and values that the client reads and the
bytes it writes of them; for columns, the bytes.
"""

import base64
import io
import json
import math
import sys
import warnings

import numpy as np
import pandas as pd
from azureml.serialization import deserialize_dataframe, serialize_dataframe

warnings.simplefilter("ignore")


def plain(value):
    """A JSON value; numbers keep every digit as text."""
    if value is None or isinstance(value, float) and math.isnan(value):
        return None
    return str(value) if isinstance(value, (bool, str)) else repr(value)


def serialized(frame, data_type):
    out = io.BytesIO()
    serialize_dataframe(out, data_type, frame)
    return base64.b64encode(out.getvalue()).decode()


def read(case):
    text = base64.b64decode(case["text"])
    try:
        frame = deserialize_dataframe(io.BytesIO(text), case["type"])
    except Exception as error:  # whatever the client raises
        return {"error": repr(error)}
    return {
        "names": [str(name) for name in frame.columns],
        "types": [str(kind) for kind in frame.dtypes],
        "columns": [[plain(v) for v in frame.iloc[:, i].tolist()] for i in range(frame.shape[1])],
        "row_labels": not isinstance(frame.index, pd.RangeIndex),
        "written": serialized(frame, case["type"]),
    }


def column(kind, values):
    if kind == "object":
        return pd.Series(values, dtype=object)
    if kind.startswith("zone "):
        instants = np.array([v if v is None else int(v) for v in values], dtype="M8[us]")
        return pd.Series(instants).dt.tz_localize("UTC").dt.tz_convert(kind[5:])
    if kind[0] in "Mm":
        return pd.Series(np.array([v if v is None else int(v) for v in values], dtype=kind))
    if kind[0] == "f":
        return pd.Series(np.array([math.nan if v is None else float(v) for v in values], dtype=kind))
    return pd.Series(np.array(values, dtype=kind))


def write(case):
    series = [column(c["kind"], c["values"]) for c in case["columns"]]
    frame = pd.concat(series, axis=1, keys=[c["name"] for c in case["columns"]])
    return {"written": serialized(frame, case["type"])}


answer = {"read": read, "write": write}[sys.argv[1]]
for line in open(sys.argv[2], encoding="utf-8"):
    print(json.dumps(answer(json.loads(line))))
