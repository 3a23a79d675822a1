//! One post of a forum, as each of its answers tells it.

use caifeng_plugin_sdk::json::{self, Value};
use caifeng_plugin_sdk::refusal::excerpt;
use caifeng_plugin_sdk::{Author, Kind, Post, Timestamp, dates};

use crate::cooked;

/// Where an answer came from and what relative things in it are relative to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    /// Where the forum is installed.
    pub(crate) base: &'a str,
    pub(crate) fetched: Timestamp,
    pub(crate) utc_offset: i32,
}

/// What is known of a topic beside its posts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Topic {
    pub(crate) title: Option<String>,
    pub(crate) slug: Option<String>,
    pub(crate) views: Option<u64>,
    pub(crate) replies: Option<u64>,
    pub(crate) extra: Vec<(String, String)>,
}

impl Topic {
    /// What a row of a list or the head of a topic says.
    pub(crate) fn read(value: &Value) -> Self {
        let mut extra = Vec::new();
        let tags: Vec<String> = json::list(value, "tags").iter().filter_map(tag).collect();
        if !tags.is_empty() {
            extra.push(("tags".to_owned(), tags.join(" ")));
        }
        for fact in ["closed", "archived"] {
            if json::flag(value, fact) {
                extra.push((fact.to_owned(), "true".to_owned()));
            }
        }
        Self {
            title: json::text(value, "title"),
            slug: json::text(value, "slug"),
            views: json::count(value, "views"),
            replies: json::count(value, "posts_count").map(|posts| posts.saturating_sub(1)),
            extra,
        }
    }

    /// What a person's address of a post of this topic is.
    fn address(&self, base: &str, topic: u64, number: u64) -> String {
        let slug = self.slug.as_deref().unwrap_or("-");
        if number == 1 { format!("{base}/t/{slug}/{topic}") } else { format!("{base}/t/{slug}/{topic}/{number}") }
    }
}

/// Tags are names, in newer versions objects with a name.
fn tag(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned).or_else(|| json::text(value, "name"))
}

/// What an element of an answer is.
pub(crate) enum Read {
    Post(Box<Post>),
    /// Nothing that anybody said: "closed this topic".
    Action,
}

/// Reads a post with its text; `topic` is the topic that the answer is about,
/// for old versions that do not repeat it.
///
/// # Errors
/// One line for `skipped`: why it is none.
pub(crate) fn read(value: &Value, topic: Option<u64>, about: &Topic, place: Place<'_>) -> Result<Read, String> {
    let (topic, number) = numbers(value, topic)?;
    let id = format!("{topic}/{number}");
    if json::count(value, "post_type") == Some(3) {
        return Ok(Read::Action);
    }
    let deleted = value.get("deleted_at").is_some_and(|at| !at.is_null());
    if deleted || json::flag(value, "user_deleted") {
        return Err(format!("a post that was deleted: {id}"));
    }
    let raw = value.get("cooked").and_then(Value::as_str).ok_or_else(|| format!("a post without a text: {id}"))?;
    let hidden = json::flag(value, "hidden");
    if hidden && raw.trim().is_empty() {
        return Err(format!("a post that is hidden: {id}"));
    }
    let own = Topic {
        title: about.title.clone().or_else(|| json::text(value, "topic_title")),
        slug: json::text(value, "topic_slug").or_else(|| about.slug.clone()),
        ..about.clone()
    };
    let mut post = blank(topic, number, &own, place);
    let cooked = cooked::read(raw, &format!("{}/", place.base));
    (post.text, post.media) = (cooked.text, cooked.media);
    post.author = author(value);
    let date = |name| json::text(value, name).and_then(|text| dates::parse(&text, place.fetched, place.utc_offset));
    post.published = date("created_at").map(|moment| moment.timestamp);
    // Every post has an `updated_at`; only a changed one has a second version.
    let changed = json::count(value, "version").is_some_and(|version| version > 1);
    post.edited = date("updated_at").filter(|_| changed).map(|moment| moment.timestamp);
    if number > 1 {
        let answered = json::count(value, "reply_to_post_number").filter(|answered| *answered != number);
        post.parent = Some(format!("{topic}/{}", answered.unwrap_or(1)));
        post.reactions.views = json::count(value, "reads");
        post.reactions.replies = json::count(value, "reply_count");
    }
    post.reactions.likes = likes(value);
    if hidden {
        post.extra.push(("hidden".to_owned(), "true".to_owned()));
    }
    Ok(Read::Post(Box::new(post)))
}

