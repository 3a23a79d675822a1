//! The `caifeng` binary: arguments in, an exit code out.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    // Whatever opens a TLS connection later finds the provider installed.
    let installed = rustls::crypto::ring::default_provider().install_default();
    debug_assert!(installed.is_ok(), "nothing else may install a TLS provider");
    cli::run()
}
