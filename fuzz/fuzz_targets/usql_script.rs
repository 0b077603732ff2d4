//! U-SQL scripts.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| azml_usql_syntax::fuzz::script(data));
