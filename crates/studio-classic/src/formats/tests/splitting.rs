//! However a text is cut, read again or streamed, the frame is the same.

use std::num::NonZeroUsize;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use proptest::prelude::*;

use super::super::{Decoder, read_bytes};
use super::*;

/// Texts of few columns whose cells are often of one kind, so that types widen late, or malformed.
fn texts() -> impl Strategy<Value = String> {
    let cell = prop_oneof![
        4 => Just("1"), 2 => Just("-0"), 2 => Just("2.5"), 2 => Just(""), 2 => Just("true"),
        1 => Just("9223372036854775808"), 1 => Just("18446744073709551616"), 1 => Just("NA"),
        1 => Just("\"a\nb\""), 1 => Just("x"), 1 => Just(" 3 "), 1 => Just("\"4\""),
        1 => Just("\u{e9}"),
    ];
    let column = prop::collection::vec(cell, 1..4);
    let table = (
        prop::collection::vec(column, 1..4),
        prop::collection::vec(0usize..3, 0..12),
    );
    let end = prop::sample::select(vec!["\n", "\r\n", "\r", ""]);
    prop_oneof![
        8 => (table, end).prop_map(|((columns, rows), end)| {
            // kinds of cells come one after the other, each for some rows
            let header = (0..columns.len()).map(|i| format!("c{i}")).collect::<Vec<_>>().join(",");
            let mut lines = vec![header];
            for (number, kind) in rows.iter().enumerate() {
                let cells = columns.iter().map(|column| column[(number * 3 / rows.len() + kind / 2) % column.len()]);
                lines.push(cells.collect::<Vec<_>>().join(","));
            }
            lines.join("\n") + end
        }),
        2 => "[\"1x,.\n\r \t\u{e9}-]{0,40}",
    ]
}

fn options(threads: usize) -> ReadOptions {
    ReadOptions {
        threads: NonZeroUsize::new(threads),
        ..ReadOptions::default()
    }
}

fn with_schema(schema: &SchemaRef) -> ReadOptions {
    ReadOptions::with_schema(schema.clone())
}

/// Decodes pieces of the given lengths, in turn.
fn stream(
    text: &[u8],
    id: &DataTypeId,
    schema: &SchemaRef,
    pieces: &[usize],
    parse_bytes: usize,
) -> Result<Frame, FormatError> {
    let mut decoder = Decoder::new(id, schema.clone(), &ReadOptions::default())?;
    decoder.set_parse_bytes(parse_bytes);
    let mut batches = Vec::new();
    let mut rest = text;
    for len in pieces.iter().cycle() {
        let (piece, left) = rest.split_at((*len).min(rest.len()));
        batches.extend(decoder.push(piece)?);
        rest = left;
        if rest.is_empty() {
            break;
        }
    }
    batches.extend(decoder.finish()?);
    Frame::try_new(schema.clone(), batches)
}

proptest! {
    #[test]
    fn chunks_and_threads_make_no_difference(
        text in texts(), id in prop::sample::select(FIVE_TYPES.to_vec()), chunk in 1usize..40, threads in 1usize..4,
    ) {
        let whole = read_bytes(text.as_bytes(), &id, &options(1));
        let chunked = read_chunked(text.as_bytes(), &id, &options(threads), chunk);
        prop_assert_eq!(outcome(&chunked), outcome(&whole));
    }

    #[test]
    fn streaming_makes_no_difference(
        text in texts(), id in prop::sample::select(FIVE_TYPES.to_vec()),
        pieces in prop::collection::vec(1usize..20, 1..5), parse_bytes in 1usize..40, as_text in any::<bool>(),
    ) {
        let Ok(inferred) = read_bytes(text.as_bytes(), &id, &ReadOptions::default()) else {
            // malformed: the same error wherever it is cut
            let schema: SchemaRef = Arc::new(Schema::empty());
            let whole = read_bytes(text.as_bytes(), &id, &with_schema(&schema));
            let streamed = stream(text.as_bytes(), &id, &schema, &pieces, parse_bytes);
            prop_assert_eq!(outcome(&streamed), outcome(&whole));
            return Ok(());
        };
        let fields = inferred.schema().fields().iter().map(|field| {
            if as_text { Arc::new(Field::new(field.name(), DataType::Int64, true)) } else { field.clone() }
        });
        let schema: SchemaRef = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let whole = read_bytes(text.as_bytes(), &id, &with_schema(&schema));
        let streamed = stream(text.as_bytes(), &id, &schema, &pieces, parse_bytes);
        prop_assert_eq!(outcome(&streamed), outcome(&whole));
        if !as_text {
            // what was inferred can be read again with the schema it got
            prop_assert_eq!(outcome(&whole), outcome(&Ok(inferred)));
        }
    }
}

// an integer chunk of a float column keeps the sign of its zero
#[test]
fn minus_zero_in_an_earlier_chunk() {
    let text = b"a\n-0\n0\n2.5\n";
    let frame = read_chunked(text, &DataTypeId::GenericCsv, &options(1), 3);
    assert_eq!(outcome(&frame), "a:Float64\n-0.0\n0.0\n2.5");
}

// studio S-121, streamed
#[test]
fn a_byte_order_mark_comes_in_any_pieces() {
    let text = "\u{feff}a\n1\n".as_bytes();
    let schema: SchemaRef = Arc::new(Schema::new(vec![Field::new("a", DataType::Int64, true)]));
    for pieces in 1..8 {
        for parse_bytes in [1, 4, 40] {
            let id = DataTypeId::GenericCsv;
            let streamed = stream(text, &id, &schema, &[pieces], parse_bytes);
            assert_eq!(outcome(&streamed), "a:Int64\n1", "{pieces} {parse_bytes}");
        }
    }
}
