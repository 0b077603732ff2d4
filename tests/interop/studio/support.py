"""What the azureml scripts share: the workspace they are pointed at, and names that do not clash."""

import itertools
import os
import tempfile

import pandas as pd
from azureml import Workspace

ENDPOINT = os.environ["AZML_STUDIO_ENDPOINT"]
WORKSPACE = os.environ["AZML_STUDIO_WORKSPACE"]
TOKEN = os.environ["AZML_STUDIO_TOKEN"]
SECONDARY_TOKEN = os.environ["AZML_STUDIO_SECONDARY_TOKEN"]

EXPERIMENT = WORKSPACE + ".f-id.22222222222222222222222222222222"
NODE = "5c457225-68e3-4b60-9e3a-bc55f9f029a4-565"
PORT = "Results dataset"

# `azml emulator exec` leads this client to the emulator by a settings file in the home directory,
# which wins over arguments. These tests are about arguments, so they start from an empty home.
EXEC_HOME = os.environ["HOME"]
_empty = tempfile.TemporaryDirectory()
os.environ["HOME"] = _empty.name

_numbers = itertools.count(1)


def workspace(token=TOKEN, endpoint=ENDPOINT):
    """The seeded workspace, given by arguments."""
    return Workspace(WORKSPACE, token, endpoint)


def fresh(prefix="row"):
    """A dataset name that nothing else in this run uses."""
    return f"{prefix} {os.getpid()}-{next(_numbers)}"


def frame():
    """A small frame with a gap."""
    return pd.DataFrame({"a": [1.0, 5.1], "b": [2.0, 10.1], "c": [None, 20.1]})


FRAME_CSV = b"a,b,c\n1.0,2.0,\n5.1,10.1,20.1\n"


def add_raw(ws, data, data_type_id, name=None):
    """Uploads bytes under a name of their own and returns the dataset."""
    return ws.datasets.add_from_raw_data(data, data_type_id, name or fresh(), "a test dataset")


def read(ws, data, data_type_id):
    """The frame that the client makes of these bytes after a way through the service."""
    return add_raw(ws, data, data_type_id).to_dataframe()


class home:
    """Runs a block with another home directory: a given one, or a new one with settings files."""

    def __init__(self, folder=None, **files):
        self.folder, self.files = folder, files

    def __enter__(self):
        self.before = os.environ["HOME"]
        if self.folder is None:
            self.temporary = tempfile.TemporaryDirectory()
            self.folder = self.temporary.name
            os.mkdir(os.path.join(self.folder, ".azureml"))
        for kind, text in self.files.items():
            with open(os.path.join(self.folder, ".azureml", f"settings.{kind}"), "w") as file:
                file.write(text)
        os.environ["HOME"] = self.folder

    def __exit__(self, *_):
        os.environ["HOME"] = self.before
