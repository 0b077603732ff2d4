//! Small data sets of the shapes that examples of the time use. All but iris are made up, the same each time.

use std::{path::Path, sync::Arc};

use arrow::array::{ArrayRef, Float64Array, Int32Array, RecordBatch, StringArray};

use crate::{
    columns::{factor, levels},
    error::{Error, Result},
    files::{RxTextData, RxXdfData},
    session::Frame,
};

/// The measures of iris in tenths of a centimetre, in the order of sepal length and width, petal length and width: fifty
/// rows of each species. Published by Fisher in 1936.
const IRIS: &str = include_str!("sample_data/iris.txt");

const DAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];

/// Numbers that are the same each time.
struct Numbers(u64);

impl Numbers {
    /// From 0 to below 1.
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let high = u32::try_from((mixed ^ (mixed >> 31)) >> 32).unwrap_or(0);
        f64::from(high) / (f64::from(u32::MAX) + 1.0)
    }

    /// A whole number from 0 to below the limit.
    fn below(&mut self, limit: i32) -> i32 {
        whole(self.unit() * f64::from(limit))
    }
}

/// The whole number below.
fn whole(value: f64) -> i32 {
    let mut low = i32::MIN;
    let mut high = i32::MAX;
    // There is no conversion that cannot cut.
    while low < high {
        let middle =
            i32::try_from((i64::from(low) + i64::from(high) + 1).div_euclid(2)).unwrap_or(0);
        if f64::from(middle) <= value {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    low
}

fn of_levels(texts: &[&str], order: &[&str]) -> Result<ArrayRef> {
    let mut known = order.iter().map(|level| (*level).to_owned()).collect();
    let texts = StringArray::from_iter_values(texts);
    Ok(Arc::new(factor(&texts, &mut known, false)?))
}

fn frame(columns: Vec<(&str, ArrayRef)>) -> Result<Frame> {
    let columns = columns.into_iter().map(|(name, array)| (name, array, true));
    Frame::new(vec![RecordBatch::try_from_iter_with_nullable(columns)?])
}

fn airline() -> Result<Frame> {
    let mut numbers = Numbers(1987);
    let (mut delays, mut times, mut days) = (Vec::new(), Vec::new(), Vec::new());
    for row in 0..600 {
        // Most flights are on time, some very late, and of some it is not known.
        let late = numbers.unit().powi(4) * 240.0;
        let delay = whole(late) - 8 + numbers.below(12);
        delays.push((row % 33 != 7).then_some(delay));
        times.push(6.0 + f64::from(numbers.below(1080)) / 60.0);
        days.push(DAYS[row % DAYS.len()]);
    }
    frame(vec![
        ("ArrDelay", Arc::new(Int32Array::from(delays))),
        ("CRSDepTime", Arc::new(Float64Array::from(times))),
        ("DayOfWeek", of_levels(&days, &DAYS)?),
    ])
}

fn claims() -> Result<Frame> {
    const AGES: [&str; 8] = [
        "17-20", "21-24", "25-29", "30-34", "35-39", "40-49", "50-59", "60+",
    ];
    const CAR_AGES: [&str; 4] = ["0-3", "4-7", "8-9", "10+"];
    const TYPES: [&str; 4] = ["A", "B", "C", "D"];
    let mut numbers = Numbers(1983);
    let (mut rows, mut ages, mut car_ages, mut types) = (vec![], vec![], vec![], vec![]);
    let (mut costs, mut counts) = (vec![], vec![]);
    for age in AGES {
        for car_age in CAR_AGES {
            for kind in TYPES {
                rows.push(i32::try_from(rows.len()).unwrap_or(i32::MAX) + 1);
                ages.push(age);
                car_ages.push(car_age);
                types.push(kind);
                let count = numbers.below(120);
                counts.push(f64::from(count));
                costs.push((count > 0).then(|| 150.0 + f64::from(numbers.below(300))));
            }
        }
    }
    frame(vec![
        ("RowNum", Arc::new(Int32Array::from(rows))),
        ("age", of_levels(&ages, &AGES)?),
        ("car.age", of_levels(&car_ages, &CAR_AGES)?),
        ("type", of_levels(&types, &TYPES)?),
        ("cost", Arc::new(Float64Array::from(costs))),
        ("number", Arc::new(Float64Array::from(counts))),
    ])
}

fn mortgages() -> Result<Frame> {
    let mut numbers = Numbers(2000);
    let columns: [&str; 6] = [
        "creditScore",
        "houseAge",
        "yearsEmploy",
        "ccDebt",
        "year",
        "default",
    ];
    let mut rows: [Vec<i32>; 6] = Default::default();
    for _ in 0..1000 {
        let score = 550 + numbers.below(300);
        let debt = numbers.below(14_000);
        let risk = f64::from(debt) / 14_000.0 - f64::from(score - 550) / 600.0;
        let values = [
            score,
            numbers.below(40),
            numbers.below(14),
            debt,
            2000 + numbers.below(10),
            i32::from(risk + numbers.unit() > 1.3),
        ];
        for (column, value) in rows.iter_mut().zip(values) {
            column.push(value);
        }
    }
    let named = columns.into_iter().zip(rows);
    frame(
        named
            .map(|(name, values)| (name, Arc::new(Int32Array::from(values)) as ArrayRef))
            .collect(),
    )
}

fn kyphosis() -> Result<Frame> {
    let mut numbers = Numbers(1992);
    let (mut there, mut ages, mut counts, mut starts) = (vec![], vec![], vec![], vec![]);
    for _ in 0..81 {
        let (age, count, start) = (
            1 + numbers.below(205),
            2 + numbers.below(8),
            1 + numbers.below(18),
        );
        let risk = f64::from(count) / 10.0 - f64::from(start) / 24.0 + numbers.unit() * 0.6;
        there.push(if risk > 0.55 { "present" } else { "absent" });
        ages.push(age);
        counts.push(count);
        starts.push(start);
    }
    frame(vec![
        ("Kyphosis", of_levels(&there, &["absent", "present"])?),
        ("Age", Arc::new(Int32Array::from(ages))),
        ("Number", Arc::new(Int32Array::from(counts))),
        ("Start", Arc::new(Int32Array::from(starts))),
    ])
}

fn iris() -> Result<Frame> {
    const SPECIES: [&str; 3] = ["setosa", "versicolor", "virginica"];
    let damaged = || Error::InvalidData("the iris data is damaged".to_owned());
    let mut columns: [Vec<f64>; 4] = Default::default();
    for line in IRIS.lines() {
        for (column, value) in columns.iter_mut().zip(line.split(' ')) {
            column.push(value.parse::<f64>().map_err(|_| damaged())? / 10.0);
        }
    }
    let species: Vec<&str> = SPECIES.iter().flat_map(|name| [*name; 50]).collect();
    let names = ["Sepal.Length", "Sepal.Width", "Petal.Length", "Petal.Width"];
    let mut all: Vec<(&str, ArrayRef)> = names
        .into_iter()
        .zip(columns)
        .map(|(name, values)| (name, Arc::new(Float64Array::from(values)) as ArrayRef))
        .collect();
    all.push(("Species", of_levels(&species, &SPECIES)?));
    frame(all)
}

/// Every data set by its name.
fn all() -> Result<[(&'static str, Frame); 5]> {
    Ok([
        ("AirlineDemoSmall", airline()?),
        ("claims", claims()?),
        ("mortDefaultSmall", mortgages()?),
        ("kyphosis", kyphosis()?),
        ("iris", iris()?),
    ])
}

/// Writes the data sets as Parquet files into a directory, which is made; what is there stays.
///
/// # Errors
/// [`Error::Io`].
pub(crate) fn write(directory: &Path) -> Result<()> {
    make(directory)?;
    for (name, frame) in all()? {
        let path = directory.join(name).with_extension("parquet");
        if !path.exists() {
            RxXdfData::new(path).write(&frame)?;
        }
    }
    Ok(())
}

/// Writes the data sets as text with the levels of their factors beside them, for Python without a reader of Parquet.
///
/// # Errors
/// [`Error::Io`].
pub fn write_sample_text(directory: &Path) -> Result<()> {
    make(directory)?;
    for (name, frame) in all()? {
        RxTextData::new(directory.join(name).with_extension("csv")).write(&frame)?;
        let whole = frame.concat()?;
        let mut factors = serde_json::Map::new();
        for (field, array) in whole.schema().fields().iter().zip(whole.columns()) {
            if let Some(levels) = levels(array.as_ref())? {
                factors.insert(field.name().clone(), levels.into());
            }
        }
        let path = directory.join(name).with_extension("levels.json");
        let text = serde_json::Value::from(factors).to_string();
        std::fs::write(&path, text).map_err(|source| Error::Io { path, source })?;
    }
    Ok(())
}

fn make(directory: &Path) -> Result<()> {
    std::fs::create_dir_all(directory).map_err(|source| Error::Io {
        path: directory.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use arrow::array::Array;

    use super::*;

    #[test]
    fn the_samples_have_their_shapes() {
        let shapes = all().unwrap().map(|(name, frame)| {
            let columns = frame.schema().fields().len();
            (name, frame.num_rows(), columns)
        });
        assert_eq!(
            shapes,
            [
                ("AirlineDemoSmall", 600, 3),
                ("claims", 128, 6),
                ("mortDefaultSmall", 1000, 6),
                ("kyphosis", 81, 4),
                ("iris", 150, 5),
            ]
        );
        let airline = airline().unwrap().concat().unwrap();
        assert_eq!(airline.column(0).null_count(), 18);
        let known = levels(airline.column(2).as_ref()).unwrap().unwrap();
        assert_eq!(known, DAYS);
        assert_eq!([-1.5, 0.0, 2.9].map(whole), [-2, 0, 2]);
    }

    #[test]
    fn samples_are_the_same_each_time() {
        let (first, second) = (all().unwrap(), all().unwrap());
        for ((name, first), (_, second)) in first.into_iter().zip(second) {
            assert_eq!(first.concat().unwrap(), second.concat().unwrap(), "{name}");
        }
    }

    #[test]
    fn samples_are_written_once_and_read_back() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path()).unwrap();
        let file = folder.path().join("iris.parquet");
        let before = std::fs::metadata(&file).unwrap().modified().unwrap();
        write(folder.path()).unwrap();
        assert_eq!(
            std::fs::metadata(&file).unwrap().modified().unwrap(),
            before
        );
        // The name of the time stands for the file beside it.
        let airline_file = RxXdfData::new(folder.path().join("AirlineDemoSmall.xdf"));
        let read = airline_file.read().unwrap().concat().unwrap();
        assert_eq!(read, airline().unwrap().concat().unwrap());
        write_sample_text(folder.path()).unwrap();
        let text = std::fs::read_to_string(folder.path().join("AirlineDemoSmall.levels.json"));
        assert!(text.unwrap().starts_with("{\"DayOfWeek\":[\"Monday\""));
    }
}
