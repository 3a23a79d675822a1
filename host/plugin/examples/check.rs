//! Runs a plugin's fixtures and holds it against the laws, as `caifeng plugin test` and `caifeng plugin check` do, with this
//! crate alone: no daemon, no network, no data directory.
//!
//! ```sh
//! cargo run -p caifeng-plugin-host --example check -- target/plugins/feed.wasm plugins/feed/fixtures
//! ```

use caifeng_plugin_host::artifact::Artifact;
use caifeng_plugin_host::engine::{Engine, EngineConfig};
use caifeng_plugin_host::fixture::{Fixture, difference};
use caifeng_plugin_host::laws::Laws;
use caifeng_plugin_host::loaded::Loaded;
use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

#[expect(clippy::print_stdout, reason = "an example shows what it finds")]
fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [plugin, fixtures] = &arguments[..] else { return Err("name a plugin and the folder of its fixtures".into()) };
    let file = std::fs::read(plugin)?;
    let fixtures = Fixture::all(Path::new(fixtures))?;

    // Its fixtures: a line for each difference.
    let engine = Engine::new(EngineConfig::default())?;
    let loaded = Loaded::load(&engine, &Artifact::read(file.clone())?)?;
    for (_, fixture) in &fixtures {
        let fixture = fixture.as_ref().map_err(ToString::to_string)?;
        match (fixture.run(&loaded)?.outcome, &fixture.expect) {
            (Ok(answer), Some(expected)) => {
                difference(expected, &answer, fixture.call.utc_offset())
                    .iter()
                    .for_each(|line| println!("{}: {line}", fixture.name));
            }
            (Ok(answer), None) => println!("{}: {}, nobody said what to expect", fixture.name, answer.brief()),
            (Err(trap), _) => println!("{}: {trap}", fixture.name),
        }
    }

    // The laws. Days are counted from 1970: an author's own clock, or 0 if the age of fixtures does not matter.
    let card = Laws::new(None)?.check(&file, &fixtures, 0);
    println!("{card}");
    Ok(if card.passes() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
