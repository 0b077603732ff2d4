//! What an outputter writes, the extractor with the same parameters reads back: every type, every
//! parameter.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::harness::Lake;

/// A column's type and the literals of its values.
#[derive(Clone, Debug)]
struct Column {
    ty: &'static str,
    cells: Vec<String>,
}

const ROWS: usize = 4;
const NULL: &str = "~null~";

#[derive(Clone, Debug)]
struct Options {
    delimiter: char,
    row_delimiter: Option<char>,
    encoding: &'static str,
    quoting: bool,
    escape: Option<char>,
    characters: bool,
}

impl Options {
    /// The parameters that extractor and outputter share.
    fn written(&self) -> String {
        let mut text = format!(
            "delimiter: {}, encoding: {}, quoting: {}, nullEscape: \"{NULL}\", charFormat: \"{}\"",
            character(self.delimiter),
            self.encoding,
            self.quoting,
            if self.characters { "string" } else { "uint16" },
        );
        if let Some(delimiter) = self.row_delimiter {
            text.push_str(&format!(", rowDelimiter: \"{}\"", escaped(delimiter)));
        }
        if let Some(escape) = self.escape {
            text.push_str(&format!(", escapeCharacter: {}", character(escape)));
        }
        text
    }

    /// Whether a text can be written so that it can be read: without an escape character, row
    /// delimiters cannot, and without quotes column delimiters cannot.
    fn fits(&self, text: &str) -> bool {
        let row_end = |c: char| match self.row_delimiter {
            Some(delimiter) => c == delimiter,
            None => matches!(c, '\r' | '\n'),
        };
        self.escape.is_some()
            || !text
                .chars()
                .any(|c| row_end(c) || (!self.quoting && c == self.delimiter))
    }
}

fn escaped(c: char) -> String {
    match c {
        '\t' => "\\t".to_owned(),
        '\n' => "\\n".to_owned(),
        c => c.to_string(),
    }
}

fn character(c: char) -> String {
    format!("'{}'", escaped(c))
}

fn options() -> impl Strategy<Value = Options> {
    let encoding = prop_oneof![
        Just("Encoding.UTF8"),
        Just("Encoding.Unicode"),
        Just("Encoding.BigEndianUnicode"),
        Just("Encoding.UTF32"),
        Just("Encoding.UTF7"),
    ];
    let delimiter = prop_oneof![Just(','), Just('\t'), Just('|'), Just('§')];
    let row_delimiter = option::of(prop_oneof![Just('\n'), Just('^')]);
    let escape = option::of(Just('#'));
    (
        delimiter,
        row_delimiter,
        encoding,
        any::<bool>(),
        escape,
        any::<bool>(),
    )
        .prop_map(
            |(delimiter, row_delimiter, encoding, quoting, escape, characters)| Options {
                delimiter,
                row_delimiter,
                encoding,
                quoting,
                escape,
                characters,
            },
        )
}

/// Literals of a type, some of them null.
fn cells(
    ty: &'static str,
    value: impl Strategy<Value = String> + 'static,
) -> BoxedStrategy<Column> {
    let cell = option::weighted(0.8, value)
        .prop_map(move |cell| format!("({ty}) {}", cell.unwrap_or_else(|| "null".to_owned())));
    vec(cell, ROWS)
        .prop_map(move |cells| Column { ty, cells })
        .boxed()
}

/// Numbers by their text, as `Parse` reads it: literals cannot name them all.
fn parsed<T: ToString + std::fmt::Debug + 'static>(
    ty: &'static str,
    number: impl Strategy<Value = T> + 'static,
) -> BoxedStrategy<Column> {
    let name = ty.trim_end_matches('?');
    cells(
        ty,
        number.prop_map(move |n| format!("{name}.Parse(\"{}\")", n.to_string())),
    )
}

