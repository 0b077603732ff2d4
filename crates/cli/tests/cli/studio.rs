//! `azml studio ...` and `azml doctor` against an emulator.

use std::process::Stdio;

use crate::running::Lab;
use crate::support::finish;

const IRIS_HEAD: &str = "\
sepal_length_cm,sepal_width_cm,petal_length_cm,petal_width_cm,species
5.1,3.5,1.4,0.2,setosa
4.9,3.0,1.4,0.2,setosa
";

#[test]
fn datasets_are_listed_in_every_format() {
    let lab = Lab::start();
    let table = lab.studio("datasets list").success().stdout;
    assert!(table.starts_with("NAME "), "{table}");
    assert!(table.contains("\nAirport Codes Dataset "), "{table}");
    let csv = lab
        .studio("datasets list --scope user --output csv")
        .success()
        .stdout;
    let names: Vec<_> = csv
        .lines()
        .map(|line| line.split(',').next().unwrap_or(""))
        .collect();
    assert_eq!(names, ["name", "iris", "anes96"]);
    let json = lab
        .studio("datasets list --scope examples --output json")
        .success()
        .stdout;
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let all = json.as_array().expect("an array");
    assert!(all.len() > 5 && all.iter().all(|dataset| dataset["example"] == true));
    lab.studio("datasets list --output parquet=x")
        .exit(2)
        .says(&["table, json or csv"]);
}

#[test]
fn a_dataset_is_shown_without_its_signature() {
    let lab = Lab::start();
    let shown = lab
        .studio("datasets show iris --output json")
        .success()
        .stdout;
    let shown: serde_json::Value = serde_json::from_str(&shown).expect("JSON");
    assert_eq!(shown["type"], "GenericCSV");
    assert_eq!(shown["size"], 3870);
    assert!(!shown.to_string().contains("sig="), "{shown}");
    let by_index = lab
        .studio("datasets show --index 1 --output json")
        .success()
        .stdout;
    assert!(by_index.contains("\"name\": \"anes96\""), "{by_index}");
    lab.studio("datasets show --index -1").success();
    lab.studio("datasets show Iris")
        .exit(1)
        .says(&["`Iris`", "hint: names are compared exactly"]);
    lab.studio("datasets show").exit(2);
}

#[test]
fn frames_are_read_in_every_format() {
    let lab = Lab::start();
    let csv = lab
        .studio("datasets read iris --head 2 --output csv")
        .success()
        .stdout;
    assert_eq!(csv, IRIS_HEAD);
    let json = lab
        .studio("datasets read iris --head 1 --output json")
        .success()
        .stdout;
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json[0]["petal_length_cm"], 1.4);
    let table = lab.studio("datasets read iris --head 2").success().stdout;
    assert!(
        table.ends_with("2 rows, 5 columns: float64, float64, float64, float64, text\n"),
        "{table}"
    );
    let table = lab.studio("datasets read iris").success().stdout;
    assert!(table.contains("... 100 more rows\n\n150 rows"), "{table}");

    lab.studio("datasets read iris --output parquet=iris.parquet")
        .success()
        .says(&["wrote 150 rows to iris.parquet"]);
    lab.studio("datasets add back iris.parquet --type GenericTSV")
        .success();
    let back = lab
        .studio("datasets read back --output csv")
        .success()
        .stdout;
    let all = lab
        .studio("datasets read iris --output csv")
        .success()
        .stdout;
    assert_eq!(back, all);
    lab.user
        .azml(&[
            "studio",
            "datasets",
            "read",
            "Breast cancer data",
            "--head",
            "1",
        ])
        .exit(1)
        .says(&["ARFF"]);
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    let lab = Lab::start();
    let mut command = lab
        .user
        .command(["studio", "datasets", "read", "anes96", "--output", "csv"]);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    drop(child.stdout.take());
    let done = child.wait_with_output().expect("our child");
    assert_eq!(done.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&done.stderr), "");
}

#[test]
fn histograms_are_drawn_saved_and_counted() {
    let lab = Lab::start();
    let drawn = lab
        .studio("datasets read anes96 --histogram age --save age.svg")
        .success()
        .stdout;
    assert!(
        drawn.starts_with("age: 944 values, 0 missing, min 19, "),
        "{drawn}"
    );
    assert!(drawn.contains(" │██"), "{drawn}");
    let svg = std::fs::read_to_string(lab.user.path("age.svg")).expect("saved");
    assert!(svg.contains("<title>Distribution of age</title>"));
    let json = lab
        .studio("datasets read anes96 --histogram age --bins 4 --output json")
        .success()
        .stdout;
    let bars: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let bars = bars.as_array().expect("an array");
    assert!(bars.len() <= 4, "{json}");
    let total: u64 = bars.iter().filter_map(|bar| bar["count"].as_u64()).sum();
    assert_eq!(total, 944);
    let csv = lab
        .studio("datasets read iris --histogram species --output csv")
        .success()
        .stdout;
    assert_eq!(csv, "value,count\nsetosa,50\nversicolor,50\nvirginica,50\n");
    lab.studio("datasets read iris --histogram petal")
        .exit(1)
        .says(&["`petal`", "petal_length_cm"]);
}

