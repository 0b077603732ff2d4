//! Delimited text and plain text into frames and back.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| azml_studio_classic::formats::fuzz::delimited(data));
