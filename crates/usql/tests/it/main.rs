//! Whole scripts against folders of files.
#![expect(clippy::panic, reason = "helpers of tests end a test by it")]

mod catalog;
mod commit;
mod conformance;
mod diagnostics;
mod harness;
mod language;
mod roundtrip;