fn numbers(value: &Value, topic: Option<u64>) -> Result<(u64, u64), String> {
    let number = json::count(value, "post_number").filter(|number| *number > 0);
    let of = json::count(value, "topic_id").or(topic);
    of.zip(number).ok_or_else(|| {
        let text = caifeng_plugin_sdk::html::text(json::string(value, "cooked"));
        format!("a post without its number: {}", excerpt(&text))
    })
}

/// A row of a list: the first post of a topic, without its text.
///
/// # Errors
/// One line for `skipped`: why it is none.
pub(crate) fn row(value: &Value, users: &[Value], place: Place<'_>) -> Result<Post, String> {
    let about = Topic::read(value);
    let id = json::count(value, "id")
        .ok_or_else(|| format!("a topic without a number: {}", excerpt(about.title.as_deref().unwrap_or_default())))?;
    if about.title.is_none() {
        return Err(format!("a topic without a title: {id}"));
    }
    let mut post = blank(id, 1, &about, place);
    post.text = cooked::read(json::string(value, "excerpt"), &format!("{}/", place.base)).text;
    post.reactions.likes = json::count(value, "like_count");
    let created = json::text(value, "created_at");
    post.published = created.and_then(|at| dates::parse(&at, place.fetched, place.utc_offset)).map(|at| at.timestamp);
    // The first poster began the topic; the words beside are translated.
    let posters = json::list(value, "posters");
    let began =
        posters.iter().find(|poster| json::string(poster, "description").contains("Original")).or(posters.first());
    let began = began.and_then(|poster| json::text(poster, "user_id"));
    let user = began.and_then(|id| users.iter().find(|user| json::text(user, "id").as_ref() == Some(&id)));
    post.author =
        user.and_then(|user| Some(Author { id: json::text(user, "id")?, name: json::text(user, "username")? }));
    post.extra.push(("excerpt".to_owned(), "true".to_owned()));
    Ok(post)
}

/// A hit of a search: a post with an excerpt of its text.
///
/// # Errors
/// One line for `skipped`: why it is none.
pub(crate) fn hit(value: &Value, about: &Topic, place: Place<'_>) -> Result<Post, String> {
    let (topic, number) = numbers(value, None)?;
    let mut post = blank(topic, number, about, place);
    post.text = cooked::read(json::string(value, "blurb"), &format!("{}/", place.base)).text;
    post.author = author(value);
    post.reactions.likes = json::count(value, "like_count");
    let created = json::text(value, "created_at");
    post.published = created.and_then(|at| dates::parse(&at, place.fetched, place.utc_offset)).map(|at| at.timestamp);
    if number > 1 {
        post.parent = Some(format!("{topic}/1"));
    }
    post.extra.push(("excerpt".to_owned(), "true".to_owned()));
    Ok(post)
}

fn blank(topic: u64, number: u64, about: &Topic, place: Place<'_>) -> Post {
    let kind = if number == 1 { Kind::Post } else { Kind::Comment };
    let mut post = Post::new(kind, format!("{topic}/{number}"), about.address(place.base, topic, number));
    if number == 1 {
        post.title.clone_from(&about.title);
        post.reactions.views = about.views;
        post.reactions.replies = about.replies;
        post.extra.clone_from(&about.extra);
    }
    post
}

fn author(value: &Value) -> Option<Author> {
    let name = json::text(value, "username")?;
    let id = json::text(value, "user_id").unwrap_or_else(|| name.clone());
    Some(Author { id, name })
}

/// Likes are the action with the number 2; sites with more reactions count them all.
fn likes(value: &Value) -> Option<u64> {
    let liked = json::list(value, "actions_summary").iter().find(|action| json::count(action, "id") == Some(2));
    json::count(value, "reaction_users_count").or_else(|| liked.and_then(|action| json::count(action, "count")))
}
