//! What azureml-train-core 1.62 and azureml-core 1.61 make of the same descriptions; the
//! texts were written by `tests/interop/datastore/configurations.py`.

use super::*;

fn golden(name: &str) -> String {
    let path = format!("{}/tests/golden/{name}.json", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}

/// Byte for byte: the files have their keys in order, as our values have.
fn same(name: &str, run: Result<Submission>) {
    let text = format!("{:#}\n", run.unwrap().configuration.to_json());
    assert_eq!(text, golden(name), "{name}");
}

fn whole(name: &str) -> DataReference {
    DataReference::new(name, None)
}

fn estimator() -> Estimator {
    Estimator::new("./code", "cpu-cluster").entry_script("train.py")
}

/// The article's first example.
#[test]
fn data_among_the_parameters() {
    let run = estimator()
        .script_param("--data_dir", whole("photos").as_mount())
        .conda_packages(["scikit-learn"]);
    same("script_params", run.resolve());
}

/// The article's second example.
#[test]
fn three_inputs() {
    let models = whole("models");
    let run = estimator().inputs([
        whole("photos").as_download().on_compute("in"),
        models.path("base").named("base").as_download(),
        models
            .path("out")
            .named("result")
            .as_upload()
            .on_compute("out"),
    ]);
    same("three_inputs", run.resolve());
}

#[test]
fn every_option() {
    let run = estimator()
        .script_param("--a", 1)
        .script_param("--f", "")
        .script_param("--n", ())
        .script_param("--x", 0.5)
        .script_param("--list", vec![1, 2])
        .script_param("--d", whole("photos"))
        .pip_packages(["numpy==1.26.4"])
        .use_gpu()
        .environment_variable("A", "b")
        .shm_size("4g")
        .max_run_duration_seconds(60)
        .vm_size("STANDARD_D2")
        .vm_priority("lowpriority")
        .source_directory_data_store("models")
        .resume_from(DataPath::new("models", "ckpt"));
    same("options", run.resolve());
    let run = estimator().user_managed().without_docker();
    same("user_managed", run.resolve());
    let run = estimator().custom_docker_image("me/img").mpi(2);
    same("mpi", run.resolve());
}

#[test]
fn scripts_and_commands() {
    let run = ScriptRunConfig::script("./code", "train.py")
        .compute_target("cpu-cluster")
        .argument("--data")
        .argument(whole("photos"))
        .argument(3);
    same("script_run_config", run.resolve());
    let run = ScriptRunConfig::command("./code", "echo hi && ls");
    same("command", run.resolve());
}

#[test]
fn what_excludes_each_other_is_refused() {
    let refused = [
        Estimator::new(".", "").entry_script("a.py"),
        estimator().node_count(0),
        estimator().node_count(2),
        estimator().mpi(0),
        estimator().user_managed().pip_packages(["x"]),
        estimator().without_docker().custom_docker_image("x"),
        estimator().environment_definition(json!({})).use_gpu(),
        estimator().inputs([whole("a").as_download(), whole("a").as_upload()]),
    ];
    for (index, run) in refused.into_iter().enumerate() {
        assert!(matches!(run.resolve(), Err(Error::Usage(_))), "{index}");
    }
    let twice = estimator().inputs([whole("a"), whole("a")]).resolve();
    let references = twice.unwrap().configuration.references().unwrap();
    assert_eq!(references.len(), 1);
    let nothing = ScriptRunConfig::configured(".", RunConfiguration::default());
    assert!(nothing.resolve().is_err());
}

#[test]
fn later_parameters_take_the_place_of_earlier_ones() {
    let run = estimator()
        .script_param("--a", 1)
        .script_param("--b", 2)
        .script_param("--a", "x");
    let arguments = run.resolve().unwrap().configuration.arguments();
    assert_eq!(arguments, ["--a", "x", "--b", "2"]);
}
