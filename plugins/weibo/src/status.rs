//! One post, in whichever envelope it came.

use caifeng_plugin_sdk::json::{self, Value};
use caifeng_plugin_sdk::refusal::excerpt;
use caifeng_plugin_sdk::{Author, Kind, Post, Timestamp, dates};

use crate::{CHINA, mid, plain};

/// A post as an answer tells it.
#[derive(Debug)]
pub(crate) struct Status {
    pub(crate) post: Post,
    /// The text is an excerpt.
    pub(crate) cut: bool,
    /// It stands above the list, out of order.
    pub(crate) pinned: bool,
    /// The post that it passes on.
    pub(crate) original: Option<Box<Self>>,
}

/// Whether an element is a post rather than a comment: only posts are reposted.
pub(crate) fn is_status(value: &Value) -> bool {
    ["reposts_count", "attitudes_count", "retweeted_status", "mblogid", "isLongText"]
        .iter()
        .any(|name| value.get(name).is_some())
}

/// Reads a post; `fetched` is what relative dates count from.
///
/// # Errors
/// One line for `skipped`: why it is none.
pub(crate) fn read(value: &Value, fetched: Timestamp) -> Result<Status, String> {
    let original = value.get("retweeted_status").filter(|original| original.is_object());
    let mut status = single(value, fetched)?;
    if let Some(original) = original {
        status.post.kind = Kind::Repost;
        status.post.parent = id(original);
        match single(original, fetched) {
            Ok(original) => status.original = Some(Box::new(original)),
            Err(_) => status.post.extra.push(("original".to_owned(), "removed".to_owned())),
        }
    }
    Ok(status)
}

/// The number of a post, which some answers give as its short form only.
pub(crate) fn id(value: &Value) -> Option<String> {
    let fields = ["mid", "idstr", "id", "mblogid", "bid"];
    fields.into_iter().find_map(|name| json::text(value, name).and_then(|text| mid::from(&text)))
}

fn single(value: &Value, fetched: Timestamp) -> Result<Status, String> {
    let id = id(value).ok_or_else(|| format!("a post without an id: {}", excerpt(json::string(value, "text"))))?;
    let author = author(value);
    let raw = text(value).ok_or_else(|| format!("a post without a text: {id}"))?;
    let notice = author.is_none() && ["抱歉", "该微博", "此微博"].iter().any(|word| raw.trim_start().starts_with(word));
    if json::flag(value, "deleted") || notice {
        return Err(format!("a post that was removed: {id}"));
    }
    let plain = plain::read(raw);
    // Some lists mark a cut text by its flag and its dots only.
    let dots = json::flag(value, "isLongText") && raw_is_own(value, raw) && plain.text.ends_with("...");
    let mut post = Post::new(Kind::Post, &id, address(&id, author.as_ref()));
    post.author = author;
    post.text = plain.text;
    (post.published, post.day_only) = published(value, &id, fetched);
    post.edited = date(value, "edit_at", fetched).map(|moment| moment.timestamp);
    post.reactions.views = json::count(value, "reads_count");
    post.reactions.likes = json::count(value, "attitudes_count");
    post.reactions.replies = json::count(value, "comments_count");
    post.reactions.shares = json::count(value, "reposts_count");
    post.media = media(value);
    post.extra = extra(value);
    let pinned =
        json::flag(value, "isTop") || value.get("title").is_some_and(|t| json::string(t, "text").contains("置顶"));
    Ok(Status { post, cut: plain.cut || dots, pinned, original: None })
}

/// Whether the text is the one that lists show, not the full one beside it.
fn raw_is_own(value: &Value, raw: &str) -> bool {
    ["text", "text_raw", "raw_text"].iter().any(|name| json::string(value, name) == raw)
}

/// The full text if the answer has it beside the excerpt.
fn text(value: &Value) -> Option<&str> {
    let long = value.get("longText").into_iter();
    let long = long.flat_map(|long| [json::string(long, "longTextContent"), json::string(long, "content")]);
    let long = long.chain([json::string(value, "longTextContent")]).find(|text| !text.is_empty());
    let own = || ["text", "text_raw", "raw_text"].into_iter().find_map(|name| value.get(name).and_then(Value::as_str));
    long.or_else(own)
}

/// When a post or a comment was published, and whether only its day is known.
///
/// Lists give older posts a day without a year; if the number of the post was
/// given out on that day, it knows year and second.
pub(crate) fn published(value: &Value, id: &str, fetched: Timestamp) -> (Option<Timestamp>, bool) {
    let Some(told) = date(value, "created_at", fetched) else { return (None, false) };
    let written = json::string(value, "created_at");
    let exact = mid::time(id).filter(|time| {
        let same_day = |text: &str| {
            dates::parse(text, *time, CHINA).is_some_and(|day| (0..86_400).contains(&(time - day.timestamp)))
        };
        told.day_only && *time <= fetched && same_day(written)
    });
    exact.map_or((Some(told.timestamp), told.day_only), |time| (Some(time), false))
}

