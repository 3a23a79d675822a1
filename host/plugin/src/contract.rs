//! The host's own words for what crosses the sandbox.
//!
//! These types mirror `wit/plugin.wit`, whose comments say what each field
//! means. Everything outside `contract` and `engine` speaks these types only;
//! one module per published contract (`contract::v0_1`) converts to and from
//! the generated ones, so a new contract never reaches the rest of the host.

mod v0_1;

use crate::engine::{Compiled, Live, LoadError, Trap};
use serde::{Deserialize, Serialize};

/// Versions of the contract that this host speaks, newest first.
pub const SPOKEN: &[&str] = &[v0_1::VERSION];

/// A source's functions in one published contract.
pub(crate) trait SourceContract: Send + Sync {
    fn start(&self, on: &Compiled, live: &mut Live, crawl: &Crawl) -> Result<Result<Vec<Request>, Failure>, Trap>;

    fn parse(
        &self,
        on: &Compiled,
        live: &mut Live,
        crawl: &Crawl,
        request: &Request,
        response: &Response,
    ) -> Result<Result<Page, Failure>, Trap>;
}

/// A classifier's function in one published contract.
pub(crate) trait ClassifierContract: Send + Sync {
    fn classify(
        &self,
        on: &Compiled,
        live: &mut Live,
        settings: &Settings,
        posts: &[Post],
    ) -> Result<Result<Vec<Vec<Label>>, Failure>, Trap>;
}

/// An asker's functions in one published contract.
pub(crate) trait AskerContract: Send + Sync {
    fn ask(
        &self,
        on: &Compiled,
        live: &mut Live,
        settings: &Settings,
        posts: &[Post],
    ) -> Result<Result<Vec<Request>, Failure>, Trap>;

    fn read(
        &self,
        on: &Compiled,
        live: &mut Live,
        settings: &Settings,
        posts: &[Post],
        request: &Request,
        response: &Response,
    ) -> Result<Result<Vec<Vec<Label>>, Failure>, Trap>;
}

/// The functions of a source that speaks `version`, one of [`SPOKEN`]. The
/// version is looked at here and at no call.
pub(crate) fn source(version: &str, compiled: &Compiled) -> Result<Box<dyn SourceContract>, LoadError> {
    match version {
        v0_1::VERSION => Ok(Box::new(v0_1::Source::find(compiled)?)),
        other => Err(LoadError::Shape(format!("unknown contract {other}"))),
    }
}

/// The function of a classifier that speaks `version`, one of [`SPOKEN`].
pub(crate) fn classifier(version: &str, compiled: &Compiled) -> Result<Box<dyn ClassifierContract>, LoadError> {
    match version {
        v0_1::VERSION => Ok(Box::new(v0_1::Classifier::find(compiled)?)),
        other => Err(LoadError::Shape(format!("unknown contract {other}"))),
    }
}

/// The functions of an asker that speaks `version`, one of [`SPOKEN`].
pub(crate) fn asker(version: &str, compiled: &Compiled) -> Result<Box<dyn AskerContract>, LoadError> {
    match version {
        v0_1::VERSION => Ok(Box::new(v0_1::Asker::find(compiled)?)),
        other => Err(LoadError::Shape(format!("unknown contract {other}"))),
    }
}

/// Seconds since 1970-01-01T00:00:00Z.
pub type Timestamp = i64;

/// What the operator has set, by the names the manifest declares.
pub type Settings = Vec<(String, String)>;

/// Which form of public utterance a post is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// 文章: an article of a medium or a site.
    Article,
    /// 帖子: a post that starts something.
    Post,
    /// 评论: an answer to another post.
    Comment,
    /// 转发: another post passed on.
    Repost,
}

impl Kind {
    /// All four.
    pub const ALL: [Self; 4] = [Self::Article, Self::Post, Self::Comment, Self::Repost];

