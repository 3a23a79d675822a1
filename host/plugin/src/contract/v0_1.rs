//! Contract 0.1.0: how its types lie in the component's memory.
//!
//! Written by hand rather than generated, for one reason: what goes in is
//! lowered straight from the host's own types by reference, and what comes out
//! is lifted once and moved, so that no text is copied twice. That the types
//! are those of `wit/plugin.wit` is checked against the component when it is
//! loaded.

use super::{self as host, AskerContract, ClassifierContract, SourceContract};
use crate::engine::{Compiled, Live, LoadError, Trap};
use wasmtime::component::{ComponentExportIndex, ComponentType, Lift, Lower};

pub(super) const VERSION: &str = "0.1.0";

const SOURCE: &str = "caifeng:plugin/source@0.1.0";
const CLASSIFIER: &str = "caifeng:plugin/classifier@0.1.0";
const ASKER: &str = "caifeng:plugin/asker@0.1.0";

type StartIn<'a> = (Crawl<'a>,);
type ParseIn<'a> = (Crawl<'a>, RequestIn<'a>, Response<'a>);
type ClassifyIn<'a> = (Pairs<'a>, &'a [PostIn<'a>]);
type AskIn<'a> = (Pairs<'a>, &'a [PostIn<'a>]);
type ReadIn<'a> = (Pairs<'a>, &'a [PostIn<'a>], RequestIn<'a>, Response<'a>);
type StartOut = Result<Vec<RequestOut>, Failure>;
type ParseOut = Result<Page, Failure>;
type ClassifyOut = Result<Vec<Vec<Label>>, Failure>;
type AskOut = Result<Vec<RequestOut>, Failure>;
type ReadOut = Result<Vec<Vec<Label>>, Failure>;
type Pairs<'a> = &'a [(String, String)];

pub(super) struct Source {
    start: ComponentExportIndex,
    parse: ComponentExportIndex,
}

pub(super) struct Classifier {
    classify: ComponentExportIndex,
}

pub(super) struct Asker {
    ask: ComponentExportIndex,
    read: ComponentExportIndex,
}

impl Source {
    pub(super) fn find(compiled: &Compiled) -> Result<Self, LoadError> {
        let start = compiled.export(SOURCE, "start")?;
        let parse = compiled.export(SOURCE, "parse")?;
        compiled.probe::<StartIn<'_>, (StartOut,)>(&start)?;
        compiled.probe::<ParseIn<'_>, (ParseOut,)>(&parse)?;
        Ok(Self { start, parse })
    }
}

impl SourceContract for Source {
    fn start(
        &self,
        on: &Compiled,
        live: &mut Live,
        crawl: &host::Crawl,
    ) -> Result<Result<Vec<host::Request>, host::Failure>, Trap> {
        let answer: StartOut = live.call::<StartIn<'_>, _>(on, &self.start, (crawl.into(),))?;
        Ok(answer.map(all).map_err(Into::into))
    }

    fn parse(
        &self,
        on: &Compiled,
        live: &mut Live,
        crawl: &host::Crawl,
        request: &host::Request,
        response: &host::Response,
    ) -> Result<Result<host::Page, host::Failure>, Trap> {
        let given = (crawl.into(), request.into(), response.into());
        let answer: ParseOut = live.call::<ParseIn<'_>, _>(on, &self.parse, given)?;
        Ok(answer.map(Into::into).map_err(Into::into))
    }
}

impl Classifier {
    pub(super) fn find(compiled: &Compiled) -> Result<Self, LoadError> {
        let classify = compiled.export(CLASSIFIER, "classify")?;
        compiled.probe::<ClassifyIn<'_>, (ClassifyOut,)>(&classify)?;
        Ok(Self { classify })
    }
}

impl ClassifierContract for Classifier {
    fn classify(
        &self,
        on: &Compiled,
        live: &mut Live,
        settings: &host::Settings,
        posts: &[host::Post],
    ) -> Result<Result<Vec<Vec<host::Label>>, host::Failure>, Trap> {
        let posts: Vec<PostIn<'_>> = posts.iter().map(Into::into).collect();
        let answer: ClassifyOut = live.call::<ClassifyIn<'_>, _>(on, &self.classify, (settings, &posts))?;
        Ok(answer.map(|lists| lists.into_iter().map(all).collect()).map_err(Into::into))
    }
}

impl Asker {
    pub(super) fn find(compiled: &Compiled) -> Result<Self, LoadError> {
        let ask = compiled.export(ASKER, "ask")?;
        let read = compiled.export(ASKER, "read")?;
        compiled.probe::<AskIn<'_>, (AskOut,)>(&ask)?;
        compiled.probe::<ReadIn<'_>, (ReadOut,)>(&read)?;
        Ok(Self { ask, read })
    }
}

