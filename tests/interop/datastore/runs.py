"""Runs of azureml-core and azureml-train-core: data goes in and out, logs and artifacts come back,
failures say why, a run is ended. Needs an emulator that may run scripts."""

import json
import logging
import os
import tempfile
import time
import warnings

warnings.simplefilter("ignore")
logging.getLogger("azureml").setLevel(logging.CRITICAL)

from azureml.core import Datastore, Experiment, ScriptRunConfig, Workspace
from azureml.core.authentication import ServicePrincipalAuthentication
from azureml.exceptions import ActivityFailedException
from azureml.train.estimator import Estimator
from rows import equal, main, raises, row

ACCOUNT = os.environ["AZML_ACCOUNT"]
KEY = os.environ["AZML_ACCOUNT_KEY"]

TRAIN = """
import argparse, json, os
parser = argparse.ArgumentParser()
parser.add_argument("--data")
parser.add_argument("--base")
parser.add_argument("--out")
parser.add_argument("--n", type=int, default=0)
args = parser.parse_args()
total = 0
for directory, _, names in os.walk(args.data):
    for name in names:
        with open(os.path.join(directory, name)) as file:
            total += sum(int(line) for line in file)
if args.base:
    with open(os.path.join(args.base, "start.txt")) as file:
        total += int(file.read())
print("total", total, flush=True)
if args.out:
    os.makedirs(args.out, exist_ok=True)
    with open(os.path.join(args.out, "model.json"), "w") as file:
        json.dump({"total": total, "n": args.n}, file)
os.makedirs("outputs", exist_ok=True)
with open("outputs/report.txt", "w") as file:
    file.write(os.environ["AZUREML_RUN_ID"])
"""


def code(text):
    folder = tempfile.mkdtemp()
    with open(os.path.join(folder, "train.py"), "w") as file:
        file.write(text)
    return folder


def register(name):
    return Datastore.register_azure_blob_container(
        ws, name, name, ACCOUNT, account_key=KEY, create_if_not_exists=True, overwrite=True
    )


def put(datastore, files):
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            path = os.path.join(folder, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as file:
                file.write(text)
        datastore.upload(folder, overwrite=True, show_progress=False)


def read(datastore, name):
    with tempfile.TemporaryDirectory() as folder:
        datastore.download(folder, prefix=name, show_progress=False)
        with open(os.path.join(folder, name)) as file:
            return file.read()


def finished(run):
    run.wait_for_completion(show_output=False)
    return run


@row("RN-01")
def prepare():
    global ws, photos, models, experiment
    auth = ServicePrincipalAuthentication(
        tenant_id=os.environ["AZML_TENANT_ID"],
        service_principal_id=os.environ["AZML_CLIENT_ID"],
        service_principal_password=os.environ["AZML_CLIENT_SECRET"],
    )
    ws = Workspace.get(
        name=os.environ["AZML_WORKSPACE"],
        auth=auth,
        subscription_id=os.environ["AZML_SUBSCRIPTION_ID"],
        resource_group=os.environ["AZML_RESOURCE_GROUP"],
    )
    photos, models = register("photos"), register("models")
    put(photos, {"train/a.txt": "1\n2\n", "train/deep/b.txt": "3\n", "training.txt": "100\n"})
    put(models, {"base/start.txt": "10\n"})
    experiment = Experiment(ws, "sums")


@row("RN-02")
def script_run_with_data_in_and_out():
    data = photos.path("train", data_reference_name="train").as_download()
    out = models.path("v1", data_reference_name="out").as_upload(path_on_compute="result")
    config = ScriptRunConfig(
        code(TRAIN),
        "train.py",
        ["--data", str(data), "--out", str(out), "--n", 7],
        compute_target="cpu-cluster",
    )
    config.run_config.data_references = {
        "train": data.to_config(),
        "out": out.to_config(),
    }
    run = finished(experiment.submit(config))
    equal(run.get_status(), "Completed")
    equal(json.loads(read(models, "v1/model.json")), {"total": 6, "n": 7})
    details = run.get_details_with_logs()
    equal(details["logFiles"]["user_logs/std_log.txt"].strip(), "total 6")
    assert "outputs/report.txt" in run.get_file_names(), run.get_file_names()
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "report.txt")
        run.download_file("outputs/report.txt", path)
        with open(path) as file:
            equal(file.read(), run.id)


@row("RN-03")
def estimator_with_data_among_its_parameters():
    run = Estimator(
        source_directory=code(TRAIN),
        script_params={"--data": photos.path("train").as_mount()},
        compute_target="cpu-cluster",
        entry_script="train.py",
    )
    run = finished(experiment.submit(run))
    equal(run.get_status(), "Completed")
    equal(run.get_details_with_logs()["logFiles"]["user_logs/std_log.txt"].strip(), "total 6")
    equal(run.type, "azureml.scriptrun")


@row("RN-04")
def estimator_with_three_inputs():
    text = TRAIN.replace(
        "args = parser.parse_args()",
        "args = parser.parse_args(['--data', 'in/train', '--base',"
        " os.environ['AZUREML_DATAREFERENCE_base'], '--out', 'out'])",
    )
    base = models.path("base", data_reference_name="base")
    result = models.path("v2", data_reference_name="result")
    run = Estimator(
        source_directory=code(text),
        compute_target="cpu-cluster",
        entry_script="train.py",
        inputs=[
            photos.as_download(path_on_compute="in"),
            base.as_download(),
            result.as_upload(path_on_compute="out"),
        ],
    )
    run = finished(experiment.submit(run))
    equal(run.get_status(), "Completed")
    equal(json.loads(read(models, "v2/model.json"))["total"], 16)


@row("RN-05")
def failures_say_why():
    config = ScriptRunConfig(
        code("raise ValueError('broken on purpose')"), "train.py", compute_target="cpu-cluster"
    )
    run = experiment.submit(config)
    raises(ActivityFailedException, run.wait_for_completion, "broken on purpose")
    equal(run.get_status(), "Failed")
    config.run_config.data_references = {
        "absent": photos.path("absent", data_reference_name="absent").as_download().to_config()
    }
    run = experiment.submit(config)
    raises(ActivityFailedException, run.wait_for_completion, "nothing at 'absent'")


@row("RN-06")
def a_run_is_ended():
    config = ScriptRunConfig(
        code("import time\nprint('started', flush=True)\ntime.sleep(600)"),
        "train.py",
        compute_target="cpu-cluster",
    )
    run = experiment.submit(config)
    while run.get_status() != "Running":
        time.sleep(0.2)
    run.cancel()
    deadline = time.time() + 60
    while run.get_status() != "Canceled" and time.time() < deadline:
        time.sleep(0.2)
    equal(run.get_status(), "Canceled")


@row("RN-07")
def an_unchanged_directory_is_sent_once():
    folder = code("import helper\nprint(helper.VALUE)")
    for value in ["1", "2", "2"]:
        with open(os.path.join(folder, "helper.py"), "w") as file:
            file.write(f"VALUE = {value}\n")
        config = ScriptRunConfig(folder, "train.py", compute_target="cpu-cluster")
        run = finished(experiment.submit(config))
        log = run.get_details_with_logs()["logFiles"]["user_logs/std_log.txt"]
        equal(log.strip(), value)


@row("RN-08")
def runs_are_listed():
    runs = list(experiment.get_runs())
    equal(len(runs), 9)
    equal(runs[0].get_status(), "Completed")
    equal(sorted(run.number for run in runs), list(range(1, 10)))


main()
