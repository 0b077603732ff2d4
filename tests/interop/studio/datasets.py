"""Listing, looking up and describing datasets: S-020 to S-036."""

import json
import re
from datetime import datetime, timezone

from azureml import SourceDataset
from relay import Relay
from rows import equal, main, raises, row
from support import ENDPOINT, WORKSPACE, add_raw, fresh, frame, workspace

GLOBAL = "506153734175476c4f62416c57734963"


@row("S-020")
def iterate():
    ws = workspace()
    first = add_raw(ws, b"1\n", "PlainText")
    second = add_raw(ws, b"2\n", "PlainText")
    names = [d.name for d in ws.datasets]
    equal(len(ws.datasets), len(names))
    equal(repr(ws.datasets), "\n".join(names))
    own = [d.name for d in ws.user_datasets]
    equal(own[-2:], [first.name, second.name])
    equal(names[: len(own)], own)


@row("S-021")
def user_and_examples():
    ws = workspace()
    user, examples = list(ws.user_datasets), list(ws.example_datasets)
    assert user and examples
    assert all(d.dataset_id.startswith(WORKSPACE + ".") and not d.is_example for d in user)
    assert all(d.dataset_id.startswith(GLOBAL + ".") and d.is_example for d in examples)
    equal(
        [d.dataset_id for d in ws.datasets],
        [d.dataset_id for d in user] + [d.dataset_id for d in examples],
    )


@row("S-022")
def by_name():
    ws = workspace()
    name = fresh("Case")
    dataset = add_raw(ws, b"1\n", "PlainText", name)
    found = ws.datasets[name]
    equal((found.name, found.dataset_id), (name, dataset.dataset_id))
    assert isinstance(found, SourceDataset)
    raises(IndexError, lambda: ws.datasets[name.lower()])
    raises(IndexError, lambda: ws.datasets[name + " "])


@row("S-023")
def missing_name():
    ws = workspace()
    raises(IndexError, lambda: ws.datasets["no such dataset"], "no such dataset")
    raises(TypeError, lambda: ws.datasets[None])


@row("S-024")
def by_index():
    ws = workspace()
    ids = [d.dataset_id for d in ws.datasets]
    equal(ws.datasets[0].dataset_id, ids[0])
    equal(ws.datasets[len(ids) - 1].dataset_id, ids[-1])
    equal(ws.datasets[-1].dataset_id, ids[-1])
    equal(ws.datasets[-len(ids)].dataset_id, ids[0])
    raises(IndexError, lambda: ws.datasets[len(ids)])
    raises(IndexError, lambda: ws.datasets[-len(ids) - 1])
    examples = [i for i in ids if i.startswith(GLOBAL)]
    equal(ws.example_datasets[0].dataset_id, examples[0])
    equal(ws.example_datasets[-1].dataset_id, examples[-1])


@row("S-025")
def list_is_fetched_each_time():
    ws = workspace()
    other = workspace()
    before = len(ws.datasets)
    dataset = add_raw(other, b"1\n", "PlainText")
    equal(len(ws.datasets), before + 1)
    equal(ws.datasets[dataset.name].dataset_id, dataset.dataset_id)


@row("S-026")
def order_is_stable():
    ws = workspace()
    first = add_raw(ws, b"1\n", "PlainText")
    add_raw(ws, b"2\n", "PlainText")
    before = [d.name for d in ws.datasets]
    equal([d.name for d in ws.datasets], before)
    first.update_from_raw_data(b"3\n")
    equal([d.name for d in ws.datasets], before)


@row("S-027")
def a_user_dataset_hides_an_example_of_the_same_name():
    ws = workspace()
    example = ws.example_datasets["Airport Codes Dataset"]
    mine = add_raw(ws, b"a\n1\n", "GenericCSV", "Airport Codes Dataset")
    equal(ws.datasets["Airport Codes Dataset"].dataset_id, mine.dataset_id)
    equal(ws.user_datasets["Airport Codes Dataset"].dataset_id, mine.dataset_id)
    equal(ws.example_datasets["Airport Codes Dataset"].dataset_id, example.dataset_id)


