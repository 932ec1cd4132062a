//! See [`cyxwiz_tests_fuzz::instructions`].
#![no_main]
#![allow(missing_docs)]

libfuzzer_sys::fuzz_target!(|input: &[u8]| cyxwiz_tests_fuzz::instructions::run(input));
