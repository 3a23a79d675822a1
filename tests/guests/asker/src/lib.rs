//! An asker that misbehaves as its setting `how` says; see `ill-source`.

#![allow(unsafe_code, reason = "the generated bindings lift and lower by pointer")]

#[allow(missing_docs, reason = "generated")]
mod bindings {
    wit_bindgen::generate!({ path: "../../../wit", world: "asker-plugin" });
}

use bindings::exports::caifeng::plugin::asker::{Guest, Label, Post, Request, Response};
use bindings::exports::caifeng::plugin::types::{Failure, Method, Settings};

struct Ill;

fn setting<'a>(settings: &'a Settings, name: &str) -> &'a str {
    settings.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
}

impl Guest for Ill {
    fn ask(settings: Settings, posts: Vec<Post>) -> Result<Vec<Request>, Failure> {
        let how = setting(&settings, "how");
        if how == "ask-panics" && !posts.is_empty() {
            panic!("no question");
        }
        let request = |post: &Post| Request {
            step: if how == "undeclared-step" { "talk" } else { "chat" }.to_owned(),
            url: match how {
                "elsewhere" => "http://169.254.169.254/".to_owned(),
                "longer-path" => format!("{}/x", setting(&settings, "endpoint")),
                _ => setting(&settings, "endpoint").to_owned(),
            },
            method: Method::Post(post.text.clone()),
            headers: Vec::new(),
            context: String::new(),
        };
        let asked = posts.iter().filter(|post| how == "asks-of-nothing" || !post.text.trim().is_empty());
        let requests: Vec<Request> = asked.map(request).collect();
        Ok(if how == "too-many" { [requests.clone(), requests].concat() } else { requests })
    }

    fn read(
        settings: Settings,
        posts: Vec<Post>,
        request: Request,
        response: Response,
    ) -> Result<Vec<Vec<Label>>, Failure> {
        let how = setting(&settings, "how");
        match how {
            "read-panics" => panic!("no answer"),
            "short" => return Ok(Vec::new()),
            "believes" => {}
            "asks-of-one" | "asks-of-one-and-believes" => {
                let body = response.body.trim();
                if !(body.starts_with('{') && body.ends_with('}') && body.contains("\"problem\"")) {
                    return Err(Failure::Unexpected("not an answer".to_owned()));
                }
                let said = body.split_once("\"about\":").map(|(_, rest)| rest.split([',', '}']).next().unwrap_or(rest));
                let known = request.context.as_str();
                let about = if how == "asks-of-one" { known } else { said.unwrap_or(known) };
                let about: usize = about.parse().unwrap_or(0);
                let one = |(nth, post): (usize, &Post)| if nth == about { labels(how, post) } else { Vec::new() };
                return Ok(posts.iter().enumerate().map(one).collect());
            }
            _ if response.body != "problem" => return Err(Failure::Unexpected("not an answer".to_owned())),
            _ => {}
        }
        Ok(posts.iter().map(|post| labels(how, post)).collect())
    }
}

fn labels(how: &str, post: &Post) -> Vec<Label> {
    let first = post.text.split_whitespace().next().unwrap_or_default();
    let mut label = Label { name: "problem".to_owned(), score: 0.5, evidence: vec![first.to_owned()] };
    match how {
        "undeclared" => label.name = "closed".to_owned(),
        "sure" => label.score = 1.5,
        "invented" => label.evidence = vec!["从未说过".to_owned()],
        _ => {}
    }
    if post.text.contains("停水") { vec![label] } else { Vec::new() }
}

bindings::export!(Ill with_types_in bindings);
