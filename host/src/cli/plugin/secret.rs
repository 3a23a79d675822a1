//! Passwords and logins: in a file that nobody else can read, or typed at a terminal. Never an argument, which everybody on
//! the machine can see.

use std::fs;
use std::io::IsTerminal as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::{Context, anyhow};

use super::super::{Exit, Failed, OrExit};

/// The first line of such a file.
pub(super) fn line(path: &Path) -> Result<String, Failed> {
    let unreadable = || format!("{}: cannot be read", path.display());
    let mode = fs::metadata(path).with_context(unreadable).or_exit(Exit::Usage)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        let what = format!("others can read it ({mode:o}), so it is no secret: chmod 600 it");
        return Err(anyhow!("{}: {what}", path.display())).or_exit(Exit::Usage);
    }
    let text = fs::read_to_string(path).with_context(unreadable).or_exit(Exit::Usage)?;
    match text.lines().next().map(str::trim_end).filter(|line| !line.is_empty()) {
        Some(line) => Ok(line.to_owned()),
        None => Err(anyhow!("{}: its first line is empty", path.display())).or_exit(Exit::Usage),
    }
}

/// What somebody types, without showing it; `None` where nobody sits at a terminal.
pub(super) fn typed(prompt: &str) -> Result<Option<String>, Failed> {
    if !std::io::stdin().is_terminal() {
        return Ok(None);
    }
    rpassword::prompt_password(prompt).context("the terminal").or_exit(Exit::Usage).map(Some)
}