impl AskerContract for Asker {
    fn ask(
        &self,
        on: &Compiled,
        live: &mut Live,
        settings: &host::Settings,
        posts: &[host::Post],
    ) -> Result<Result<Vec<host::Request>, host::Failure>, Trap> {
        let posts: Vec<PostIn<'_>> = posts.iter().map(Into::into).collect();
        let answer: AskOut = live.call::<AskIn<'_>, _>(on, &self.ask, (settings, &posts))?;
        Ok(answer.map(all).map_err(Into::into))
    }

    fn read(
        &self,
        on: &Compiled,
        live: &mut Live,
        settings: &host::Settings,
        posts: &[host::Post],
        request: &host::Request,
        response: &host::Response,
    ) -> Result<Result<Vec<Vec<host::Label>>, host::Failure>, Trap> {
        let posts: Vec<PostIn<'_>> = posts.iter().map(Into::into).collect();
        let given = (settings.as_slice(), posts.as_slice(), request.into(), response.into());
        let answer: ReadOut = live.call::<ReadIn<'_>, _>(on, &self.read, given)?;
        Ok(answer.map(|lists| lists.into_iter().map(all).collect()).map_err(Into::into))
    }
}

fn all<From, To: std::convert::From<From>>(list: Vec<From>) -> Vec<To> {
    list.into_iter().map(Into::into).collect()
}

#[derive(Clone, Copy, ComponentType, Lift, Lower)]
#[component(enum)]
#[repr(u8)]
enum Kind {
    #[component(name = "article")]
    Article,
    #[component(name = "post")]
    Post,
    #[component(name = "comment")]
    Comment,
    #[component(name = "repost")]
    Repost,
}

#[derive(Clone, Copy, ComponentType, Lift, Lower)]
#[component(record)]
struct Reactions {
    views: Option<u64>,
    likes: Option<u64>,
    replies: Option<u64>,
    shares: Option<u64>,
}

#[derive(ComponentType, Lower)]
#[component(record)]
struct AuthorIn<'a> {
    id: &'a str,
    name: &'a str,
}

#[derive(ComponentType, Lower)]
#[component(record)]
struct PostIn<'a> {
    id: &'a str,
    kind: Kind,
    url: &'a str,
    parent: Option<&'a str>,
    author: Option<AuthorIn<'a>>,
    publisher: Option<&'a str>,
    title: Option<&'a str>,
    text: &'a str,
    language: Option<&'a str>,
    published: Option<i64>,
    #[component(name = "day-only")]
    day_only: bool,
    edited: Option<i64>,
    reactions: Reactions,
    media: &'a [String],
    extra: Pairs<'a>,
}

#[derive(ComponentType, Lower)]
#[component(variant)]
enum MethodIn<'a> {
    #[component(name = "get")]
    Get,
    #[component(name = "post")]
    Post(&'a str),
}

#[derive(ComponentType, Lower)]
#[component(record)]
struct RequestIn<'a> {
    step: &'a str,
    url: &'a str,
    method: MethodIn<'a>,
    headers: Pairs<'a>,
    context: &'a str,
}

#[derive(ComponentType, Lower)]
#[component(record)]
struct Response<'a> {
    url: &'a str,
    status: u16,
    headers: Pairs<'a>,
    body: &'a str,
    fetched: i64,
}

#[derive(ComponentType, Lower)]
#[component(variant)]
enum Target<'a> {
    #[component(name = "keyword")]
    Keyword(&'a str),
    #[component(name = "account")]
    Account(&'a str),
    #[component(name = "listing")]
    Listing(&'a str),
    #[component(name = "item")]
    Item(&'a str),
}

#[derive(ComponentType, Lower)]
#[component(record)]
struct Crawl<'a> {
    target: Target<'a>,
    site: Option<&'a str>,
    settings: Pairs<'a>,
    since: i64,
    now: i64,
    #[component(name = "utc-offset")]
    utc_offset: i32,
}

#[derive(ComponentType, Lift)]
#[component(record)]
struct AuthorOut {
    id: String,
    name: String,
}

#[derive(ComponentType, Lift)]
#[component(record)]
struct PostOut {
    id: String,
    kind: Kind,
    url: String,
    parent: Option<String>,
    author: Option<AuthorOut>,
    publisher: Option<String>,
    title: Option<String>,
    text: String,
    language: Option<String>,
    published: Option<i64>,
    #[component(name = "day-only")]
    day_only: bool,
    edited: Option<i64>,
    reactions: Reactions,
    media: Vec<String>,
    extra: Vec<(String, String)>,
}

#[derive(ComponentType, Lift)]
#[component(variant)]
enum MethodOut {
    #[component(name = "get")]
    Get,
    #[component(name = "post")]
    Post(String),
}

#[derive(ComponentType, Lift)]
#[component(record)]
struct RequestOut {
    step: String,
    url: String,
    method: MethodOut,
    headers: Vec<(String, String)>,
    context: String,
}

#[derive(ComponentType, Lift)]
#[component(record)]
struct Page {
    posts: Vec<PostOut>,
    follow: Vec<RequestOut>,
    expected: Option<u32>,
    skipped: Vec<String>,
}

#[derive(ComponentType, Lift)]
#[component(record)]
struct Label {
    name: String,
    score: f32,
    evidence: Vec<String>,
}

#[derive(ComponentType, Lift)]
#[component(variant)]
enum Failure {
    #[component(name = "unsupported")]
    Unsupported(String),
    #[component(name = "gone")]
    Gone,
    #[component(name = "blocked")]
    Blocked(String),
    #[component(name = "unexpected")]
    Unexpected(String),
}

impl From<host::Kind> for Kind {
    fn from(kind: host::Kind) -> Self {
        match kind {
            host::Kind::Article => Self::Article,
            host::Kind::Post => Self::Post,
            host::Kind::Comment => Self::Comment,
            host::Kind::Repost => Self::Repost,
        }
    }
}

impl From<Kind> for host::Kind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Article => Self::Article,
            Kind::Post => Self::Post,
            Kind::Comment => Self::Comment,
            Kind::Repost => Self::Repost,
        }
    }
}