    /// The name that the command line and JSON use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Article => "article",
            Self::Post => "post",
            Self::Comment => "comment",
            Self::Repost => "repost",
        }
    }

    /// The kind of this name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// One public utterance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Post {
    /// The site's own identifier, unique within the plugin and the site.
    pub id: String,
    /// Which form it has.
    pub kind: Kind,
    /// Where a person can read it.
    pub url: String,
    /// The `id` of the post this one answers, comments or repeats.
    pub parent: Option<String>,
    /// Who wrote it, as the site names them.
    pub author: Option<Author>,
    /// The medium that an article names as its origin, if not the site.
    pub publisher: Option<String>,
    /// Headline, plain text.
    pub title: Option<String>,
    /// Plain text, line breaks kept.
    pub text: String,
    /// BCP 47.
    pub language: Option<String>,
    /// When it was published, as the site tells it.
    pub published: Option<Timestamp>,
    /// The page gives a day and no time; `published` is its first second.
    pub day_only: bool,
    /// When it was last changed, as the site tells it.
    pub edited: Option<Timestamp>,
    /// How far it has travelled.
    pub reactions: Reactions,
    /// Addresses of pictures, video and sound.
    pub media: Vec<String>,
    /// Facts particular to the site; never interpreted.
    pub extra: Vec<(String, String)>,
}

impl Post {
    /// A post of which no more is known.
    #[must_use]
    pub fn new(kind: Kind, id: impl Into<String>, url: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            kind,
            url: url.into(),
            parent: None,
            author: None,
            publisher: None,
            title: None,
            text: String::new(),
            language: None,
            published: None,
            day_only: false,
            edited: None,
            reactions: Reactions::default(),
            media: Vec::new(),
            extra: Vec::new(),
        }
    }
}

/// Who wrote a post, as the site names them. Pseudonymised before it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Author {
    /// The site's own identifier; survives a change of name.
    pub id: String,
    /// The name shown beside the post.
    pub name: String,
}

/// How far a post has travelled; `None` means that the page does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reactions {
    /// Times read.
    pub views: Option<u64>,
    /// Times liked.
    pub likes: Option<u64>,
    /// Answers and comments.
    pub replies: Option<u64>,
    /// Times passed on.
    pub shares: Option<u64>,
}

/// A page that a source would like to read.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Request {
    /// The step of the manifest that will read the response.
    pub step: String,
    /// Absolute address.
    pub url: String,
    /// How to ask.
    pub method: Method,
    /// Additional header fields; the host drops identity and credentials.
    pub headers: Vec<(String, String)>,
    /// Opaque to the host; at most 4 KiB.
    pub context: String,
}

/// How a request is sent.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// `GET`.
    Get,
    /// `POST` with this text body.
    Post(String),
}

/// What came back, after redirects, retries and decoding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Response {
    /// The address that answered.
    pub url: String,
    /// Never 304, 429 or 5xx.
    pub status: u16,
    /// Header fields in the order received.
    pub headers: Vec<(String, String)>,
    /// Decoded to Unicode, whatever the site's encoding.
    pub body: String,
    /// When the site sent it.
    pub fetched: Timestamp,
}

/// Why a plugin gave no answer. Each case is one distinct reaction of the host.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Failure {
    /// The plugin cannot do that: the watch is refused.
    #[error("unsupported: {0}")]
    Unsupported(String),
    /// It no longer exists: a gap opens, and the watch looks again once a day.
    #[error("gone")]
    Gone,
    /// A login, a captcha or a refusal: the host backs off.
    #[error("blocked: {0}")]
    Blocked(String),
    /// The page is not built as expected: kept as a fixture, drift reported.
    #[error("unexpected: {0}")]
    Unexpected(String),
}

/// What a watch observes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", content = "value", rename_all = "kebab-case")]
pub enum Target {
    /// A search phrase, exactly as a person typed it.
    Keyword(String),
    /// An account, by the identifier that the manifest's pattern captured.
    Account(String),
    /// The address of a page that lists posts.
    Listing(String),
    /// The address of one post, to be read with its comments.
    Item(String),
}

/// What a call may know about; the same for every call of one crawl.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Crawl {
    /// What to watch.
    pub target: Target,
    /// The site's address, for plugins that serve many sites.
    pub site: Option<String>,
    /// Checked against the manifest by the host.
    pub settings: Settings,
    /// Posts published before this are already stored.
    pub since: Timestamp,
    /// When the crawl began.
    pub now: Timestamp,
    /// Seconds east of UTC at the site.
    pub utc_offset: i32,
}

/// What a source read from one response.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// In the order of the page.
    pub posts: Vec<Post>,
    /// Further pages worth reading.
    pub follow: Vec<Request>,
    /// How many posts the page itself says it lists.
    pub expected: Option<u32>,
    /// One line for each element that looked like a post but could not be read.
    pub skipped: Vec<String>,
}

/// A classifier's opinion about one post.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Label {
    /// One of the labels that the manifest declares.
    pub name: String,
    /// Between 0 and 1.
    pub score: f32,
    /// Verbatim excerpts of the title or the text.
    pub evidence: Vec<String>,
}
