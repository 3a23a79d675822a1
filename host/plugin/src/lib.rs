//! Loads a Caifeng plugin and calls it.
//!
//! A plugin is a WebAssembly component that imports nothing: a pure function
//! from what it is given to what it says. This crate is all that stands between
//! such a component, which is taken to be hostile, and the rest of the host. It
//! has no network, no store, no clock of its own and no async runtime, so that
//! the daemon and the tools for authors use the very same sandbox.
//!
//! # Who talks to whom
//!
//! - A file becomes an [`Artifact`](artifact::Artifact): digest,
//!   [`Manifest`](manifest::Manifest), kind and contract, or the reason why it
//!   is not a plugin. Nothing has run yet.
//! - An [`Engine`](engine::Engine), one a process, holds the limits, the pool
//!   of instances and the [cache of compiled code](engine::CompiledCache).
//! - Engine and artifact make a [`Source`](source::Source), a
//!   [`Classifier`](classifier::Classifier) or an [`Asker`](asker::Asker),
//!   cheap to clone and to share.
//! - A source is called through a [`Crawling`](source::Crawling), one a crawl;
//!   a classifier and an asker a batch at a time. Each call gives
//!   [`Called`](engine::Called): an answer, the plugin's own
//!   [`Failure`](contract::Failure) or a [`Trap`](engine::Trap), and its
//!   [`Cost`](engine::Cost).
//! - [`contract`] has the words in which all of this is said, and
//!   [`address`] the host patterns of manifests and grants.
//! - [`fixture`] holds recorded calls with the answers they must have, for a
//!   plugin of any kind as [`Loaded`](loaded::Loaded).
//! - [`laws`] hold a file and its fixtures against what every plugin must keep.
//! - [`build`] goes the other way, from an author's crate to a file.
//! - [`pack`] makes of such a file the one that is handed on: stripped, with its fixtures inside.
//!
//! ```no_run
//! use caifeng_plugin_host::artifact::Artifact;
//! use caifeng_plugin_host::contract::{Crawl, Target};
//! use caifeng_plugin_host::engine::{Engine, EngineConfig};
//! use caifeng_plugin_host::source::Source;
//!
//! let engine = Engine::new(EngineConfig::default())?;
//! let artifact = Artifact::read(std::fs::read("feed.wasm")?)?;
//! let source = Source::load(&engine, &artifact)?;
//! let mut crawling = source.crawl(&Crawl {
//!     target: Target::Listing("https://example.cn/feed.xml".to_owned()),
//!     site: None,
//!     settings: source.manifest().settings(&Vec::new())?,
//!     since: 0,
//!     now: 1_700_000_000,
//!     utc_offset: 28_800,
//! });
//! for request in crawling.start().outcome? {
//!     println!("{}", request.url);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # In an author's own repository
//!
//! What `caifeng plugin test` and `check` do is this crate, so that `cargo test` of a plugin can do it too, without a
//! binary of Caifeng. `examples/check.rs` is the whole of it; as a test:
//!
//! ```no_run
//! use caifeng_plugin_host::build::build_crate;
//! use caifeng_plugin_host::fixture::Fixture;
//! use caifeng_plugin_host::laws::Laws;
//! use std::path::Path;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let here = Path::new(env!("CARGO_MANIFEST_DIR"));
//! // Beside the plugin's crate: a crate cannot be a guest and the test of one.
//! let plugin = build_crate(&here.join("../board"), &here.join("target/board.wasm"), &mut |_| ())?;
//! let fixtures = Fixture::all(&here.join("../board/fixtures"))?;
//! let card = Laws::new(None)?.check(&std::fs::read(plugin)?, &fixtures, 0);
//! assert!(card.passes(), "{card}");
//! # Ok(())
//! # }
//! ```
//!
//! [`Laws::check`](laws::Laws::check) gives a [`ScoreCard`](laws::ScoreCard), which prints as text, is JSON by serde, and
//! has a form for build servers; [`Fixture::measure`](fixture::Fixture::measure) says what a call takes on a fresh and on a
//! warm instance.
//!
//! # Invariants
//!
//! - Only [`engine`] and `contract::v0_1` name wasmtime.
//! - A component with any import is never compiled.
//! - An instance that trapped is never called again.
//! - Compiled code without the host's seal is never loaded.

pub mod address;
pub mod artifact;
pub mod asker;
pub mod build;
pub mod classifier;
pub mod contract;
pub mod engine;
pub mod fixture;
mod labels;
pub mod laws;
pub mod loaded;
pub mod manifest;
pub mod pack;
pub mod source;
pub mod unread;
