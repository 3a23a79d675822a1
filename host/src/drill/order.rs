//! What the trainer does in a drill: says something on one of its sites, and moves its clock.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use caifeng_plugin_host::contract::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use super::play::{Played, Player};
use super::web::{self, Post, Site, TRAINER};
use super::{DrillError, Mark};
use crate::clock::{Pace, SystemClock, rfc3339};
use crate::config::{Config, TargetConfig};
use crate::control::{Line, Owner, Refusal};
use crate::directory::Directory;
use crate::evidence::warc::Writer;
use crate::store::Caller;
use crate::sweep::blocking;
use crate::user::right::Act;
use crate::user::token::Token;

/// From this number on posts of a site are injected: a case has fewer.
const INJECTED: usize = 1_000_001;
/// Longest text that is injected, in bytes.
const LONGEST: usize = 64 << 10;

/// An order to a drill, and the token by which its giver is known.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Order {
    /// The personal token; `None` where a drill has no people.
    pub token: Option<Token>,
    /// What is to be done.
    pub drill: Wish,
}

/// What the trainer wants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wish {
    /// Something is said.
    Inject(Inject),
    /// The clock is moved.
    Advance(Advance),
}

/// Something that is said because the trainer says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inject {
    /// On which site; the trainer's own where none is named.
    pub site: Option<String>,
    /// When it is heard; now where nothing is said.
    pub at: Option<Timestamp>,
    /// Headline.
    pub title: Option<String>,
    /// Text.
    pub text: String,
}

/// Where the clock is moved to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Advance {
    /// So many seconds on.
    By(i64),
    /// To a moment.
    To(Timestamp),
    /// To the drill's end.
    End,
}

/// What came of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Came {
    /// Where the clock stands.
    pub now: Timestamp,
    /// The drill is over.
    pub over: bool,
    /// What happened meanwhile.
    #[serde(flatten)]
    pub played: Played,
}

/// Carries an order out and tells what came of it.
///
/// # Errors
/// This is no drill, the giver may not, or the order cannot be carried out.
pub async fn carry_out(order: Order, account: u32, owner: &Owner, tell: &mpsc::Sender<Line>) -> Result<(), Refusal> {
    let directory = owner.clerk.directory.clone();
    let mark = Mark::read(&directory)?;
    let now = owner.clerk.clock.now();
    let (store, caller) = (owner.clerk.store.clone(), Caller { token: order.token, account });
    blocking(move || store.may(&caller, Act::LeadDrill, now)).await?;
    let mut player = Player::new(directory.clone(), owner.sweeper.clone());
    let to = match order.drill {
        Wish::Inject(said) => {
            let at = said.at.unwrap_or(now);
            if at < now {
                return Err(DrillError::Back(rfc3339(now)).into());
            }
            let site = inject(&directory, said, at)?;
            if at == now {
                player.hear(&site, at).await?;
            }
            now
        }
        Wish::Advance(to) => {
            let to = match to {
                Advance::By(seconds) => now.saturating_add(seconds),
                Advance::To(at) => at,
                Advance::End => mark.ends.max(now),
            };
            if to < now {
                return Err(DrillError::Back(rfc3339(now)).into());
            }
            to
        }
    };
    // What happens on the way happens before the clock shows it.
    let played = player.until(to).await?;
    if to > now {
        set(&directory, to)?;
    }
    let came = Came { now: to, over: to >= mark.ends, played };
    let _ = tell.send(Line::Drilled(came)).await;
    Ok(())
}

/// Puts the clock to a moment, from which it runs on as fast as it did.
///
/// # Errors
/// The mark cannot be written.
pub fn set(directory: &Directory, at: Timestamp) -> Result<(), DrillError> {
    let mut mark = Mark::read(directory)?;
    mark.pace = Pace { at, since: SystemClock.milliseconds(), ..mark.pace };
    mark.write(directory)
}

/// Something that the trainer said, as the directory of the drill remembers it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Injected {
    /// The site.
    pub site: String,
    /// When it is heard.
    pub at: Timestamp,
    /// Headline.
    pub title: Option<String>,
    /// Text.
    pub text: String,
}

/// What the trainer has said so far, in the order in which it was ordered.
///
/// # Errors
/// The file cannot be read.
pub fn injected(directory: &Directory) -> Result<Vec<Injected>, DrillError> {
    let path = directory.injected();
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(DrillError::Directory { path, source }),
    };
    let read = |line: &str| {
        serde_json::from_str(line).map_err(|error| DrillError::Mark { path: path.clone(), why: error.to_string() })
    };
    text.lines().map(read).collect()
}

/// Adds to the recording what a site shows from a moment on: everything that the trainer has said there until then, so
/// that of two answers in one second the later one holds both. Returns the site's watch.
fn inject(directory: &Directory, said: Inject, at: Timestamp) -> Result<String, DrillError> {
    let config = Config::read(&directory.config())?;
    let wanted = said.site.unwrap_or_else(|| TRAINER.to_owned());
    let watch = config.watches.iter().find(|watch| watch.id == wanted);
    let Some(TargetConfig::Listing(feed)) = watch.map(|watch| watch.target.clone()) else {
        let known = config.watches.iter().map(|watch| watch.id.clone()).collect();
        return Err(DrillError::Site { known, site: wanted });
    };
    let site = Site { id: wanted, feed };
    let mut text = said.text;
    text.truncate(text.floor_char_boundary(LONGEST));
    let mut all = injected(directory)?;
    all.push(Injected { site: site.id.clone(), at, title: said.title, text });
    if let Some(last) = all.last() {
        append(&directory.injected(), format!("{}\n", serde_json::json!(last)).as_bytes())?;
    }
    // Numbers are by what was ordered, and begin where no case's do.
    let posts = all.into_iter().enumerate().filter(|(_, it)| it.site == site.id && it.at <= at);
    let mut posts: Vec<Post> = posts
        .map(|(n, it)| Post { number: INJECTED + n, heard: it.at, said: Some(it.at), title: it.title, text: it.text })
        .collect();
    posts.sort_by_key(|post| post.heard);
    let path = directory.web();
    let failed = |source| DrillError::Directory { path: path.clone(), source };
    let size = std::fs::metadata(&path).map_err(failed)?.len();
    let mut seed = *b"injected\0\0\0\0\0\0\0\0";
    seed[8..].copy_from_slice(&size.to_be_bytes());
    let mut warc = Writer::new(Vec::new(), true, seed);
    warc.exchange(&web::answer(&site, web::newest(&posts), at)).map_err(failed)?;
    append(&path, &warc.finish().map_err(failed)?)?;
    Ok(site.id)
}

fn append(path: &Path, bytes: &[u8]) -> Result<(), DrillError> {
    let open = OpenOptions::new().append(true).create(true).mode(0o600).open(path);
    let written = open.and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()));
    written.map_err(|source| DrillError::Directory { path: path.to_owned(), source })
}

impl From<DrillError> for Refusal {
    fn from(error: DrillError) -> Self {
        match error {
            DrillError::Store(error) => error.into(),
            DrillError::Directory { .. } => Self::Internal(error.to_string()),
            _ => Self::Usage(error.to_string()),
        }
    }
}
