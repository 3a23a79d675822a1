//! Failed calls, kept as fixtures.
//!
//! When a plugin calls a page unexpected, or traps on it, the page is the one
//! thing its author needs: the call is kept in the form of a fixture, named by
//! what was asked and answered, and the sweep's failure tells the name.
//! `caifeng plugin fixture CALL` makes it one of the plugin's own.
//!
//! The same page that fails again is the same call, so a site that changed its
//! pages fills nothing. Kept are the newest of each plugin, for a time: a page
//! holds what people wrote, under their names. Credentials are not in it, since
//! a request is kept as the plugin made it, before the host attaches any.
//!
//! Keeping is best effort: a disk that is full must not end a sweep.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use caifeng_plugin_host::contract::{Crawl, Failure, Request, Response, Timestamp};
use caifeng_plugin_host::engine::CallError;
use caifeng_plugin_host::fixture::{Call, Fixture};
use sha2::{Digest as _, Sha256};

/// Calls of one plugin that are kept.
const NEWEST: usize = 20;

/// Bytes of the largest body that is kept.
const BODY: usize = 2 << 20;

/// How long a call is kept.
const AGE: Duration = Duration::from_secs(30 * 86_400);

/// Fields of an answer that may let somebody in.
const CREDENTIALS: [&str; 4] = ["set-cookie", "set-cookie2", "authorization", "www-authenticate"];

/// Where failed calls are kept.
#[derive(Clone, Debug)]
pub struct FailedCalls {
    directory: PathBuf,
}

/// A call that has no answer.
#[derive(Clone, Copy, Debug)]
pub struct Failed<'a> {
    /// The crawl.
    pub crawl: &'a Crawl,
    /// The request as the plugin made it.
    pub request: &'a Request,
    /// What the plugin was given.
    pub response: &'a Response,
    /// Why there is no answer.
    pub error: &'a CallError,
}

/// Why a call cannot be found; whoever asked must act.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// No such call.
    #[error("no failed call {call:?} is kept in {}: a sweep's failure names it, the newest {NEWEST} of a plugin are kept", directory.display())]
    Missing {
        /// What was asked for.
        call: String,
        /// Where it was looked for.
        directory: PathBuf,
    },
    /// More than one begins so.
    #[error("{call:?} begins {several} failed calls: write more of it")]
    Several {
        /// What was asked for.
        call: String,
        /// How many.
        several: usize,
    },
}

/// A call that was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The plugin's id.
    pub plugin: String,
    /// The call's name.
    pub call: String,
    /// The fixture's directory.
    pub path: PathBuf,
}

impl FailedCalls {
    /// Kept below `directory`, which is made when the first call fails.
    #[must_use]
    pub fn below(directory: PathBuf) -> Self {
        Self { directory }
    }

    /// Keeps a call that failed at `now`, if its error is one that the plugin's
    /// author must see, and names it. `None` if it is not kept: another error,
    /// too large a page, or a disk that cannot be written.
    #[must_use]
    pub fn keep(&self, now: Timestamp, plugin: &str, failed: &Failed<'_>) -> Option<String> {
        let Failed { request, response, error, .. } = failed;
        let drift = matches!(error, CallError::Trap(_) | CallError::Failure(Failure::Unexpected(_)));
        if !drift || response.body.len() > BODY {
            return None;
        }
        let call = name(plugin, request, response);
        match self.write(now, plugin, &call, failed) {
            Ok(()) => Some(call),
            Err(error) => {
                tracing::warn!(plugin, "a failed call could not be kept: {error}");
                None
            }
        }
    }

    fn write(&self, now: Timestamp, plugin: &str, call: &str, failed: &Failed<'_>) -> io::Result<()> {
        let Failed { crawl, request, response, error } = *failed;
        let now = moment(now);
        let folder = self.directory.join(plugin);
        DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        let place = folder.join(call);
        if place.exists() {
            // It failed again: the newest.
            return File::open(&place)?.set_modified(now);
        }
        let response = without_credentials(response.clone());
        let fixture = Fixture {
            name: call.to_owned(),
            note: line(&format!("a failed call: {error}")),
            call: Call::Parse { crawl: crawl.clone(), request: request.clone(), response },
            expect: None,
        };
        // Written aside and renamed: there is a whole fixture or none.
        let draft = folder.join(format!(".{call}"));
        let _ = fs::remove_dir_all(&draft);
        DirBuilder::new().mode(0o700).create(&draft)?;
        let written = fixture.write(&draft).map_err(io::Error::other).and_then(|()| fs::rename(&draft, &place));
        if written.is_err() {
            let _ = fs::remove_dir_all(&draft);
        }
        written?;
        File::open(&place)?.set_modified(now)?;
        prune(&folder, now).map(drop)
    }