#[test]
fn datasets_are_added_updated_and_deleted() {
    let lab = Lab::start();
    std::fs::write(lab.user.path("a.csv"), "x,y\n1,2\n").expect("written");
    std::fs::write(lab.user.path("b.tsv"), "x\ty\n3\t4\n").expect("written");
    lab.studio("datasets add mine a.csv").success();
    lab.studio("datasets add mine a.csv").exit(1).says(&[
        "mine",
        "HTTP 409",
        "hint: choose another name",
    ]);
    lab.studio("datasets add mine:2 a.csv")
        .exit(1)
        .says(&["forbidden characters"]);
    std::fs::write(lab.user.path("a.weird"), "x").expect("written");
    lab.studio("datasets add other a.weird")
        .exit(2)
        .says(&["--type"]);
    lab.studio("datasets add other missing.csv")
        .exit(1)
        .says(&["missing.csv"]);

    lab.studio("datasets update mine b.tsv --type GenericTSV --name ours --description new")
        .success();
    lab.studio("datasets read mine").exit(1);
    let csv = lab
        .studio("datasets read ours --output csv")
        .success()
        .stdout;
    assert_eq!(csv, "x,y\n3,4\n");
    let shown = lab.studio("datasets show ours").success().stdout;
    assert!(shown.contains("new") && shown.contains("b.tsv"), "{shown}");
    lab.user
        .azml(&[
            "studio",
            "datasets",
            "update",
            "Airport Codes Dataset",
            "a.csv",
        ])
        .exit(1)
        .says(&["example"]);

    lab.user
        .azml_with_input(
            &[
                "studio",
                "datasets",
                "add",
                "piped",
                "-",
                "--type",
                "PlainText",
            ],
            "one\ntwo\n",
        )
        .success();
    assert_eq!(
        lab.studio("datasets download piped --to -")
            .success()
            .stdout,
        "one\ntwo\n"
    );

    lab.studio("datasets delete ours").exit(2).says(&["--yes"]);
    lab.studio("datasets delete ours --yes").success();
    lab.studio("datasets delete ours --yes").exit(1);
}

#[test]
fn downloads_are_the_bytes_and_overwrite_only_when_told() {
    let lab = Lab::start();
    lab.studio("datasets download iris")
        .success()
        .says(&["3870 bytes to iris.csv"]);
    let bytes = std::fs::read(lab.user.path("iris.csv")).expect("there");
    assert_eq!(bytes.len(), 3870);
    lab.studio("datasets download iris")
        .exit(1)
        .says(&["--overwrite"]);
    std::fs::write(lab.user.path("iris.csv"), "mine").expect("written");
    lab.studio("datasets download iris --overwrite").success();
    assert_eq!(
        std::fs::read(lab.user.path("iris.csv")).expect("there"),
        bytes
    );
}

#[test]
fn experiments_run_and_their_outputs_are_read() {
    let lab = Lab::start();
    let created = lab
        .studio("experiments create sample --dataset anes96 --split 0.25 --seed 7 --convert csv --output json")
        .success()
        .stdout;
    let created: serde_json::Value = serde_json::from_str(&created).expect("JSON");
    assert_eq!(created["status"], "InDraft");
    let id = created["id"].as_str().expect("an id").to_owned();
    let outputs = lab
        .studio(&format!("experiments run {id} --output json"))
        .success()
        .stdout;
    let outputs: serde_json::Value = serde_json::from_str(&outputs).expect("JSON");
    let converted: Vec<_> = outputs
        .as_array()
        .expect("an array")
        .iter()
        .filter(|output| output["type"] == "GenericCSV")
        .collect();
    assert_eq!(converted.len(), 2, "{outputs}");
    let mut rows = Vec::new();
    for output in &converted {
        let (node, port) = (output["node"].as_str(), output["port"].as_str());
        let read = [
            "studio",
            "experiments",
            "read",
            &id,
            node.expect("a node"),
            port.expect("a port"),
        ];
        let csv = lab
            .user
            .azml(&[&read[..], &["--output", "csv"]].concat())
            .success()
            .stdout;
        rows.push(csv.lines().count() - 1);
    }
    assert_eq!(rows, [236, 708]);
    let shown = lab
        .studio(&format!("experiments show {id}"))
        .success()
        .stdout;
    assert!(shown.contains("Finished"), "{shown}");
    let node = converted[0]["node"].as_str().expect("a node");
    lab.user
        .azml(&[
            "studio",
            "datasets",
            "promote",
            &id,
            node,
            "Results dataset",
            "a quarter",
        ])
        .success();
    lab.user
        .azml(&["studio", "datasets", "read", "a quarter"])
        .success();
    lab.studio(&format!("experiments delete {id} --yes"))
        .success();
    lab.studio(&format!("experiments show {id}")).exit(1);
    lab.studio("experiments create sample --dataset iris")
        .exit(2)
        .says(&["--split"]);
    lab.studio("experiments create sample --dataset iris --split 1.5")
        .exit(1)
        .says(&["fraction"]);
}

