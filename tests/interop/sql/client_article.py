"""The article as a client's script: sections 3, 5 and 6 with another server, login and paths and no other change. Runs in
an environment that `azml sql setup-python` made."""

import os
import pathlib
import struct

from rows import equal, main, row

import pandas
import pyodbc
import revoscalepy
from revoscalepy import RxOptions, RxXdfData, rx_summary

from server import connection_string, query

IRIS = pathlib.Path(__file__).parents[3] / "crates/emulator/data/iris.csv"


@row("P3")
def the_version_of_the_library_shows():
    assert revoscalepy.__version__.startswith("9.4"), revoscalepy.__version__


@row("P4", "P5", "P13")
def a_summary_of_the_airline_sample_prints():
    sample_data_path = RxOptions.get_option("sampleDataDir")
    assert os.path.isdir(sample_data_path), sample_data_path
    ds = RxXdfData(os.path.join(sample_data_path, "AirlineDemoSmall.xdf"))
    printed = str(rx_summary("ArrDelay+DayOfWeek", ds))
    for line in ("Number of valid observations: 600", "Category Counts for DayOfWeek", " ArrDelay "):
        assert line in printed, printed


@row("P1", "P2", "P7")
def the_database_is_made_anew():
    # creating a connection and a database, as the article does
    sql_server = connection_string()
    cnxn = pyodbc.connect(sql_server, autocommit=True)
    cursor = cnxn.cursor()
    for _ in range(2):
        cursor.execute("IF EXISTS(SELECT * FROM sys.databases WHERE [name]='irissql') DROP DATABASE irissql; CREATE DATABASE irissql")
        while cursor.nextset():
            pass
    cnxn.close()


@row("P8")
def a_frame_becomes_a_table():
    from revoscalepy import RxSqlServerData, rx_data_step

    df = pandas.read_csv(IRIS)
    table_ref = RxSqlServerData(connection_string=connection_string("irissql"), table="iris")
    rx_data_step(input_data=df, output_file=table_ref, overwrite=True)
    rx_data_step(input_data=df, output_file=table_ref, overwrite=True)
    equal(query("SELECT COUNT(*) FROM iris"), [(150,)])
    try:
        rx_data_step(input_data=df, output_file=table_ref)
    except ValueError as error:
        assert "overwrite" in str(error), error
    else:
        raise AssertionError("a table that is there was replaced")


def send_this_func_to_sql():
    from revoscalepy import RxSqlServerData, rx_import
    from pandas.tools.plotting import scatter_matrix
    import matplotlib.pyplot as plt
    import io

    # remember the scope of the variables in this func are within our SQL Server Python Runtime
    connection_string = "Driver=SQL Server;Server=localhost;Database=irissql;Trusted_Connection=Yes;"

    # specify a query and load into pandas dataframe df
    sql_query = RxSqlServerData(connection_string=connection_string, sql_query="select * from iris")
    df = rx_import(sql_query)

    scatter_matrix(df)

    # return bytestream of image created by scatter_matrix
    buf = io.BytesIO()
    plt.savefig(buf, format="png")
    buf.seek(0)

    return buf.getvalue()


@row("P9", "P10", "P11", "P12", "P14")
def a_function_goes_and_its_picture_comes_back():
    from revoscalepy import RxInSqlServer, rx_exec

    # create a remote compute context with connection to SQL Server
    sql_compute_context = RxInSqlServer(connection_string=connection_string("irissql"))

    # use rx_exec to send the function execution to SQL Server
    image = rx_exec(send_this_func_to_sql, compute_context=sql_compute_context)[0]
    equal(image[:8], b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", image[16:24])
    assert width > 100 and height > 100, (width, height)


main()