/// A moment of Weibo's clock.
pub(crate) fn date(value: &Value, name: &str, fetched: Timestamp) -> Option<dates::Moment> {
    dates::parse(&json::text(value, name)?, fetched, CHINA)
}

/// Who wrote a post or a comment.
pub(crate) fn author(value: &Value) -> Option<Author> {
    let user = value.get("user")?;
    let id = json::text(user, "idstr").or_else(|| json::text(user, "id"))?;
    let name = json::text(user, "screen_name").or_else(|| json::text(user, "name")).unwrap_or_default();
    Some(Author { id, name })
}

/// Where a person reads it; the mobile web's address needs no author.
fn address(id: &str, author: Option<&Author>) -> String {
    match (author, mid::short(id)) {
        (Some(author), Some(bid)) if author.id.bytes().all(|b| b.is_ascii_digit()) => {
            format!("https://weibo.com/{}/{bid}", author.id)
        }
        _ => format!("https://m.weibo.cn/status/{id}"),
    }
}

/// "发布于 河北" and "来自河北" name where; "来自 iPhone客户端" with what.
fn extra(value: &Value) -> Vec<(String, String)> {
    let mut extra = Vec::new();
    if let Some(region) = region(json::string(value, "region_name")) {
        extra.push(("region".to_owned(), region));
    }
    let source = plain::read(json::string(value, "source")).text;
    if !source.is_empty() {
        extra.push(("client".to_owned(), source));
    }
    let card = value.get("page_info").filter(|card| matches!(json::string(card, "type"), "article" | "webpage"));
    if let Some(card) = card {
        let title = json::text(card, "page_title").or_else(|| json::text(card, "content1")).unwrap_or_default();
        let address = json::text(card, "page_url").unwrap_or_default();
        extra.push(("attached".to_owned(), format!("{title} {address}").trim().to_owned()));
    }
    extra
}

/// The place in "发布于 河北" or "来自河北".
pub(crate) fn region(text: &str) -> Option<String> {
    let place = text.trim();
    let place =
        ["发布于", "来自", "IP属地："].into_iter().find_map(|word| place.strip_prefix(word)).unwrap_or(place).trim();
    (!place.is_empty()).then(|| place.to_owned())
}

/// Pictures and video, each at its largest.
fn media(value: &Value) -> Vec<String> {
    let mut media = Vec::new();
    // Lists of the mobile web; some answers number them in an object.
    match value.get("pics") {
        Some(Value::Array(pics)) => pics.iter().for_each(|pic| picture(pic, &mut media)),
        Some(Value::Object(pics)) => pics.values().for_each(|pic| picture(pic, &mut media)),
        _ => {}
    }
    if let Some(infos) = value.get("pic_infos").and_then(Value::as_object) {
        let named = json::list(value, "pic_ids").iter().filter_map(Value::as_str);
        let ordered: Vec<&Value> = named.filter_map(|id| infos.get(id)).collect();
        let pictures = if ordered.is_empty() { infos.values().collect() } else { ordered };
        pictures.into_iter().for_each(|pic| picture(pic, &mut media));
    }
    for pic in json::list(value, "pic_urls") {
        add(json::string(pic, "thumbnail_pic").replacen("/thumbnail/", "/large/", 1), &mut media);
    }
    for item in value.get("mix_media_info").map_or(&[][..], |info| json::list(info, "items")) {
        if let Some(data) = item.get("data") {
            if json::string(item, "type") == "video" { video(data, &mut media) } else { picture(data, &mut media) }
        }
    }
    if let Some(card) = value.get("page_info") {
        video(card, &mut media);
    }
    media
}

/// Adds the largest form of a picture, and the film of a live one.
pub(crate) fn picture(pic: &Value, media: &mut Vec<String>) {
    let sized = |name: &str| pic.get(name).map(|form| json::string(form, "url")).filter(|url| !url.is_empty());
    let form = ["largest", "original", "large", "mw2000", "bmiddle"].into_iter().find_map(sized);
    add(form.unwrap_or_else(|| json::string(pic, "url")).to_owned(), media);
    let film = json::text(pic, "videoSrc").or_else(|| json::text(pic, "video"));
    add(film.unwrap_or_default(), media);
}

fn video(card: &Value, media: &mut Vec<String>) {
    const FORMS: [&str; 8] = [
        "mp4_720p_mp4",
        "mp4_hd_mp4",
        "mp4_ld_mp4",
        "mp4_720p",
        "mp4_hd_url",
        "stream_url_hd",
        "mp4_sd_url",
        "stream_url",
    ];
    let places = ["urls", "media_info"].into_iter().filter_map(|name| card.get(name));
    let found =
        places.flat_map(|place| FORMS.into_iter().map(|form| json::string(place, form))).find(|url| !url.is_empty());
    add(found.unwrap_or_default().to_owned(), media);
}

/// Adds an address once, with its scheme.
fn add(address: String, media: &mut Vec<String>) {
    let address = if address.starts_with("//") { format!("https:{address}") } else { address };
    if address.starts_with("http") && media.len() < 64 && !media.contains(&address) {
        media.push(address);
    }
}
