"""Jobs and the catalog that they make, with the last published client: J1 to J22, C1 to C8."""

import datetime
import time
import uuid

from support import ADLA_SUFFIX, ADLS_SUFFIX, ARM, SCRIPT, SUBSCRIPTION, identity, service_principal

from azure.datalake.store import core
from azure.mgmt.datalake.analytics.account import DataLakeAnalyticsAccountManagementClient
from azure.mgmt.datalake.analytics.account.models import CreateOrUpdateComputePolicyParameters
from azure.mgmt.datalake.analytics.catalog import DataLakeAnalyticsCatalogManagementClient
from azure.mgmt.datalake.analytics.job import DataLakeAnalyticsJobManagementClient
from azure.mgmt.datalake.analytics.job.models import (
    BuildJobParameters,
    CreateJobParameters,
    CreateUSqlJobProperties,
    JobRelationshipProperties,
)
from azure.mgmt.datalake.store import DataLakeStoreAccountManagementClient
from msrestazure.azure_exceptions import CloudError

from rows import equal, main, row

RG, STORE, ADLA = "azml", "rowslake", "rowsadla"
credentials = service_principal()
accounts = DataLakeAnalyticsAccountManagementClient(credentials, SUBSCRIPTION, base_url=ARM)
jobs = DataLakeAnalyticsJobManagementClient(credentials, ADLA_SUFFIX)
client = DataLakeAnalyticsCatalogManagementClient(credentials, ADLA_SUFFIX).catalog
DataLakeStoreAccountManagementClient(credentials, SUBSCRIPTION, base_url=ARM).accounts.create(
    RG, STORE, {"location": "eastus2"}
).wait()
accounts.accounts.create(
    RG,
    ADLA,
    {
        "location": "eastus2",
        "default_data_lake_store_account": STORE,
        "data_lake_store_accounts": [{"name": STORE}],
    },
).wait()


def submit(script, name="Sample Job", **options):
    job_id = options.pop("job_id", None) or str(uuid.uuid4())
    properties = CreateUSqlJobProperties(script=script)
    return jobs.job.create(
        ADLA, job_id, CreateJobParameters(name=name, type="USql", properties=properties, **options)
    )


def ended(job):
    while job.state != "Ended":
        time.sleep(0.02)
        job = jobs.job.get(ADLA, job.job_id)
    return job


def filesystem():
    return core.AzureDLFileSystem(
        token_credential=identity(), store_name=STORE, url_suffix=ADLS_SUFFIX
    )


def refused(action, status, code):
    try:
        action()
    except CloudError as error:
        equal((error.status_code, error.error.error), (status, code))
    else:
        raise AssertionError("nothing was raised")


@row("J1")
def submitted():
    global first
    first = submit(SCRIPT)
    equal((first.state, first.result, first.priority), ("Compiling", "None", 1000))
    equal(first.degree_of_parallelism, 1)
    equal([record.new_state for record in first.state_audit_records], ["New"])


@row("J2")
def all_states():
    job = ended(submit("// a script without statements"))
    equal(job.result, "Succeeded")
    equal(
        [record.new_state for record in job.state_audit_records],
        ["New", "Compiling", "Queued", "Scheduling", "Starting", "Running", "Ended"],
    )
    assert job.start_time <= job.end_time and job.start_time.tzinfo


@row("J3")
def output():
    job = ended(first)
    equal((job.result, job.error_message), ("Succeeded", None))
    equal(filesystem().cat("/data.csv"), b'"Contoso",1500\r\n"Woodgrove",2700\r\n')


@row("J22")
def missing_input():
    script = """@a = EXTRACT x int FROM "/none.csv" USING Extractors.Csv();
OUTPUT @a TO "/missing.csv" USING Outputters.Csv();"""
    job = ended(submit(script))
    equal(job.result, "Failed")
    (error,) = job.error_message
    equal((error.line_number, error.severity), (1, "Error"))
    assert "/none.csv" in error.message, error.message
    assert not filesystem().exists("/missing.csv")


