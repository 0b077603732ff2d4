//! ARFF into frames.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| azml_studio_classic::formats::fuzz::arff(data));