impl From<host::Reactions> for Reactions {
    fn from(of: host::Reactions) -> Self {
        Self { views: of.views, likes: of.likes, replies: of.replies, shares: of.shares }
    }
}

impl From<Reactions> for host::Reactions {
    fn from(of: Reactions) -> Self {
        Self { views: of.views, likes: of.likes, replies: of.replies, shares: of.shares }
    }
}

impl<'a> From<&'a host::Post> for PostIn<'a> {
    fn from(post: &'a host::Post) -> Self {
        Self {
            id: &post.id,
            kind: post.kind.into(),
            url: &post.url,
            parent: post.parent.as_deref(),
            author: post.author.as_ref().map(|author| AuthorIn { id: &author.id, name: &author.name }),
            publisher: post.publisher.as_deref(),
            title: post.title.as_deref(),
            text: &post.text,
            language: post.language.as_deref(),
            published: post.published,
            day_only: post.day_only,
            edited: post.edited,
            reactions: post.reactions.into(),
            media: &post.media,
            extra: &post.extra,
        }
    }
}

impl From<PostOut> for host::Post {
    fn from(post: PostOut) -> Self {
        Self {
            id: post.id,
            kind: post.kind.into(),
            url: post.url,
            parent: post.parent,
            author: post.author.map(|author| host::Author { id: author.id, name: author.name }),
            publisher: post.publisher,
            title: post.title,
            text: post.text,
            language: post.language,
            published: post.published,
            day_only: post.day_only,
            edited: post.edited,
            reactions: post.reactions.into(),
            media: post.media,
            extra: post.extra,
        }
    }
}

impl<'a> From<&'a host::Request> for RequestIn<'a> {
    fn from(request: &'a host::Request) -> Self {
        Self {
            step: &request.step,
            url: &request.url,
            method: match &request.method {
                host::Method::Get => MethodIn::Get,
                host::Method::Post(body) => MethodIn::Post(body),
            },
            headers: &request.headers,
            context: &request.context,
        }
    }
}

impl From<RequestOut> for host::Request {
    fn from(request: RequestOut) -> Self {
        Self {
            step: request.step,
            url: request.url,
            method: match request.method {
                MethodOut::Get => host::Method::Get,
                MethodOut::Post(body) => host::Method::Post(body),
            },
            headers: request.headers,
            context: request.context,
        }
    }
}

impl<'a> From<&'a host::Response> for Response<'a> {
    fn from(response: &'a host::Response) -> Self {
        Self {
            url: &response.url,
            status: response.status,
            headers: &response.headers,
            body: &response.body,
            fetched: response.fetched,
        }
    }
}

impl<'a> From<&'a host::Crawl> for Crawl<'a> {
    fn from(crawl: &'a host::Crawl) -> Self {
        Self {
            target: match &crawl.target {
                host::Target::Keyword(text) => Target::Keyword(text),
                host::Target::Account(text) => Target::Account(text),
                host::Target::Listing(text) => Target::Listing(text),
                host::Target::Item(text) => Target::Item(text),
            },
            site: crawl.site.as_deref(),
            settings: &crawl.settings,
            since: crawl.since,
            now: crawl.now,
            utc_offset: crawl.utc_offset,
        }
    }
}

impl From<Page> for host::Page {
    fn from(page: Page) -> Self {
        Self { posts: all(page.posts), follow: all(page.follow), expected: page.expected, skipped: page.skipped }
    }
}

impl From<Label> for host::Label {
    fn from(label: Label) -> Self {
        Self { name: label.name, score: label.score, evidence: label.evidence }
    }
}

impl From<Failure> for host::Failure {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Unsupported(why) => Self::Unsupported(why),
            Failure::Gone => Self::Gone,
            Failure::Blocked(why) => Self::Blocked(why),
            Failure::Unexpected(why) => Self::Unexpected(why),
        }
    }
}
