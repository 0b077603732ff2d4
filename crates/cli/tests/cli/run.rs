//! `azml run`: a script with its data, on this machine.

use crate::running::Lab;

/// The article's shape by hand: register, upload, run, look at what it left.
#[test]
fn a_run_gets_its_data_and_leaves_its_result() {
    let lab = Lab::start();
    let user = &lab.user;
    let azml = |arguments: &[&str]| user.azml(arguments);
    std::fs::create_dir(user.path("data")).expect("made");
    std::fs::write(user.path("data/a.txt"), "1\n2\n").expect("written");
    let script = "import os, sys\n\
        total = sum(int(line) for line in open(sys.argv[1] + '/a.txt'))\n\
        print('total', total)\n\
        os.makedirs('result')\n\
        open('result/total.txt', 'w').write(str(total))\n";
    std::fs::create_dir(user.path("code")).expect("made");
    std::fs::write(user.path("code/train.py"), script).expect("written");
    azml(&[
        "datastore",
        "register",
        "blob",
        "photos",
        "--account",
        "devstoreaccount1",
        "--container",
        "photos",
        "--create",
    ])
    .success();
    azml(&["datastore", "upload", "photos", "data", "--to", "train"]).success();
    let run = |words: &[&str]| {
        let mut all = vec!["run", "--runs-dir", "runs"];
        all.extend(words);
        azml(&all)
    };
    let submit = |data: &str| {
        run(&[
            "submit",
            "train.py",
            "--source-dir",
            "code",
            "--input",
            data,
            "--output-data",
            "photos:out=upload:result",
            "--",
            "$AZUREML_DATAREFERENCE_data",
        ])
    };
    let done = submit("data=photos:train=download").success();
    assert_eq!(done.stdout, "total 3\n");
    let total = azml(&["datastore", "cat", "photos", "out/total.txt"]).success();
    assert_eq!(total.stdout, "3");
    let list = run(&["list", "--output", "json"]).success();
    let list: serde_json::Value = serde_json::from_str(&list.stdout).expect("JSON");
    let id = list[0]["run"].as_str().expect("an id");
    assert_eq!(list[0]["status"], "Completed");
    let logs = run(&["logs", id]).success();
    assert_eq!(logs.stdout, "total 3\n");
    // What is there already is not written over, and a mount is refused with what works.
    submit("data=photos:train=download")
        .exit(1)
        .says(&["out/total.txt", "azml run logs"]);
    submit("data=photos:train=mount")
        .exit(1)
        .says(&["download, upload"]);
}
