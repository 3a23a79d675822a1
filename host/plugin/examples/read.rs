//! Loads a source, gives it one page and prints the posts that it reads.
//!
//! ```sh
//! cargo run -p caifeng-plugin-host --example read -- target/plugins/feed.wasm https://example.cn/rss < page.xml
//! ```

use caifeng_plugin_host::artifact::Artifact;
use caifeng_plugin_host::contract::{Crawl, Method, Request, Response, Target};
use caifeng_plugin_host::engine::{Engine, EngineConfig};
use caifeng_plugin_host::source::Source;
use std::error::Error;

/// When the page is said to have been read: a plugin has no clock.
const NOW: i64 = 1_773_028_800;

#[expect(clippy::print_stdout, reason = "an example shows what it finds")]
fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [plugin, url] = &arguments[..] else { return Err("name a plugin and the address of the page".into()) };
    let engine = Engine::new(EngineConfig::default())?;
    let source = Source::load(&engine, &Artifact::read(std::fs::read(plugin)?)?)?;
    let crawl = Crawl {
        target: Target::Listing(url.clone()),
        site: None,
        settings: source.manifest().settings(&Vec::new())?,
        since: 0,
        now: NOW,
        utc_offset: 8 * 3600,
    };
    let step = source.manifest().steps.first().map(|step| step.name.clone()).ok_or("a source has a step")?;
    let request = Request { step, url: url.clone(), method: Method::Get, headers: Vec::new(), context: String::new() };
    let body = std::io::read_to_string(std::io::stdin())?;
    let response = Response { url: url.clone(), status: 200, headers: Vec::new(), body, fetched: NOW };
    let called = source.crawl(&crawl).parse(&request, &response);
    for post in called.outcome?.posts {
        println!("{}  {}", post.id, post.title.unwrap_or(post.text));
    }
    println!("{:?}, {} KiB", called.cost.wall, called.cost.memory >> 10);
    Ok(())
}