    /// Deletes calls of all plugins whose time is over at `now`; returns how many went. A plugin that is
    /// mended or removed fails no more, and would keep its last ones for ever.
    ///
    /// # Errors
    /// The disk gave one; what went before is gone.
    pub fn prune_all(&self, now: Timestamp) -> io::Result<u64> {
        let mut gone = 0;
        for (folder, _) in folders(&self.directory) {
            gone += prune(&folder, moment(now))?;
        }
        Ok(gone)
    }

    /// How many [`prune_all`](Self::prune_all) would delete.
    #[must_use]
    pub fn expired(&self, now: Timestamp) -> u64 {
        folders(&self.directory).iter().map(|(folder, _)| expired(folder, moment(now)).len() as u64).sum()
    }

    /// The names of the calls of one plugin that are kept.
    #[must_use]
    pub fn all_of(&self, plugin: &str) -> Vec<String> {
        let of = folders(&self.directory).into_iter().find(|(_, name)| name == plugin);
        of.map(|(folder, _)| folders(&folder).into_iter().map(|(_, name)| name).collect()).unwrap_or_default()
    }

    /// The call that is named, or that alone begins so.
    ///
    /// # Errors
    /// When there is none or more than one.
    pub fn find(&self, call: &str) -> Result<Found, FindError> {
        let mut found = Vec::new();
        for (path, plugin) in folders(&self.directory) {
            for (path, name) in folders(&path) {
                if !call.is_empty() && name.starts_with(call) {
                    found.push(Found { plugin: plugin.clone(), call: name, path });
                }
            }
        }
        match found.len() {
            0 => Err(FindError::Missing { call: call.to_owned(), directory: self.directory.clone() }),
            1 => Ok(found.remove(0)),
            several => Err(FindError::Several { call: call.to_owned(), several }),
        }
    }
}

/// An answer without the fields that may let somebody in.
pub(crate) fn without_credentials(mut response: Response) -> Response {
    response.headers.retain(|(name, _)| !CREDENTIALS.contains(&name.to_ascii_lowercase().as_str()));
    response
}

/// Twelve hexadecimal digits of what was asked and answered.
fn name(plugin: &str, request: &Request, response: &Response) -> String {
    let mut hash = Sha256::new();
    for part in [plugin, &request.step, &request.url, &request.context, &response.url, &response.body] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize()[..6].iter().map(|byte| format!("{byte:02x}")).collect()
}

fn line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(300).collect()
}

/// The folders in a folder, with their names; not drafts.
fn folders(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found: Vec<_> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| (entry.path(), entry.file_name().to_string_lossy().into_owned()))
        .filter(|(_, name)| !name.starts_with('.'))
        .collect();
    found.sort();
    found
}

fn moment(at: Timestamp) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(u64::try_from(at).unwrap_or(0))
}

/// All but the newest, and what is too old.
fn expired(folder: &Path, now: SystemTime) -> Vec<PathBuf> {
    let mut kept: Vec<_> = folders(folder)
        .into_iter()
        .map(|(path, _)| (fs::metadata(&path).and_then(|meta| meta.modified()).ok(), path))
        .collect();
    kept.sort();
    kept.reverse();
    let oldest = now.checked_sub(AGE);
    let over = kept.into_iter().enumerate().filter(|(nth, (modified, _))| *nth >= NEWEST || *modified < oldest);
    over.map(|(_, (_, path))| path).collect()
}

/// Removes what is [`expired`]; returns how many went.
fn prune(folder: &Path, now: SystemTime) -> io::Result<u64> {
    let mut gone = 0;
    for path in expired(folder, now) {
        fs::remove_dir_all(path)?;
        gone += 1;
    }
    Ok(gone)
}

#[cfg(test)]
mod tests {
    use super::*;
    use caifeng_plugin_host::contract::{Method, Target};
    use caifeng_plugin_host::engine::Trap;
    use std::os::unix::fs::PermissionsExt;

    fn crawl() -> Crawl {
        Crawl {
            target: Target::Listing("https://bbs.qinghe.example/".to_owned()),
            site: None,
            settings: Vec::new(),
            since: 0,
            now: 1_773_028_800,
            utc_offset: 28_800,
        }
    }

    fn request() -> Request {
        Request {
            step: "board".to_owned(),
            url: "https://bbs.qinghe.example/".to_owned(),
            method: Method::Get,
            headers: Vec::new(),
            context: String::new(),
        }
    }

    fn response(body: &str) -> Response {
        Response {
            url: "https://bbs.qinghe.example/".to_owned(),
            status: 200,
            headers: vec![
                ("content-type".to_owned(), "text/html".to_owned()),
                ("set-cookie".to_owned(), "sid=hunter2".to_owned()),
            ],
            body: body.to_owned(),
            fetched: 1_773_028_800,
        }
    }

