//! The answer, of which nothing is believed that the post does not bear out.

use caifeng_plugin_sdk::json::{self, Value};
use caifeng_plugin_sdk::{Failure, Label, Post};

/// The highest score that is passed on: a model's own score is no chance that anybody has measured.
pub const SUREST: f32 = 0.8;
/// Labels of an answer that are looked at.
const MOST: usize = 32;
/// Excerpts of a label.
const EXCERPTS: usize = 3;
/// Characters of an excerpt: whoever quotes the whole post has pointed at nothing.
const LONGEST: usize = 120;

/// Labels that exclude each other.
const GROUPS: [&[&str]; 4] = [
    &["problem", "emergency", "sensitive", "suggestion", "rumour"],
    &["ordinary", "larger", "major", "extreme"],
    &["negative", "neutral", "positive"],
    &["urgent", "soon"],
];

/// A service that has no such address or does not let us in is not one that a post went missing on.
pub(crate) fn refused(failure: Failure) -> Failure {
    match failure {
        Failure::Gone => Failure::blocked("the service has nothing at this address: check endpoint and model"),
        other => other,
    }
}

/// The labels that an answer gives to the post that it is about.
///
/// # Errors
/// [`Failure::Blocked`] for a page that refuses, [`Failure::Unexpected`] for anything that is not the one JSON object
/// that was asked for.
pub fn read(body: &str, post: &Post) -> Result<Vec<Label>, Failure> {
    let said = content(&json::read(body)?)?;
    let object: Value = serde_json::from_str(object(&said)).map_err(|error| unread(&error.to_string()))?;
    let list = object.get("labels").and_then(Value::as_array).ok_or_else(|| unread("no list of labels"))?;
    let mut labels: Vec<Label> = list.iter().take(MOST).filter_map(|value| label(value, post)).collect();
    labels.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut kept: Vec<Label> = Vec::new();
    for label in labels {
        if !kept.iter().any(|other| group(&other.name) == group(&label.name)) {
            kept.push(label);
        }
    }
    Ok(kept)
}

fn unread(what: &str) -> Failure {
    Failure::unexpected(format!("the model did not answer in the form that was asked for: {what}"))
}

/// What the model said: the first choice of a chat completion.
fn content(answer: &Value) -> Result<String, Failure> {
    let choice =
        json::list(answer, "choices").first().ok_or_else(|| Failure::unexpected("an answer without a choice"))?;
    let message = choice.get("message").ok_or_else(|| Failure::unexpected("a choice without a message"))?;
    if choice.get("finish_reason").and_then(Value::as_str) == Some("length") {
        return Err(unread("it was cut off: raise max-tokens"));
    }
    Ok(json::string(message, "content").to_owned())
}

/// The object without what models put around it: their thoughts, and a fence.
fn object(said: &str) -> &str {
    let said = said.rsplit_once("</think>").map_or(said, |(_, after)| after).trim();
    let fenced = said.strip_prefix("```json").or_else(|| said.strip_prefix("```"));
    fenced.and_then(|inner| inner.trim_end().strip_suffix("```")).unwrap_or(said).trim()
}

fn group(name: &str) -> Option<usize> {
    GROUPS.iter().position(|names| names.contains(&name))
}

fn label(value: &Value, post: &Post) -> Option<Label> {
    let name = value.get("name")?.as_str()?;
    group(name)?;
    let score = value.get("score")?.as_f64().filter(|score| *score > 0.0 && *score <= 1.0)?;
    let mut evidence: Vec<String> = Vec::new();
    for excerpt in json::list(value, "evidence").iter().filter_map(Value::as_str).map(str::trim) {
        if evidence.len() < EXCERPTS && stands(excerpt, post) && !evidence.iter().any(|seen| seen == excerpt) {
            evidence.push(excerpt.to_owned());
        }
    }
    #[expect(clippy::cast_possible_truncation, reason = "a score between 0 and 1")]
    let score = (score as f32).min(SUREST);
    (!evidence.is_empty()).then(|| Label { name: name.to_owned(), score, evidence })
}

fn stands(excerpt: &str, post: &Post) -> bool {
    let short = excerpt.chars().nth(LONGEST).is_none();
    let held = post.text.contains(excerpt) || post.title.as_deref().is_some_and(|title| title.contains(excerpt));
    short && held && excerpt.chars().any(char::is_alphanumeric)
}