@row("S-030", "S-036")
def every_field():
    ws = workspace()
    name = fresh("Fields")
    dataset = ws.datasets.add_from_dataframe(frame(), "GenericCSV", name, "what it is")
    equal(dataset.workspace, ws)
    equal((dataset.name, dataset.description), (name, "what it is"))
    equal(dataset.data_type_id, "GenericCSV")
    equal(dataset.owner, "Python SDK")
    equal(dataset.source_origin, "FromResourceUpload")
    equal(dataset.schema_status, "Complete")
    assert dataset.is_latest is True
    assert dataset.is_deprecated is False
    assert dataset.is_example is False
    equal((dataset.service_version, dataset.batch), (0, 0))
    assert re.fullmatch("[0-9a-f]{32}", dataset.family_id), dataset.family_id
    assert re.fullmatch("[0-9a-f]{32}", dataset.resource_upload_id), dataset.resource_upload_id
    assert re.fullmatch(
        re.escape(f"{WORKSPACE}.{dataset.family_id}.v1-default-") + "[0-9]+", dataset.dataset_id
    ), dataset.dataset_id
    optional = (
        dataset.experiment_id,
        dataset.client_version,
        dataset.promoted_from,
        dataset.uploaded_from_filename,
        dataset.category,
        dataset.culture,
    )
    assert all(value is None or isinstance(value, str) for value in optional), optional
    for location in (
        dataset.visualize_end_point,
        dataset.schema_end_point,
        dataset.download_location,
    ):
        assert location.base_uri.startswith(ENDPOINT) and location.base_uri.endswith("/")
        assert isinstance(location.size, int)
        assert not location.location.startswith("/")
        assert location.is_auxiliary in (True, False)
        for text in (
            location.name,
            location.endpoint_type,
            location.credential_container,
            location.file_type,
        ):
            assert text is None or isinstance(text, str)
    assert dataset.download_location.access_credential.startswith("?")
    # The list and the single dataset tell the same.
    listed = ws.datasets[name]
    for field in ("dataset_id", "family_id", "size", "created_date_ticks", "owner", "culture"):
        equal(getattr(listed, field), getattr(dataset, field))
    # The article prints `id`, which this client never had.
    assert not hasattr(dataset, "id")


@row("S-031", "S-032")
def dates_and_ticks():
    started = datetime.now(timezone.utc).timestamp()
    dataset = add_raw(workspace(), b"1\n", "PlainText")
    finished = datetime.now(timezone.utc).timestamp()
    # This client hands out local time without a zone (D-04).
    created = dataset.created_date.timestamp()
    assert started - 0.002 <= created <= finished + 0.002, (started, created, finished)
    milliseconds = round(created * 1000)
    equal(dataset.created_date_ticks // 10_000, milliseconds + 62_135_596_800_000)
    for example in workspace().example_datasets:
        milliseconds = round(example.created_date.timestamp() * 1000)
        equal(example.created_date_ticks // 10_000, milliseconds + 62_135_596_800_000)


@row("S-033")
def size_is_the_length():
    ws = workspace()
    equal(add_raw(ws, b"x" * 12345, "PlainText").size, 12345)
    for dataset in ws.datasets:
        equal(len(dataset.read_as_binary()), dataset.size)
        equal(dataset.download_location.size, dataset.size)


@row("S-034")
def contents_url():
    dataset = workspace().datasets[0]
    location = dataset.download_location
    equal(
        dataset.contents_url,
        location.base_uri + location.location + location.access_credential,
    )


@row("S-035")
def unknown_and_absent_fields():
    def rewrite(request, status, headers, body):
        if request.path.endswith("/datasources") and request.method == "GET":
            datasets = json.loads(body)
            for dataset in datasets:
                del dataset["Culture"]
                dataset["Language"] = {"Language": "R", "Version": "3.1"}
            return status, headers, json.dumps(datasets).encode()
        return None

    with Relay(ENDPOINT, rewrite) as relay:
        dataset = workspace(endpoint=relay.endpoint).datasets[0]
        assert dataset.name
        raises(KeyError, lambda: dataset.culture, "Culture")


main()
