//! Encodes the worlds of `wit/plugin.wit` as the sections by which the
//! component encoder learns what a guest exports.
//!
//! `wit-bindgen` could write the section too, but only together with a second
//! copy of every type; so the bindings are generated once, for all interfaces,
//! and each export macro carries the section of its own world.

use std::error::Error;
use std::path::Path;

use wit_component::StringEncoding;
use wit_parser::Resolve;

fn main() -> Result<(), Box<dyn Error>> {
    let wit = Path::new("../../wit");
    println!("cargo::rerun-if-changed={}", wit.display());
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(wit)?;
    let out = std::env::var("OUT_DIR")?;
    for name in ["source-plugin", "classifier-plugin", "asker-plugin"] {
        let world = resolve.select_world(&[package], Some(name))?;
        let section = wit_component::metadata::encode(&resolve, world, StringEncoding::UTF8, None, false)?;
        std::fs::write(Path::new(&out).join(name), section)?;
    }
    Ok(())
}
