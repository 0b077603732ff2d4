"""The same questions put to the U-SQL engine and to DuckDB, over generated rows with nulls."""

import csv
import datetime
import io
import json
import math
import os
import random
import time
import urllib.request
import uuid

import duckdb

from rows import equal, main, row

HTTP = os.environ["AZML_HTTP_ENDPOINT"].rstrip("/")
GROUP = f"/subscriptions/{os.environ['AZML_SUBSCRIPTION_ID']}/resourceGroups/azml/providers"
STORE, ACCOUNT = "difflake", "diffadla"
VERSION = "api-version=2016-11-01"
NULL = "\\N"
COLUMNS = [
    ("id", "long", "BIGINT"),
    ("k", "string", "VARCHAR"),
    ("i", "int?", "INTEGER"),
    ("j", "int?", "INTEGER"),
    ("d", "double?", "DOUBLE"),
    ("s", "string", "VARCHAR"),
    ("b", "bool?", "BOOLEAN"),
    ("t", "DateTime?", "TIMESTAMP"),
]


def send(method, path, body=None, content="application/json"):
    headers = {"Authorization": "Bearer " + os.environ["AZML_TOKEN"], "Content-Type": content}
    request = urllib.request.Request(HTTP + path, body, headers, method=method)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.read()


def put(path, body):
    return json.loads(send("PUT", f"{path}?{VERSION}", json.dumps(body).encode()))


def generated(count):
    chance = random.Random(7)
    maybe = lambda value: None if chance.random() < 0.15 else value
    words = ["oak", "elm", "fir", "Ahorn", "a,b", 'say "x"', "ä", "Zeder", "pine tree"]
    start = datetime.datetime(1999, 12, 28, 3, 4, 5)
    for number in range(count):
        yield (
            number,
            maybe(chance.choice("pqrst")),
            maybe(chance.randint(-20, 20)),
            maybe(chance.randint(-5, 5)),
            maybe(round(chance.uniform(-100, 100), 3)),
            maybe(chance.choice(words)),
            maybe(chance.random() < 0.5),
            maybe(start + datetime.timedelta(seconds=chance.randint(0, 400_000_000))),
        )


def text(value):
    return NULL if value is None else str(value)


def prepare():
    put(f"{GROUP}/Microsoft.DataLakeStore/accounts/{STORE}", {"location": "eastus2"})
    properties = {
        "defaultDataLakeStoreAccount": STORE,
        "dataLakeStoreAccounts": [{"name": STORE}],
    }
    put(
        f"{GROUP}/Microsoft.DataLakeAnalytics/accounts/{ACCOUNT}",
        {"location": "eastus2", "properties": properties},
    )
    database = duckdb.connect()
    declared = ", ".join(f"{name} {theirs}" for name, _, theirs in COLUMNS)
    for table, count in (("l", 1500), ("r", 300)):
        data = list(generated(count))
        database.execute(f"CREATE TABLE {table} ({declared})")
        database.executemany(f"INSERT INTO {table} VALUES (?, ?, ?, ?, ?, ?, ?, ?)", data)
        written = io.StringIO()
        csv.writer(written).writerows([text(value) for value in line] for line in data)
        path = f"/adls/{STORE}/webhdfs/v1/{table}.csv?op=CREATE&write=true&overwrite=true"
        send("PUT", path, written.getvalue().encode(), "application/octet-stream")
    return database


database = prepare()


def engine(query, columns, units):
    """The rows of a U-SQL query, as lists of texts; null is None."""
    declared = ", ".join(f"{name} {ours}" for name, ours, _ in COLUMNS)
    script = "".join(
        f'@{table} = EXTRACT {declared} FROM "/{table}.csv"'
        ' USING Extractors.Csv(nullEscape: "\\\\N");\n'
        for table in "lr"
    )
    script += f"{query}\nOUTPUT @o TO \"/o.csv\" USING Outputters.Csv(nullEscape: \"\\\\N\");"
    job = {
        "type": "USql",
        "name": "differential",
        "degreeOfParallelism": units,
        "properties": {"type": "USql", "script": script},
    }
    path = f"/adla/{ACCOUNT}/jobs/{uuid.uuid4()}"
    job = put(path, job)
    while job["state"] != "Ended":
        time.sleep(0.01)
        job = json.loads(send("GET", f"{path}?{VERSION}"))
    assert job["result"] == "Succeeded", job.get("errorMessage", job["properties"]["diagnostics"])
    content = send("GET", f"/adls/{STORE}/webhdfs/v1/o.csv?op=OPEN&read=true").decode()
    lines = [
        [None if cell == NULL else cell for cell in line]
        for line in csv.reader(io.StringIO(content, newline=""))
    ]
    assert all(len(line) == columns for line in lines), lines[:3]
    return lines


