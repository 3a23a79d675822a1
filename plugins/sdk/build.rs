//! Encodes the worlds of `wit/plugin.wit`, each with the export by which a plugin
//! is initialised when it is built, as the sections by which the
//! component encoder learns what a guest exports.
//!
//! `wit-bindgen` could write the section too, but only together with a second
//! copy of every type; so the bindings are generated once, for all interfaces,
//! and each export macro carries the section of its own world.

use std::error::Error;
use std::path::Path;

use wit_component::StringEncoding;
use wit_parser::Resolve;

const PACKAGE: &str = "caifeng:plugin";

const WORLDS: [&str; 3] = ["source-plugin", "classifier-plugin", "asker-plugin"];

fn main() -> Result<(), Box<dyn Error>> {
    let wit = Path::new("../../wit");
    println!("cargo::rerun-if-changed={}", wit.display());
    let mut resolve = Resolve::default();
    resolve.push_path(wit)?;
    let own = "package caifeng:sdk;\n".to_owned()
        + &WORLDS
            .map(|name| {
                format!("world {name} {{ include {PACKAGE}/{name}@0.1.0; export wizer-initialize: func(); }}\n")
            })
            .concat();
    let package_of_worlds = resolve.push_str("sdk.wit", &own)?;
    let out = std::env::var("OUT_DIR")?;
    for name in WORLDS {
        let world = resolve.select_world(&[package_of_worlds], Some(name))?;
        let section = wit_component::metadata::encode(&resolve, world, StringEncoding::UTF8, None, false)?;
        std::fs::write(Path::new(&out).join(name), section)?;
    }
    Ok(())
}
