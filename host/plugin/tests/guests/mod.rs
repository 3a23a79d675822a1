//! The ill-behaved plugins of `tests/guests`, built once a test program, and
//! what calls need.

#![allow(dead_code, reason = "each test program uses its own part")]

use caifeng_plugin_host::artifact::Artifact;
use caifeng_plugin_host::build::build_crate;
use caifeng_plugin_host::contract::{Crawl, Kind, Method, Post, Request, Response, Target};
use caifeng_plugin_host::engine::{Engine, EngineConfig};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// One sandbox for all tests of a program, as a daemon has.
pub(crate) static ENGINE: LazyLock<Engine> = LazyLock::new(|| Engine::new(EngineConfig::default()).unwrap());

pub(crate) static SOURCE: LazyLock<Artifact> = LazyLock::new(|| built("source"));

pub(crate) static CLASSIFIER: LazyLock<Artifact> = LazyLock::new(|| built("classifier"));

pub(crate) static ASKER: LazyLock<Artifact> = LazyLock::new(|| built("asker"));

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Builds a guest with the library's own build; cargo keeps what is unchanged.
fn built(name: &str) -> Artifact {
    let dir = root().join("tests/guests").join(name);
    // Each test program writes its own file, since several run at once.
    let program = std::env::current_exe().unwrap();
    let program = program.file_stem().unwrap().to_string_lossy().into_owned();
    let out = root().join("target/guests").join(program).join(format!("{name}.wasm"));
    let path = build_crate(&dir, &out, &mut |_| ()).unwrap();
    Artifact::read(std::fs::read(path).unwrap()).unwrap()
}

pub(crate) fn crawl(keyword: &str) -> Crawl {
    Crawl {
        target: Target::Keyword(keyword.to_owned()),
        site: None,
        settings: Vec::new(),
        since: 0,
        now: 1_700_000_000,
        utc_offset: 28_800,
    }
}

pub(crate) fn request() -> Request {
    Request {
        step: "list".to_owned(),
        url: "https://example.cn/".to_owned(),
        method: Method::Get,
        headers: Vec::new(),
        context: String::new(),
    }
}

pub(crate) fn response(body: &str) -> Response {
    Response {
        url: "https://example.cn/".to_owned(),
        status: 200,
        headers: vec![("content-type".to_owned(), "text/html".to_owned())],
        body: body.to_owned(),
        fetched: 1_700_000_000,
    }
}

pub(crate) fn post(text: &str) -> Post {
    Post {
        title: Some("标题".to_owned()), text: text.to_owned(), ..Post::new(Kind::Post, "1", "https://example.cn/1")
    }
}
