//! Lexer and parser on damaged scripts. Replayable: a failure names its seed,
//! and `AZML_FUZZ_SEED=n` runs that one alone; `AZML_FUZZ_ROUNDS` sets how many.

use azml_usql_syntax::{Color, LineIndex, parse, render, tokenize};

/// xorshift64*: enough to pick damage, the same on every machine.
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let word = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32;
        usize::try_from(word).unwrap_or(0) % limit.max(1)
    }
}

const BITS: &[&str] = &[
    "\"",
    "@\"",
    "$\"{",
    "'",
    "/*",
    "*/",
    "//",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "<",
    ">",
    ">>",
    "?",
    "??",
    ";",
    ",",
    ".",
    "@",
    "@@",
    "=>",
    "==",
    "SELECT ",
    " FROM ",
    " AS ",
    "IF ",
    " THEN ",
    " END",
    "BEGIN ",
    "new ",
    "CASE ",
    "from x in ",
    "(int?)",
    " OVER (",
    "VALUES ",
    "\u{0}",
    "\u{FEFF}",
    "😀",
    "ä",
    "\r",
    "\n",
    "9999999999999999999999",
    "0x",
    "1e",
    "\\",
    "EXTRACT ",
    "UNION ",
    "JOIN ",
    "a<b<c>>(",
    " is int? ",
    "NOT ",
];

/// A script damaged in one to eight places.
fn mutate(seeds: &[String], seed: u64) -> String {
    let mut random = Random::new(seed);
    let mut text: Vec<char> = seeds[random.below(seeds.len())].chars().collect();
    for _ in 0..=random.below(8) {
        let at = random.below(text.len() + 1);
        match random.below(6) {
            0 => text.truncate(at),
            1 => {
                let end = (at + 1 + random.below(30)).min(text.len());
                text.drain(at..end);
            }
            2 => {
                let bit: Vec<char> = BITS[random.below(BITS.len())].chars().collect();
                text.splice(at..at, bit);
            }
            3 => {
                let end = (at + random.below(60)).min(text.len());
                let copy = text[at..end].to_vec();
                let times = 1 + random.below(20);
                for _ in 0..times {
                    text.splice(at..at, copy.iter().copied());
                }
            }
            4 => {
                let other: Vec<char> = seeds[random.below(seeds.len())].chars().collect();
                let from = random.below(other.len() + 1);
                let to = (from + random.below(80)).min(other.len());
                text.splice(at..at, other[from..to].iter().copied());
            }
            _ => {
                if let Some(c) = text.get_mut(at) {
                    *c = char::from_u32(u32::try_from(random.below(0x250)).unwrap_or(0))
                        .unwrap_or(' ');
                }
            }
        }
        text.truncate(20_000);
    }
    text.into_iter().collect()
}

/// What must hold for any text at all.
fn check(source: &str) {
    let (tokens, _) = tokenize(source);
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
    let parsed = parse(source);
    let index = LineIndex::new(source);
    for diagnostic in &parsed.diagnostics {
        assert!(
            source
                .get(diagnostic.span.start..diagnostic.span.end)
                .is_some(),
            "a span lies outside"
        );
        let (start, end) = diagnostic.positions(&index);
        assert!(start.offset <= end.offset);
        diagnostic.details(&index);
    }
    if let Some(first) = parsed.diagnostics.first() {
        render(first, "fuzz.usql", source, Color::Never);
    } else {
        // What was understood can be written down and understood again.
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
}

#[test]
fn damaged_scripts() {
    let seeds: Vec<String> = super::scripts::all()
        .into_iter()
        .map(|(_, source)| source)
        .collect();
    let number = |name: &str| {
        std::env::var(name)
            .ok()
            .and_then(|text| text.parse::<u64>().ok())
    };
    let range = match number("AZML_FUZZ_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("AZML_FUZZ_ROUNDS").unwrap_or(10_000),
    };
    for seed in range {
        let source = mutate(&seeds, seed);
        let result = std::panic::catch_unwind(|| check(&source));
        if let Err(cause) = result {
            eprintln!("AZML_FUZZ_SEED={seed} fails on:\n{source}");
            std::panic::resume_unwind(cause);
        }
    }
}
