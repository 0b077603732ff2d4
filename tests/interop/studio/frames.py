"""Prints what the client reads of each dataset named on the command line, one JSON object a line:
bytes, and for the types with a frame its columns, their types and the values."""

import base64
import json
import math
import sys

from support import workspace


def plain(value):
    """A JSON value; floats keep every digit as text."""
    if value is None:
        return None
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float):
        return None if math.isnan(value) else repr(value)
    return value


ws = workspace()
for name in sys.argv[1:]:
    dataset = ws.datasets[name]
    entry = {
        "name": dataset.name,
        "type": dataset.data_type_id,
        "owner": dataset.owner,
        "bytes": base64.b64encode(dataset.read_as_binary()).decode(),
    }
    if hasattr(dataset, "to_dataframe") and dataset.data_type_id != "PlainText":
        frame = dataset.to_dataframe()
        entry["columns"] = [str(column) for column in frame.columns]
        entry["types"] = [str(kind) for kind in frame.dtypes]
        entry["rows"] = [
            [plain(value) for value in record]
            for record in frame.itertuples(index=False, name=None)
        ]
    print(json.dumps(entry))
