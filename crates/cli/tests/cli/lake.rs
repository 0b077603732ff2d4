//! `azml group`, `azml adls` and `azml adla` against an emulator.

use crate::running::Lab;
use crate::support::Done;

/// Runs the command, its words separated by blanks.
fn azml(lab: &Lab, words: &str) -> Done {
    let arguments: Vec<_> = words.split(' ').collect();
    lab.user.azml(&arguments)
}

fn json(done: Done) -> serde_json::Value {
    serde_json::from_str(&done.success().stdout).expect("JSON")
}

fn write(lab: &Lab, name: &str, content: &str) {
    let path = lab.user.path(name);
    std::fs::create_dir_all(path.parent().expect("a file has a folder")).expect("made");
    std::fs::write(path, content).expect("written");
}

/// An emulator with the store `mylake` and the analytics account `myadla`.
fn lab() -> Lab {
    let lab = Lab::start();
    azml(&lab, "adls account create mylake").success();
    azml(&lab, "adla account create myadla --store mylake").success();
    lab
}

#[test]
fn groups_and_accounts_come_and_go() {
    let lab = lab();
    azml(&lab, "group create reports --location westeurope").success();
    azml(&lab, "group create reports --location eastus2")
        .exit(1)
        .says(&["InvalidResourceGroupLocation"]);
    azml(&lab, "adls account create otherlake --group reports").success();
    azml(&lab, "adla account create other --store nolake")
        .exit(1)
        .says(&["DataLakeStoreAccountNotFound", "nolake"]);
    let listed = azml(&lab, "adls account list --output csv")
        .success()
        .stdout;
    assert!(
        listed.starts_with("name,location,state,created\nmylake,eastus2,Active,"),
        "{listed}"
    );

    azml(&lab, "adla account store add otherlake --account myadla").success();
    let links = azml(
        &lab,
        "adla account store list --account myadla --output csv",
    )
    .success();
    assert_eq!(
        links.stdout,
        "name,suffix\nmylake,azuredatalakestore.net\notherlake,azuredatalakestore.net\n"
    );
    azml(&lab, "adla account store remove mylake --account myadla")
        .exit(1)
        .says(&["default"]);
    azml(&lab, "adla account store remove otherlake --account myadla").success();

    write(&lab, "key", lab.name("AZML_ACCOUNT_KEY"));
    azml(
        &lab,
        "datastore register blob photos --account devstoreaccount1 --container photos --create",
    )
    .success();
    let link = "adla account storage add devstoreaccount1 --key-file key --account myadla";
    azml(&lab, link)
        .success()
        .hides(lab.name("AZML_ACCOUNT_KEY"));
    let containers = "adla account storage containers devstoreaccount1 --account myadla";
    let containers = azml(&lab, &format!("{containers} --output csv"))
        .success()
        .stdout;
    assert!(containers.contains("\nphotos,"), "{containers}");
    azml(
        &lab,
        "adla account storage remove devstoreaccount1 --account myadla",
    )
    .success();

    let check = json(azml(&lab, "adla account check-name myadla --output json"));
    assert_eq!(check["available"], false);
    azml(&lab, "adla account limit myadla --units 5 --jobs 1").success();
    let shown = json(azml(&lab, "adla account show myadla --output json"));
    assert_eq!(
        (
            &shown["max_units"],
            &shown["max_jobs"],
            &shown["provisioning_state"]
        ),
        (&5.into(), &1.into(), &"Succeeded".into())
    );
    azml(&lab, "adla account delete myadla")
        .exit(2)
        .says(&["--yes"]);
    azml(&lab, "adla account delete myadla --yes").success();
    azml(&lab, "group delete reports --yes").success();
    azml(&lab, "adls account show otherlake --group reports")
        .exit(1)
        .says(&["ResourceGroupNotFound"]);
}

#[test]
fn files_are_moved_and_looked_at() {
    let lab = lab();
    write(&lab, "images/a b+c%.txt", "one\n");
    write(&lab, "images/sub/ü.txt", "two\n");
    azml(&lab, "adls put images /images --store mylake").success();
    azml(&lab, "adls put images /images --store mylake")
        .exit(1)
        .says(&["a b+c%.txt", "hint: "]);
    azml(&lab, "adls put images /images --overwrite --store mylake").success();
    let listed = json(azml(&lab, "adls ls /images --store mylake --output json"));
    assert_eq!(
        (&listed[0]["name"], &listed[0]["bytes"], &listed[1]["type"]),
        (&"a b+c%.txt".into(), &4.into(), &"directory".into())
    );
    let found = azml(&lab, "adls ls /images/*/*.txt --store mylake --output csv");
    assert_eq!(found.success().stdout, "path\nimages/sub/ü.txt\n");
    azml(&lab, "adls get /images copy --store mylake").success();
    let copied = std::fs::read_to_string(lab.user.path("copy/sub/ü.txt")).expect("it came");
    assert_eq!(copied, "two\n");
    azml(&lab, "adls mv /images/sub/ü.txt /two --store mylake").success();
    assert_eq!(
        azml(&lab, "adls cat /two --store mylake").success().stdout,
        "two\n"
    );
    let usage = json(azml(&lab, "adls du / --store mylake --output json"));
    assert_eq!(usage["bytes"], 8);
    azml(&lab, "adls rm /images --store mylake")
        .exit(1)
        .says(&["images"]);
    azml(&lab, "adls rm /images --recursive --store mylake").success();
    azml(&lab, "adls cat /images --store mylake")
        .exit(1)
        .says(&["FileNotFoundException", "images"]);
    azml(&lab, "adls ls / --store no/lake")
        .exit(1)
        .says(&["not the name of an account"]);
}

