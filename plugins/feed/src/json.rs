//! Reads JSON Feed 1.0 and 1.1 into the same entries as the XML formats.

use caifeng_plugin_sdk::dates;
use serde_json::Value as Json;

use crate::Context;
use crate::entry::{Entry, Person};
use crate::reader::{Document, absolute};
use crate::value::{Form, Value};

/// Reads a document that begins with `{`.
///
/// # Errors
/// What the JSON reader says of a document that is none.
pub(crate) fn read(body: &str, context: &Context<'_>) -> Result<Document, serde_json::Error> {
    let feed: Json = serde_json::from_str(body)?;
    let mut document = Document::default();
    let items = feed.get("items").and_then(Json::as_array);
    document.is_feed =
        items.is_some() || text(&feed, "version").is_some_and(|v| v.contains("jsonfeed"));
    document.language = text(&feed, "language");
    document.author = person(&feed);
    document.older = text(&feed, "next_url").map(|url| absolute(context.base, &url));
    document.root = Some("{".to_owned());
    for (n, item) in items.into_iter().flatten().enumerate() {
        let entry = entry(item, context);
        if entry.is_empty() {
            document.skipped.push(format!(
                "item without id, title, url and text: number {}",
                n + 1
            ));
        } else {
            document.entries.push(entry);
        }
    }
    Ok(document)
}

fn entry(item: &Json, context: &Context<'_>) -> Entry {
    let link = |name| text(item, name).map(|url| absolute(context.base, &url));
    let date = |name| {
        text(item, name).and_then(|date| dates::parse(&date, context.now, context.utc_offset))
    };
    let value = |name, form| text(item, name).map(|raw| Value::new(raw, form));
    let mut entry = Entry {
        id: text(item, "id"),
        link: link("url"),
        title: value("title", Form::Plain),
        published: date("date_published"),
        updated: date("date_modified"),
        author: person(item),
        language: text(item, "language"),
        ..Entry::default()
    };
    entry.other_links.extend(link("external_url"));
    // Both say the same; the HTML one keeps its paragraphs apart.
    let bodies = [
        ("content_html", Form::Html),
        ("content_text", Form::Plain),
        ("summary", Form::Plain),
    ];
    entry.bodies.extend(
        bodies
            .into_iter()
            .filter_map(|(name, form)| value(name, form)),
    );
    for name in ["image", "banner_image"] {
        if let Some(url) = link(name) {
            entry.add_media(url);
        }
    }
    for attachment in item
        .get("attachments")
        .and_then(Json::as_array)
        .into_iter()
        .flatten()
    {
        if let Some(url) = text(attachment, "url") {
            entry.add_media(absolute(context.base, &url));
        }
    }
    for tag in item
        .get("tags")
        .and_then(Json::as_array)
        .into_iter()
        .flatten()
    {
        entry.add_category(tag.as_str().unwrap_or_default());
    }
    entry
}

/// `authors` of 1.1, else `author` of 1.0.
fn person(json: &Json) -> Option<Person> {
    let author = json
        .get("authors")
        .and_then(|authors| authors.get(0))
        .or_else(|| json.get("author"))?;
    let name = text(author, "name")
        .or_else(|| author.as_str().map(str::to_owned))
        .unwrap_or_default();
    let person = Person {
        name,
        address: text(author, "url").unwrap_or_default(),
    };
    (!person.is_empty()).then_some(person)
}

/// A string, or a number as one: ids often are. Nothing if empty.
fn text(json: &Json, name: &str) -> Option<String> {
    match json.get(name)? {
        Json::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Json::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
