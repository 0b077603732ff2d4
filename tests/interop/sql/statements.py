"""T-SQL through FreeTDS and python-tds: logins, databases, tables, transactions and errors."""

import pytds
from rows import equal, main, row

from server import PORT, connect, pure, query, refused, results


@row("C8")
def a_database_is_made_anew_twice():
    for _ in range(2):
        connection = connect()
        results(
            connection.cursor(),
            "IF EXISTS(SELECT * FROM sys.databases WHERE [name]='irissql') DROP DATABASE irissql; CREATE DATABASE irissql",
        )
        connection.close()


@row("C9")
def a_second_database_of_that_name_is_refused():
    cursor = connect().cursor()
    refused(lambda: cursor.execute("CREATE DATABASE irissql"), 1801)


@row("C6")
def a_wrong_login_is_refused_in_the_same_words():
    wrong = refused(lambda: connect(password="wrong"), 18456)
    unknown = refused(lambda: connect(UID="nobody"), 18456)
    equal(str(unknown).replace("'nobody'", "'sa'"), str(wrong))


@row("C7")
def a_missing_database_is_refused():
    refused(lambda: connect("nosuch"), 4060, 18456)
    try:
        pure("nosuch")
    except pytds.Error as error:
        assert "nosuch" in str(error) or "18456" in str(error), error
    else:
        raise AssertionError("logged in to a database that does not exist")


@row("tables keep names and values")
def tables():
    cursor = connect("irissql").cursor()
    results(cursor, "CREATE TABLE [iris] ([sepal length (cm)] float NULL, [Species] nvarchar(50), id int IDENTITY(1,1))")
    insert = "INSERT INTO iris ([sepal length (cm)], species) VALUES (?, ?)"
    cursor.execute(insert, 5.1, "setosa")
    cursor.executemany(insert, [(4.9, "setosa"), (None, "virginica 中"), (6.3, None)])
    cursor.execute("SELECT * FROM IRIS ORDER BY id")
    equal([column[0] for column in cursor.description], ["sepal length (cm)", "Species", "id"])
    equal(
        [tuple(values) for values in cursor.fetchall()],
        [(5.1, "setosa", 1), (4.9, "setosa", 2), (None, "virginica 中", 3), (6.3, None, 4)],
    )


@row("strings compare without case and trailing blanks")
def comparisons():
    equal(query("SELECT TOP 1 id FROM iris WHERE species = 'SETOSA  ' ORDER BY id DESC"), [(2,)])


@row("aggregates have the types of SQL Server")
def aggregates():
    equal(
        query("SELECT species, COUNT(*) AS n FROM iris GROUP BY species ORDER BY species"),
        [(None, 1), ("setosa", 2), ("virginica 中", 1)],
    )
    equal(query("SELECT 7 / 2, 1.5 + 1, 'a' + 'b'"), [(3, __import__("decimal").Decimal("2.5"), "ab")])


@row("rows are changed and deleted")
def changes():
    cursor = connect("irissql").cursor()
    cursor.execute("UPDATE iris SET species = species + '!' WHERE id = 3")
    equal(cursor.rowcount, 1)
    cursor.execute("DELETE FROM iris WHERE species IS NULL")
    equal(cursor.rowcount, 1)
    equal(query("SELECT id, species FROM iris ORDER BY id"), [(1, "setosa"), (2, "setosa"), (3, "virginica 中!")])


@row("C31")
def an_object_has_a_number_and_a_type():
    equal(query("SELECT OBJECT_ID(?, N'P')", "iris"), [(None,)])
    assert query("SELECT OBJECT_ID(?, N'U')", "iris")[0][0] > 0


@row("C46")
def long_parameters_are_not_cut():
    for text in ("x" * 5000, "中'\U0001f600" * 2000):
        equal(query("SELECT ?", text), [(text,)])


