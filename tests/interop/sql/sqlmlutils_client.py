"""sqlmlutils 1.2.0: functions to the server with their arguments pickled by dill, and stored procedures made of them."""

import contextlib
import io
import pathlib
import tempfile
import time

from pandas import DataFrame
from rows import equal, main, row
from server import HOST, PASSWORD, PORT, USER, connect, query, refused, results
from sqlmlutils import ConnectionInfo, SQLPythonExecutor

EXECUTOR = SQLPythonExecutor(ConnectionInfo(server=HOST, port=str(PORT), database="master", uid=USER, pwd=PASSWORD))


def printed(action):
    """What an action prints, and what it returns."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        value = action()
    return out.getvalue(), value


def arguments(first, second, third=3):
    print(first, second)
    return [first, second, third]


def nothing():
    pass


def picture():
    import io

    buffer = io.BytesIO()
    buffer.write(b"\x89PNG")
    return buffer


@row("C29")
def functions_with_arguments():
    out, value = printed(lambda: EXECUTOR.execute_function_in_sql(arguments, "it's", second={"a": [1, 2.5, None]}))
    equal(value, ["it's", {"a": [1, 2.5, None]}, 3])
    # sqlmlutils prints the output of a function twice.
    equal(out, "it's {'a': [1, 2.5, None]}\n\n" * 2)
    equal(printed(lambda: EXECUTOR.execute_function_in_sql(nothing))[1], None)
    equal(EXECUTOR.execute_function_in_sql(picture).getvalue(), b"\x89PNG")


def sums(frame, times):
    frame["n"] = frame["n"] * times
    return frame


@row("frames go in and come out")
def frames():
    value = EXECUTOR.execute_function_in_sql(
        sums, times=2, input_data_query="SELECT 1 AS n, N'a' AS t UNION ALL SELECT 2, N'b'"
    )
    equal(sorted(value.values.tolist()), [[2, "a"], [4, "b"]])


def raising():
    raise ValueError("on purpose")


@row("exceptions arrive as text")
def exceptions():
    try:
        EXECUTOR.execute_function_in_sql(raising)
    except RuntimeError as error:
        # FreeTDS gives pyodbc the first of the two errors; the traceback is in the second.
        assert "Error in SQL Execution" in str(error) and "39004" in str(error), error
    else:
        raise AssertionError("nothing was raised")


def kept(val1: int, val2: str, val3: float, val4: bool):
    print(val1, val2, val3, val4)


def framed(val1: int, frame: DataFrame):
    from pandas import DataFrame

    return DataFrame({"n": frame["n"] + val1})


@row("C30")
def procedures_from_functions():
    equal(EXECUTOR.check_sproc("kept"), False)
    EXECUTOR.create_sproc_from_function("kept", kept)
    equal(EXECUTOR.check_sproc("kept"), True)
    out, _ = printed(lambda: EXECUTOR.execute_sproc("kept", val1=5, val2="blah", val3=15.5, val4=True))
    assert "5 blah 15.5 True" in out, out
    EXECUTOR.drop_sproc("kept")
    equal(EXECUTOR.check_sproc("kept"), False)

    EXECUTOR.create_sproc_from_function("framed", framed)
    value, _ = EXECUTOR.execute_sproc("framed", val1=10, frame="SELECT 1 AS n UNION ALL SELECT 2")
    equal(sorted(value.values.tolist()), [[11], [12]])
    EXECUTOR.drop_sproc("framed")


@row("a procedure is made from a script")
def procedures_from_scripts():
    with tempfile.TemporaryDirectory() as folder:
        script = pathlib.Path(folder) / "script.py"
        # sqlmlutils puts a script into a text of T-SQL as it is, so that it must have no single quotes.
        script.write_text('print("its", number * 2)\nresult = number * 2\n')
        printed(
            lambda: EXECUTOR.create_sproc_from_script(
                "scripted", str(script), input_params={"number": int}, output_params={"result": int}
            )
        )
    out, (found, _) = printed(lambda: EXECUTOR.execute_sproc("scripted", output_params={"result": int}, number=21))
    assert "its 42" in out, out
    # Without a frame from the script, the output parameters are the first result.
    equal(found["result"].tolist(), [42])
    equal(query("SELECT COUNT(*) FROM sys.procedures WHERE name = 'scripted'", database="master"), [(1,)])
    EXECUTOR.drop_sproc("scripted")


@row("C50")
def a_statement_that_waits_is_stopped():
    connection = connect()
    connection.timeout = 1
    cursor = connection.cursor()
    before = time.monotonic()
    try:
        cursor.execute("WAITFOR DELAY '00:00:20'")
    except Exception as error:
        assert "HYT00" in str(error) or "08S01" in str(error) or "HY008" in str(error), error
    else:
        raise AssertionError("it waited")
    assert time.monotonic() - before < 10, "it was not stopped"
    connection.timeout = 0
    equal(results(connect().cursor(), "SELECT 1"), [[(1,)]])
    refused(lambda: connect().cursor().execute("WAITFOR DELAY 'soon'"), 148)


if __name__ == "__main__":
    main()
