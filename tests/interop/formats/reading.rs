//! Texts read by both.

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use azml::studio_classic::DataTypeId;
use azml::studio_classic::formats::{Frame, ReadOptions, read_bytes, write_frame};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use super::generate::{Random, soup, table};

const TYPES: [DataTypeId; 4] = [
    DataTypeId::GenericCsv,
    DataTypeId::GenericCsvNoHeader,
    DataTypeId::GenericTsv,
    DataTypeId::GenericTsvNoHeader,
];

/// Texts to read; set AZML_FORMATS_CASES for more.
fn count() -> u64 {
    let wanted = std::env::var("AZML_FORMATS_CASES").ok();
    wanted.and_then(|n| n.parse().ok()).unwrap_or(3000)
}

#[test]
fn generated_texts_are_read_alike() {
    let texts: Vec<(DataTypeId, String)> = (0..count())
        .map(|seed| {
            let mut random = Random::new(seed);
            let id = TYPES[random.below(TYPES.len())].clone();
            let comma = matches!(id, DataTypeId::GenericCsv | DataTypeId::GenericCsvNoHeader);
            let delimiter = if comma { "," } else { "\t" };
            let text = if random.one_in(3) {
                soup(&mut random, delimiter)
            } else {
                table(&mut random, delimiter)
            };
            (id, text)
        })
        .collect();
    let cases: Vec<Value> = texts
        .iter()
        .map(|(id, text)| json!({"type": id.as_str(), "text": BASE64.encode(text)}))
        .collect();
    let mut differences = Vec::new();
    let mut compared = 0;
    for (answer, (id, text)) in super::ask("read", &cases).iter().zip(&texts) {
        match compare(answer, id, text) {
            Ok(()) => compared += 1,
            Err(Some(difference)) => differences.push(format!("{id} {text:?}: {difference}")),
            Err(None) => {}
        }
    }
    let found = differences.len();
    differences.truncate(20);
    assert!(
        differences.is_empty(),
        "{found} differences:\n{}",
        differences.join("\n")
    );
    assert!(
        compared > texts.len() / 2,
        "only {compared} of {} compared",
        texts.len()
    );
}

/// `Err(None)` where pandas is known to do something else on purpose.
fn compare(answer: &Value, id: &DataTypeId, text: &str) -> Result<(), Option<String>> {
    let options = ReadOptions {
        pandas_compat: true,
        ..ReadOptions::default()
    };
    let frame = match (
        read_bytes(text.as_bytes(), id, &options),
        answer.get("error"),
    ) {
        (Err(_), Some(_)) => return Ok(()),
        // surplus fields of the first row become row labels
        (Err(_), None) if answer["row_labels"] == true => return Err(None),
        (Err(error), None) => return Err(Some(format!("{error}, but pandas gives {answer}"))),
        (Ok(_), Some(error)) => return Err(Some(format!("pandas raises {error}"))),
        (Ok(frame), None) => frame,
    };
    let names: Vec<&str> = frame
        .schema()
        .fields()
        .iter()
        .map(|f| f.name().as_str())
        .collect();
    if json!(names) != answer["names"] {
        return Err(Some(format!("names {names:?}, pandas {}", answer["names"])));
    }
    let mut pandas_erred = false;
    for (index, field) in frame.schema().fields().iter().enumerate() {
        let theirs = answer["types"][index].as_str().unwrap();
        let ours = field.data_type();
        let same = match theirs {
            "int64" => *ours == DataType::Int64,
            "uint64" => *ours == DataType::UInt64,
            "float64" => *ours == DataType::Float64,
            "bool" => *ours == DataType::Boolean,
            "object" => matches!(ours, DataType::Utf8 | DataType::Null),
            _ => false,
        };
        if !same && mixes_huge_integers_and_floats(&answer["columns"][index]) {
            return Err(None); // which of the two pandas takes depends on the order of the rows
        }
        if !same {
            return Err(Some(format!("column {index} is {ours}, pandas {theirs}")));
        }
        pandas_erred |= compare_column(&frame, index, &answer["columns"][index])
            .map_err(|difference| Some(format!("column {index}: {difference}")))?;
    }
    if pandas_erred {
        return Err(None);
    }
    compare_written(&frame, id, answer).map_err(Some)
}

