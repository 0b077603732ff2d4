//! The conformance table of the U-SQL notes, section 10, by row.

mod files;
mod members;
mod parquet;
mod rowsets;
mod scripts;
mod sets;
mod values;

const D: &str = "@d = V(((int?)1),((int?)null),((int?)3)) AS T(a); ";

fn d(rest: &str) -> String {
    format!("{D}{rest}")
}

/// `SELECT items FROM one row`.
fn one(items: &str) -> String {
    format!("@r = SELECT {items} FROM (VALUES(1)) AS T(x_);")
}

fn extract(columns: &str, using: &str) -> String {
    format!("@r = EXTRACT {columns} FROM \"/i.csv\" USING {using};")
}
