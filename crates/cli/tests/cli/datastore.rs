//! `azml workspace ...` and `azml datastore ...` against an emulator.

use crate::running::Lab;
use crate::support::Done;

/// Runs the command, its words separated by blanks.
fn azml(lab: &Lab, words: &str) -> Done {
    let arguments: Vec<_> = words.split(' ').collect();
    lab.user.azml(&arguments)
}

fn write(lab: &Lab, name: &str, content: &str) {
    let path = lab.user.path(name);
    std::fs::create_dir_all(path.parent().expect("a file has a folder")).expect("made");
    std::fs::write(path, content).expect("written");
}

fn json(done: Done) -> serde_json::Value {
    serde_json::from_str(&done.success().stdout).expect("JSON")
}

#[test]
fn directories_go_up_and_come_back() {
    let lab = Lab::start();
    for (kind, name) in [("blob", "photos"), ("file", "docs")] {
        let register = format!(
            "datastore register {kind} {name} --account devstoreaccount1 --container {name} --create"
        );
        azml(&lab, &register)
            .success()
            .hides(lab.name("AZML_ACCOUNT_KEY"));
        azml(&lab, &register)
            .exit(1)
            .says(&[name, "exists", "hint: "]);
        write(&lab, "images/a.txt", "one\n");
        write(&lab, "images/sub/b.txt", "two\n");
        let upload = format!("datastore upload {name} images --to train --output json");
        let report = json(azml(&lab, &upload));
        assert_eq!(
            (&report["transferred"], &report["skipped"]),
            (&2.into(), &0.into())
        );
        let report = json(azml(&lab, &format!("{upload} --resume")));
        assert_eq!(
            (&report["transferred"], &report["skipped"]),
            (&0.into(), &2.into())
        );

        let listed = azml(&lab, &format!("datastore ls {name} train/ --output csv"));
        let listed = listed.success().stdout;
        assert!(
            listed.starts_with("name,bytes,modified\ntrain/a.txt,4,"),
            "{listed}"
        );
        let printed = azml(&lab, &format!("datastore cat {name} train/sub/b.txt"));
        assert_eq!(printed.success().stdout, "two\n");

        let download = format!("datastore download {name} copy-{name} --prefix train");
        azml(&lab, &download).success();
        let copied = lab.user.path(&format!("copy-{name}/train/sub/b.txt"));
        assert_eq!(
            std::fs::read_to_string(copied).expect("it is there"),
            "two\n"
        );
        azml(&lab, &format!("datastore rm {name} train/a.txt")).success();
        azml(&lab, &format!("datastore rm {name} train/a.txt"))
            .exit(1)
            .says(&["train/a.txt", "azml datastore ls"]);
    }
}

#[test]
fn registrations_are_shown_without_their_secrets() {
    let lab = Lab::start();
    let key = lab.name("AZML_ACCOUNT_KEY").to_owned();
    write(&lab, "secret.txt", "open sesame\n");
    azml(
        &lab,
        "datastore register sql sales --server srv --database db --user me \
         --password-file secret.txt --skip-validation",
    )
    .success()
    .hides("sesame");
    let all = azml(&lab, "datastore list --output json")
        .success()
        .hides(&key);
    let all = json(all);
    let names: Vec<_> = all
        .as_array()
        .expect("an array")
        .iter()
        .filter_map(|datastore| datastore["name"].as_str())
        .collect();
    assert!(
        names.contains(&"sales") && names.contains(&"workspacefilestore"),
        "{names:?}"
    );
    let default = json(azml(&lab, "datastore default --output json").hides(&key));
    assert_eq!(default["name"], "workspaceblobstore");
    azml(&lab, "datastore default workspacefilestore").success();
    let default = json(azml(&lab, "datastore default --output json"));
    assert_eq!(default["name"], "workspacefilestore");
    azml(&lab, "datastore ls sales")
        .exit(1)
        .says(&["AzureSqlDatabase"]);
    azml(&lab, "datastore unregister sales").success();
    azml(&lab, "datastore show sales")
        .exit(1)
        .says(&["sales", "hint: "]);
    azml(&lab, "datastore sas workspaceblobstore --hours 1")
        .success()
        .hides(&key);
}

#[test]
fn workspaces_are_made_listed_and_found_by_their_file() {
    let lab = Lab::start();
    azml(
        &lab,
        "workspace create --workspace second --location westeurope",
    )
    .success();
    azml(
        &lab,
        "workspace create --workspace second --location westeurope",
    )
    .exit(1)
    .says(&["second", "already"]);
    azml(
        &lab,
        "workspace create --workspace second --location westeurope --exist-ok",
    )
    .success();
    let all = json(azml(&lab, "workspace list --output json"));
    assert_eq!(all.as_array().expect("an array").len(), 2);
    let shown = json(azml(
        &lab,
        "workspace show --workspace second --output json",
    ));
    assert_eq!(shown["location"], "westeurope");
    azml(&lab, "workspace write-config --workspace second").success();
    let written = std::fs::read_to_string(lab.user.path(".azureml/config.json"));
    assert!(written.expect("it is there").contains("second"));
    azml(&lab, "workspace show --workspace no_such_one")
        .exit(1)
        .says(&["HTTP 404"]);
}