fn columns(options: &Options) -> BoxedStrategy<Vec<Column>> {
    let fits = options.clone();
    let letters = prop_oneof![
        Just('a'),
        Just('ß'),
        Just('東'),
        Just('"'),
        Just(','),
        Just('|'),
        Just('\t'),
        Just('§'),
        Just('#'),
        Just('^'),
        Just('\r'),
        Just('\n'),
        Just(' '),
        Just('\\'),
    ];
    let text = vec(letters, 0..8)
        .prop_map(|letters| letters.into_iter().collect::<String>())
        .prop_filter("must be writable", move |text| fits.fits(text));
    let text = text.prop_map(|text| format!("@\"{}\"", text.replace('"', "\"\"")));
    // A character is written bare, so it must be none that ends a field.
    let one = prop_oneof![Just('a'), Just('é'), Just('0'), Just('中')];
    let finite32 =
        any::<f32>().prop_filter("minus zero is read as zero", |n| *n != 0.0 && n.is_finite());
    let finite64 =
        any::<f64>().prop_filter("minus zero is read as zero", |n| *n != 0.0 && n.is_finite());
    let decimal = (any::<i64>(), 0_u32..9).prop_map(|(units, scale)| {
        let power = 10_i64.pow(scale);
        let sign = if units < 0 { "-" } else { "" };
        let (whole, part) = (
            units.unsigned_abs() / power.unsigned_abs(),
            units.unsigned_abs() % power.unsigned_abs(),
        );
        format!(
            "{sign}{whole}.{part:0width$}m",
            width = usize::try_from(scale).unwrap_or(0).max(1)
        )
    });
    let date = (
        1_i32..9999,
        1_u8..13,
        1_u8..29,
        0_u32..86_400,
        0_i64..10_000_000,
    )
        .prop_map(|(year, month, day, seconds, ticks)| {
            format!("new DateTime({year}, {month}, {day}).AddSeconds({seconds}).AddTicks({ticks})")
        });
    let guid =
        any::<u128>().prop_map(|bits| format!("new Guid(\"{}\")", uuid::Uuid::from_u128(bits)));
    let bytes = vec(any::<u8>(), 1..6).prop_map(|bytes| {
        let bytes: Vec<String> = bytes.iter().map(ToString::to_string).collect();
        format!("new byte[]{{{}}}", bytes.join(", "))
    });
    (
        (
            cells("bool?", any::<bool>().prop_map(|flag| flag.to_string())),
            parsed("sbyte?", any::<i8>()),
            parsed("byte?", any::<u8>()),
            parsed("short?", any::<i16>()),
            parsed("ushort?", any::<u16>()),
            parsed("int?", any::<i32>()),
            parsed("uint?", any::<u32>()),
            parsed("long?", any::<i64>()),
            parsed("ulong?", any::<u64>()),
        ),
        (
            parsed("float?", finite32),
            parsed("double?", finite64.prop_map(|n| format!("{n:e}"))),
            cells("decimal?", decimal),
            cells("char?", one.prop_map(|c| format!("'{c}'"))),
            cells("string", text),
            cells("DateTime?", date),
            cells("Guid?", guid),
            cells("byte[]", bytes),
        ),
    )
        .prop_map(|((a, b, c, d, e, f, g, h, i), (j, k, l, m, n, o, p, q))| {
            vec![a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q]
        })
        .boxed()
}

fn case() -> impl Strategy<Value = (Options, Vec<Column>)> {
    options().prop_flat_map(|options| {
        let columns = columns(&options);
        (Just(options), columns)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read((options, columns) in case()) {
        let lake = Lake::new(&[]);
        let options = options.written();
        let rows: Vec<String> = (0..ROWS)
            .map(|row| {
                let cells: Vec<&str> = columns.iter().map(|column| column.cells[row].as_str()).collect();
                format!("({})", cells.join(", "))
            })
            .collect();
        let names: Vec<String> = (0..columns.len()).map(|n| format!("c{n}")).collect();
        let write = format!(
            "@v = SELECT * FROM (VALUES {}) AS T({});\n\
             OUTPUT @v TO \"/first.txt\" USING Outputters.Text({options});\n\
             OUTPUT @v TO \"/plain.csv\" USING Outputters.Csv();",
            rows.join(",\n"),
            names.join(", "),
        );
        let declared: Vec<String> = names
            .iter()
            .zip(&columns)
            .map(|(name, column)| format!("{name} {}", column.ty))
            .collect();
        let read = format!(
            "@v = EXTRACT {} FROM \"/first.txt\" USING Extractors.Text({options});\n\
             OUTPUT @v TO \"/again.csv\" USING Outputters.Csv();",
            declared.join(", "),
        );
        for script in [&write, &read] {
            if let Err(failure) = lake.run(script) {
                let shown = lake.bytes("/first.txt").map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
                prop_assert!(false, "{script}\n{}\n{shown:?}", failure.text());
            }
        }
        prop_assert_eq!(lake.text("/again.csv"), lake.text("/plain.csv"), "{}{}", write, read);
    }
}
