use super::*;

#[track_caller]
fn check(source: &str, expected: &str) {
    let formatted = format(source).expect("it parses");
    assert_eq!(formatted, expected);
    assert_eq!(format(&formatted).expect("it parses"), expected, "twice");
}

/// The tokens and comments of a script, in order.
fn content(source: &str) -> Vec<String> {
    let pieces = pieces(source);
    let texts = pieces.iter().flat_map(|piece| {
        let comments = piece.comments.iter().map(|comment| comment.text);
        comments.chain([piece.text]).map(ToOwned::to_owned)
    });
    texts.collect()
}

#[test]
fn queries_are_laid_out() {
    check(
        "@r=EXTRACT a int,b string?? FROM \"/x\" USING Extractors.Csv(silent:true,skipFirstNRows : 1);"
            .replace("??", "")
            .as_str(),
        "@r =\n    EXTRACT a int,\n            b string\n    FROM \"/x\"\n    USING Extractors.Csv(silent:true, skipFirstNRows : 1);\n",
    );
    check(
        "@r = SELECT DISTINCT a.x AS p, COUNT ( * ) AS n, -1+ 2 AS m FROM @a AS a LEFT OUTER JOIN @b AS b ON a.x==b.x CROSS APPLY EXPLODE(a.y) AS e(v) WHERE x>=1&&!y GROUP BY a.x,z HAVING COUNT(*)>1 ORDER BY n DESC FETCH 5;",
        "@r =\n    SELECT DISTINCT a.x AS p,\n                    COUNT(*) AS n,\n                    -1 + 2 AS m\n    FROM @a AS a\n    LEFT OUTER JOIN @b AS b ON a.x == b.x\n    CROSS APPLY EXPLODE (a.y) AS e(v)\n    WHERE x>=1 && !y\n    GROUP BY a.x, z\n    HAVING COUNT(*)>1\n    ORDER BY n DESC FETCH 5;\n",
    );
    check(
        "@r = SELECT x FROM (SELECT y AS x, (int)z AS w FROM @a) AS t UNION ALL SELECT x FROM @b;",
        "@r =\n    SELECT x\n    FROM (\n        SELECT y AS x,\n               (int)z AS w\n        FROM @a\n    ) AS t\n    UNION ALL\n    SELECT x\n    FROM @b;\n",
    );
}

#[test]
fn blocks_are_indented() {
    check(
        "IF @a==1 THEN OUTPUT @r TO \"/x\" USING Outputters.Csv(); ELSE RAISE ERROR \"no\"; END;",
        "IF @a == 1 THEN\n    OUTPUT @r\n        TO \"/x\"\n        USING Outputters.Csv();\nELSE\n    RAISE ERROR \"no\";\nEND;\n",
    );
    check(
        "CREATE FUNCTION f(@n int = 5) RETURNS @o AS BEGIN @o = SELECT CASE WHEN x>1 THEN 1 ELSE 2 END AS x FROM @t; END;",
        "CREATE FUNCTION f(@n int = 5) RETURNS @o AS\nBEGIN\n    @o =\n        SELECT CASE WHEN x>1 THEN 1 ELSE 2 END AS x\n        FROM @t;\nEND;\n",
    );
}

#[test]
fn comments_stay_where_they_are() {
    check(
        "// head\n\n\n/* a\n   b */\nDECLARE @x = 1; // one\n// two\nDECLARE @y = /* in */ 2;\n\n\nUSE D;\n// end",
        "// head\n\n/* a\n   b */\nDECLARE @x = 1; // one\n// two\nDECLARE @y = /* in */ 2;\n\nUSE D;\n// end\n",
    );
    check(
        "@r = SELECT a, // first\n b // second\n FROM @x;",
        "@r =\n    SELECT a, // first\n           b // second\n    FROM @x;\n",
    );
}

#[test]
fn a_script_that_does_not_parse_is_left_alone() {
    assert!(format("@a = select 1;").is_err());
}

/// Whatever is formatted has the same tokens and comments, and stays as it is when formatted again.
#[test]
fn published_styles_keep_their_content() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/scripts");
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("a file").path();
        let source = std::fs::read_to_string(&path).expect("a script");
        let Ok(formatted) = format(&source) else {
            continue;
        };
        assert_eq!(content(&source), content(&formatted), "{}", path.display());
        assert_eq!(
            format(&formatted).expect("it parses"),
            formatted,
            "{}",
            path.display()
        );
    }
}
