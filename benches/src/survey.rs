//! The table that is measured: twelve columns of every kind that real tables have, always the same
//! for the same number of rows. 8.6 million rows are a gigabyte.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

const HEADER: &str = "id,household,age,weight,income,score,employed,city,answer,comment,day,code";

const CITIES: &[&str] = &[
    "Zürich",
    "São Paulo",
    "Kraków",
    "東京",
    "Rock Springs",
    "Adak Island",
    "\"Washington, DC\"",
    "Ås",
];

const ANSWERS: &[&str] = &["agree", "disagree", "neither", "", "no opinion", "NA"];

const COMMENTS: &[&str] = &[
    "\"said \"\"yes\"\", then left\"",
    "\"first, second, third\"",
    "none",
    "",
    "\"moved here in May, 1994\"",
    "très bien",
];

/// Writes the table.
pub(crate) fn write(file: &Path, rows: u64) -> std::io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(file)?);
    writeln!(out, "{HEADER}")?;
    let mut state = 0x0123_4567_89ab_cdef_u64;
    for row in 0..rows {
        // Xorshift: quick, and good enough to spread values.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        write_row(&mut out, row, state)?;
    }
    out.flush()
}

fn write_row(out: &mut impl Write, row: u64, random: u64) -> std::io::Result<()> {
    let part = |shift: u32, limit: u64| (random >> shift) % limit;
    write!(out, "{row},{},", 100_000 + part(3, 900_000))?;
    if part(5, 20) != 0 {
        write!(out, "{}", 18 + part(7, 80))?;
    }
    write!(out, ",{}.{:03},", 40 + part(11, 80), part(13, 1000))?;
    if part(17, 10) != 0 {
        write!(out, "{}.{:02}", part(19, 200_000), part(23, 100))?;
    }
    write!(out, ",{}.{:012}", part(29, 2), part(2, 1_000_000_000_000))?;
    let employed = if part(31, 3) == 0 { "False" } else { "True" };
    let [city, answer, comment] =
        [(37, CITIES), (41, ANSWERS), (43, COMMENTS)].map(|(shift, words)| {
            words[usize::try_from(part(shift, 1 << 16)).unwrap_or(0) % words.len()]
        });
    let day = 1 + part(47, 28);
    let (month, year) = (1 + part(51, 12), 1990 + part(53, 30));
    writeln!(
        out,
        ",{employed},{city},{answer},{comment},{year}-{month:02}-{day:02},{:08x}-{:04x}",
        part(0, 1 << 32),
        part(33, 1 << 16)
    )
}
