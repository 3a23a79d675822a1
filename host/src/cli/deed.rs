//! What commands share that take a person: whose token, who owns the directory, what is printed of it.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use caifeng::control::{self, Asked, Line, Refusal};
use caifeng::current::Current;
use caifeng::directory::Directory;
use caifeng::handling::{Clerk, Deed, Outcome as Done, What};
use caifeng::store::{self, Store, StoreError, UserChange};
use caifeng::user::token::Token;
use tokio::sync::mpsc;

use super::reply::At;
use super::serve::runtime;
use super::workplace::{self, DataArgs};
use super::{Exit, Failed, OrExit};

/// Options of commands that take a person.
#[derive(Debug, clap::Args)]
pub(super) struct PersonArgs {
    #[command(flatten)]
    pub(super) data: DataArgs,
    #[command(flatten)]
    pub(super) token: TokenArgs,
}

/// Options of commands that take a person and say what came of it.
#[derive(Debug, clap::Args)]
pub(super) struct With {
    #[command(flatten)]
    pub(super) person: PersonArgs,
    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,
}

/// Options of commands that do something with what somebody saw.
#[derive(Debug, clap::Args)]
pub(super) struct SeenArgs {
    /// What is meant by its number, and the version of it that you saw
    #[arg(value_name = "ID@VERSION")]
    pub(super) at: At,
    #[command(flatten)]
    pub(super) with: With,
}

/// The same, for a reason.
#[derive(Debug, clap::Args)]
pub(super) struct ReasonArgs {
    /// What is meant by its number, and the version of it that you saw
    #[arg(value_name = "ID@VERSION")]
    pub(super) at: At,
    /// Why
    #[arg(long, value_name = "R")]
    pub(super) reason: String,
    #[command(flatten)]
    pub(super) with: With,
}

/// Whose rights a command has.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct TokenArgs {
    /// File with your personal token [default: $CAIFENG_TOKEN, else caifeng/token in the user's configuration folder]
    #[arg(long, value_name = "F")]
    token: Option<PathBuf>,
}

/// Longest file that could be a token, in bytes.
const LONGEST: u64 = 256;

impl TokenArgs {
    /// The token, from a file that only its owner can read; `None` when no file was named and none is in its place.
    pub(super) fn read(&self) -> Result<Option<Token>, Failed> {
        self.of(workplace::token_file(self.token.as_ref()))
    }

    /// That of the file that the command names, and of no other.
    pub(super) fn named(&self) -> Result<Option<Token>, Failed> {
        self.of(self.token.clone().map(|path| (path, true)))
    }

    fn of(&self, file: Option<(PathBuf, bool)>) -> Result<Option<Token>, Failed> {
        let Some((path, named)) = file else { return Ok(None) };
        let meta = match std::fs::metadata(&path) {
            Err(error) if !named && error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            meta => meta.with_context(|| format!("{}: cannot be read", path.display())).or_exit(Exit::Usage)?,
        };
        if meta.permissions().mode() & 0o077 != 0 {
            let what = "others can read this token: chmod 600 it, and have it replaced if somebody else did";
            return Err(anyhow!("{}: {what}", path.display())).or_exit(Exit::Usage);
        }
        if meta.len() > LONGEST {
            return Err(anyhow!("{}: too long for a token", path.display())).or_exit(Exit::Usage);
        }
        let text = std::fs::read_to_string(&path);
        let text = text.with_context(|| format!("{}: cannot be read", path.display())).or_exit(Exit::Usage)?;
        text.parse().map(Some).with_context(|| path.display().to_string()).or_exit(Exit::Usage)
    }
}

/// The account of the machine that this process runs as.
pub(super) fn account(directory: &Directory) -> u32 {
    let of = |path: &Path| std::fs::metadata(path).map(|it| it.uid());
    of(Path::new("/proc/self")).or_else(|_| of(directory.path())).unwrap_or(u32::MAX)
}

/// Does it: by the daemon when one runs here, else by taking the directory.
pub(super) fn act(args: &PersonArgs, act: What) -> Result<Done, Failed> {
    let directory = args.data.directory()?;
    let deed = Deed { token: args.token.read()?, act };
    let done = if std::os::unix::net::UnixStream::connect(directory.socket()).is_ok() {
        by_the_daemon(&directory, deed)?
    } else {
        here(&directory, deed)?
    };
    done.map_err(refused)
}

fn by_the_daemon(directory: &Directory, deed: Deed) -> Result<Result<Done, Refusal>, Failed> {
    let acted = |line| if let Line::Acted(done) = line { Some(*done) } else { None };
    let done = ask(directory, Asked::Deed(Box::new(deed)), acted)?;
    Ok(done.and_then(|done| done.ok_or_else(|| Refusal::Internal("the daemon said nothing".to_owned()))))
}

/// Gives an order to the daemon that runs here; the last of what it told that `wanted` takes, or why it did not do it.
pub(super) fn ask<T>(
    directory: &Directory,
    asked: Asked,
    wanted: impl Fn(Line) -> Option<T>,
) -> Result<Result<Option<T>, Refusal>, Failed> {
    let socket = directory.socket();
    runtime()?.block_on(async {
        let (tell, mut told) = mpsc::channel(4);
        let given = tokio::spawn(async move { control::give(&socket, &asked, &tell).await });
        let mut outcome = Ok(None);
        while let Some(line) = told.recv().await {
            match line {
                Line::Failed(refusal) => outcome = Err(refusal),
                line => outcome = wanted(line).map_or(outcome, |told| Ok(Some(told))),
            }
        }
        given.await.or_exit(Exit::Internal)?.or_exit(Exit::Internal)?;
        Ok(outcome)
    })
}

/// Nothing is swept, so neither plugins nor a configuration are needed.
fn here(directory: &Directory, deed: Deed) -> Result<Result<Done, Refusal>, Failed> {
    // Only the first user and a plugin begin something.
    if !matches!(deed.act, What::User(UserChange::Add { .. }) | What::Plugin(_)) && !store::exists(directory.path()) {
        return Err(unopened(StoreError::NoStore(directory.path().to_owned())));
    }
    directory.create().or_exit(Exit::Usage)?;
    let store = Store::open(directory.path(), None).map_err(unopened)?;
    let organisation = workplace::organisation(None, directory)?;
    workplace::govern(&store, directory, organisation.zone())?;
    let reader = store.reader().map_err(unopened)?;
    let clock = workplace::clock(directory)?;
    let organisation = Current::new(organisation);
    let clerk = Clerk { store, reader, clock, directory: directory.clone(), organisation };
    let done = clerk.carry_out(deed, account(directory));
    clerk.store.close();
    Ok(done)
}

fn unopened(error: StoreError) -> Failed {
    let exit = match &error {
        StoreError::Disk(_) | StoreError::Damaged(_) | StoreError::Internal(_) => Exit::Internal,
        StoreError::Owned { .. } => Exit::Refused,
        _ => Exit::Usage,
    };
    Failed { exit, error: error.into() }
}

/// Who must act.
pub(super) fn refused(refusal: Refusal) -> Failed {
    let exit = match &refusal {
        Refusal::Usage(_) => Exit::Usage,
        Refusal::Refused(_) | Refusal::Denied(_) => Exit::Refused,
        Refusal::Internal(_) => Exit::Internal,
    };
    Failed { exit, error: refusal.into() }
}
