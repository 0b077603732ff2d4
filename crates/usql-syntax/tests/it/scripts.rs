//! Scripts in the style of public ones: each file must parse without a
//! diagnostic, print, and parse to the same text again.

use std::fs;
use std::path::Path;

use azml_usql_syntax::{decode_script, parse};

fn all() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/scripts");
    let mut scripts: Vec<_> = fs::read_dir(folder)
        .expect("the scripts are part of the crate")
        .map(|entry| {
            let path = entry.expect("a folder entry").path();
            let bytes = fs::read(&path).expect("a readable script");
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            (name, decode_script(&bytes).expect("a decodable script"))
        })
        .collect();
    scripts.sort();
    scripts
}

#[test]
fn parse_print_parse() {
    let scripts = all();
    assert!(scripts.len() >= 6, "{}", scripts.len());
    for (name, source) in scripts {
        let parsed = parse(&source);
        assert!(
            parsed.diagnostics.is_empty(),
            "{name}: {:?}",
            parsed.diagnostics
        );
        assert!(!parsed.script.statements.is_empty(), "{name}");
        let printed = parsed.script.to_string();
        let again = parse(&printed);
        assert!(
            !again.has_errors(),
            "{name}: {:?}\n{printed}",
            again.diagnostics
        );
        assert_eq!(again.script.to_string(), printed, "{name}");
    }
}
