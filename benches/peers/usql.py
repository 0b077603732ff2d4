"""The other side of `bench-usql`: one job in each process, CSV in and CSV out, printed the same way.

    usql.py duckdb JOB FOLDER
    usql.py polars JOB FOLDER
"""

import importlib.metadata
import json
import os
import resource
import sys
import time

TYPES = {
    "id": "BIGINT", "household": "INTEGER", "age": "INTEGER", "weight": "DOUBLE", "income": "DOUBLE",
    "score": "DOUBLE", "employed": "BOOLEAN", "city": "VARCHAR", "answer": "VARCHAR",
    "comment": "VARCHAR", "day": "TIMESTAMP", "code": "VARCHAR",
}
SURVEY = f"read_csv('survey.csv', header = true, auto_detect = false, delim = ',', quote = '\"', columns = {TYPES})"
HOUSEHOLDS = "read_csv('households.csv', header = true)"
QUERIES = {
    "filter": f"""SELECT id, city, comment, income * 0.8 AS net, day FROM {SURVEY}
        WHERE age > 60 AND employed AND income IS NOT NULL""",
    "group": f"""SELECT city, answer, count(*) AS people, sum(income) AS income, avg(weight) AS weight, max(day) AS last
        FROM {SURVEY} GROUP BY city, answer ORDER BY city, answer""",
    "join": f"""SELECT region, count(*) AS people, sum(income) AS income, min(day) AS first
        FROM {SURVEY} JOIN {HOUSEHOLDS} USING (household) GROUP BY region ORDER BY region""",
    "first": f"""SELECT * FROM (SELECT household, id, income,
            row_number() OVER (PARTITION BY household ORDER BY income DESC NULLS LAST, id) AS place
        FROM {SURVEY}) WHERE place <= 3""",
    "top": f"""SELECT id, household, city, income, score, day FROM {SURVEY} ORDER BY score DESC, id LIMIT 1000""",
}


def duckdb(job):
    import duckdb

    start = time.perf_counter()
    duckdb.execute(f"COPY ({QUERIES[job]}) TO 'out/{job}-duckdb.csv' (header)")
    return start


def polars(job):
    import polars as pl

    start = time.perf_counter()
    types = {
        "BIGINT": pl.Int64, "INTEGER": pl.Int32, "DOUBLE": pl.Float64, "BOOLEAN": pl.String,
        "VARCHAR": pl.String, "TIMESTAMP": pl.String,
    }
    survey = pl.scan_csv("survey.csv", schema={name: types[kind] for name, kind in TYPES.items()})
    survey = survey.with_columns(
        pl.col("day").str.to_datetime("%Y-%m-%d"), pl.col("employed") == "True"
    )
    aggregates = [pl.len().alias("people"), pl.col("income").sum()]
    if job == "filter":
        kept = (pl.col("age") > 60) & pl.col("employed") & pl.col("income").is_not_null()
        net = (pl.col("income") * 0.8).alias("net")
        frame = survey.filter(kept).select("id", "city", "comment", net, "day")
    elif job == "group":
        more = [pl.col("weight").mean(), pl.col("day").max().alias("last")]
        frame = survey.group_by("city", "answer").agg(*aggregates, *more).sort("city", "answer")
    elif job == "join":
        frame = survey.join(pl.scan_csv("households.csv"), on="household")
        frame = frame.group_by("region").agg(*aggregates, pl.col("day").min().alias("first"))
        frame = frame.sort("region")
    elif job == "first":
        frame = survey.select("household", "id", "income")
        frame = frame.sort("income", "id", descending=[True, False], nulls_last=True)
        place = (pl.int_range(pl.len()).over("household") + 1).alias("place")
        frame = frame.with_columns(place).filter(pl.col("place") <= 3)
    else:
        frame = survey.select("id", "household", "city", "income", "score", "day")
        frame = frame.sort("score", "id", descending=[True, False]).head(1000)
    frame.sink_csv(f"out/{job}-polars.csv")
    return start


def main():
    peer, job, folder = sys.argv[1:]
    os.chdir(folder)
    os.makedirs("out", exist_ok=True)
    start = {"duckdb": duckdb, "polars": polars}[peer](job)
    seconds = time.perf_counter() - start
    used = resource.getrusage(resource.RUSAGE_SELF)
    line = {
        "program": f"{peer} {importlib.metadata.version(peer)}",
        "seconds": seconds,
        "processor_seconds": used.ru_utime + used.ru_stime,
        "peak_bytes": used.ru_maxrss * 1024,
    }
    print(json.dumps(line))


main()
