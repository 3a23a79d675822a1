//! One comment, in whichever envelope it came.

use caifeng_plugin_sdk::json::{self, Value};
use caifeng_plugin_sdk::refusal::excerpt;
use caifeng_plugin_sdk::{Kind, Post, Timestamp};

use crate::{mid, plain, status};

/// A comment as an answer tells it.
#[derive(Debug)]
pub(crate) struct Comment {
    pub(crate) post: Post,
    /// The post that it belongs to, if the answer names it.
    pub(crate) of: Option<String>,
    /// Answers to it that the same answer holds.
    pub(crate) answers: Vec<Value>,
    /// How many answers there are in all.
    pub(crate) total: u64,
}

/// Reads a comment of the post `asked`; `page` is the address of the answer, for
/// a comment whose post nobody names.
///
/// # Errors
/// One line for `skipped`: why it is none.
pub(crate) fn read(value: &Value, asked: Option<&str>, page: &str, fetched: Timestamp) -> Result<Comment, String> {
    let id = ["idstr", "id", "mid"].into_iter().find_map(|name| json::text(value, name).and_then(|id| mid::from(&id)));
    let raw = ["text", "text_raw"].into_iter().find_map(|name| value.get(name).and_then(Value::as_str));
    let id = id.ok_or_else(|| format!("a comment without an id: {}", excerpt(raw.unwrap_or_default())))?;
    let raw = raw.ok_or_else(|| format!("a comment without a text: {id}"))?;
    let of = value.get("status").and_then(status::id).or_else(|| named(value)).or_else(|| asked.map(str::to_owned));
    let address = match &of {
        Some(post) => format!("https://m.weibo.cn/detail/{post}?cid={id}"),
        None => format!("{}#{id}", page.split('#').next().unwrap_or_default()),
    };
    let root = json::text(value, "rootidstr").or_else(|| json::text(value, "rootid")).and_then(|id| mid::from(&id));
    let answered = value.get("reply_comment").and_then(status::id).or(root).filter(|parent| *parent != id);
    let mut post = Post::new(Kind::Comment, &id, address);
    post.parent = answered.or_else(|| of.clone());
    post.author = status::author(value);
    post.text = plain::read(raw).text;
    (post.published, post.day_only) = status::published(value, &id, fetched);
    let children = value.get("comments").and_then(Value::as_array);
    let total = json::count(value, "total_number");
    post.reactions.likes = json::count(value, "like_count").or_else(|| json::count(value, "like_counts"));
    post.reactions.replies = total;
    if let Some(pic) = value.get("pic") {
        status::picture(pic, &mut post.media);
    }
    // "来自河北"; the open platform has a client there, in HTML.
    let source = json::string(value, "source");
    if let Some(region) = status::region(source).filter(|_| source.starts_with("来自") && !source.contains('<')) {
        post.extra.push(("region".to_owned(), region));
    }
    Ok(Comment { post, of, answers: children.cloned().unwrap_or_default(), total: total.unwrap_or_default() })
}

/// The post that `analysis_extra` names: `author_uid:1|mid:4383183661430868`.
fn named(value: &Value) -> Option<String> {
    let facts = json::string(value, "analysis_extra").split('|');
    facts.filter_map(|fact| fact.split_once(':')).find(|(name, _)| *name == "mid").and_then(|(_, id)| mid::from(id))
}
