"""Updating datasets: S-090 to S-102."""

from azureml import UnsupportedDatasetTypeError
from azureml.errors import AzureMLConflictHttpError
from rows import equal, main, raises, row
from support import add_raw, fresh, frame, workspace

import pandas as pd

OTHER = pd.DataFrame({"x": [7, 8]})
OTHER_CSV = b"x\n7\n8\n"


def added(ws):
    """A dataset made from a frame."""
    return ws.datasets.add_from_dataframe(frame(), "GenericCSV", fresh(), "before")


def described(dataset):
    """Everything that an update may change."""
    return dataset.name, dataset.data_type_id, dataset.description, dataset.read_as_binary()


@row("S-090")
def data_only():
    ws = workspace()
    dataset = added(ws)
    name = dataset.name
    dataset.update_from_dataframe(OTHER)
    equal(described(ws.datasets[name]), (name, "GenericCSV", "before", OTHER_CSV))


@row("S-091")
def data_and_type():
    ws = workspace()
    dataset = added(ws)
    dataset.update_from_dataframe(OTHER, "GenericTSVNoHeader")
    equal(
        described(ws.datasets[dataset.name]),
        (dataset.name, "GenericTSVNoHeader", "before", b"7\n8\n"),
    )


@row("S-092")
def data_and_description():
    ws = workspace()
    dataset = added(ws)
    dataset.update_from_dataframe(OTHER, description="after")
    equal(described(ws.datasets[dataset.name]), (dataset.name, "GenericCSV", "after", OTHER_CSV))


@row("S-093")
def data_name_and_description():
    ws = workspace()
    dataset = added(ws)
    before, after = dataset.name, fresh("renamed")
    dataset.update_from_dataframe(OTHER, name=after, description="after")
    raises(IndexError, lambda: ws.datasets[before])
    equal(described(ws.datasets[after]), (after, "GenericCSV", "after", OTHER_CSV))


@row("S-094")
def raw_data():
    ws = workspace()
    dataset = add_raw(ws, b"1\n", "PlainText")
    before, after = dataset.name, fresh("renamed")
    dataset.update_from_raw_data(b"2\n")
    equal(described(ws.datasets[before]), (before, "PlainText", "a test dataset", b"2\n"))
    dataset.update_from_raw_data(b"a\n3\n", "GenericCSV", after, "after")
    raises(IndexError, lambda: ws.datasets[before])
    equal(described(ws.datasets[after]), (after, "GenericCSV", "after", b"a\n3\n"))


@row("S-095")
def the_object_becomes_the_new_version():
    ws = workspace()
    dataset = added(ws)
    old_id, family, upload = dataset.dataset_id, dataset.family_id, dataset.resource_upload_id
    equal(dataset.update_from_dataframe(OTHER), None)
    assert dataset.dataset_id != old_id
    assert dataset.resource_upload_id != upload
    equal(dataset.family_id, family)
    equal(dataset.dataset_id, ws.datasets[dataset.name].dataset_id)
    equal(dataset.read_as_binary(), OTHER_CSV)
    assert dataset.is_latest is True


@row("S-096")
def one_latest_version():
    ws = workspace()
    dataset = added(ws)
    before = len(ws.datasets)
    dataset.update_from_dataframe(OTHER)
    dataset.update_from_raw_data(b"y\n1\n")
    equal(len(ws.datasets), before)
    equal([d.family_id for d in ws.datasets].count(dataset.family_id), 1)


@row("S-097")
def the_old_name_is_free_again():
    ws = workspace()
    dataset = added(ws)
    before = dataset.name
    dataset.update_from_dataframe(OTHER, name=fresh("renamed"))
    again = add_raw(ws, b"1\n", "PlainText", before)
    assert again.family_id != dataset.family_id
    equal(ws.datasets[dataset.name].read_as_binary(), OTHER_CSV)
    equal(ws.datasets[before].read_as_binary(), b"1\n")


@row("S-098")
def renaming_onto_another():
    ws = workspace()
    first, second = added(ws), add_raw(ws, b"1\n", "PlainText")
    ids = first.dataset_id, second.dataset_id
    raises(
        AzureMLConflictHttpError,
        lambda: first.update_from_dataframe(OTHER, name=second.name),
        second.name,
    )
    found = ws.datasets[first.name], ws.datasets[second.name]
    equal(tuple(d.dataset_id for d in found), ids)
    equal(tuple(d.dataset_id for d in (first, second)), ids)
    equal(found[1].read_as_binary(), b"1\n")


@row("S-099")
def examples_are_not_updated():
    for dataset in workspace().example_datasets:
        assert not hasattr(dataset, "update_from_dataframe")
        assert not hasattr(dataset, "update_from_raw_data")
    assert hasattr(workspace().user_datasets[0], "update_from_dataframe")


@row("S-101")
def an_old_snapshot_reads_its_own_version():
    ws = workspace()
    dataset = added(ws)
    old = ws.datasets[dataset.name]
    data = old.read_as_binary()
    dataset.update_from_dataframe(OTHER, name=fresh("renamed"))
    equal(old.read_as_binary(), data)
    equal(dataset.read_as_binary(), OTHER_CSV)


@row("S-102")
def a_frame_for_arff_needs_a_type():
    ws = workspace()
    dataset = add_raw(ws, b"@relation x\n@attribute a numeric\n@data\n1\n", "ARFF")
    before = dataset.dataset_id
    raises(UnsupportedDatasetTypeError, lambda: dataset.update_from_dataframe(OTHER), "ARFF")
    equal(ws.datasets[dataset.name].dataset_id, before)
    dataset.update_from_dataframe(OTHER, "GenericCSV")
    equal(described(ws.datasets[dataset.name])[1:3], ("GenericCSV", "a test dataset"))


main()