fn mixes_huge_integers_and_floats(column: &Value) -> bool {
    let cells = column.as_array().unwrap().iter().filter_map(Value::as_str);
    let numbers: Vec<&str> = cells.map(str::trim).collect();
    let huge = |text: &&str| text.parse::<i128>().is_ok_and(|n| n > i128::from(u64::MAX));
    let float = |text: &&str| text.parse::<f64>().is_ok() && text.parse::<i128>().is_err();
    numbers.iter().any(huge) && numbers.iter().any(float)
}

/// Whether the values differ only by what pandas is known to get wrong.
fn compare_column(frame: &Frame, index: usize, theirs: &Value) -> Result<bool, String> {
    let mut pandas_erred = false;
    let theirs = theirs.as_array().unwrap();
    if frame.num_rows() != theirs.len() {
        return Err(format!(
            "{} rows, pandas {}",
            frame.num_rows(),
            theirs.len()
        ));
    }
    let batch = frame.concat().unwrap();
    let column = batch.column(index);
    let floats = *column.data_type() == DataType::Float64;
    let text = cast(column, &DataType::Utf8).unwrap();
    let text = text.as_string::<i32>();
    for (row, theirs) in theirs.iter().enumerate() {
        let ours = text.is_valid(row).then(|| text.value(row));
        let same = match (ours, theirs.as_str()) {
            (None, None) => true,
            // in a column of huge integers pandas forgets that cells are missing
            (None, Some(theirs)) if theirs.is_empty() || is_marker(theirs) => {
                pandas_erred |= !theirs.is_empty();
                true
            }
            // the smallest integer is pandas' own mark of a missing one
            (Some("-9.223372036854776e18"), None) => {
                pandas_erred = true;
                true
            }
            (Some(ours), Some(theirs)) if floats => close(ours, theirs),
            (Some(ours), Some(theirs)) => ours.eq_ignore_ascii_case(theirs),
            _ => false,
        };
        if !same {
            return Err(format!("row {row} is {ours:?}, pandas {theirs}"));
        }
    }
    Ok(pandas_erred)
}

fn is_marker(text: &str) -> bool {
    text.contains(['N', 'n', '#'])
}

/// Equal but for the last place, where pandas may round wrongly.
fn close(ours: &str, theirs: &str) -> bool {
    let (ours, theirs): (f64, f64) = (ours.parse().unwrap(), theirs.parse().unwrap());
    ours == theirs && ours.is_sign_negative() == theirs.is_sign_negative()
        || ours.to_bits().abs_diff(theirs.to_bits()) <= 1
}

/// Both write the same, where the texts hold nothing that pandas would lose.
fn compare_written(frame: &Frame, id: &DataTypeId, answer: &Value) -> Result<(), String> {
    let theirs = BASE64.decode(answer["written"].as_str().unwrap()).unwrap();
    let theirs = String::from_utf8(theirs).unwrap();
    let ours = String::from_utf8(write_frame(frame, id).unwrap()).unwrap();
    // quoted here, not there: a leading space, a lone field of blanks, a lone carriage return
    let unquoted = |text: &str| text.replace('"', "");
    let exact = !theirs.contains([' ', '\r']);
    let same = if exact {
        ours == theirs
    } else {
        unquoted(&ours) == unquoted(&theirs)
    };
    if same || ours.len() == theirs.len() && differs_in_last_digits(&ours, &theirs) {
        return Ok(());
    }
    Err(format!("written as {ours:?}, by pandas as {theirs:?}"))
}

/// Whether two texts are numbers alike but for wrongly rounded ones.
fn differs_in_last_digits(ours: &str, theirs: &str) -> bool {
    let cells = |text: &str| {
        text.split([',', '\t', '\n'])
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let (ours, theirs) = (cells(ours), cells(theirs));
    ours.len() == theirs.len()
        && ours.iter().zip(&theirs).all(|(ours, theirs)| {
            ours == theirs
                || ours.parse::<f64>().is_ok()
                    && theirs.parse::<f64>().is_ok()
                    && close(ours, theirs)
        })
}