@row("C47")
def transactions_end_as_the_client_says():
    connection = connect("irissql", autocommit=False)
    cursor = connection.cursor()
    cursor.execute("INSERT INTO iris (species) VALUES ('gone')")
    connection.rollback()
    cursor.execute("INSERT INTO iris (species) VALUES ('kept')")
    connection.commit()
    cursor.execute("INSERT INTO iris (species) VALUES ('dropped')")
    connection.close()
    equal(query("SELECT species FROM iris WHERE species IN ('gone', 'kept', 'dropped')"), [("kept",)])


@row("C43")
def freetds_connects_with_every_encryption():
    for encryption in ("off", "request", "require"):
        connection = connect("irissql", Encryption=encryption)
        equal(results(connection.cursor(), "SELECT 1"), [[(1,)]])
        connection.close()


@row("python-tds reads and writes")
def python_tds():
    connection = pure()
    cursor = connection.cursor()
    cursor.execute("SELECT species FROM iris WHERE id = %s", (1,))
    equal(cursor.fetchall(), [("setosa",)])
    connection.close()


@row("C48")
def python_tds_loads_in_bulk():
    connection = pure()
    cursor = connection.cursor()
    cursor.execute("CREATE TABLE bulk (a int, b nvarchar(20))")
    rows = "".join(f"{at}\t{'' if at % 3 == 0 else 'text'}\n" for at in range(5000))
    cursor.copy_to(__import__("io").StringIO(rows), "bulk", columns=("a", "b"))
    equal(query("SELECT COUNT(*), SUM(CAST(a AS bigint)) FROM bulk"), [(5000, sum(range(5000)))])
    connection.close()


@row("C55")
def what_is_not_carried_out_is_refused_by_name():
    cursor = connect("irissql").cursor()
    refused(lambda: cursor.execute("MERGE iris AS t USING iris AS s ON 1=1 WHEN MATCHED THEN DELETE;"), 40510)
    refused(lambda: cursor.execute("SELECT TOP 10 PERCENT * FROM iris"), 40517)
    refused(lambda: cursor.execute("SELECT * FROM iris WHERE"), 102)
    refused(lambda: cursor.execute("SELEC 1"), 2812)
    refused(lambda: cursor.execute("SELECT nosuch FROM iris"), 207)
    refused(lambda: cursor.execute("SELECT * FROM nosuch"), 208)
    refused(lambda: cursor.execute("SELECT nosuch(1)"), 195)
    refused(lambda: cursor.execute("SELECT 1/0"), 8134)
    refused(lambda: cursor.execute("SELECT @nosuch"), 137)


@row("C56")
def statements_need_no_semicolons():
    equal(results(connect().cursor(), "SELECT 1 SELECT 2"), [[(1,)], [(2,)]])


@row("C57")
def characters_outside_the_code_page_become_question_marks():
    equal(query("SELECT CAST(N'a中b' AS varchar(10))"), [("a?b",)])


@row("C59")
def a_session_without_autocommit_is_in_a_transaction():
    cursor = connect("irissql", autocommit=False).cursor()
    equal(results(cursor, "SELECT @@TRANCOUNT"), [[(1,)]])


@row("constraints hold")
def constraints():
    cursor = connect("irissql").cursor()
    results(cursor, "CREATE TABLE k (id int PRIMARY KEY, name nvarchar(3) NOT NULL)")
    cursor.execute("INSERT INTO k VALUES (1, 'abc')")
    refused(lambda: cursor.execute("INSERT INTO k VALUES (1, 'x')"), 2627)
    refused(lambda: cursor.execute("INSERT INTO k VALUES (2, NULL)"), 515)
    refused(lambda: cursor.execute("INSERT INTO k VALUES (2, 'abcd')"), 2628)
    refused(lambda: cursor.execute("INSERT INTO k VALUES ('x', 'y')"), 245, 8114)
    refused(lambda: cursor.execute("INSERT INTO k VALUES (1)"), 213)
    equal(query("SELECT * FROM k"), [(1, "abc")])


@row("C38")
def scripts_are_refused_without_the_flag():
    cursor = connect("irissql").cursor()
    text = "EXEC sp_execute_external_script @language = N'Python', @script = N'print(1)'"
    error = refused(lambda: cursor.execute(text), 39023)
    assert "--allow-scripts" in str(error), error


assert PORT
main()