def same(actual, expected):
    if expected is None or actual is None:
        return expected is actual
    if isinstance(expected, bool):
        return actual == str(expected)
    if isinstance(expected, float):
        return math.isclose(float(actual), expected, rel_tol=1e-9, abs_tol=1e-9)
    if isinstance(expected, datetime.datetime):
        return actual == expected.strftime("%Y-%m-%dT%H:%M:%S.%f0")
    return actual == str(expected)


def compare(ours, theirs):
    answer = database.execute(theirs)
    width = len(answer.description)
    expected = [list(line) for line in answer.fetchall()]
    reals = {
        at
        for line in expected
        for at, cell in enumerate(line)
        if isinstance(cell, float)
    }

    def comparable(line):
        return tuple(
            (cell is None, "" if at in reals else written(cell)) for at, cell in enumerate(line)
        )

    def written(cell):
        if isinstance(cell, datetime.datetime):
            return cell.strftime("%Y-%m-%dT%H:%M:%S.%f0")
        return "" if cell is None else str(cell)

    expected.sort(key=comparable)
    for units in (1, 3):
        actual = engine(ours, width, units)
        actual.sort(key=comparable)
        equal(len(actual), len(expected))
        for found, wanted in zip(actual, expected):
            if not all(map(same, found, wanted)):
                raise AssertionError(f"{ours}: got {found}, expected {wanted}")


def expressions(pairs):
    ours = ", ".join(f"{ours} AS c{n}" for n, (ours, _) in enumerate(pairs))
    theirs = ", ".join(theirs for _, theirs in pairs)
    compare(f"@o = SELECT id, {ours} FROM @l;", f"SELECT id, {theirs} FROM l")


@row("arithmetic")
def arithmetic():
    expressions(
        [
            ("i + j * 3 - 1", "i + j * 3 - 1"),
            ("-i", "-i"),
            ("i / 3", "i // 3"),
            ("i % 7", "i % 7"),
            ("i * 2.5 + d", "i * 2.5::DOUBLE + d"),
            ("(long?) i * 1000000000000", "i::BIGINT * 1000000000000"),
            ("i ?? j ?? 0", "coalesce(i, j, 0)"),
            ("i == null ? -1 : Math.Abs(i.Value)", "coalesce(abs(i), -1)"),
            ("d == null ? 0.0 : Math.Floor(d.Value) + Math.Sqrt(Math.Abs(d.Value))", "coalesce(floor(d) + sqrt(abs(d)), 0.0)::DOUBLE"),
            ("d == null ? 0 : (int) d.Value", "coalesce(trunc(d), 0)::INTEGER"),
            ("i & 6", "i & 6"),
            ("(i ?? 0) << 2", "coalesce(i, 0) * 4"),
        ]
    )


@row("comparisons and null")
def comparisons():
    expressions(
        [
            ("i == j", "i IS NOT DISTINCT FROM j"),
            ("i != j", "i IS DISTINCT FROM j"),
            ("i < j", "coalesce(i < j, false)"),
            ("!(i >= j)", "NOT coalesce(i >= j, false)"),
            ("i > 0 && d < 10 || b == true", "(coalesce(i > 0, false) AND coalesce(d < 10, false)) OR b IS NOT DISTINCT FROM true"),
            ("s == k", "s IS NOT DISTINCT FROM k"),
            ("i IN (1, 2, (int?) null)", "i IS NULL OR i IN (1, 2)"),
            ("i NOT IN (1, 2)", "i IS NULL OR i NOT IN (1, 2)"),
            ("i BETWEEN j AND 7", "coalesce(i BETWEEN j AND 7, false)"),
            ("s IS NULL", "s IS NULL"),
            ('s LIKE "%e%"', "coalesce(s LIKE '%e%', false)"),
            ("t > new DateTime(2005, 6, 7)", "coalesce(t > TIMESTAMP '2005-06-07', false)"),
        ]
    )


