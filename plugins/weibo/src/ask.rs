//! Which addresses are asked, and what a request carries for its own answer.

use caifeng_plugin_sdk::json::{self, Value};
use caifeng_plugin_sdk::{Author, Crawl, Failure, Kind, Post, Reactions, Request, Target, url};
use serde_json::json;

use crate::mid;

/// Which of Weibo's three faces is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Api {
    Mobile,
    Desktop,
    Open,
}

impl Api {
    fn of(crawl: &Crawl) -> Result<Self, Failure> {
        match crawl.setting("api").unwrap_or("mobile") {
            "mobile" => Ok(Self::Mobile),
            "desktop" => Ok(Self::Desktop),
            "open" => Ok(Self::Open),
            other => Err(Failure::unsupported(format!("the setting api is mobile, desktop or open, not: {other}"))),
        }
    }

    /// The face that an address belongs to.
    pub(crate) fn at(address: &str) -> Self {
        match url::origin(address) {
            Some("https://weibo.com") => Self::Desktop,
            Some("https://api.weibo.com") => Self::Open,
            _ => Self::Mobile,
        }
    }
}

/// Longest context that the host carries, less what the envelope takes.
const ROOM: usize = 4000;

/// What a request carries. Empty for a response that this plugin did not ask for.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Context {
    /// Which page of its list, from 1.
    pub(crate) page: u32,
    /// The post whose comments, reposts or text are asked for.
    pub(crate) mid: Option<String>,
    /// What a list told of a post whose full text is asked for.
    pub(crate) row: Option<Box<Post>>,
    /// The full text was asked for by itself, in vain.
    pub(crate) in_vain: bool,
}

impl Context {
    pub(crate) fn page(page: u32, mid: Option<&str>) -> Self {
        Self { page, mid: mid.map(str::to_owned), ..Self::default() }
    }

    /// Reads what [`Self::write`] wrote; nothing for an empty context.
    pub(crate) fn read(text: &str) -> Option<Self> {
        if text.is_empty() {
            return None;
        }
        let value: Value = serde_json::from_str(text).unwrap_or_default();
        let page = json::count(&value, "page").and_then(|page| u32::try_from(page).ok()).unwrap_or(1);
        let row = value.get("row").and_then(row).map(Box::new);
        Some(Self { page, mid: json::text(&value, "mid"), row, in_vain: json::flag(&value, "in_vain") })
    }

    fn write(&self) -> String {
        let mut value = json!({ "page": self.page, "mid": self.mid, "row": self.row.as_deref().map(written) });
        if self.in_vain {
            value["in_vain"] = Value::Bool(true);
        }
        value.to_string()
    }
}

/// A post with the excerpt of its text. If it is too long to carry, its media go
/// first, then what else can be spared.
fn written(post: &Post) -> Value {
    let Reactions { views, likes, replies, shares } = post.reactions;
    let mut value = json!({
        "id": post.id, "text": post.text, "repost": post.kind == Kind::Repost, "url": post.url, "parent": post.parent,
        "author": post.author.as_ref().map(|author| [&author.id, &author.name]),
        "published": post.published, "day": post.day_only, "edited": post.edited,
        "counts": [views, likes, replies, shares], "media": post.media, "extra": post.extra,
    });
    for spared in ["media", "extra", "text"] {
        if value.to_string().len() > ROOM {
            value[spared] = Value::Null;
        }
    }
    value
}

fn row(value: &Value) -> Option<Post> {
    let texts = |value: &Value| value.as_str().map(str::to_owned);
    let kind = if json::flag(value, "repost") { Kind::Repost } else { Kind::Post };
    let mut post = Post::new(kind, json::text(value, "id")?, json::text(value, "url")?);
    json::string(value, "text").clone_into(&mut post.text);
    post.parent = json::text(value, "parent");
    if let [id, name] = json::list(value, "author") {
        post.author = texts(id).zip(texts(name)).map(|(id, name)| Author { id, name });
    }
    post.published = value.get("published").and_then(Value::as_i64);
    post.day_only = json::flag(value, "day");
    post.edited = value.get("edited").and_then(Value::as_i64);
    if let [views, likes, replies, shares] = json::list(value, "counts") {
        let [views, likes, replies, shares] = [views, likes, replies, shares].map(Value::as_u64);
        post.reactions = Reactions { views, likes, replies, shares };
    }
    post.media = json::list(value, "media").iter().filter_map(texts).collect();
    let pair = |pair: &Value| Some((texts(pair.get(0)?)?, texts(pair.get(1)?)?));
    post.extra = json::list(value, "extra").iter().filter_map(pair).collect();
    Some(post)
}