@row("J4", "J5")
def build():
    def built(script):
        return jobs.job.build(
            ADLA, BuildJobParameters(type="USql", properties=CreateUSqlJobProperties(script=script))
        )

    good = built(SCRIPT)
    equal((good.state, good.result, good.properties.diagnostics), ("Ended", "Succeeded", []))
    bad = built("DROP DATABASE IF EXIST FOO; CREATE DATABASE FOO;")
    (diagnostic,) = bad.properties.diagnostics
    equal(bad.result, "Failed")
    equal(
        (diagnostic.severity, diagnostic.line_number, diagnostic.column_number),
        ("Error", 1, 18),
    )
    equal((diagnostic.start, diagnostic.end), (17, 22))
    assert diagnostic.message.startswith("E_CSC_USER_SYNTAXERROR")


@row("J6")
def does_not_compile():
    job = ended(submit("SELECT FROM WHERE;"))
    equal(job.result, "Failed")
    assert "Queued" not in [record.new_state for record in job.state_audit_records]
    assert job.error_message[0].error_id.startswith("E_")


@row("J8", "J9")
def cancelling():
    job = ended(first)
    jobs.job.cancel(ADLA, job.job_id)
    equal(jobs.job.get(ADLA, job.job_id).result, job.result)
    refused(lambda: jobs.job.get(ADLA, str(uuid.uuid4())), 404, "JobNotFound")


@row("J10")
def twice():
    equal(submit(SCRIPT, job_id=first.job_id).job_id, first.job_id)
    refused(lambda: submit("// another", job_id=first.job_id), 409, "JobAlreadyExists")


@row("J11", "J21")
def limits():
    refused(
        lambda: submit(SCRIPT, degree_of_parallelism=31), 400, "DegreeOfParallelismExceedsMaximum"
    )
    policy = CreateOrUpdateComputePolicyParameters(
        object_id="44444444-4444-4444-4444-444444444444",
        object_type="ServicePrincipal",
        max_degree_of_parallelism_per_job=2,
        min_priority_per_job=250,
    )
    accounts.compute_policies.create_or_update(RG, ADLA, "app", policy)
    refused(lambda: submit(SCRIPT, priority=100), 400, "PriorityTooHigh")
    refused(
        lambda: submit(SCRIPT, priority=300, degree_of_parallelism=3),
        400,
        "DegreeOfParallelismExceedsMaximum",
    )
    submit("// allowed", priority=300, degree_of_parallelism=2)
    accounts.compute_policies.delete(RG, ADLA, "app")


