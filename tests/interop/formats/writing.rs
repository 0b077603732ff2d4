//! Columns written by both.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, DurationNanosecondArray, Float16Array, Float32Array, Float64Array, Int64Array,
    RecordBatch, StringArray, TimestampMicrosecondArray, TimestampMillisecondArray,
    TimestampNanosecondArray, TimestampSecondArray, UInt8Array,
};
use arrow::datatypes::ArrowPrimitiveType;
use arrow::datatypes::Float16Type;
use azml::studio_classic::DataTypeId;
use azml::studio_classic::formats::{Frame, write_frame};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use super::generate::Random;

const CASES: u64 = 400;

#[test]
fn generated_columns_are_written_alike() {
    let mut cases = Vec::new();
    let mut ours = Vec::new();
    for seed in 0..CASES {
        let mut random = Random::new(seed);
        let rows = 1 + random.below(5);
        let mut columns: Vec<Value> = Vec::new();
        let mut arrays: Vec<(String, ArrayRef)> = Vec::new();
        for index in 0..1 + random.below(4) {
            let name = format!(
                "{}{index}",
                random.pick(&["a", "a b", "x,y", "q\"", "\u{e9}"])
            );
            let (kind, values, array) = column(&mut random, rows);
            columns.push(json!({"name": name, "kind": kind, "values": values}));
            arrays.push((name, array));
        }
        let id = [
            DataTypeId::GenericCsv,
            DataTypeId::GenericCsvNoHeader,
            DataTypeId::GenericTsv,
            DataTypeId::GenericTsvNoHeader,
        ][random.below(4)]
        .clone();
        let batch = RecordBatch::try_from_iter_with_nullable(
            arrays.into_iter().map(|(name, array)| (name, array, true)),
        );
        cases.push(json!({"type": id.as_str(), "columns": columns}));
        ours.push(write_frame(&Frame::from(batch.unwrap()), &id).unwrap());
    }
    for ((answer, ours), case) in super::ask("write", &cases).iter().zip(ours).zip(&cases) {
        let theirs = BASE64.decode(answer["written"].as_str().unwrap()).unwrap();
        assert_eq!(
            String::from_utf8(ours).unwrap(),
            String::from_utf8(theirs).unwrap(),
            "{case}"
        );
    }
}

/// A column as NumPy's kind with JSON values, and as an array.
fn column(random: &mut Random, rows: usize) -> (&'static str, Vec<Value>, ArrayRef) {
    fn gaps<T>(
        random: &mut Random,
        rows: usize,
        value: impl Fn(&mut Random) -> T,
    ) -> Vec<Option<T>> {
        (0..rows)
            .map(|_| {
                if random.one_in(5) {
                    None
                } else {
                    Some(value(random))
                }
            })
            .collect()
    }
    fn values<T: ToString>(cells: &[Option<T>]) -> Vec<Value> {
        cells
            .iter()
            .map(|cell| json!(cell.as_ref().map(ToString::to_string)))
            .collect()
    }
    match random.below(10) {
        0 => {
            let cells: Vec<i64> = (0..rows).map(|_| random.next().cast_signed()).collect();
            (
                "i8",
                cells.iter().map(|v| json!(v)).collect(),
                Arc::new(Int64Array::from(cells)),
            )
        }
        1 => {
            let cells: Vec<u8> = (0..rows).map(|_| random.next().to_le_bytes()[0]).collect();
            (
                "u1",
                cells.iter().map(|v| json!(v)).collect(),
                Arc::new(UInt8Array::from(cells)),
            )
        }
        2 => {
            let cells = gaps(random, rows, double);
            ("f8", values(&cells), Arc::new(Float64Array::from(cells)))
        }
        3 => {
            let cells = gaps(random, rows, single);
            ("f4", values(&cells), Arc::new(Float32Array::from(cells)))
        }
        4 => {
            type Half = <Float16Type as ArrowPrimitiveType>::Native;
            let cells = gaps(random, rows, |r| Half::from_bits(bits16(r)));
            let cells: Vec<_> = cells
                .into_iter()
                .map(|v| v.filter(|v| !v.is_nan()))
                .collect();
            ("f2", values(&cells), Arc::new(Float16Array::from(cells)))
        }
        5 => {
            let cells = gaps(random, rows, |r| {
                r.pick(&[
                    "",
                    "x",
                    "a,b",
                    "a\tb",
                    "\"",
                    "l\nm",
                    "caf\u{e9}",
                    "x ",
                    "'",
                    "#",
                ])
            });
            let values = cells.iter().map(|cell| json!(cell)).collect();
            ("object", values, Arc::new(StringArray::from(cells)))
        }
        6 => {
            let step = [1, 1_000, 1_000_000, 1_000_000_000, 86_400_000_000_000][random.below(5)];
            let cells = gaps(random, rows, |r| {
                (r.next() >> 2).cast_signed() / step * step
            });
            if random.one_in(2) {
                (
                    "m8[ns]",
                    values(&cells),
                    Arc::new(DurationNanosecondArray::from(cells)),
                )
            } else {
                (
                    "M8[ns]",
                    values(&cells),
                    Arc::new(TimestampNanosecondArray::from(cells)),
                )
            }
        }
        7 => {
            let step = [1, 86_400][random.below(2)];
            let cells = gaps(random, rows, |r| {
                (r.next() >> 31).cast_signed() / step * step
            });
            (
                "M8[s]",
                values(&cells),
                Arc::new(TimestampSecondArray::from(cells)),
            )
        }
        8 => {
            let step = [1, 1_000, 86_400_000][random.below(3)];
            let cells = gaps(random, rows, |r| {
                (r.next() >> 21).cast_signed() / step * step
            });
            (
                "M8[ms]",
                values(&cells),
                Arc::new(TimestampMillisecondArray::from(cells)),
            )
        }
        _ => {
            let step = [1, 1_000, 1_000_000, 86_400_000_000][random.below(4)];
            // until 2037: later the client knows no daylight saving time
            let cells = gaps(random, rows, |r| {
                (r.next() >> 13).cast_signed() / step * step
            });
            let (kind, zone) = [
                ("zone UTC", "UTC"),
                ("zone Europe/Paris", "Europe/Paris"),
                ("zone Asia/Kolkata", "Asia/Kolkata"),
            ][random.below(3)];
            let array = TimestampMicrosecondArray::from(cells.clone()).with_timezone(zone);
            (kind, values(&cells), Arc::new(array))
        }
    }
}

fn double(random: &mut Random) -> f64 {
    let value = match random.below(4) {
        0 => f64::from_bits(random.next()),
        1 => f64::from(single(random)),
        2 => (random.next() >> 40).cast_signed() as f64 / 100.0,
        _ => (random.next() >> random.below(60)) as f64,
    };
    if value.is_nan() { 0.5 } else { value }
}

fn single(random: &mut Random) -> f32 {
    let value = match random.below(3) {
        0 => f32::from_bits(u32::try_from(random.next() >> 32).unwrap()),
        1 => f32::from(u16::try_from(random.next() >> 48).unwrap()) / 100.0,
        _ => (random.next() >> random.below(60)) as f32,
    };
    if value.is_nan() { 0.5 } else { value }
}

fn bits16(random: &mut Random) -> u16 {
    u16::try_from(random.next() >> 48).unwrap()
}
