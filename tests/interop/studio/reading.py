"""Reading datasets and intermediate results: S-040 to S-055."""

import gzip

from relay import Relay
from rows import equal, main, raises, row
from support import ENDPOINT, EXPERIMENT, NODE, PORT, WORKSPACE, add_raw, workspace

AIRPORTS = "Airport Codes Dataset"
TYPES = (
    "PlainText",
    "GenericCSV",
    "GenericCSVNoHeader",
    "GenericTSV",
    "GenericTSVNoHeader",
)
GLOBAL = "506153734175476c4f62416c57734963"


@row("S-040")
def as_text():
    text = workspace().datasets[AIRPORTS].read_as_text()
    assert text.startswith("airport_id,city,state,name\r\n10165,Adak Island, AK, Adak\r\n"), text[:90]
    assert text.rstrip().endswith("14543,Rock Springs, WY, Rock Springs Sweetwater County")


@row("S-041")
def as_binary():
    data = bytes(range(256)) * 3
    dataset = add_raw(workspace(), data, "PlainText")
    equal(dataset.read_as_binary(), data)


@row("S-042")
def as_stream():
    dataset = add_raw(workspace(), bytes(range(256)) * 1000, "PlainText")
    with dataset.open() as reader:
        first = reader.read(1000)
        rest = reader.read()
    equal(len(first), 1000)
    equal(first + rest, dataset.read_as_binary())


@row("S-043")
def as_frame():
    ws = workspace()
    airports = ws.datasets[AIRPORTS].to_dataframe()
    equal(list(airports.columns), ["airport_id", "city", "state", "name"])
    equal(str(airports["airport_id"].dtype), "int64")
    equal(list(airports.iloc[0]), [10165, "Adak Island", "AK", "Adak"])
    census = ws.datasets["Adult Census Income Binary Classification dataset"].to_dataframe()
    assert str(census["age"].dtype) in ("int64", "float64"), census.dtypes
    for dataset in ws.example_datasets:
        equal(hasattr(dataset, "to_dataframe"), dataset.data_type_id in TYPES)
        if dataset.data_type_id in TYPES and dataset.data_type_id != "PlainText":
            assert len(dataset.to_dataframe()) > 0, dataset.name


@row("S-044")
def arff_has_no_frame():
    dataset = workspace().datasets["Breast cancer data"]
    equal(dataset.data_type_id, "ARFF")
    assert not hasattr(dataset, "to_dataframe")
    assert b"@attribute" in dataset.read_as_binary().lower()
    assert "@data" in dataset.read_as_text().lower()
    with dataset.open() as reader:
        equal(reader.read(), dataset.read_as_binary())


@row("S-045")
def a_failed_download_looks_like_data():
    # The service refuses a changed signature; this client does not look at the status (D-02).
    def rewrite(request, status, headers, body):
        if request.path.endswith("/datasources") and request.method == "GET":
            return status, headers, body.replace(b"sig=", b"sig=x")
        if not request.path.startswith("/api/"):
            statuses.append(status)
        return None

    statuses = []
    with Relay(ENDPOINT, rewrite) as relay:
        dataset = workspace(endpoint=relay.endpoint).datasets[0]
        body = dataset.read_as_binary()
    equal(statuses, [403])
    assert b"<Error>" in body and b"<Code>" in body, body


@row("S-046")
def gzip_is_decoded():
    def rewrite(request, status, headers, body):
        if not request.path.startswith("/api/") or "/outputdata/" in request.path:
            return status, headers + [("Content-Encoding", "gzip")], gzip.compress(body)
        return None

    plain = workspace()
    with Relay(ENDPOINT, rewrite) as relay:
        ws = workspace(endpoint=relay.endpoint)
        equal(ws.datasets[AIRPORTS].read_as_binary(), plain.datasets[AIRPORTS].read_as_binary())
        output = ws.experiments[EXPERIMENT].get_intermediate_dataset(NODE, PORT, "GenericCSV")
        assert b"age" in output.read_as_binary()
    # The emulator itself sends the bytes as they are: a stream of this client is never decoded.
    with Relay(ENDPOINT) as relay:
        with workspace(endpoint=relay.endpoint).datasets[AIRPORTS].open() as reader:
            assert reader.read(10) == b"airport_id"


