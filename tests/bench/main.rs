//! What Caifeng costs, each figure beside what it is compared with in the same run.
//!
//! `make bench` runs all of it and prints one JSON object a line: `name`,
//! `value`, `unit`; where there is something to compare with `against` (what,
//! and its value in this run) and `ratio`; where there is one the `goal`, and
//! whether it is `met`. Everything else goes to standard error. To run a part,
//! name it: `cargo bench -p caifeng --bench caifeng -- call sandbox`.
//! `BENCH_POSTS` sets how many posts go the whole way (200,000), `BENCH_SEARCH` how many are searched (1,000,000),
//! `BENCH_MONTH` over how many a month's report is written (1,000,000).

#![allow(clippy::disallowed_methods, reason = "it stands outside: asks the daemon like any client, and waits for it")]

mod bare;
mod call;
mod crawl;
mod decide;
mod drill;
mod extract;
mod fresh;
mod group;
mod kit;
mod month;
mod near;
mod notify;
mod posts;
mod report;
mod rest;
mod sandbox;
mod search;
mod text;
mod warning;
mod way;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use caifeng::plugins::{Origin, Registry};
use caifeng_plugin_host::engine::{Engine, EngineConfig};

/// Posts that go the whole way, unless `BENCH_POSTS` says otherwise.
const POSTS: usize = 200_000;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [crawl::DOWNLOAD, list] = arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        return crawl::download(Path::new(list));
    }
    // Cargo passes `--bench`.
    let parts: Vec<String> = arguments.into_iter().filter(|argument| !argument.starts_with('-')).collect();
    let wanted = |part: &str| parts.is_empty() || parts.iter().any(|named| named == part);
    let size = match std::env::var("BENCH_POSTS") {
        Ok(posts) => posts.parse().context("BENCH_POSTS is not a number")?,
        Err(_) => POSTS,
    };
    // On the same disk as everything that is built, not in a file system of memory.
    let scratch = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let executable = Path::new(env!("CARGO_BIN_EXE_caifeng"));
    if wanted("near") {
        near::run(scratch.path())?;
    }
    if wanted("group") {
        group::run(scratch.path())?;
    }
    if wanted("month") {
        month::run(scratch.path())?;
    }
    if wanted("notify") {
        notify::run(scratch.path())?;
    }
    if wanted("text") {
        text::run(scratch.path())?;
    }
    if wanted("search") {
        search::run(scratch.path())?;
    }
    if wanted("decide") {
        decide::run(scratch.path())?;
    }
    if wanted("warning") {
        warning::run(scratch.path())?;
    }
    // What follows runs plugins.
    let others = ["rest", "call", "fresh", "sandbox", "way", "drill", "extract", "crawl"];
    if !others.iter().any(|part| wanted(part)) {
        return Ok(());
    }
    let registry = Arc::new(Registry::read(&[(plugins(executable)?, Origin::Shipped)])?);
    let engine = Engine::new(EngineConfig::default())?;
    if wanted("rest") {
        rest::run(executable, scratch.path())?;
    }
    if wanted("call") {
        call::run(&engine, registry.find("feed")?.1)?;
    }
    if wanted("fresh") {
        fresh::run(&engine, &registry, scratch.path())?;
    }
    if wanted("sandbox") {
        sandbox::run(&engine, registry.find("feed")?.1, registry.find("triage")?.1)?;
    }
    if wanted("way") {
        way::run(size, scratch.path(), &engine, &registry)?;
    }
    if wanted("drill") {
        drill::run(scratch.path(), &engine, &registry)?;
    }
    if wanted("extract") {
        extract::run(&engine, registry.find("news")?.1)?;
    }
    if wanted("crawl") {
        let guests = plugins(executable)?.with_file_name("guests");
        crawl::run_all(executable, scratch.path(), &guests.join("selector.wasm"))?;
    }
    Ok(())
}

/// `target/plugins`, where `make plugins` puts what is shipped.
fn plugins(executable: &Path) -> anyhow::Result<PathBuf> {
    let folder = executable.parent().and_then(Path::parent).map(|target| target.join("plugins"));
    folder.filter(|folder| folder.is_dir()).context("target/plugins is missing: run `make plugins` first")
}
