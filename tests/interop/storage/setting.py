"""What the storage scripts share: the account's name and key, and unlike bytes."""

import os
from datetime import datetime, timedelta, timezone

ACCOUNT = os.environ["AZML_ACCOUNT"]
KEY = os.environ["AZML_ACCOUNT_KEY"]
BLOB = os.environ["AZML_BLOB_ENDPOINT"]
FILE = os.environ["AZML_FILE_ENDPOINT"]
DFS = os.environ["AZML_DFS_ENDPOINT"]

# Names that break one escaping or another.
ODD = "dir/n\u00e4 me+%&<>'\".txt"


def hours(count):
    """The time so many hours from now."""
    return datetime.now(timezone.utc) + timedelta(hours=count)


def code(action):
    """The error code that the action is refused with."""
    from azure.core.exceptions import HttpResponseError

    try:
        action()
    except HttpResponseError as error:
        return error.error_code.value if hasattr(error.error_code, "value") else error.error_code
    raise AssertionError("nothing was raised")