@row("S-050")
def experiments():
    ws = workspace()
    ids = [e.experiment_id for e in ws.experiments]
    user = [e.experiment_id for e in ws.user_experiments]
    examples = [e.experiment_id for e in ws.example_experiments]
    equal(sorted(ids), sorted(user + examples))
    assert EXPERIMENT in user
    assert all(i.startswith(WORKSPACE + ".f-id.") for i in user)
    equal(len(ws.experiments), len(ids))
    expected = GLOBAL + ".f-id.1f022fd4578847dc867d662a51f0a105"
    assert expected in examples
    example = ws.experiments[expected]
    assert example.is_example
    equal(example.description, "Binary Classification: Breast cancer detection")
    assert f"{expected}\t{example.description}" in repr(ws.experiments).split("\n")
    equal(ws.experiments[0].experiment_id, ids[0])
    equal(ws.experiments[-1].experiment_id, ids[-1])
    raises(IndexError, lambda: ws.experiments[len(ids)])
    raises(IndexError, lambda: ws.experiments["no such experiment"], "no such experiment")
    experiment = ws.experiments[EXPERIMENT]
    equal(experiment.status.status_code, "Finished")
    assert experiment.status.creation_time.year >= 2014
    assert not experiment.is_example
    assert experiment.is_archived is False
    for text in (experiment.description, experiment.creator, experiment.etag):
        assert isinstance(text, str) and text
    for text in (
        experiment.job_id,
        experiment.version_id,
        experiment.run_id,
        experiment.status.status_detail,
    ):
        assert text is None or isinstance(text, str)


@row("S-051", "S-054")
def intermediate_in_four_ways():
    with Relay(ENDPOINT) as relay:
        experiment = workspace(endpoint=relay.endpoint).experiments[EXPERIMENT]
        before = len(relay.requests)
        output = experiment.get_intermediate_dataset(NODE, PORT, "GenericCSV")
        equal(len(relay.requests), before)
        data = output.read_as_binary()
        assert relay.requests[-1].path.endswith(f"/outputdata/{NODE}/Results%20dataset")
        equal(output.read_as_text().encode("utf-8"), data)
        with output.open() as reader:
            equal(reader.read(10) + reader.read(), data)
        frame = output.to_dataframe()
    assert "age" in frame.columns
    assert len(frame) == data.count(b"\n") - 1


@row("S-052")
def intermediate_of_type_dataset():
    ws = workspace()
    output = ws.experiments[EXPERIMENT].get_intermediate_dataset(NODE, PORT, "Dataset")
    assert not hasattr(output, "to_dataframe")
    assert len(output.read_as_binary()) > 0


@row("S-053")
def unknown_output():
    # The service answers 404 with a sentence, which this client takes for data (D-02).
    statuses = []

    def rewrite(request, status, headers, body):
        statuses.append(status)

    with Relay(ENDPOINT, rewrite) as relay:
        experiment = workspace(endpoint=relay.endpoint).experiments[EXPERIMENT]
        statuses.clear()
        for node, port in ((NODE, "No such port"), ("no-such-node-1", PORT)):
            output = experiment.get_intermediate_dataset(node, port, "GenericCSV")
            assert b"Request ID: " in output.read_as_binary()
    equal(statuses, [404, 404])


@row("S-055")
def intermediate_has_no_metadata():
    ws = workspace()
    output = ws.experiments[EXPERIMENT].get_intermediate_dataset(NODE, PORT, "GenericCSV")
    for name in ("name", "size", "description", "created_date", "update_from_dataframe"):
        assert not hasattr(output, name), name
    raises(
        TypeError,
        lambda: ws.experiments[EXPERIMENT].get_intermediate_dataset("", PORT, "GenericCSV"),
        "node_id",
    )


main()
