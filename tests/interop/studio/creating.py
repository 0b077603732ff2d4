"""Adding datasets: S-060 to S-082."""

from azureml import AzureMLHttpError, UnsupportedDatasetTypeError
from azureml.errors import AzureMLConflictHttpError
from relay import Relay
from rows import equal, main, raises, row
from support import ENDPOINT, FRAME_CSV, add_raw, frame, fresh, workspace

import pandas as pd

BLOCK = 2097152


@row("S-060")
def add_frames_of_five_types():
    ws = workspace()
    numbers, words = frame(), pd.DataFrame({"a": ["x", "z"], "b": ["y", "0"]})
    for data_type_id, data, expected in (
        ("GenericCSV", numbers, FRAME_CSV),
        ("GenericCSVNoHeader", numbers, FRAME_CSV.split(b"\n", 1)[1]),
        ("GenericTSV", numbers, FRAME_CSV.replace(b",", b"\t")),
        ("GenericTSVNoHeader", numbers, FRAME_CSV.split(b"\n", 1)[1].replace(b",", b"\t")),
        ("PlainText", words, b"xy\nz0\n"),
    ):
        name = fresh(data_type_id)
        dataset = ws.datasets.add_from_dataframe(data, data_type_id, name, "from a frame")
        equal(dataset.read_as_binary(), expected)
        equal(
            (dataset.name, dataset.data_type_id, dataset.description, dataset.size),
            (name, data_type_id, "from a frame", len(expected)),
        )
        equal(ws.datasets[name].dataset_id, dataset.dataset_id)


@row("S-061")
def add_raw_of_any_type():
    ws = workspace()
    data = b"\xef\xbb\xbf@relation x\x00\r\n\r,\"\xff\xfe"
    for data_type_id in ("ARFF", "PlainText", "GenericCSV", "Zip", "RData", "Dataset", "SvmLight", "Own.Type"):
        dataset = add_raw(ws, data, data_type_id)
        equal((dataset.data_type_id, dataset.read_as_binary()), (data_type_id, data))


@row("S-062")
def owner():
    equal(add_raw(workspace(), b"1\n", "PlainText").owner, "Python SDK")


@row("S-063")
def the_result_is_read_again():
    with Relay(ENDPOINT) as relay:
        dataset = add_raw(workspace(endpoint=relay.endpoint), b"1\n", "PlainText")
    (call,) = [r for r in relay.requests if r.method == "GET"]
    assert call.path.endswith("/datasources/" + dataset.dataset_id), call.path


@row("S-064", "S-100")
def arguments_are_checked_before_any_request():
    with Relay(ENDPOINT) as relay:
        ws = workspace(endpoint=relay.endpoint)
        mine = add_raw(ws, b"1\n", "PlainText")
        before = len(relay.requests)
        datasets = ws.datasets
        for empty in (None, ""):
            raises(TypeError, lambda: datasets.add_from_raw_data(b"", empty, "n", "d"), "data_type_id")
            raises(TypeError, lambda: datasets.add_from_raw_data(b"", "t", empty, "d"), "name")
            raises(TypeError, lambda: datasets.add_from_raw_data(b"", "t", "n", empty), "description")
            raises(TypeError, lambda: datasets.add_from_dataframe(frame(), empty, "n", "d"), "data_type_id")
            raises(TypeError, lambda: datasets.add_from_dataframe(frame(), "t", empty, "d"), "name")
            raises(TypeError, lambda: datasets.add_from_dataframe(frame(), "t", "n", empty), "description")
        raises(TypeError, lambda: datasets.add_from_raw_data(None, "t", "n", "d"), "raw_data")
        raises(TypeError, lambda: datasets.add_from_dataframe(None, "t", "n", "d"), "dataframe")
        raises(TypeError, lambda: mine.update_from_raw_data(None), "raw_data")
        raises(TypeError, lambda: mine.update_from_dataframe(None), "dataframe")
        equal(len(relay.requests), before)


@row("S-065")
def a_frame_as_arff():
    with Relay(ENDPOINT) as relay:
        ws = workspace(endpoint=relay.endpoint)
        raises(
            UnsupportedDatasetTypeError,
            lambda: ws.datasets.add_from_dataframe(frame(), "ARFF", "n", "d"),
            "ARFF",
        )
        equal(relay.requests, [])