@row("J13", "J14", "J15")
def lists():
    for n in range(3):
        ended(submit(f"// {n}", name=f"listed {n}"))
    pages = jobs.job.list(ADLA, orderby="submitTime desc", top=2)
    assert len([job.job_id for job in pages]) > 3, "the iterator follows the pages"
    since = (datetime.datetime.utcnow() - datetime.timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    submitter = first.submitter
    filter = (
        f"submitter eq '{submitter}' and name eq 'listed 1' "
        f"and (state eq 'Ended' or state eq 'Running') and submitTime ge datetimeoffset'{since}'"
    )
    equal([job.name for job in jobs.job.list(ADLA, filter=filter)], ["listed 1"])
    refused(lambda: list(jobs.job.list(ADLA, filter="colour eq 1")), 400, "InvalidODataQuery")
    (job,) = jobs.job.list(ADLA, filter="name eq 'listed 1'", select="jobId,name")
    equal((job.name, job.state), ("listed 1", None))


@row("J16", "J18")
def related():
    pipeline, recurrence = str(uuid.uuid4()), str(uuid.uuid4())
    relation = JobRelationshipProperties(
        pipeline_id=pipeline, recurrence_id=recurrence, run_id=str(uuid.uuid4())
    )
    ended(submit("// related", related=relation))
    (listed,) = jobs.pipeline.list(ADLA)
    equal((listed.pipeline_id, listed.num_jobs_succeeded), (pipeline, 1))
    whole = jobs.pipeline.get(ADLA, pipeline)
    equal((len(whole.runs), whole.recurrences), (1, [recurrence]))
    equal(jobs.recurrence.get(ADLA, recurrence).num_jobs_succeeded, 1)
    (job,) = jobs.job.list(ADLA, filter=f"related/pipelineId eq guid'{pipeline}'")
    equal(job.related.recurrence_id, recurrence)
    start = datetime.datetime(2020, 1, 1)
    refused(
        lambda: list(jobs.pipeline.list(ADLA, start, start + datetime.timedelta(days=31))),
        400,
        "InvalidDateRange",
    )


@row("J19")
def debug_data():
    job = ended(submit(SCRIPT))
    statistics = jobs.job.get_statistics(ADLA, job.job_id)
    assert statistics.last_update_time_utc and len(statistics.stages) >= 1
    assert jobs.job.get_debug_data_path(ADLA, job.job_id).paths


@row("C1")
def catalog():
    equal([database.name for database in client.list_databases(ADLA)], ["master"])
    schemas = [schema.name for schema in client.list_schemas(ADLA, "master")]
    equal(schemas, ["dbo", "INFORMATION_SCHEMA", "sys", "usql"])
    equal(list(client.list_tables(ADLA, "master", "dbo")), [])
    refused(lambda: client.get_table(ADLA, "master", "dbo", "t"), 404, "TableNotFound")


VIEW = """CREATE VIEW v AS
    SELECT * FROM (VALUES (1), (2)) AS T(n);"""
FUNCTION = "CREATE FUNCTION f(@n int) RETURNS @r AS BEGIN @r = SELECT * FROM (VALUES (@n)) AS T(n); END;"
PROCEDURE = """CREATE PROCEDURE p() AS BEGIN
    @r = SELECT * FROM (VALUES (1)) AS T(n);
    OUTPUT @r TO "/procedure.csv" USING Outputters.Csv();
END;"""


@row("C2", "C7")
def tables():
    job = ended(
        submit(
            """CREATE DATABASE db; USE db;
CREATE TABLE SearchLog(UserId int, Start DateTime, Region string, Duration int?,
    INDEX idx1 CLUSTERED (Region ASC) PARTITIONED BY (UserId) DISTRIBUTED BY HASH (Region));
ALTER TABLE SearchLog ADD PARTITION (1);"""
        )
    )
    equal((job.result, job.error_message), ("Succeeded", None))
    equal([database.name for database in client.list_databases(ADLA)], ["db", "master"])
    table = client.get_table(ADLA, "db", "dbo", "SearchLog")
    equal(
        [(column.name, column.type) for column in table.column_list],
        [
            ("UserId", "System.Int32"),
            ("Start", "System.DateTime"),
            ("Region", "System.String"),
            ("Duration", "System.Nullable`1[[System.Int32]]"),
        ],
    )
    (index,) = table.index_list
    equal((index.name, index.columns), ("idx1", ["Region", "UserId"]))
    equal(([key.name for key in index.index_keys], index.distribution_info.type), (["Region"], 2))
    equal(table.partition_key_list, ["UserId"])
    partitions = list(client.list_table_partitions(ADLA, "db", "dbo", "SearchLog"))
    equal([partition.label for partition in partitions], [["1"]])
    preview = client.preview_table(ADLA, "db", "dbo", "SearchLog")
    equal((preview.total_column_count, preview.rows), (4, []))


@row("C3", "C4")
def definitions():
    job = ended(submit("\n".join(["USE db;", VIEW, FUNCTION, PROCEDURE])))
    equal((job.result, job.error_message), ("Succeeded", None))
    (view,) = client.list_views(ADLA, "db", "dbo")
    (function,) = client.list_table_valued_functions(ADLA, "db", "dbo")
    (procedure,) = client.list_procedures(ADLA, "db", "dbo")
    equal((view.name, view.definition), ("v", VIEW))
    equal((function.name, function.definition), ("f", FUNCTION))
    equal((procedure.name, procedure.definition), ("p", PROCEDURE))
    assert not filesystem().exists("/procedure.csv")
    by_database = [item.as_dict() for item in client.list_views_by_database(ADLA, "db")]
    equal(by_database, [view.as_dict()])
    tables = lambda items: [(item.name, item.schema_name, item.version) for item in items]
    by_database = tables(client.list_tables_by_database(ADLA, "db"))
    equal(by_database, tables(client.list_tables(ADLA, "db", "dbo")))


@row("C8")
def rows():
    script = """USE db;
CREATE TABLE t(n int, s string, INDEX i CLUSTERED (n) DISTRIBUTED BY HASH (n));
INSERT INTO t VALUES (1, "a"), (2, (string) null);"""
    job = ended(submit(script))
    equal((job.result, job.error_message), ("Succeeded", None))
    preview = client.preview_table(ADLA, "db", "dbo", "t")
    equal((preview.total_row_count, preview.truncated), (2, False))
    equal(preview.rows, [["1", "a"], ["2", ""]])
    (table,) = client.list_tables(ADLA, "db", "dbo", filter="tableName eq 't'")
    equal(table.name, "t")


if __name__ == "__main__":
    main()
