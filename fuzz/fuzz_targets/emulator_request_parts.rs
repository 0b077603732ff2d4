//! Queries and `Range` headers of clients.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| azml_emulator::fuzz::request_parts(data));
