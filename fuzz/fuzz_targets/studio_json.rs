//! Answers of the Studio API.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| azml_studio_classic::fuzz::json_body(data));