/// Users as the article manages them: compute policies, and access control of catalog and store.
#[test]
fn users_are_managed() {
    let lab = lab();
    write(&lab, "empty.usql", "// nothing to do\n");
    write(&lab, "password", lab.name("AZML_PASSWORD"));
    azml(&lab, "adls put empty.usql /shared/script --store mylake").success();
    let login = format!(
        "login --username {} --password-file password",
        lab.name("AZML_USERNAME")
    );
    azml(&lab, &login).success();
    let user = json(azml(&lab, "account show --output json"));
    let user = user["object_id"]
        .as_str()
        .expect("a user has an id")
        .to_owned();

    let policy = format!("adla policy set dev --account myadla --object-id {user} --units 2");
    azml(&lab, &format!("{policy} --priority 250")).success();
    let listed = json(azml(
        &lab,
        "adla policy list --account myadla --output json",
    ));
    assert_eq!(
        (
            &listed[0]["object_id"],
            &listed[0]["max_units"],
            &listed[0]["min_priority"]
        ),
        (&user.as_str().into(), &2.into(), &250.into())
    );
    let submit = "adla job submit empty.usql --account myadla";
    azml(&lab, &format!("{submit} --priority 100"))
        .exit(1)
        .says(&["PriorityTooHigh"]);
    azml(&lab, &format!("{submit} --priority 300 --units 3"))
        .exit(1)
        .says(&["DegreeOfParallelismExceedsMaximum"]);
    azml(&lab, &format!("{submit} --priority 300 --units 2 --wait"))
        .success()
        .says(&["Ended"]);
    azml(&lab, "adla policy delete dev --account myadla").success();
    azml(&lab, "adla policy delete dev --account myadla")
        .exit(1)
        .says(&["`dev`"]);

    let catalog = "adla catalog acl";
    let grant = format!("{catalog} grant --user {user} --permission use --database master");
    azml(&lab, &format!("{grant} --account myadla")).success();
    let granted = format!("{catalog} list --database master --account myadla --output csv");
    assert!(azml(&lab, &granted).success().stdout.contains(&user));
    let revoke = format!("{catalog} revoke --user {user} --database master --account myadla");
    azml(&lab, &revoke).success();
    assert!(!azml(&lab, &granted).success().stdout.contains(&user));

    let entry = format!("user:{user}:r-x");
    let store = "adls acl /shared --recursive --store mylake --output json";
    let shown = json(azml(&lab, &format!("{store} --add {entry}")));
    assert!(shown["entries"].to_string().contains(&entry), "{shown}");
    let file = json(azml(
        &lab,
        "adls acl /shared/script --store mylake --output json",
    ));
    assert!(file["entries"].to_string().contains(&entry), "{file}");
    let shown = json(azml(&lab, &format!("{store} --remove user:{user}")));
    assert!(!shown["entries"].to_string().contains(&user), "{shown}");
    azml(&lab, "adls acl /shared --set user::rwx --store mylake")
        .exit(1)
        .says(&["IllegalArgumentException"]);
}

#[test]
fn jobs_are_submitted_listed_and_explained() {
    let lab = lab();
    write(
        &lab,
        "report.usql",
        "@a = SELECT * FROM (VALUES (1, \"x\")) AS T(n, s);\nOUTPUT @a TO \"/out.csv\" USING Outputters.Csv();\n",
    );
    write(
        &lab,
        "bad.usql",
        "DROP DATABASE IF EXIST FOO; CREATE DATABASE FOO;",
    );
    let done = azml(
        &lab,
        "adla job submit report.usql --account myadla --wait --output json",
    );
    let id = json(done)["id"].as_str().expect("an id").to_owned();
    let out = azml(&lab, "adls cat /out.csv --store mylake")
        .success()
        .stdout;
    assert_eq!(out, "1,\"x\"\r\n");
    azml(&lab, "adla job build bad.usql --account myadla")
        .exit(1)
        .says(&["see what the compiler found"]);
    azml(&lab, "adla job submit bad.usql --account myadla --wait")
        .exit(1)
        .says(&["E_CSC_USER_SYNTAXERROR"]);
    let listed = azml(
        &lab,
        "adla job list --account myadla --name report --output csv",
    );
    assert!(listed.success().stdout.contains(&id));
    let statistics = format!("adla job statistics {id} --account myadla --output csv");
    assert!(azml(&lab, &statistics).success().stdout.lines().count() > 1);
    azml(
        &lab,
        &format!("adla job change {id} --priority 10 --account myadla"),
    )
    .exit(1)
    .says(&["JobNotWaiting"]);
    azml(&lab, &format!("adla job change {id} --account myadla")).exit(2);
    azml(&lab, &format!("adla job cancel {id} --account myadla")).success();
    let shown = json(azml(
        &lab,
        &format!("adla job show {id} --account myadla --output json"),
    ));
    assert_eq!(shown["result"], "Succeeded");
    let filter = [
        "adla",
        "job",
        "list",
        "--account",
        "myadla",
        "--filter",
        "colour eq 1",
    ];
    lab.user.azml(&filter).exit(1).says(&["InvalidODataQuery"]);
    azml(
        &lab,
        "adla job show 0f0c9f4f-7f83-4b5e-a9f4-01b6fd0e0be5 --account myadla",
    )
    .exit(1)
    .says(&["JobNotFound"]);
}
