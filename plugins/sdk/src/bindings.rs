//! What `wit-bindgen` makes of `wit/plugin.wit`.
//!
//! One world with all interfaces, so that every type exists once. That world
//! is never encoded: which one a guest implements is said by the section that
//! its export macro emits, [`SOURCE_WORLD`], [`CLASSIFIER_WORLD`] or
//! [`ASKER_WORLD`], and a source is therefore never asked for a classifier.

#![allow(
    missing_docs,
    unreachable_pub,
    unsafe_code,
    clippy::all,
    clippy::allow_attributes_without_reason,
    clippy::semicolon_if_nothing_returned,
    clippy::uninlined_format_args,
    clippy::use_self,
    reason = "generated code"
)]

wit_bindgen::generate!({
    inline: "
        package caifeng:sdk;
        world all {
            export caifeng:plugin/types@0.1.0;
            export caifeng:plugin/source@0.1.0;
            export caifeng:plugin/classifier@0.1.0;
            export caifeng:plugin/asker@0.1.0;
            export wizer-initialize: func();
        }
    ",
    path: "../../wit",
    pub_export_macro: true,
    default_bindings_module: "caifeng_plugin_sdk::bindings",
    additional_derives: [Clone, PartialEq],
});

/// The component-type section of the world `source-plugin`.
pub const SOURCE_WORLD: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/source-plugin"));

/// The component-type section of the world `classifier-plugin`.
pub const CLASSIFIER_WORLD: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/classifier-plugin"));

/// The component-type section of the world `asker-plugin`.
pub const ASKER_WORLD: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/asker-plugin"));

/// The bytes of a section as the array that a `static` of that section must be.
/// `N` is `section.len()`; a shorter section fails the build.
pub const fn section<const N: usize>(section: &[u8]) -> [u8; N] {
    let mut bytes = [0; N];
    let mut i = 0;
    while i < N {
        bytes[i] = section[i];
        i += 1;
    }
    bytes
}
