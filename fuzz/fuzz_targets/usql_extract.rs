//! Text files through the U-SQL extractor.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| azml_usql::fuzz::extract(data));
