"""Workspace, configuration, headers and tokens: S-001 to S-013."""

import json

from azureml import AzureMLHttpError, Workspace
from azureml.errors import AzureMLUnauthorizedError
from relay import Relay
from rows import equal, main, raises, row
from support import (
    ENDPOINT,
    EXEC_HOME,
    SECONDARY_TOKEN,
    TOKEN,
    WORKSPACE,
    add_raw,
    home,
    workspace,
)

INI = """[workspace]
id=ini-id
authorization_token=ini-token
api_endpoint=http://127.0.0.1:1/ini
management_endpoint=http://127.0.0.1:1/ini-management
"""
JSON = json.dumps(
    {
        "workspace": {
            "id": "json-id",
            "authorization_token": "json-token",
            "api_endpoint": "http://127.0.0.1:1/json",
            "management_endpoint": "http://127.0.0.1:1/json-management",
        }
    }
)


@row("S-001")
def explicit_arguments_make_no_request():
    with Relay(ENDPOINT) as relay:
        ws = workspace(endpoint=relay.endpoint)
        equal(relay.requests, [])
        equal(ws.workspace_id, WORKSPACE)
        equal(ws.authorization_token, TOKEN)
        equal(ws.api_endpoint, relay.endpoint)
        len(ws.datasets)
        equal(len(relay.requests), 1)


@row("S-002")
def settings_ini():
    with home(ini=INI):
        ws = Workspace()
    equal(ws.workspace_id, "ini-id")
    equal(ws.authorization_token, "ini-token")
    equal(ws.api_endpoint, "http://127.0.0.1:1/ini")
    equal(ws.management_endpoint, "http://127.0.0.1:1/ini-management")


@row("S-003")
def settings_json_hides_settings_ini():
    with home(ini=INI, json=JSON):
        ws = Workspace()
    equal(ws.workspace_id, "json-id")
    equal(ws.authorization_token, "json-token")
    equal(ws.api_endpoint, "http://127.0.0.1:1/json")
    equal(ws.management_endpoint, "http://127.0.0.1:1/json-management")


@row("S-004")
def settings_json_beats_arguments():
    # A fault of this client; azml lets arguments win (D-03). With settings.ini they win here too.
    with home(json=JSON):
        equal(Workspace("argument", "argument", "http://127.0.0.1:1").workspace_id, "json-id")
    with home(ini=INI):
        equal(Workspace("argument", "argument", "http://127.0.0.1:1").workspace_id, "argument")


@row("S-005")
def empty_id_or_token():
    with home():
        raises(TypeError, lambda: Workspace("", TOKEN, ENDPOINT), "workspace_id")
        raises(TypeError, lambda: Workspace(WORKSPACE, "", ENDPOINT), "authorization_token")


@row("S-006")
def nothing_given():
    with home():
        raises(ValueError, Workspace, "workspace_id")
        raises(ValueError, lambda: Workspace(WORKSPACE), "authorization_token")


@row("S-007")
def default_endpoint():
    with home():
        equal(Workspace(WORKSPACE, TOKEN).api_endpoint, "https://studio.azureml.net")


@row("S-008")
def endpoint_with_and_without_slash_and_prefix():
    assert len(workspace(endpoint=ENDPOINT).datasets) > 0
    assert len(workspace(endpoint=ENDPOINT + "/").datasets) > 0
    with Relay(ENDPOINT, prefix="/prefix") as relay:
        assert len(workspace(endpoint=relay.endpoint + "/").datasets) > 0
        # This client loses the last segment of an endpoint without a slash; azml does not (D-01).
        raises(AzureMLHttpError, lambda: len(workspace(endpoint=relay.endpoint).datasets))


@row("S-009", "S-072")
def headers_on_every_call():
    with Relay(ENDPOINT) as relay:
        ws = workspace(endpoint=relay.endpoint)
        add_raw(ws, b"a\n1\n", "GenericCSV")
        len(ws.datasets)
        len(ws.experiments)
    calls = [request for request in relay.requests if request.path.startswith("/api/")]
    equal([call.method for call in calls], ["POST", "POST", "POST", "GET", "GET", "GET"])
    for call in calls:
        equal(call.headers["x-ms-metaanalytics-authorizationtoken"], TOKEN)
        equal(call.headers["x-ms-client-session-id"], "DefaultSession")
        equal(call.headers["User-Agent"], "pyazureml/0.2.7")
        equal(call.headers["Content-Type"], "application/json;charset=UTF8")
    equal(calls[1].body, b"a\n1\n")


@row("S-010")
def no_token_on_a_download():
    with Relay(ENDPOINT) as relay:
        dataset = workspace(endpoint=relay.endpoint).example_datasets["Airport Codes Dataset"]
        before = len(relay.requests)
        dataset.read_as_binary()
        (download,) = relay.requests[before:]
    assert not download.path.startswith("/api/"), download.path
    assert "x-ms-metaanalytics-authorizationtoken" not in download.headers
    assert TOKEN not in str(download.headers) + download.path


@row("S-011")
def wrong_token():
    ws = workspace(token="0" * 32)
    error = raises(
        AzureMLUnauthorizedError,
        lambda: list(ws.datasets),
        "please check your workspace ID and authorization token",
        "Request ID: ",
    )
    equal(error.status_code, 401)
    raises(AzureMLUnauthorizedError, lambda: list(ws.experiments))
    raises(AzureMLUnauthorizedError, lambda: add_raw(ws, b"a", "PlainText"))
    # Another workspace's existence is not revealed.
    raises(AzureMLUnauthorizedError, lambda: list(Workspace("f" * 32, TOKEN, ENDPOINT).datasets))


@row("S-012")
def secondary_token():
    assert SECONDARY_TOKEN != TOKEN
    equal(
        [d.dataset_id for d in workspace(token=SECONDARY_TOKEN).datasets],
        [d.dataset_id for d in workspace().datasets],
    )


@row("S-180")
def what_exec_sets():
    with home(EXEC_HOME):
        # As the hosted notebooks did: everything comes from the settings in the home directory.
        ws = Workspace()
        equal((ws.workspace_id, ws.authorization_token), (WORKSPACE, TOKEN))
        equal([d.name for d in ws.datasets], [d.name for d in workspace().datasets])
        # A script with the real service written into it is led to the emulator as it is.
        ws = Workspace("f" * 32, "0" * 32, "https://studioapi.azureml.net")
        equal([d.name for d in ws.datasets], [d.name for d in workspace().datasets])


main()
