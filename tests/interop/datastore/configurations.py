"""What the original clients make of described runs, compared byte for byte with the texts that
our own descriptions are held to. With `write`, writes the texts instead."""

import json
import logging
import os
import sys
import tempfile
import warnings

warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)

from azureml._execution._commands import _serialize_run_config_to_dict
from azureml.core import ScriptRunConfig
from azureml.core.script_run_config import get_run_config_from_script_run
from azureml.data.azure_storage_datastore import AzureBlobDatastore
from azureml.data.datapath import DataPath
from azureml.train.estimator import Estimator
from rows import equal, main, row

GOLDEN = os.environ["AZML_TEST_GOLDEN"]
CODE = tempfile.mkdtemp()
with open(os.path.join(CODE, "train.py"), "w") as script:
    script.write("print(1)\n")


def datastore(name):
    return AzureBlobDatastore(None, name, "raw", "acct", account_key="QUJD")


photos, models = datastore("photos"), datastore("models")


def estimator(**options):
    return Estimator(
        source_directory=CODE, compute_target="cpu-cluster", entry_script="train.py", **options
    )


def check(name, described):
    if isinstance(described, Estimator):
        described = described._get_script_run_config()
    made = _serialize_run_config_to_dict(get_run_config_from_script_run(described))
    text = json.dumps(made, indent=2, sort_keys=True) + "\n"
    path = os.path.join(GOLDEN, f"{name}.json")
    if "write" in sys.argv:
        with open(path, "w") as file:
            file.write(text)
    with open(path) as file:
        equal(text, file.read())


@row("RC-01")
def data_among_the_parameters_of_an_estimator():
    check(
        "script_params",
        estimator(
            script_params={"--data_dir": photos.as_mount()}, conda_packages=["scikit-learn"]
        ),
    )


@row("RC-02")
def three_inputs_of_an_estimator():
    base = models.path("base", data_reference_name="base")
    result = models.path("out", data_reference_name="result")
    inputs = [
        photos.as_download(path_on_compute="in"),
        base.as_download(),
        result.as_upload(path_on_compute="out"),
    ]
    check("three_inputs", estimator(inputs=inputs))


@row("RC-03")
def every_option_of_an_estimator():
    parameters = {
        "--a": 1,
        "--f": "",
        "--n": None,
        "--x": 0.5,
        "--list": [1, 2],
        "--d": photos,
    }
    options = estimator(
        script_params=parameters,
        pip_packages=["numpy==1.26.4"],
        use_gpu=True,
        environment_variables={"A": "b"},
        shm_size="4g",
        max_run_duration_seconds=60,
        vm_size="STANDARD_D2",
        vm_priority="lowpriority",
        source_directory_data_store=models,
        resume_from=DataPath(models, "ckpt"),
    )
    check("options", options)
    check("user_managed", estimator(user_managed=True, use_docker=False))
    mpi = {"process_count_per_node": 2, "distributed_backend": "mpi"}
    check("mpi", estimator(custom_docker_image="me/img", **mpi))


@row("RC-04")
def scripts_and_commands():
    arguments = ["--data", str(photos.as_mount()), 3]
    script = ScriptRunConfig(CODE, "train.py", arguments, compute_target="cpu-cluster")
    script.run_config.data_references = {"photos": photos.as_mount().to_config()}
    check("script_run_config", script)
    check("command", ScriptRunConfig(CODE, command="echo hi && ls", compute_target="local"))


main()