#[test]
fn code_is_for_owners_and_for_types_that_can_be_read() {
    let lab = Lab::start();
    let code = lab
        .studio("datasets snippet iris")
        .success()
        .says(&["full access"])
        .stdout;
    assert!(
        code.starts_with("from azureml import Workspace\n"),
        "{code}"
    );
    assert!(code.contains(lab.name("AZML_STUDIO_TOKEN")), "{code}");
    let code = lab
        .studio("datasets snippet iris --language rust")
        .success()
        .stdout;
    assert!(code.contains(".datasets().get(\"iris\")"), "{code}");
    lab.user
        .azml(&["studio", "datasets", "snippet", "Weather Dataset"])
        .exit(1)
        .says(&["Convert to CSV"]);
    lab.studio("datasets snippet iris --user dev@azml.localhost")
        .success();
    lab.studio("datasets snippet iris --user stranger@example.com")
        .exit(1)
        .says(&["stranger@example.com"])
        .hides(lab.name("AZML_STUDIO_TOKEN"));
}

#[test]
fn a_regenerated_token_takes_the_place_of_the_old() {
    let lab = Lab::start();
    let old = lab.name("AZML_STUDIO_TOKEN").to_owned();
    assert_eq!(
        lab.studio("tokens show --which primary")
            .success()
            .stdout
            .trim_end(),
        old
    );
    let new = lab.studio("tokens regenerate primary").success().stdout;
    assert_ne!(new.trim_end(), old);
    // The profile has the new one.
    lab.studio("datasets list").success();
    std::fs::write(lab.user.path("old"), &old).expect("written");
    lab.studio("--token-file old datasets list")
        .exit(1)
        .says(&["HTTP 401", "hint: "])
        .hides(&old);
    std::fs::write(
        lab.user.path("second"),
        lab.name("AZML_STUDIO_SECONDARY_TOKEN"),
    )
    .expect("written");
    lab.studio("--token-file second datasets list").success();

    let command = lab.name("AZML_STUDIO_REGENERATE_CMD");
    let done = finish(std::process::Command::new("sh").args(["-c", command])).success();
    let newest = done.stdout.trim_end();
    assert!(
        newest.len() >= 32 && !newest.contains(char::is_whitespace),
        "{newest}"
    );
    lab.user
        .azml_with_input(&["studio", "--token-stdin", "datasets", "list"], newest)
        .success();
    lab.studio("datasets list").exit(1);
}

#[test]
fn people_and_workspace_are_shown_without_tokens() {
    let lab = Lab::start();
    let people = lab.studio("users --output csv").success().stdout;
    assert!(people.contains("dev@azml.localhost"), "{people}");
    lab.studio("workspace show")
        .success()
        .hides(lab.name("AZML_STUDIO_TOKEN"));
}

