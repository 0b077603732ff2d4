"""Adds one frame in each of the four delimited types under the prefix given on the command line,
for another client to read: every kind of value that the formats know."""

import sys

import pandas as pd
from support import workspace

FRAME = pd.DataFrame(
    {
        "integer": [1, -2, 9223372036854775807],
        "float": [0.1, 1e16, -5e-324],
        "gap": [1.5, None, float("-inf")],
        "flag": [True, False, True],
        "text": ["plain", 'comma, "quote"\nand line', "Zürich 東京 🛫"],
        "digits and words": ["007", "x", "1.50"],
        "day": pd.to_datetime(["2015-01-02", "2016-02-29", "1969-12-31"]),
        "unsigned": pd.Series([0, 1, 18446744073709551615], dtype="uint64"),
        "nothing": [None, None, None],
    }
)

ws = workspace()
for kind in ("GenericCSV", "GenericTSV", "GenericCSVNoHeader", "GenericTSVNoHeader"):
    ws.datasets.add_from_dataframe(FRAME, kind, f"{sys.argv[1]} {kind}", "every kind of value")
lines = pd.DataFrame({0: ["one", "two, \"three\"", "Zürich"]})
ws.datasets.add_from_dataframe(lines, "PlainText", f"{sys.argv[1]} PlainText", "three lines")
print("added")
