//! Labels posts by what a service answers.
//!
//! What is here asks a service that takes `{"text": …}` and answers `{"labels": [{"name", "score", "quote"}]}`. Change
//! `ask` and `labels` to the service that you know, put its answers into the fixtures, and let `caifeng plugin check`
//! say what is missing.

use caifeng_plugin_sdk::json::{self, Value};
use caifeng_plugin_sdk::{Asker, Failure, Label, Post, Request, Response, Settings};

/// The labels of the manifest.
const LABELS: [&str; 1] = ["suggestion"];

struct Service;

impl Asker for Service {
    /// What to ask about these posts: at most one request a post, to the operator's endpoint.
    fn ask(settings: &Settings, posts: &[Post]) -> Result<Vec<Request>, Failure> {
        let endpoint = settings.iter().find(|(name, _)| name == "endpoint").map_or("", |(_, value)| value.as_str());
        if !endpoint.starts_with("https://") && !endpoint.starts_with("http://") {
            return Err(Failure::unsupported(format!("endpoint: write the whole address of the service: {endpoint}")));
        }
        let asked = posts.iter().enumerate().filter(|(_, post)| !said(post).trim().is_empty());
        Ok(asked
            .map(|(nth, post)| {
                let body = question(&said(post));
                let request = Request::post("label", endpoint, "application/json", body);
                // What the answer is about: taken from here, and never from the answer.
                Request { context: nth.to_string(), ..request }
            })
            .collect())
    }

    /// Reads what the service answered: one list of labels for each post, in the order given.
    fn read(_: &Settings, posts: &[Post], request: &Request, response: &Response) -> Result<Vec<Vec<Label>>, Failure> {
        response.check_status()?;
        // An answer that comes without a context is about the first.
        let about: usize = if request.context.is_empty() { 0 } else { request.context.parse()? };
        let answer = json::read(&response.body)?;
        let given = answer.get("labels").and_then(Value::as_array);
        let given = given.ok_or_else(|| Failure::unexpected("no list of labels in the answer"))?;
        let own = |nth: usize, post: &Post| if nth == about { labels(given, post) } else { Vec::new() };
        Ok(posts.iter().enumerate().map(|(nth, post)| own(nth, post)).collect())
    }
}

/// What a post says.
fn said(post: &Post) -> String {
    [post.title.as_deref().unwrap_or_default(), &post.text].join("\n").trim().to_owned()
}

fn question(text: &str) -> String {
    let mut object = Value::Object(Default::default());
    object["text"] = Value::String(text.to_owned());
    object.to_string()
}

/// The labels that are declared and that quote the post: a service may have been told by the post what to answer.
fn labels(given: &[Value], post: &Post) -> Vec<Label> {
    let mut labels: Vec<Label> = Vec::new();
    for value in given {
        let (name, quote) = (json::string(value, "name"), json::string(value, "quote").trim());
        let score = value.get("score").and_then(Value::as_f64).filter(|score| *score > 0.0 && *score <= 1.0);
        let stands = !quote.is_empty()
            && (post.text.contains(quote) || post.title.as_deref().is_some_and(|title| title.contains(quote)));
        let Some(score) = score.filter(|_| stands && LABELS.contains(&name)) else { continue };
        if labels.iter().all(|label| label.name != name) {
            labels.push(Label { name: name.to_owned(), score: score as f32, evidence: vec![quote.to_owned()] });
        }
    }
    labels
}

caifeng_plugin_sdk::export_asker!(Service);
