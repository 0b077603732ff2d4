use super::*;

fn kinds(source: &str) -> Vec<(TokenKind, &str)> {
    let (tokens, diagnostics) = tokenize(source);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    tokens
        .iter()
        .filter(|t| t.kind != TokenKind::End)
        .map(|t| (t.kind, t.span.text(source)))
        .collect()
}

fn texts(source: &str) -> Vec<&str> {
    kinds(source).into_iter().map(|(_, text)| text).collect()
}

#[test]
fn blanks_and_comments_vanish() {
    assert_eq!(
        texts("a/* x ** \n */b//c;\r\nd\u{2003}e"),
        ["a", "b", "d", "e"]
    );
}

#[test]
fn brackets_quote_names_and_index_operands() {
    use TokenKind::{Punct, QuotedName, Word};
    assert_eq!(kinds("SELECT [a b]")[1], (QuotedName, "[a b]"));
    assert_eq!(kinds("[a]]b]")[0], (QuotedName, "[a]]b]"));
    assert_eq!(kinds("Encoding.[ASCII]")[2], (QuotedName, "[ASCII]"));
    assert_eq!(
        kinds("x[0]"),
        [
            (Word, "x"),
            (Punct, "["),
            (TokenKind::Number, "0"),
            (Punct, "]")
        ]
    );
    assert_eq!(kinds("new byte[]{1}")[2], (Punct, "["));
    assert_eq!(kinds("a [b c] ,")[1], (QuotedName, "[b c]"));
    assert_eq!(kinds("f(x) [\"k\"]")[4], (Punct, "["));
}

#[test]
fn strings_of_every_kind() {
    use TokenKind::{Char, InterpolatedString, String, VerbatimString};
    assert_eq!(kinds(r#""a\"b""#), [(String, r#""a\"b""#)]);
    assert_eq!(
        kinds("@\"a\"\"b\nc\\\""),
        [(VerbatimString, "@\"a\"\"b\nc\\\"")]
    );
    assert_eq!(kinds(r#"$"a{f("x")}b{{c""#)[0].0, InterpolatedString);
    assert_eq!(kinds(r"'\''"), [(Char, r"'\''")]);
    assert_eq!(kinds("'''"), [(Char, "'''")]);
}

#[test]
fn numbers_end_before_members() {
    assert_eq!(texts("1.ToString()"), ["1", ".", "ToString", "(", ")"]);
    assert_eq!(
        texts("1.5e-3f 0xFFUL 01 .5m 2E5 3d"),
        ["1.5e-3f", "0xFFUL", "01", ".5m", "2E5", "3d"]
    );
    assert_eq!(texts("1e"), ["1", "e"]);
}

#[test]
fn closing_angles_stay_apart() {
    assert_eq!(
        texts("SqlArray<SqlArray<int>>=x"),
        ["SqlArray", "<", "SqlArray", "<", "int", ">", ">", "=", "x"]
    );
}

#[test]
fn what_is_no_token_is_reported_and_passed_over() {
    for (source, message) in [
        ("a # b", "Unexpected character '#'"),
        ("\"abc\nd", "not closed on its line"),
        ("@\"abc", "not closed"),
        ("/* abc", "comment is not closed"),
        ("@ x", "needs a name"),
        ("'a\n", "not closed on its line"),
    ] {
        let (tokens, diagnostics) = tokenize(source);
        assert_eq!(diagnostics.len(), 1, "{source}");
        assert!(
            diagnostics[0].message.contains(message),
            "{source}: {diagnostics:?}"
        );
        assert_eq!(tokens.last().map(|t| t.span.end), Some(source.len()));
    }
}
