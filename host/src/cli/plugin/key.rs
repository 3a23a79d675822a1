//! `caifeng plugin key`: a key to sign plugins with, as `minisign -G -W` makes it.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use anyhow::Context;
use caifeng::signature::Key;

use super::super::output::{Lines, note};
use super::super::{Exit, Failed, OrExit, Outcome};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "The key has no password: keep the file as you keep a password, and a copy of it, for whoever has installed a plugin of yours takes no upgrade that another key signed. `minisign -G` makes a key with a password, which pack takes as well."
)]
pub(super) struct KeyArgs {
    /// Where to write the secret key; the public one goes beside it, as FILE.pub
    file: PathBuf,
}

/// Runs `caifeng plugin key`.
pub(super) fn run(args: &KeyArgs) -> Outcome {
    let (secret, signer) = Key::generate("secret key for Caifeng plugins").or_exit(Exit::Internal)?;
    let public = PathBuf::from(format!("{}.pub", args.file.display()));
    written(&args.file, 0o600, &secret)?;
    written(&public, 0o644, &format!("untrusted comment: public key for Caifeng plugins\n{signer}\n"))?;
    note(format_args!(
        "{}: keep it secret; {}: show it where people find your plugins",
        args.file.display(),
        public.display()
    ));
    let mut lines = Lines::new();
    lines.text(&signer).and_then(|()| lines.flush()).or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

/// Never over another key: what that one signed could not be continued.
fn written(path: &PathBuf, mode: u32, text: &str) -> Result<(), Failed> {
    let opened = OpenOptions::new().write(true).create_new(true).mode(mode).open(path);
    let done = opened.and_then(|mut file| file.write_all(text.as_bytes()));
    done.with_context(|| format!("{}: cannot be written", path.display())).or_exit(Exit::Usage)
}