#[test]
fn flag_goes_before_environment_before_profile_before_file() {
    let lab = Lab::start();
    let list = |more: &[&str], variables: &[(&str, &str)]| {
        let mut command = lab
            .user
            .command([&["studio", "datasets", "list"], more].concat());
        finish(command.envs(variables.iter().copied()))
    };
    // The file's values are wrong: whoever reads it first fails.
    std::fs::create_dir(lab.user.path(".azureml")).expect("made");
    let wrong = r#"{"workspace": {"id": "x", "authorization_token": "x", "api_endpoint": "http://127.0.0.1:9"}}"#;
    std::fs::write(lab.user.path(".azureml/settings.json"), wrong).expect("written");
    list(&[], &[]).success();
    list(&[], &[("AZML_STUDIO_TOKEN", "wrong-token")])
        .exit(1)
        .hides("wrong-token");
    list(
        &["--token-file", "good"],
        &[("AZML_STUDIO_TOKEN", "wrong-token")],
    )
    .exit(1);
    std::fs::write(lab.user.path("good"), lab.name("AZML_STUDIO_TOKEN")).expect("written");
    list(
        &["--token-file", "good"],
        &[("AZML_STUDIO_TOKEN", "wrong-token")],
    )
    .success();
    list(&["--endpoint", "http://127.0.0.1:9"], &[])
        .exit(1)
        .says(&["hint: "]);
    // Without profile and environment the file is what is left.
    lab.user.azml(&["profile", "remove", "lab"]).success();
    list(&[], &[]).exit(1).says(&["127.0.0.1:9"]);
    std::fs::remove_dir_all(lab.user.path(".azureml")).expect("removed");
    list(&[], &[])
        .exit(1)
        .says(&["no workspace id is configured", "azml emulator start"]);
}

#[test]
fn no_log_shows_a_secret() {
    let lab = Lab::start();
    std::fs::write(lab.user.path("a.csv"), "x,y\n1,2\n").expect("written");
    let secrets: Vec<_> = lab
        .names
        .iter()
        .filter(|(name, _)| {
            ["_TOKEN", "_SECRET", "_PASSWORD", "_KEY"]
                .iter()
                .any(|end| name.ends_with(end))
        })
        .map(|(_, value)| value.clone())
        .collect();
    assert!(secrets.len() >= 2);
    for words in [
        "datasets list",
        "datasets read iris --head 1",
        "datasets download iris --to -",
        "datasets add logged a.csv",
        "datasets update logged a.csv",
        "workspace show",
        "datasets read missing",
    ] {
        let mut command = lab.user.command(["studio", "-vvv"]);
        command.args(words.split(' ')).env("AZML_LOG", "trace");
        let done = finish(&mut command);
        assert!(
            done.stderr.contains("TRACE") || done.stderr.contains("DEBUG"),
            "{words}: no log"
        );
        let mut log = done.stderr.as_str();
        while let Some((_, rest)) = log.split_once("sig=") {
            assert!(
                rest.starts_with("REDACTED"),
                "{words}: {}",
                &rest[..rest.len().min(60)]
            );
            log = rest;
        }
        for secret in &secrets {
            assert!(
                !done.stderr.contains(secret),
                "{words} logged {secret}:\n{}",
                done.stderr
            );
        }
    }
}

#[test]
fn the_doctor_finds_what_is_wrong() {
    let lab = Lab::start();
    let healthy = lab
        .user
        .azml(&["doctor", "--output", "csv"])
        .success()
        .stdout;
    for check in [
        "certificates,ok",
        "Studio endpoint,ok",
        "clock,ok",
        "Studio credential,ok",
        "https,ok",
    ] {
        assert!(healthy.contains(check), "no `{check}` in {healthy}");
    }
    let doctor = |variables: &[(&str, &str)]| {
        finish(lab.user.command(["doctor"]).envs(variables.iter().copied()))
            .exit(1)
            .stdout
    };
    let found = doctor(&[("AZML_STUDIO_TOKEN", "wrong-token")]);
    assert!(
        found.contains("wrong    Studio credential") && found.contains("fix: check"),
        "{found}"
    );
    let found = doctor(&[("AZML_STUDIO_ENDPOINT", "http://127.0.0.1:9")]);
    assert!(found.contains("fix: start the emulator"), "{found}");
    let found = doctor(&[("AZML_CA_BUNDLE", "/nowhere/ca.pem")]);
    assert!(found.contains("wrong    certificates"), "{found}");
    // The system does not know the emulator's authority.
    let others = std::path::Path::new("/etc/ssl/certs/ca-certificates.crt");
    if others.exists() {
        let found = doctor(&[("AZML_CA_BUNDLE", "/etc/ssl/certs/ca-certificates.crt")]);
        assert!(
            found.contains("wrong    https") && found.contains("azml emulator ca"),
            "{found}"
        );
    }
}

#[test]
fn unmodified_clients_find_their_settings_file() {
    let lab = Lab::start();
    let script = "import json, os\n\
        print(json.load(open(os.path.expanduser('~/.azureml/settings.json')))['workspace']['id'])";
    let mut command = lab.user.command([
        "emulator",
        "exec",
        "--env-file",
        "lab.env",
        "--",
        "python3",
        "-c",
        script,
    ]);
    let done = finish(&mut command).success();
    assert_eq!(done.stdout.trim_end(), lab.name("AZML_STUDIO_WORKSPACE"));
    assert!(!lab.user.path(".azureml").exists());
}
