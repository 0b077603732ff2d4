"""How the tests reach the SQL Server of the emulator."""

import os

import pyodbc
import pytds

HOST = os.environ["AZML_SQL_HOST"]
PORT = int(os.environ["AZML_SQL_PORT"])
USER = os.environ["AZML_SQL_USER"]
PASSWORD = os.environ["AZML_SQL_PASSWORD"]


def connection_string(database="", password=PASSWORD, **more):
    """An ODBC connection string; the driver's name is the article's, registered for FreeTDS."""
    keys = {"Driver": "SQL Server", "Server": HOST, "Port": PORT, "UID": USER, "PWD": password, "TDS_Version": "7.4"}
    keys.update(more)
    if database:
        keys["Database"] = database
    return "".join(f"{name}={{{value}}};" if name == "Driver" else f"{name}={value};" for name, value in keys.items())


def connect(database="", autocommit=True, **more):
    """A connection through ODBC."""
    return pyodbc.connect(connection_string(database, **more), autocommit=autocommit)


def results(cursor, text, *parameters):
    """Every result of a batch, as lists of tuples."""
    cursor.execute(text, *parameters)
    found = []
    while True:
        if cursor.description:
            found.append([tuple(row) for row in cursor.fetchall()])
        if not cursor.nextset():
            return found


def query(text, *parameters, database="irissql"):
    """The rows of a query on a connection of its own."""
    connection = connect(database)
    try:
        return results(connection.cursor(), text, *parameters)[-1]
    finally:
        connection.close()


def number(error):
    """The number of a server's error, which ODBC puts at the end of its text."""
    text = str(error.args[1])
    return int(text[text.rindex("(", 0, text.rindex(" (SQL")) + 1 : text.rindex(")", 0, text.rindex(" (SQL"))])


def refused(action, *numbers):
    """Checks that the action is refused with one of these numbers."""
    try:
        action()
    except pyodbc.Error as error:
        assert number(error) in numbers, error
        return error
    raise AssertionError(f"nothing was refused, expected {numbers}")


def pure(database="irissql", **more):
    """A connection of python-tds."""
    return pytds.connect(HOST, database=database, user=USER, password=PASSWORD, port=PORT, autocommit=True, **more)
