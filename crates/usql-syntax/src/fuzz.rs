//! What must hold for any script at all. Called by the fuzz targets and, over
//! their corpus, by a test.

use crate::{Color, LineIndex, decode_script, format, parse, render, tokenize};

/// Reads bytes as a script: nothing may panic, every place lies inside, and
/// what was understood can be printed and understood again.
///
/// # Panics
///
/// When one of these does not hold.
pub fn script(data: &[u8]) {
    let Ok(source) = decode_script(data) else {
        return;
    };
    let (tokens, _) = tokenize(&source);
    let mut at = 0;
    for token in &tokens {
        assert!(
            token.span.start >= at && token.span.end >= token.span.start,
            "tokens overlap"
        );
        assert!(
            source.get(token.span.start..token.span.end).is_some(),
            "a token splits a character"
        );
        at = token.span.end;
    }
    let parsed = parse(&source);
    let index = LineIndex::new(&source);
    for diagnostic in &parsed.diagnostics {
        assert!(
            source
                .get(diagnostic.span.start..diagnostic.span.end)
                .is_some(),
            "a span lies outside"
        );
        let (start, end) = diagnostic.positions(&index);
        assert!(start.offset <= end.offset, "a span runs backwards");
        diagnostic.details(&index);
    }
    if let Some(first) = parsed.diagnostics.first() {
        render(first, "fuzz.usql", &source, Color::Never);
        return;
    }
    layout(&source);
    let printed = parsed.script.to_string();
    let again = parse(&printed);
    assert!(
        !again.has_errors(),
        "printed text does not parse: {:?}\n{printed}",
        again.diagnostics
    );
    assert_eq!(
        again.script.to_string(),
        printed,
        "printed text parses to another tree"
    );
}

/// A script in canonical layout has the tokens of the one it was made from, and stays as it is.
fn layout(source: &str) {
    let texts = |source: &str| -> Vec<String> {
        let (tokens, _) = tokenize(source);
        let texts = tokens
            .iter()
            .map(|token| token.span.text(source).to_owned());
        texts.collect()
    };
    let Ok(formatted) = format(source) else {
        return;
    };
    assert_eq!(texts(source), texts(&formatted), "tokens have changed");
    assert_eq!(
        format(&formatted).as_ref(),
        Ok(&formatted),
        "formatting twice changes more"
    );
}

#[cfg(test)]
mod tests {
    use azml_fuzz_replay::replay;

    const DICTIONARY: &[&[u8]] = &[
        b"\"",
        b"@\"",
        b"$\"{",
        b"'",
        b"/*",
        b"*/",
        b"//",
        b"(",
        b")",
        b"[",
        b"]",
        b"{",
        b"}",
        b"<",
        b">",
        b">>",
        b"?",
        b"??",
        b";",
        b",",
        b".",
        b"@",
        b"@@",
        b"=>",
        b"==",
        b"SELECT ",
        b" FROM ",
        b" AS ",
        b"IF ",
        b" THEN ",
        b" END",
        b"BEGIN ",
        b"new ",
        b"CASE ",
        b"from x in ",
        b"(int?)",
        b" OVER (",
        b"VALUES ",
        b"\0",
        b"\xEF\xBB\xBF",
        b"\xF0\x9F\x98\x80",
        b"\r",
        b"\n",
        b"9999999999999999999999",
        b"0x",
        b"1e",
        b"\\",
        b"EXTRACT ",
        b"UNION ",
        b"JOIN ",
        b"a<b<c>>(",
        b" is int? ",
        b"NOT ",
        b"\xFF\xFE",
    ];

    #[test]
    fn damaged_scripts() {
        replay("usql_script", DICTIONARY, super::script);
    }
}
