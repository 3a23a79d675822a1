//! Fixtures: a recorded call and what the plugin must answer, as a directory
//! that a person can read.
//!
//! | file | what |
//! | --- | --- |
//! | `call.toml` | the crawl, the request and what the site answered, without the body |
//! | `body.html`, `.json`, `.xml` or `.txt` | the body, UTF-8, as the host hands it to the plugin |
//! | `posts.jsonl` | for a classifier, in place of the body, and for an asker: a post a line |
//! | `expect.json` | the answer: written by [`Fixture::accept`], read by people |
//!
//! A plugin is a pure function, so a fixture is a complete test: no network, no
//! clock, no credentials. A call without a request is one of `start`, and has no
//! body. What a fixture leaves out is what a crawl usually has, and what it
//! misspells is an error with line and column, because it is written by hand.
//!
//! A fixture's target, settings and request are what the plugin is *given*; the
//! settings are completed from the manifest. Of header fields the order is not
//! kept: HTTP gives it no meaning (RFC 9110, 5.3).
//!
//! What it gave up: several responses in one fixture. A crawl over pages is one
//! fixture a page, so that a difference names its page.

mod answer;
mod call;
mod difference;
mod measure;

pub use answer::{Answer, Ran};
pub use difference::difference;
pub use measure::Measured;

use crate::contract::{Crawl, Post, Request, Response, Settings};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The file that says what was called.
const CALL: &str = "call.toml";

/// The file that says what the answer must be.
const EXPECT: &str = "expect.json";

/// The file of a classifier's posts.
const POSTS: &str = "posts.jsonl";

/// Kinds of body, by the ends of their files' names.
const BODIES: [&str; 4] = ["html", "json", "xml", "txt"];

/// Bytes of a file of a fixture: what the host takes from a site, and more.
const FILE_LIMIT: u64 = 32 << 20;

/// A recorded call and what the plugin must answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Fixture {
    /// The directory's name.
    pub name: String,
    /// One line: what this page is.
    pub note: String,
    /// What the plugin is called with.
    pub call: Call,
    /// What it must answer; `None` until somebody has accepted an answer.
    pub expect: Option<Answer>,
}

/// A fixture's directory, and the fixture or what is wrong with it.
pub type Listed = (PathBuf, Result<Fixture, FixtureError>);

/// What a plugin is called with.
#[derive(Clone, Debug, PartialEq)]
pub enum Call {
    /// `start` of a source.
    Start(Crawl),
    /// `parse` of a source.
    Parse {
        /// The crawl.
        crawl: Crawl,
        /// The request as the plugin made it.
        request: Request,
        /// What the site answered.
        response: Response,
    },
    /// `classify` of a classifier, `ask` of an asker.
    Posts {
        /// What the operator has set.
        settings: Settings,
        /// The batch.
        posts: Vec<Post>,
    },
    /// `read` of an asker.
    Read {
        /// What the operator has set.
        settings: Settings,
        /// The batch.
        posts: Vec<Post>,
        /// The request as the plugin made it.
        request: Request,
        /// What the service answered.
        response: Response,
    },
}

/// Why a fixture cannot be used. Whoever wrote it must act, but for
/// [`Unreadable`](FixtureError::Unreadable) and
/// [`Unwritable`](FixtureError::Unwritable), where it is who runs it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FixtureError {
    /// A file cannot be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file cannot be written.
    #[error("{}: cannot be written: {source}", path.display())]
    Unwritable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is wrong at a place.
    #[error("{}:{line}:{column}: {message}", path.display())]
    Wrong {
        /// Which file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
        /// What is wrong there and what to write.
        message: String,
    },
    /// Files are missing or too many.
    #[error("{}: {message}", path.display())]
    Files {
        /// The directory.
        path: PathBuf,
        /// What to do.
        message: String,
    },
    /// The call does not suit the plugin.
    #[error("fixture {name}: {message}")]
    Unsuited {
        /// The fixture.
        name: String,
        /// What to write instead.
        message: String,
    },
}

