//! Bodies of clients of the Studio API.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| azml_emulator::fuzz::studio_body(data));
