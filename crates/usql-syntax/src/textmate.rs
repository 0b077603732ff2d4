//! A TextMate grammar from the tables of the lexer, for editors that colour scripts.

use crate::lexer::{CSHARP, PUNCTUATION, SHORT};

/// Scopes and their patterns, in the order in which an editor tries them.
fn rules() -> Vec<(&'static str, String)> {
    let words = |words: &[&str]| words.join("|");
    let mut constants = Vec::new();
    let mut types = Vec::new();
    let mut others = Vec::new();
    for word in CSHARP {
        match *word {
            "true" | "false" | "null" => constants.push(*word),
            "bool" | "byte" | "char" | "decimal" | "double" | "float" | "int" | "long"
            | "object" | "sbyte" | "short" | "string" | "uint" | "ulong" | "ushort" | "void" => {
                types.push(*word);
            }
            _ => others.push(*word),
        }
    }
    let escaped = |mark: &&str| -> String { mark.chars().map(|c| format!("\\{c}")).collect() };
    let operators: Vec<String> = PUNCTUATION
        .iter()
        .filter(|mark| !matches!(**mark, "," | "." | ";" | "(" | ")" | "{" | "}" | "[" | "]"))
        .map(escaped)
        .collect();
    vec![
        ("comment.line.double-slash.usql", "//.*$".to_owned()),
        (
            "string.quoted.verbatim.usql",
            "@\"(?:[^\"]|\"\")*\"".to_owned(),
        ),
        (
            "string.quoted.double.usql",
            "\\$?\"(?:[^\"\\\\]|\\\\.)*\"".to_owned(),
        ),
        (
            "constant.character.usql",
            "'(?:[^'\\\\]|\\\\[^'])+'|'\\\\''".to_owned(),
        ),
        (
            "support.variable.system.usql",
            "@@\\w+(?:\\.\\w+)*".to_owned(),
        ),
        ("variable.other.usql", "@\\w+".to_owned()),
        (
            "constant.numeric.usql",
            "\\b(?:0[xX][0-9A-Fa-f]+|\\d+(?:\\.\\d+)?(?:[eE][+-]?\\d+)?)[uUlLfFdDmM]*\\b"
                .to_owned(),
        ),
        (
            "constant.language.usql",
            format!("\\b(?:{})\\b", words(&constants)),
        ),
        ("storage.type.usql", format!("\\b(?:{})\\b", words(&types))),
        (
            "keyword.control.csharp.usql",
            format!("\\b(?:{})\\b", words(&others)),
        ),
        // Every word in capitals is reserved.
        (
            "keyword.control.usql",
            format!("\\b(?:[A-Z]{{3,}}|{})\\b", words(SHORT)),
        ),
        (
            "entity.name.usql",
            "(?<![\\w\\])])\\[(?:[^\\]]|\\]\\])+\\]".to_owned(),
        ),
        ("keyword.operator.usql", operators.join("|")),
    ]
}

/// Text as JSON.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The grammar, a JSON document.
pub fn textmate_grammar() -> String {
    let mut patterns = vec![
        "    { \"name\": \"comment.block.usql\", \"begin\": \"/\\\\*\", \"end\": \"\\\\*/\" }"
            .to_owned(),
    ];
    for (name, pattern) in rules() {
        patterns.push(format!(
            "    {{ \"name\": {}, \"match\": {} }}",
            quoted(name),
            quoted(&pattern)
        ));
    }
    format!(
        "{{\n  \"$schema\": \"https://raw.githubusercontent.com/martinring/tmlanguage/master/tmlanguage.json\",\n  \"name\": \"U-SQL\",\n  \"scopeName\": \"source.usql\",\n  \"fileTypes\": [\"usql\"],\n  \"patterns\": [\n{}\n  ]\n}}\n",
        patterns.join(",\n")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The file that editors take is the one made from the tables. `UPDATE_GRAMMAR=1` writes it.
    #[test]
    fn the_published_grammar_is_up_to_date() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/data/usql.tmLanguage.json");
        let made = textmate_grammar();
        if std::env::var_os("UPDATE_GRAMMAR").is_some() {
            std::fs::write(path, &made).expect("written");
        }
        let published = std::fs::read_to_string(path).expect("the grammar");
        assert_eq!(published, made, "run this test with UPDATE_GRAMMAR=1");
    }

    #[test]
    fn every_keyword_of_the_lexer_is_in_a_rule() {
        let rules = rules();
        for word in CSHARP.iter().chain(SHORT) {
            let known = rules.iter().any(|(name, pattern)| {
                let listed = name.starts_with("keyword.control")
                    || name.starts_with("storage")
                    || name.starts_with("constant.language");
                listed
                    && pattern
                        .split(['|', '(', ')', ':', '\\'])
                        .any(|it| it == *word)
            });
            assert!(known, "{word}");
        }
    }
}
