"""The article: iris goes up, a function is sent to the data, a picture comes back. Then what scripts may and may not do."""

import inspect
import pathlib
import struct
import textwrap
import zlib

from rows import equal, main, row

from server import connect, query, refused, results

IRIS = pathlib.Path(__file__).parents[3] / "crates/emulator/data/iris.csv"


@row("article: create the database")
def create():
    results(
        connect().cursor(),
        "IF EXISTS(SELECT * FROM sys.databases WHERE [name]='irissql') DROP DATABASE irissql; CREATE DATABASE irissql",
    )


@row("article: load iris")
def load():
    import pandas

    frame = pandas.read_csv(IRIS)
    cursor = connect("irissql").cursor()
    columns = ", ".join(f"[{name}] {'float' if kind == 'float64' else 'nvarchar(50)'}" for name, kind in frame.dtypes.items())
    results(cursor, f"CREATE TABLE [iris] ({columns})")
    marks = ", ".join("?" * len(frame.columns))
    cursor.executemany(f"INSERT INTO iris VALUES ({marks})", frame.values.tolist())
    equal(query("SELECT COUNT(*) FROM iris"), [(150,)])


def send_this_func_to_sql():
    from revoscalepy import RxSqlServerData, rx_import
    from pandas.tools.plotting import scatter_matrix
    import matplotlib.pyplot as plt
    import io

    connection_string = "Driver=SQL Server;Server=localhost;Database=irissql;Trusted_Connection=Yes;"
    sql_server_query_data = RxSqlServerData(sql_query="select * from iris", connection_string=connection_string)
    iris_df = rx_import(input_data=sql_server_query_data)
    scatter_matrix(iris_df)
    buf = io.BytesIO()
    plt.savefig(buf, format="png")
    buf.seek(0)
    return buf.getvalue()


def execute(script, more="", *parameters, database="irissql"):
    """Every result of a script."""
    text = f"EXEC sp_execute_external_script @language = N'Python', @script = ? {more}"
    return results(connect(database).cursor(), text, script, *parameters)


@row("article: send a function, get a picture", "C20", "C42")
def picture():
    source = textwrap.dedent(inspect.getsource(send_this_func_to_sql))
    script = source + "\nOutputDataSet = pandas.DataFrame({'png': [send_this_func_to_sql()]})"
    [[(png,)]] = execute(script, "WITH RESULT SETS ((png varbinary(max)))")
    equal(png[:8], b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", png[16:24])
    assert width > 100 and height > 100, (width, height)
    at, pixels = 8, b""
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        kind, data = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        equal(struct.unpack(">I", png[at + 8 + length : at + 12 + length])[0], zlib.crc32(kind + data))
        pixels += data if kind == b"IDAT" else b""
        at += 12 + length
    equal(kind, b"IEND")
    # A picture of one colour would compress to next to nothing.
    assert len(set(zlib.decompress(pixels))) > 50


@row("input and output frames")
def frames():
    [rows] = execute(
        "OutputDataSet = InputDataSet.groupby('species', as_index=False).size()",
        ", @input_data_1 = N'SELECT * FROM iris' WITH RESULT SETS ((species nvarchar(50), n int))",
    )
    equal(sorted(rows), [("setosa", 50), ("versicolor", 50), ("virginica", 50)])


@row("parameters come back")
def parameters():
    text = (
        "DECLARE @o int; EXEC sp_execute_external_script @language = N'Python', @script = N'o = i * 2', "
        "@params = N'@i int, @o int OUTPUT', @i = 21, @o = @o OUTPUT; SELECT @o"
    )
    equal(results(connect("irissql").cursor(), text), [[(42,)]])


@row("C21")
def large_arguments_arrive_whole():
    text = ("it's 中 \U0001f600 " * 6000)[:60000]
    script = "OutputDataSet = pandas.DataFrame({'t': [t]})"
    call = (
        "EXEC sp_execute_external_script @language = N'Python', @script = ?, @params = N'@t nvarchar(max)', @t = ? "
        "WITH RESULT SETS ((t nvarchar(max)))"
    )
    equal(results(connect("irissql").cursor(), call, script, text), [[(text,)]])


@row("C32")
def an_exception_is_an_error_and_the_connection_lives():
    cursor = connect("irissql").cursor()
    text = "EXEC sp_execute_external_script @language = N'Python', @script = N'raise ValueError(17)'"
    refused(lambda: cursor.execute(text), 39004, 39019)
    equal(results(cursor, "SELECT 1"), [[(1,)]])
    caught = f"BEGIN TRY {text} END TRY BEGIN CATCH SELECT 'caught' END CATCH"
    equal(results(cursor, caught)[-1], [("caught",)])


@row("C33")
def an_empty_input_query_is_none():
    [[(seen,)]] = execute(
        "OutputDataSet = pandas.DataFrame({'seen': ['InputDataSet' in globals()]})",
        ", @input_data_1 = N'' WITH RESULT SETS ((seen bit))",
    )
    equal(seen, False)


@row("C35")
def datetime2_is_refused_as_input():
    more = ", @input_data_1 = N'SELECT CAST(''2020-01-02'' AS datetime2) AS d'"
    refused(lambda: execute("pass", more), 39017)


@row("C36")
def result_sets_must_match():
    script = "OutputDataSet = pandas.DataFrame({'a': [1], 'b': [2]})"
    refused(lambda: execute(script, "WITH RESULT SETS ((a int))"), 11537)


@row("C39")
def the_environment_holds_no_secrets():
    [[(names,)]] = execute(
        "import os; OutputDataSet = pandas.DataFrame({'names': [' '.join(os.environ)]})",
        "WITH RESULT SETS ((names nvarchar(max)))",
    )
    for word in ("PASS", "SECRET", "TOKEN", "KEY", "AZML"):
        assert word not in names.upper(), names


@row("C40")
def files_are_gone_in_the_next_run():
    execute("open('left', 'w').write('x')")
    [[(there,)]] = execute(
        "import os; OutputDataSet = pandas.DataFrame({'there': [os.path.exists('left')]})",
        "WITH RESULT SETS ((there bit))",
    )
    equal(there, False)


@row("C41")
def an_interpreter_that_dies_is_an_error():
    refused(lambda: execute("import os; os._exit(3)"), 39004, 39019)
    refused(lambda: execute("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"), 39004, 39019)
    equal(query("SELECT 1"), [(1,)])


main()
