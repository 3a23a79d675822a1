//! caifeng
fn main() {}