@row("strings")
def strings():
    expressions(
        [
            ('s + "-" + k', "concat(s, '-', k)"),
            ("s + i", "concat(s, i)"),
            ("s == null ? -1 : s.Length", "coalesce(length(s), -1)"),
            ("s == null ? null : s.ToUpper()", "upper(s)"),
            ("s == null || s.Length < 2 ? null : s.Substring(1, 1)", "nullif(substr(s, 2, 1), '')"),
            ('s == null ? null : s.Replace("e", "<>")', "replace(s, 'e', '<>')"),
            ('s == null ? -2 : s.IndexOf("e")', "coalesce(instr(s, 'e') - 1, -2)"),
            ('s != null && s.Contains("r")', "coalesce(contains(s, 'r'), false)"),
            ('s != null && s.StartsWith("a")', "coalesce(starts_with(s, 'a'), false)"),
            ("s == null ? null : s.PadLeft(12, '*')", "lpad(s, 12, '*')"),
            ("s == null ? null : s.Split(',')[0].Trim()", "trim(split_part(s, ',', 1))"),
            ("String.IsNullOrEmpty(s)", "coalesce(s = '', true)"),
        ]
    )


@row("dates")
def dates():
    expressions(
        [
            ("t", "t"),
            ("t == null ? 0 : t.Value.Year * 10000 + t.Value.Month * 100 + t.Value.Day", "coalesce(year(t) * 10000 + month(t) * 100 + day(t), 0)"),
            ("t == null ? 0 : t.Value.DayOfYear", "coalesce(dayofyear(t), 0)"),
            ("t == null ? 0 : (int) t.Value.DayOfWeek", "coalesce(dayofweek(t), 0)"),
            ("t == null ? t : t.Value.AddDays(40)", "t + INTERVAL 40 DAY"),
            ("t == null ? t : t.Value.AddMonths(-1)", "t - INTERVAL 1 MONTH"),
            ('t == null ? "" : t.Value.ToString("yyyy/MM/dd HH:mm:ss")', "coalesce(strftime(t, '%Y/%m/%d %H:%M:%S'), '')"),
            ("t == null ? 0.0 : (t.Value - new DateTime(2000, 1, 1)).TotalSeconds", "coalesce(epoch(t) - epoch(TIMESTAMP '2000-01-01'), 0.0)::DOUBLE"),
        ]
    )


@row("aggregates")
def aggregates():
    for keys in ("k", "k, b"):
        compare(
            f"""@o = SELECT {keys}, COUNT(*) AS n, COUNT(i) AS ni, SUM(i) AS si, SUM(d) AS sd,
                    AVG(d) AS ad, MIN(s) AS mins, MAX(t) AS maxt, MIN(i) AS mini,
                    STDEV(d) AS sdd, VARP(d) AS vpd, COUNT(DISTINCT s) AS ds, AVG(i) AS ai
                FROM @l WHERE i != 3 GROUP BY {keys} HAVING COUNT(*) > 2;""",
            f"""SELECT {keys}, count(*), count(i), sum(i), sum(d), avg(d), min(s), max(t), min(i),
                    stddev_samp(d), var_pop(d), count(DISTINCT s), sum(i) // count(i)
                FROM l WHERE i IS DISTINCT FROM 3 GROUP BY {keys} HAVING count(*) > 2""",
        )
    compare(
        "@o = SELECT COUNT(*) AS n, SUM(i) AS s, MAX(k) AS m FROM @l WHERE id < 0;",
        "SELECT count(*), sum(i), max(k) FROM l WHERE id < 0",
    )


@row("joins")
def joins():
    on = "l.i IS NOT DISTINCT FROM r.j"
    for ours, theirs in (
        ("INNER JOIN", "INNER JOIN"),
        ("LEFT OUTER JOIN", "LEFT JOIN"),
        ("RIGHT OUTER JOIN", "RIGHT JOIN"),
        ("FULL OUTER JOIN", "FULL JOIN"),
    ):
        compare(
            f"@o = SELECT l.id, l.k, r.id AS rid, r.d FROM @l AS l {ours} @r AS r ON l.i == r.j;",
            f"SELECT l.id, l.k, r.id, r.d FROM l {theirs} r ON {on}",
        )
    compare(
        "@o = SELECT l.id, r.id AS rid FROM @l AS l JOIN @r AS r ON l.i == r.j AND l.k == r.k;",
        f"SELECT l.id, r.id FROM l JOIN r ON {on} AND l.k IS NOT DISTINCT FROM r.k",
    )
    for ours, theirs in (("SEMIJOIN", "EXISTS"), ("ANTISEMIJOIN", "NOT EXISTS")):
        compare(
            f"@o = SELECT l.id FROM @l AS l LEFT {ours} (SELECT j FROM @r WHERE id < 9) AS r ON l.i == r.j;",
            f"SELECT l.id FROM l WHERE {theirs} (SELECT 1 FROM r WHERE r.id < 9 AND {on})",
        )
    compare(
        "@o = SELECT l.id, r.id AS rid FROM @l AS l CROSS JOIN @r AS r WHERE l.id < 20 AND r.id < 9;",
        "SELECT l.id, r.id FROM l CROSS JOIN r WHERE l.id < 20 AND r.id < 9",
    )


