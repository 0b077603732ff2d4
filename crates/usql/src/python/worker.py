"""Calls usqlml_main of a U-SQL script once for each group of rows.

Reads from standard input and writes to the descriptor in argv[1]: a line of JSON, then as many bytes as it says. What the
script prints goes to standard error.
"""

import json
import os
import sys
import traceback

answers = os.fdopen(int(sys.argv[1]), "wb")
questions = sys.stdin.buffer
sys.stdin = open(os.devnull)
sys.stdout = sys.stderr
sys.path.insert(0, os.getcwd())
for name in sorted(os.listdir()):
    if name.endswith(".zip"):
        sys.path.insert(0, os.path.join(os.getcwd(), name))


def answer(header, body=b""):
    header["length"] = len(body)
    answers.write(json.dumps(header).encode() + b"\n")
    answers.write(body)
    answers.flush()


def begin(header, source):
    import pandas
    import pyarrow

    scope = {"__name__": "usqlml", "pandas": pandas, "pyarrow": pyarrow}
    exec(compile(source, header["file"], "exec"), scope)
    if not callable(scope.get("usqlml_main")):
        raise NameError("the script defines no function usqlml_main(df)")
    return scope


def call(header, body, scope):
    pandas, pyarrow = scope["pandas"], scope["pyarrow"]
    frame = pyarrow.ipc.open_stream(body).read_pandas()
    frame.index = pandas.RangeIndex(len(frame))
    result = scope["usqlml_main"](frame)
    if not isinstance(result, pandas.DataFrame):
        raise TypeError("usqlml_main returned %s, not a DataFrame" % type(result).__name__)
    columns = []
    schema = pyarrow.ipc.open_stream(header["schema"].encode("latin-1")).schema
    optional = set(header["optional"])
    fields = []
    for field in schema:
        if field.name not in result.columns:
            if field.name in optional:
                continue
            raise KeyError("the result has no column '%s'" % field.name)
        try:
            columns.append(pyarrow.array(result[field.name], type=field.type, from_pandas=True))
        except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError, OverflowError) as error:
            for row, value in enumerate(result[field.name]):
                try:
                    pyarrow.array([value], type=field.type, from_pandas=True)
                except Exception:
                    raise TypeError(
                        "the column '%s' has %r in row %d, which is no %s"
                        % (field.name, value, row, field.type)
                    ) from error
            raise
        fields.append(field)
    table = pyarrow.Table.from_arrays(columns, schema=pyarrow.schema(fields))
    sink = pyarrow.BufferOutputStream()
    with pyarrow.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def main():
    scope = None
    while True:
        line = questions.readline()
        if not line:
            return
        header = json.loads(line)
        body = questions.read(header["length"])
        try:
            if scope is None:
                scope = begin(header, body.decode("utf-8"))
                answer({"ready": True})
            else:
                answer({}, call(header, body, scope))
        except BaseException:
            answer({"error": traceback.format_exc()})
            return


main()