/// A request with its context.
pub(crate) fn request(step: &str, address: String, context: &Context) -> Request {
    Request { context: context.write(), ..Request::get(step, address) }
}

/// The first requests of a crawl.
pub(crate) fn first(crawl: &Crawl) -> Result<Vec<Request>, Failure> {
    let api = Api::of(crawl)?;
    let one = |step, address| Ok(vec![request(step, address, &Context::page(1, None))]);
    match &crawl.target {
        Target::Keyword(_) if api == Api::Open => Err(Failure::unsupported(
            "the open platform has no public search: set api to mobile, or watch an account, a post or the mentions",
        )),
        Target::Keyword(words) => one("search", search(words)),
        Target::Account(uid) if is_number(uid) => one("timeline", timeline(api, uid)),
        Target::Account(other) => {
            Err(Failure::unsupported(format!("an account is watched by its number, not: {other}")))
        }
        Target::Item(address) => item(api, address),
        Target::Listing(address) => own(address),
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.len() <= 13 && text.bytes().all(|b| b.is_ascii_digit())
}

/// Newest first; Weibo's own order mixes hours and weeks.
fn search(words: &str) -> String {
    let container = url::encode(&format!("100103type=61&q={words}&t="));
    format!("https://m.weibo.cn/api/container/getIndex?containerid={container}&page_type=searchall")
}

fn timeline(api: Api, uid: &str) -> String {
    match api {
        Api::Mobile => {
            format!("https://m.weibo.cn/api/container/getIndex?type=uid&value={uid}&containerid=107603{uid}")
        }
        Api::Desktop => format!("https://weibo.com/ajax/statuses/mymblog?uid={uid}&feature=0"),
        Api::Open => format!("https://api.weibo.com/2/statuses/user_timeline.json?uid={uid}&count=50"),
    }
}

fn item(api: Api, address: &str) -> Result<Vec<Request>, Failure> {
    let id = url::path(address).trim_end_matches('/').rsplit('/').next().and_then(mid::from);
    let id = id.ok_or_else(|| Failure::unsupported(format!("no address of a post: {address}")))?;
    let context = Context::page(1, Some(&id));
    let reposts = match api {
        Api::Mobile => format!("https://m.weibo.cn/api/statuses/repostTimeline?id={id}"),
        Api::Desktop => format!("https://weibo.com/ajax/statuses/repostTimeline?id={id}&moduleID=feed&count=20"),
        Api::Open => format!("https://api.weibo.com/2/statuses/repost_timeline.json?id={id}&count=50"),
    };
    Ok(vec![
        request("post", post(api, &id), &context),
        request("comments", comments(api, &id), &context),
        request("reposts", reposts, &context),
    ])
}

fn post(api: Api, id: &str) -> String {
    match api {
        Api::Mobile => format!("https://m.weibo.cn/statuses/show?id={id}"),
        Api::Desktop => format!("https://weibo.com/ajax/statuses/show?id={}", mid::short(id).unwrap_or_default()),
        Api::Open => format!("https://api.weibo.com/2/statuses/show.json?id={id}&isGetLongText=1"),
    }
}

fn comments(api: Api, id: &str) -> String {
    match api {
        Api::Mobile => format!("https://m.weibo.cn/comments/hotflow?id={id}&mid={id}&max_id_type=0"),
        Api::Desktop => {
            format!(
                "https://weibo.com/ajax/statuses/buildComments?flow=1&is_reload=1&id={id}&is_show_bulletin=2&is_mix=0&count=20&fetch_level=0"
            )
        }
        Api::Open => format!("https://api.weibo.com/2/comments/show.json?id={id}&count=50"),
    }
}

/// The full text of a post that a list cut.
pub(crate) fn long(api: Api, row: Post) -> Request {
    let id = row.id.clone();
    let context = Context { row: Some(Box::new(row)), ..Context::page(1, Some(&id)) };
    match api {
        Api::Mobile => request("long", format!("https://m.weibo.cn/statuses/extend?id={id}"), &context),
        Api::Desktop => {
            let bid = mid::short(&id).unwrap_or_default();
            request("long", format!("https://weibo.com/ajax/statuses/longtext?id={bid}"), &context)
        }
        Api::Open => request("post", post(api, &id), &Context::page(1, Some(&id))),
    }
}

/// The post itself, which has its text in it, where the text could not be had alone; nothing if that was tried.
pub(crate) fn instead(api: Api, context: &Context) -> Option<Request> {
    let id = context.mid.as_deref().filter(|_| !context.in_vain)?;
    Some(request("post", post(api, id), &Context { in_vain: true, ..Context::page(1, Some(id)) }))
}

/// The answers to a comment that its list does not show.
pub(crate) fn answers(api: Api, comment: &str, context: &Context) -> Option<Request> {
    let address = match api {
        Api::Mobile => format!("https://m.weibo.cn/comments/hotFlowChild?cid={comment}&max_id=0&max_id_type=0"),
        Api::Desktop => {
            format!(
                "https://weibo.com/ajax/statuses/buildComments?flow=1&is_reload=1&id={comment}&is_show_bulletin=2&is_mix=1&fetch_level=1&max_id=0&count=20"
            )
        }
        // Its list of comments is flat.
        Api::Open => return None,
    };
    Some(request("comments", address, &Context::page(1, context.mid.as_deref())))
}

/// What was said to one's own account.
fn own(address: &str) -> Result<Vec<Request>, Failure> {
    const OWN: [(&str, &str); 3] = [
        ("/2/statuses/mentions.json", "timeline"),
        ("/2/comments/to_me.json", "comments"),
        ("/2/comments/mentions.json", "comments"),
    ];
    let known = OWN.iter().find(|(path, _)| Api::at(address) == Api::Open && url::path(address) == *path);
    let (path, step) =
        known.ok_or_else(|| Failure::unsupported(format!("not a list of the open platform: {address}")))?;
    Ok(vec![request(step, format!("https://api.weibo.com{path}?count=50"), &Context::page(1, None))])
}

/// `address` with the parameters set anew.
pub(crate) fn with(address: &str, parameters: &[(&str, &str)]) -> String {
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let mut out = format!("{path}?");
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let name = pair.split('=').next().unwrap_or_default();
        if !parameters.iter().any(|(key, _)| *key == name) {
            out.push_str(pair);
            out.push('&');
        }
    }
    for (name, value) in parameters {
        out.push_str(&format!("{name}={}&", url::encode(value)));
    }
    out.pop();
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_travels_with_the_request_for_its_text() {
        let mut row = Post::new(Kind::Repost, "4383183661430868", "https://weibo.com/1/HyTZc60ew");
        row.parent = Some("4383183661430000".to_owned());
        row.text = "一段很长的话".to_owned();
        row.author = Some(Author { id: "1".to_owned(), name: "清河".to_owned() });
        (row.published, row.day_only, row.edited) = (Some(1_773_028_800), true, Some(1_773_028_900));
        row.reactions = Reactions { views: None, likes: Some(0), replies: Some(2), shares: None };
        row.media = vec!["https://wx1.example/a.jpg".to_owned()];
        row.extra = vec![("region".to_owned(), "河北".to_owned())];
        let request = long(Api::Mobile, row.clone());
        let context = Context::read(&request.context).unwrap();
        assert_eq!(context.row.as_deref(), Some(&row));
        assert_eq!(Context::read(""), None);

        row.media = vec!["长".repeat(2000)];
        let request = long(Api::Desktop, row);
        assert!(request.context.len() <= 4096);
        assert_eq!(request.url, "https://weibo.com/ajax/statuses/longtext?id=HyTZc60ew");
        assert_eq!(Context::read(&request.context).unwrap().row.unwrap().reactions.replies, Some(2));
    }

    #[test]
    fn parameters_are_replaced_in_place() {
        assert_eq!(with("https://e.org/a?b=1&page=2&c", &[("page", "3")]), "https://e.org/a?b=1&c&page=3");
        assert_eq!(with("https://e.org/a", &[("x", "水")]), "https://e.org/a?x=%E6%B0%B4");
    }
}