@row("sets")
def sets():
    for kind in ("UNION", "UNION ALL", "EXCEPT", "EXCEPT ALL", "INTERSECT", "INTERSECT ALL"):
        compare(
            f"@o = SELECT k, j FROM @l WHERE id < 400 {kind} SELECT k, j FROM @r;",
            f"SELECT k, j FROM l WHERE id < 400 {kind} SELECT k, j FROM r",
        )
    compare("@o = SELECT DISTINCT k, b FROM @l;", "SELECT DISTINCT k, b FROM l")


@row("windows")
def windows():
    compare(
        """@o = SELECT id,
                ROW_NUMBER() OVER (PARTITION BY k ORDER BY id) AS n,
                RANK() OVER (PARTITION BY b ORDER BY i) AS r,
                DENSE_RANK() OVER (ORDER BY i DESC, j) AS dr,
                SUM(i) OVER (PARTITION BY k ORDER BY id) AS s,
                COUNT(*) OVER (PARTITION BY k) AS c,
                MAX(d) OVER (ORDER BY id ROWS BETWEEN 3 PRECEDING AND 2 FOLLOWING) AS m,
                LAG(i, 2) OVER (PARTITION BY k ORDER BY id) AS l,
                LEAD(s) OVER (PARTITION BY k ORDER BY id) AS ls,
                NTILE(4) OVER (ORDER BY id) AS t,
                FIRST_VALUE(i) OVER (PARTITION BY b ORDER BY id) AS f,
                CUME_DIST() OVER (PARTITION BY k ORDER BY i) AS cd,
                PERCENT_RANK() OVER (PARTITION BY k ORDER BY i) AS pr
            FROM @l;""",
        """SELECT id,
                row_number() OVER (PARTITION BY k ORDER BY id),
                rank() OVER (PARTITION BY b ORDER BY i NULLS LAST),
                dense_rank() OVER (ORDER BY i DESC NULLS LAST, j NULLS LAST),
                sum(i) OVER (PARTITION BY k ORDER BY id),
                count(*) OVER (PARTITION BY k),
                max(d) OVER (ORDER BY id ROWS BETWEEN 3 PRECEDING AND 2 FOLLOWING),
                lag(i, 2) OVER (PARTITION BY k ORDER BY id),
                lead(s) OVER (PARTITION BY k ORDER BY id),
                ntile(4) OVER (ORDER BY id),
                first_value(i) OVER (PARTITION BY b ORDER BY id),
                cume_dist() OVER (PARTITION BY k ORDER BY i NULLS LAST),
                percent_rank() OVER (PARTITION BY k ORDER BY i NULLS LAST)
            FROM l""",
    )
    compare(
        """@o = SELECT DISTINCT k, PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY d) OVER (PARTITION BY k) AS c,
                PERCENTILE_DISC(0.25) WITHIN GROUP (ORDER BY d) OVER (PARTITION BY k) AS p FROM @l;""",
        "SELECT k, quantile_cont(d, 0.5), quantile_disc(d, 0.25) FROM l GROUP BY k",
    )


@row("top rows")
def top_rows():
    compare(
        "@o = SELECT id, d FROM @l ORDER BY d DESC, id OFFSET 5 ROWS FETCH 40 ROWS;",
        "SELECT id, d FROM l ORDER BY d DESC NULLS LAST, id LIMIT 40 OFFSET 5",
    )
    compare(
        """@n = SELECT id, k, ROW_NUMBER() OVER (PARTITION BY k ORDER BY d, id) AS n FROM @l;
           @o = SELECT id, k, n FROM @n WHERE n <= 3;""",
        """SELECT id, k, n FROM (SELECT id, k, row_number() OVER (PARTITION BY k ORDER BY d NULLS LAST, id) AS n
            FROM l) WHERE n <= 3""",
    )


if __name__ == "__main__":
    main()
