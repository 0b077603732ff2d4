//! Texts and values for the comparison, the same in every run.

/// xorshift64*: the same sequence on every machine.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    pub(super) fn below(&mut self, limit: usize) -> usize {
        let limit = u64::try_from(limit).unwrap();
        usize::try_from((self.next() >> 32) % limit).unwrap()
    }

    pub(super) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub(super) fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }
}

/// Cells by kind; a column is of one kind, sometimes with cells of another.
const KINDS: &[&[&str]] = &[
    &[
        "1",
        "-2",
        "+3",
        "007",
        " 4 ",
        "\"5\"",
        "9223372036854775807",
        "-9223372036854775808",
        "0",
    ],
    &[
        "9223372036854775808",
        "18446744073709551615",
        "1",
        "+7",
        "00",
    ],
    &["9223372036854775808", "-1", "-0"],
    &["18446744073709551616", "5"],
    &[
        "1.5",
        "1.",
        ".5",
        "-0.0",
        "1e5",
        "1E-7",
        "inf",
        "-Infinity",
        "+INF",
        "1e-400",
        "2",
        " 1.5\t",
        "-3",
    ],
    &["true", "False", "TRUE", "\"true\"", "fAlSe"],
    &[
        "x",
        "a b",
        "caf\u{e9}",
        "\"q,\tz\"",
        "\"a\"\"b\"",
        "\"x\"y",
        "x\"y\"",
        "\"l\n m\"",
        "\"l\r\nm\"",
        "x ",
        "NA ",
        "na",
    ],
    &[
        "1e400", "1_000", "1d5", "0x10", "1e", ".", "-", "+", "1 2", "--1", "infi", "nane", "-inf ",
    ],
    &["2015-01-02", "2015-01-02 03:04:05", "12:00"],
    &[
        "0.1",
        "123456.789",
        "3.141592653589793",
        "2.2250738585072014e-308",
        "1e22",
        "5e-324",
        "100",
    ],
];

const MISSING: &[&str] = &[
    "", "", "", "NA", "nan", "NULL", "\"\"", "#N/A", "n/a", "<NA>", "None", "-NaN", "1.#IND", " NA",
];

const NAMES: &[&str] = &[
    "a",
    "b",
    "a",
    "",
    "a.1",
    " c",
    "\"d,e\"",
    "Unnamed: 0",
    "\u{f6}",
    "\"\"",
];

/// A table whose columns have kinds, with gaps, ragged rows, blank lines and odd spaces.
pub(super) fn table(random: &mut Random, delimiter: &str) -> String {
    let width = 1 + random.below(4);
    let end = random.pick(&["\n", "\n", "\r\n", "\r"]);
    let kinds: Vec<usize> = (0..width).map(|_| random.below(KINDS.len())).collect();
    let gaps = 2 + random.below(8);
    let rows = random.below(8);
    let mut text = String::new();
    if random.one_in(8) {
        text.push('\u{feff}');
    }
    let names: Vec<&str> = (0..width).map(|_| random.pick(NAMES)).collect();
    text.push_str(&names.join(delimiter));
    for _ in 0..rows {
        text.push_str(end);
        // blank lines, and lines that start with a blank, derail pandas after lone carriage returns
        if random.one_in(10) && end != "\r" {
            text.push_str(random.pick(&["", " ", "  "]));
            text.push_str(end);
        }
        let length = match random.below(40) {
            0 => width + 1,
            1..4 => 1 + random.below(width),
            _ => width,
        };
        for column in 0..length {
            if column > 0 {
                text.push_str(delimiter);
            }
            if random.one_in(6) && (column > 0 || end != "\r") {
                text.push(' ');
            }
            let kind = kinds.get(column).copied().unwrap_or_default();
            let cell = if random.one_in(gaps) {
                random.pick(MISSING)
            } else if random.one_in(60) {
                "odd one"
            } else {
                random.pick(KINDS[kind])
            };
            let cell = if column == 0 && end == "\r" {
                cell.trim_start()
            } else {
                cell
            };
            text.push_str(cell);
        }
    }
    if !random.one_in(3) {
        text.push_str(end);
    }
    text
}

/// Any sequence of what has a meaning.
pub(super) fn soup(random: &mut Random, delimiter: &str) -> String {
    const PIECES: &[&str] = &[
        "\"", "\"", "\"\"", "\n", "\n", "\n", "\r\n", " ", "1", "2.5", "x", "\u{e9}", "true", "NA",
        "-", "e",
    ];
    let length = random.below(40);
    (0..length)
        .map(|_| {
            if random.one_in(4) {
                delimiter
            } else {
                random.pick(PIECES)
            }
        })
        .collect()
}
