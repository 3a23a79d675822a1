//! One status (docs.joinmastodon.org/entities/Status) as a post.

use caifeng_plugin_sdk::json::{self, Value};
use caifeng_plugin_sdk::refusal::excerpt;
use caifeng_plugin_sdk::{Author, Kind, Post, Timestamp, dates, html};

/// A status, and the one that it boosts.
#[derive(Debug)]
pub(crate) struct Status {
    pub(crate) post: Post,
    pub(crate) boosted: Option<Box<Post>>,
    /// The number of the account that wrote or boosted it.
    pub(crate) account: Option<String>,
}

/// Reads a status; `fetched` is what relative dates count from.
///
/// # Errors
/// One line for `skipped`: why it is none.
pub(crate) fn read(value: &Value, fetched: Timestamp) -> Result<Status, String> {
    let account = value.get("account").and_then(|account| json::text(account, "id"));
    let Some(boosted) = value.get("reblog").filter(|boosted| boosted.is_object()) else {
        return Ok(Status { post: single(value, fetched)?, boosted: None, account });
    };
    let boosted = single(boosted, fetched)?;
    let id = id(value)?;
    // A boost says nothing of its own; its text is what is passed on.
    let address = address(value).filter(|url| !url.ends_with("/activity")).unwrap_or_else(|| boosted.url.clone());
    let mut post = Post::new(Kind::Repost, id, address);
    post.parent = Some(boosted.id.clone());
    post.author = author(value);
    post.text.clone_from(&boosted.text);
    post.title.clone_from(&boosted.title);
    post.language.clone_from(&boosted.language);
    post.published = date(value, "created_at", fetched);
    Ok(Status { post, boosted: Some(Box::new(boosted)), account })
}

fn id(value: &Value) -> Result<String, String> {
    json::text(value, "id")
        .ok_or_else(|| format!("a status without an id: {}", excerpt(&html::text(json::string(value, "content")))))
}

fn single(value: &Value, fetched: Timestamp) -> Result<Post, String> {
    let id = id(value)?;
    let address = address(value).ok_or_else(|| format!("a status without an address: {id}"))?;
    let content =
        value.get("content").and_then(Value::as_str).ok_or_else(|| format!("a status without a text: {id}"))?;
    let parent = json::text(value, "in_reply_to_id");
    let mut post = Post::new(if parent.is_some() { Kind::Comment } else { Kind::Post }, id, address);
    post.parent = parent;
    post.author = author(value);
    // The warning stands above the text and is often its subject.
    post.title =
        Some(html::decode(json::string(value, "spoiler_text")).trim().to_owned()).filter(|title| !title.is_empty());
    post.text = html::text(content);
    post.language = json::text(value, "language");
    post.published = date(value, "created_at", fetched);
    post.edited = date(value, "edited_at", fetched);
    post.reactions.likes = json::count(value, "favourites_count");
    post.reactions.replies = json::count(value, "replies_count");
    post.reactions.shares = json::count(value, "reblogs_count");
    post.media = media(value);
    post.extra = extra(value);
    if let Some(poll) = value.get("poll").filter(|poll| poll.is_object()) {
        // What can be chosen is part of what was said.
        let options: Vec<String> =
            json::list(poll, "options").iter().filter_map(|option| json::text(option, "title")).collect();
        for option in &options {
            post.text.push_str(if post.text.is_empty() { "· " } else { "\n· " });
            post.text.push_str(option);
        }
        let votes = json::list(poll, "options").iter().filter_map(|option| {
            Some(format!("{}: {}", json::text(option, "title")?, json::count(option, "votes_count")?))
        });
        let votes: Vec<String> = votes.collect();
        if !votes.is_empty() {
            post.extra.push(("votes".to_owned(), votes.join("; ")));
        }
    }
    Ok(post)
}

/// Where a person reads it: `url`, else the name it has between servers.
fn address(value: &Value) -> Option<String> {
    let web = |name| json::text(value, name).filter(|url| url.starts_with("http"));
    web("url").or_else(|| web("uri"))
}

fn author(value: &Value) -> Option<Author> {
    let account = value.get("account")?;
    let id = json::text(account, "uri").or_else(|| json::text(account, "url")).or_else(|| json::text(account, "id"))?;
    let name = ["display_name", "acct", "username"].into_iter().find_map(|name| json::text(account, name));
    Some(Author { id, name: name.unwrap_or_default() })
}

fn date(value: &Value, name: &str, fetched: Timestamp) -> Option<Timestamp> {
    dates::parse(&json::text(value, name)?, fetched, 0).map(|moment| moment.timestamp)
}

fn media(value: &Value) -> Vec<String> {
    let attached = json::list(value, "media_attachments").iter();
    let addresses = attached
        .filter_map(|file| ["url", "remote_url", "preview_url"].into_iter().find_map(|name| json::text(file, name)));
    addresses.filter(|url| url.starts_with("http")).take(64).collect()
}

fn extra(value: &Value) -> Vec<(String, String)> {
    let mut extra = Vec::new();
    let mut add = |name: &str, text: String| {
        if !text.is_empty() {
            extra.push((name.to_owned(), text));
        }
    };
    let tags: Vec<String> = json::list(value, "tags").iter().filter_map(|tag| json::text(tag, "name")).collect();
    add("tags", tags.join(" "));
    if json::flag(value, "sensitive") {
        add("sensitive", "true".to_owned());
    }
    let described: Vec<String> =
        json::list(value, "media_attachments").iter().filter_map(|file| json::text(file, "description")).collect();
    add("pictured", described.join("\n"));
    if let Some(card) = value.get("card") {
        let title = json::text(card, "title").unwrap_or_default();
        add("attached", format!("{title} {}", json::string(card, "url")).trim().to_owned());
    }
    extra
}