impl Fixture {
    /// Reads the directory of one fixture.
    ///
    /// # Errors
    /// The first thing that is wrong: file, line, column and what to write.
    pub fn read(dir: &Path) -> Result<Self, FixtureError> {
        let name = dir.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let (note, call) = call::read(dir)?;
        let expect = match text(&dir.join(EXPECT)) {
            Ok(text) => Some(answer::parse(&dir.join(EXPECT), &text)?),
            Err(FixtureError::Unreadable { source, .. }) if source.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        Ok(Self { name, note, call, expect })
    }

    /// Reads every fixture of a directory, by name. One that cannot be read is
    /// in the list with what is wrong, so that it is seen and not skipped. A
    /// directory that does not exist holds none.
    ///
    /// # Errors
    /// When the directory itself cannot be listed.
    pub fn all(dir: &Path) -> Result<Vec<Listed>, FixtureError> {
        let unreadable = |source| FixtureError::Unreadable { path: dir.to_owned(), source };
        let entries = match fs::read_dir(dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(unreadable(error)),
        };
        let mut dirs = Vec::new();
        for entry in entries {
            let path = entry.map_err(unreadable)?.path();
            let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
            if path.is_dir() && !hidden {
                dirs.push(path);
            }
        }
        dirs.sort();
        Ok(dirs.into_iter().map(|path| (path.clone(), Self::read(&path))).collect())
    }

    /// Writes the fixture into `dir`, which is made: the call, its body or
    /// posts, and the expectation if there is one.
    ///
    /// # Errors
    /// Names the file that cannot be written.
    pub fn write(&self, dir: &Path) -> Result<(), FixtureError> {
        fs::create_dir_all(dir).map_err(|source| FixtureError::Unwritable { path: dir.to_owned(), source })?;
        let files = call::written(&self.note, &self.call);
        for (file, content) in &files {
            put(&dir.join(file), content)?;
        }
        // A fixture has one body, whatever its file was called before.
        for other in BODIES.map(|kind| format!("body.{kind}")) {
            let path = dir.join(&other);
            if !files.iter().any(|(file, _)| *file == other) && path.exists() {
                fs::remove_file(&path).map_err(|source| FixtureError::Unwritable { path, source })?;
            }
        }
        self.expect.as_ref().map_or(Ok(()), |answer| Self::accept(dir, answer))
    }

    /// Makes `answer` what the fixture in `dir` expects.
    ///
    /// # Errors
    /// Names the file that cannot be written.
    pub fn accept(dir: &Path, answer: &Answer) -> Result<(), FixtureError> {
        put(&dir.join(EXPECT), &answer.written())
    }
}

impl Call {
    /// The step that reads the response; `None` for a call that reads none.
    #[must_use]
    pub fn step(&self) -> Option<&str> {
        match self {
            Self::Parse { request, .. } | Self::Read { request, .. } => Some(&request.step),
            Self::Start(_) | Self::Posts { .. } => None,
        }
    }

    /// Seconds east of UTC at the site; 0 for what has no site.
    #[must_use]
    pub fn utc_offset(&self) -> i32 {
        self.crawl().map_or(0, |crawl| crawl.utc_offset)
    }

    /// The crawl of a call to a source.
    #[must_use]
    pub fn crawl(&self) -> Option<&Crawl> {
        match self {
            Self::Start(crawl) | Self::Parse { crawl, .. } => Some(crawl),
            Self::Posts { .. } | Self::Read { .. } => None,
        }
    }
}

/// The text of a file, of bounded length.
fn text(path: &Path) -> Result<String, FixtureError> {
    let unreadable = |source| FixtureError::Unreadable { path: path.to_owned(), source };
    let size = fs::metadata(path).map_err(unreadable)?.len();
    if size > FILE_LIMIT {
        return Err(unreadable(std::io::Error::other(format!("{size} bytes, limit {FILE_LIMIT}"))));
    }
    let bytes = fs::read(path).map_err(unreadable)?;
    String::from_utf8(bytes).map_err(|error| {
        let at = String::from_utf8_lossy(&error.as_bytes()[..error.utf8_error().valid_up_to()]).into_owned();
        wrong(path, &at, at.len(), "not UTF-8: save the text decoded, as the host hands it to the plugin")
    })
}

/// Written aside and renamed: a reader finds the old file or the new.
fn put(path: &Path, content: &str) -> Result<(), FixtureError> {
    let draft = path.with_added_extension("tmp");
    fs::write(&draft, content)
        .and_then(|()| fs::rename(&draft, path))
        .map_err(|source| FixtureError::Unwritable { path: path.to_owned(), source })
}

/// What is wrong at a byte of a file's text.
fn wrong(path: &Path, text: &str, offset: usize, message: &str) -> FixtureError {
    let (line, column) = crate::manifest::place(text, offset);
    FixtureError::Wrong { path: path.to_owned(), line, column, message: message.replace('\n', "; ") }
}
