//! Tests with a real file in a temporary directory.
