//! A new plugin in Rust.

use super::{Held, IGNORED, Kind};

/// The manifest of the SDK in a new plugin: that of ours inherits from a workspace that is not there.
pub(super) const MANIFEST: &str = template!("rust/sdk.toml.txt");

/// A file of our SDK, at the place at which its build looks for the contract two folders above.
macro_rules! sdk {
    ($($path:literal),* $(,)?) => {
        &[
            ("sdk/rust/Cargo.toml", MANIFEST),
            $((concat!("sdk/rust/", $path), include_str!(concat!("../../../plugins/sdk/", $path)))),*
        ]
    };
}

/// The SDK.
pub(super) const SDK: &[Held] = sdk![
    "build.rs",
    "src/bindings.rs",
    "src/civil.rs",
    "src/clause.rs",
    "src/contract.rs",
    "src/count.rs",
    "src/dates.rs",
    "src/dates/exact.rs",
    "src/dates/fields.rs",
    "src/dates/normal.rs",
    "src/dates/reader.rs",
    "src/dates/relative.rs",
    "src/entities.rs",
    "src/export.rs",
    "src/failure.rs",
    "src/html.rs",
    "src/json.rs",
    "src/lib.rs",
    "src/markup.rs",
    "src/markup/names.rs",
    "src/markup/nesting.rs",
    "src/markup/token.rs",
    "src/refusal.rs",
    "src/url.rs",
    "src/warm.rs",
];

/// What the author changes.
pub(super) fn files(kind: Kind) -> Vec<Held> {
    let code = match kind {
        Kind::Source => template!("rust/source.rs"),
        Kind::Classifier => template!("rust/classifier.rs"),
        Kind::Asker => template!("rust/asker.rs"),
    };
    vec![("Cargo.toml", template!("rust/Cargo.toml.txt")), (".gitignore", IGNORED), ("src/lib.rs", code)]
}
