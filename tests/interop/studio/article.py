"""The article "Access datasets with Python using the Azure Machine Learning Python client
library", step by step and as it is written there: S-180."""

from azureml import DataTypeIds, Workspace
from rows import equal, main, row


@row("article: workspace")
def workspace():
    global ws
    ws = Workspace(
        workspace_id="4c29e1adeba2e5a7cbeb0e4f4adfb4df",
        authorization_token="f4f3ade2c6aefdb1afb043cd8bcf3daf",
    )


@row("article: enumerate")
def enumerate_datasets():
    for datasets in (ws.datasets, ws.user_datasets, ws.example_datasets):
        names = []
        for ds in datasets:
            names.append(ds.name)
        assert names
        equal(len(datasets), len(names))


@row("article: access by name and index")
def access():
    ds = ws.datasets["Airport Codes Dataset"]
    equal(ds.name, "Airport Codes Dataset")
    equal(ws.datasets[0].name, next(iter(ws.datasets)).name)


@row("article: metadata")
def metadata():
    ds = ws.datasets["Airport Codes Dataset"]
    assert ds.name and ds.description is not None and ds.family_id and ds.data_type_id
    assert ds.created_date.year >= 2014 and ds.size > 0 and ds.dataset_id


@row("article: read text, binary and stream")
def read():
    ds = ws.datasets["Airport Codes Dataset"]
    text_data = ds.read_as_text()
    binary_data = ds.read_as_binary()
    equal(text_data.encode("utf-8"), binary_data)
    with ds.open() as file:
        binary_data_chunk = file.read(1000)
    equal(binary_data_chunk, binary_data[:1000])


@row("article: read a frame")
def read_frame():
    global frame
    frame = ws.datasets["Airport Codes Dataset"].to_dataframe()
    equal(list(frame.columns), ["airport_id", "city", "state", "name"])


@row("article: add from a frame")
def add_from_frame():
    global dataset
    dataset = ws.datasets.add_from_dataframe(
        dataframe=frame,
        data_type_id=DataTypeIds.GenericCSV,
        name="my new dataset",
        description="my description",
    )
    assert dataset.to_dataframe().equals(frame)


@row("article: serialize to another type")
def serialize():
    ws.datasets.add_from_dataframe(frame, DataTypeIds.GenericTSV, "as TSV", "my description")
    assert ws.datasets["as TSV"].to_dataframe().equals(frame)


@row("article: add from raw data")
def add_raw():
    raw = frame.to_csv(index=False).encode("utf-8")
    ds = ws.datasets.add_from_raw_data(
        raw_data=raw,
        data_type_id=DataTypeIds.GenericCSV,
        name="my raw dataset",
        description="my description",
    )
    equal(ds.read_as_binary(), raw)


@row("article: update data")
def update_data():
    ds = ws.datasets["my new dataset"]
    ds.update_from_dataframe(frame.head(3))
    equal(len(ws.datasets["my new dataset"].to_dataframe()), 3)


@row("article: update type")
def update_type():
    ds = ws.datasets["my new dataset"]
    ds.update_from_dataframe(dataframe=frame, data_type_id=DataTypeIds.GenericTSV)
    equal(ws.datasets["my new dataset"].data_type_id, "GenericTSV")


@row("article: update description")
def update_description():
    ds = ws.datasets["my new dataset"]
    ds.update_from_dataframe(dataframe=frame, description="data up to Feb 2015")
    equal(ws.datasets["my new dataset"].description, "data up to Feb 2015")


@row("article: update name")
def update_name():
    ds = ws.datasets["my new dataset"]
    ds.update_from_dataframe(
        dataframe=frame,
        name="my new dataset v2",
        description="data up to Feb 2015",
    )
    assert "my new dataset" not in [d.name for d in ws.datasets]
    # The name can be given to another dataset now.
    ws.datasets.add_from_dataframe(frame, DataTypeIds.GenericCSV, "my new dataset", "again")
    equal(ws.datasets["my new dataset v2"].name, "my new dataset v2")


@row("article: intermediate dataset")
def intermediate():
    experiment = ws.experiments[
        "4c29e1adeba2e5a7cbeb0e4f4adfb4df.f-id.22222222222222222222222222222222"
    ]
    ds = experiment.get_intermediate_dataset(
        node_id="5c457225-68e3-4b60-9e3a-bc55f9f029a4-565",
        port_name="Results dataset",
        data_type_id=DataTypeIds.GenericCSV,
    )
    frame = ds.to_dataframe()
    counts = frame["age"].value_counts()
    equal(int(counts.sum()), len(frame))
    with ds.open() as file:
        assert ds.read_as_binary().startswith(file.read(1000))
    equal(ds.read_as_text().encode("utf-8"), ds.read_as_binary())


main()
