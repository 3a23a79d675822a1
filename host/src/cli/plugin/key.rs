//! `caifeng plugin key`: a key to sign plugins with, as `minisign -G -W` makes it.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use anyhow::{Context, anyhow};
use caifeng::signature::Key;

use super::super::output::{Lines, note};
use super::super::{Exit, Failed, OrExit, Outcome};
use super::secret;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Keep the file as you keep a password, and a copy of it, for whoever has installed a plugin of yours takes no upgrade that another key signed. With --password it is encrypted as `minisign -G` does it; pack and publish ask for the password again. A password is never an argument."
)]
pub(super) struct KeyArgs {
    /// Where to write the secret key; the public one goes beside it, as FILE.pub
    file: PathBuf,
    /// Encrypt it with a password, asked for twice at the terminal
    #[arg(long, conflicts_with = "password_file")]
    password: bool,
    /// Encrypt it with the password in the first line of this file
    #[arg(long, value_name = "F")]
    password_file: Option<PathBuf>,
}

/// Runs `caifeng plugin key`.
pub(super) fn run(args: &KeyArgs) -> Outcome {
    let password = password(args)?;
    let made = Key::generate("secret key for Caifeng plugins", password.as_deref());
    let (secret, signer) = made.or_exit(Exit::Internal)?;
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

/// The password that was asked for, if any.
fn password(args: &KeyArgs) -> Result<Option<String>, Failed> {
    if let Some(path) = &args.password_file {
        return secret::line(path).map(Some);
    }
    if !args.password {
        return Ok(None);
    }
    let typed = |prompt: &str| {
        let none =
            || anyhow!("--password needs a terminal: put the password into a file and name it with --password-file F");
        secret::typed(prompt)?.filter(|typed| !typed.is_empty()).ok_or_else(none).or_exit(Exit::Usage)
    };
    let first = typed("Password of the new key: ")?;
    if typed("The same again: ")? != first {
        return Err(anyhow!("the two passwords differ: no key was made")).or_exit(Exit::Usage);
    }
    Ok(Some(first))
}

/// Never over another key: what that one signed could not be continued.
fn written(path: &PathBuf, mode: u32, text: &str) -> Result<(), Failed> {
    let opened = OpenOptions::new().write(true).create_new(true).mode(mode).open(path);
    let done = opened.and_then(|mut file| file.write_all(text.as_bytes()));
    done.with_context(|| format!("{}: cannot be written", path.display())).or_exit(Exit::Usage)
}