def uploaded(size):
    """Uploads that many bytes; returns the dataset, its bytes and the recorded block calls."""
    data = bytes(range(251)) * (size // 251 + 1)
    data = data[:size]
    with Relay(ENDPOINT) as relay:
        dataset = add_raw(workspace(endpoint=relay.endpoint), data, "PlainText")
    return dataset, data, relay.calls("POST", "/blobuploads/")


@row("S-066")
def no_bytes():
    dataset, _, blocks = uploaded(0)
    equal((blocks, dataset.size), ([], 0))
    found = workspace().datasets[dataset.name]
    equal((found.size, found.read_as_binary(), found.read_as_text()), (0, b"", ""))


@row("S-067", "S-068")
def blocks():
    for size, count in ((1, 1), (BLOCK, 1), (BLOCK + 1, 2), (2 * BLOCK, 2), (5 * 1024 * 1024 + 1, 3)):
        dataset, data, calls = uploaded(size)
        equal([c.query["blockId"] for c in calls], [str(i) for i in range(count)])
        equal({c.query["numberOfBlocks"] for c in calls}, {str(count)})
        equal({c.query["dataTypeId"] for c in calls}, {"PlainText"})
        equal({c.query["uploadId"] for c in calls}, {dataset.resource_upload_id})
        equal(sum(len(c.body) for c in calls), size)
        equal(dataset.size, size)
        assert workspace().datasets[dataset.name].read_as_binary() == data, size


@row("S-073")
def other_alphabets():
    ws = workspace()
    name = fresh("Zürich 東京 🛫")
    text = "città,名前\nZürich,東京\n🛫,\n"
    dataset = ws.datasets.add_from_raw_data(text.encode(), "GenericCSV", name, "Описание – ☃")
    found = ws.datasets[name]
    equal((found.name, found.description), (name, "Описание – ☃"))
    equal(found.dataset_id, dataset.dataset_id)
    equal(found.read_as_binary(), text.encode())
    result = found.to_dataframe()
    equal(list(result.columns), ["città", "名前"])
    equal(list(result["città"]), ["Zürich", "🛫"])


@row("S-074")
def forbidden_characters():
    ws = workspace()
    before = len(ws.datasets)
    error = raises(AzureMLHttpError, lambda: add_raw(ws, b"1\n", "PlainText", "a:b"), "forbidden characters")
    equal(error.status_code, 400)
    equal(len(ws.datasets), before)


@row("S-075")
def permitted_names():
    ws = workspace()
    for name in (
        "dataset-test-upload-2015-11-17--22-12-47",
        "Automobile price data (Raw) 2",
        "Flight_On_Time_Performance_July_October_2013.csv",
        "Restaurant ratings, 2",
    ):
        add_raw(ws, b"1\n", "PlainText", name)
        equal(ws.datasets[name].name, name)


@row("S-080")
def an_existing_name():
    ws = workspace()
    dataset = ws.datasets.add_from_dataframe(frame(), "GenericCSV", fresh(), "first")
    before = len(ws.datasets)
    other = pd.DataFrame({"x": [1]})
    error = raises(
        AzureMLConflictHttpError,
        lambda: ws.datasets.add_from_dataframe(other, "GenericCSV", dataset.name, "second"),
        dataset.name,
        "Request ID: ",
    )
    equal(error.status_code, 409)
    equal(len(ws.datasets), before)
    found = ws.datasets[dataset.name]
    equal((found.dataset_id, found.description), (dataset.dataset_id, "first"))
    equal(found.read_as_binary(), FRAME_CSV)


@row("S-081")
def an_existing_name_for_raw_data():
    ws = workspace()
    dataset = add_raw(ws, b"1\n", "PlainText")
    raises(AzureMLConflictHttpError, lambda: add_raw(ws, b"2\n", "PlainText", dataset.name))
    equal(ws.datasets[dataset.name].read_as_binary(), b"1\n")


@row("S-082")
def names_that_differ_in_case():
    ws = workspace()
    name = fresh("Case")
    add_raw(ws, b"1\n", "PlainText", name)
    add_raw(ws, b"2\n", "PlainText", name.upper())
    equal(ws.datasets[name].read_as_binary(), b"1\n")
    equal(ws.datasets[name.upper()].read_as_binary(), b"2\n")


main()
