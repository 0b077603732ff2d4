//! `azml sql summary`: statistics that the server computes.

use azml::sqlml_remote::{RxSummary, Statistics, Summary};

use super::{Target, transfer};
use crate::args::sql::SummaryArgs;
use crate::failure::Result;
use crate::output::{Format, Listing, data};

/// Sums up and prints: as the original does for people, as a list of terms and categories for programs.
pub(super) async fn run(args: &SummaryArgs, target: &Target, format: &Format) -> Result<()> {
    let source = transfer::source(&args.source, target)?;
    let summary = Summary::new(&args.formula, &source).strings_as_factors(true);
    let summary = summary.run().await?;
    match format {
        Format::Table => data(|out| write!(out, "{summary}")),
        _ => listing(&summary).print(format),
    }
}

fn listing(summary: &RxSummary) -> Listing {
    let mut listing = Listing::new([
        "term", "category", "mean", "std_dev", "min", "max", "valid", "missing",
    ]);
    let number = |value: f64| {
        serde_json::Number::from_f64(value).map_or(serde_json::Value::Null, Into::into)
    };
    let mut add = |category: String, of: &Statistics| {
        listing.row([
            of.name.as_str().into(),
            category.into(),
            number(of.mean),
            number(of.std_dev),
            number(of.min),
            number(of.max),
            of.valid_obs.into(),
            of.missing_obs.into(),
        ]);
    };
    for statistics in &summary.statistics {
        add(String::new(), statistics);
    }
    for by in &summary.by_category {
        for (levels, statistics) in &by.cells {
            add(levels.join(", "), statistics);
        }
    }
    for counts in &summary.categorical {
        for (levels, count) in &counts.counts {
            let nothing = serde_json::Value::Null;
            listing.row([
                counts.name.as_str().into(),
                levels.join(", ").into(),
                nothing.clone(),
                nothing.clone(),
                nothing.clone(),
                nothing,
                (*count).into(),
                counts.missing_obs.into(),
            ]);
        }
    }
    listing
}