    const NOW: Timestamp = 1_773_028_800;

    /// Keeps a call whose page was `body`.
    fn keep(calls: &FailedCalls, now: Timestamp, body: &str, error: &CallError) -> Option<String> {
        let (crawl, request, response) = (crawl(), request(), response(body));
        calls.keep(now, "board", &Failed { crawl: &crawl, request: &request, response: &response, error })
    }

    fn unexpected() -> CallError {
        Failure::Unexpected("no\nlist".to_owned()).into()
    }

    #[test]
    fn a_page_that_failed_is_a_fixture_without_credentials_for_its_owner_only() {
        let temp = tempfile::tempdir().unwrap();
        let calls = FailedCalls::below(temp.path().join("fixtures"));
        let call = keep(&calls, NOW, "<html>新版", &unexpected()).unwrap();
        let found = calls.find(&call[..4]).unwrap();
        assert_eq!((found.plugin.as_str(), found.call.as_str()), ("board", call.as_str()));
        let fixture = Fixture::read(&found.path).unwrap();
        assert_eq!(fixture.note, "a failed call: unexpected: no list");
        let Call::Parse { response: kept, .. } = fixture.call else { panic!("no parse") };
        assert_eq!(kept.body, "<html>新版");
        assert_eq!(kept.headers, [("content-type".to_owned(), "text/html".to_owned())]);
        for place in [temp.path().join("fixtures"), temp.path().join("fixtures/board"), found.path] {
            assert_eq!(fs::metadata(&place).unwrap().permissions().mode() & 0o777, 0o700, "{}", place.display());
        }
    }

    #[test]
    fn the_same_page_is_one_call_and_only_the_newest_are_kept() {
        let temp = tempfile::tempdir().unwrap();
        let calls = FailedCalls::below(temp.path().to_owned());
        let first = keep(&calls, NOW, "0", &unexpected()).unwrap();
        let place = temp.path().join("board").join(&first);
        for n in 1..NEWEST {
            keep(&calls, NOW + 1 + n as i64, &n.to_string(), &unexpected()).unwrap();
        }
        assert_eq!(folders(&temp.path().join("board")).len(), NEWEST);
        assert_eq!(keep(&calls, NOW + 100, "0", &unexpected()), Some(first));
        keep(&calls, NOW + 101, "one more", &unexpected()).unwrap();
        assert_eq!(folders(&temp.path().join("board")).len(), NEWEST);
        assert!(place.exists(), "it failed again after the others");
        assert!(matches!(calls.find(""), Err(FindError::Missing { .. })));
    }

    #[test]
    fn old_calls_go() {
        let temp = tempfile::tempdir().unwrap();
        let calls = FailedCalls::below(temp.path().to_owned());
        let first = keep(&calls, NOW, "0", &unexpected()).unwrap();
        let place = temp.path().join("board").join(first);
        keep(&calls, NOW + 29 * 86_400, "1", &unexpected()).unwrap();
        assert!(place.exists());
        keep(&calls, NOW + 31 * 86_400, "2", &unexpected()).unwrap();
        assert!(!place.exists());
    }

    /// No plugin fails any more, and the calls go all the same.
    #[test]
    fn calls_of_every_plugin_go_when_their_time_is_over() {
        let temp = tempfile::tempdir().unwrap();
        let calls = FailedCalls::below(temp.path().to_owned());
        keep(&calls, NOW, "0", &unexpected()).unwrap();
        let young = keep(&calls, NOW + 20 * 86_400, "1", &unexpected()).unwrap();
        std::os::unix::fs::symlink(temp.path().join("board"), temp.path().join("link")).unwrap();
        assert_eq!((calls.prune_all(NOW + 29 * 86_400).unwrap(), calls.expired(NOW + 31 * 86_400)), (0, 1));
        assert_eq!(calls.prune_all(NOW + 31 * 86_400).unwrap(), 1);
        assert_eq!(calls.find(&young[..6]).unwrap().call, young);
        assert_eq!(FailedCalls::below(temp.path().join("none")).prune_all(NOW).unwrap(), 0);
    }

    #[test]
    fn only_what_an_author_can_mend_is_kept() {
        let temp = tempfile::tempdir().unwrap();
        let calls = FailedCalls::below(temp.path().to_owned());
        let kept = |body: &str, error: CallError| keep(&calls, NOW, body, &error);
        assert_eq!(kept("", Failure::Blocked("login".to_owned()).into()), None);
        assert_eq!(kept("", Failure::Gone.into()), None);
        assert_eq!(kept(&"x".repeat(BODY + 1), unexpected()), None);
        assert!(kept("", Trap::Stack.into()).is_some());
        let nowhere = FailedCalls::below(temp.path().join("board/nothing\0"));
        assert_eq!(keep(&nowhere, NOW, "2", &unexpected()), None);
    }
}
