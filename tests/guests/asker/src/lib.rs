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
        _request: Request,
        response: Response,
    ) -> Result<Vec<Vec<Label>>, Failure> {
        let how = setting(&settings, "how");
        match how {
            "read-panics" => panic!("no answer"),
            "short" => return Ok(Vec::new()),
            "believes" => {}
            _ if response.body != "problem" => return Err(Failure::Unexpected("not an answer".to_owned())),
            _ => {}
        }
        let label = |post: &Post| {
            let first = post.text.split_whitespace().next().unwrap_or_default();
            let mut label = Label { name: "problem".to_owned(), score: 0.5, evidence: vec![first.to_owned()] };
            match how {
                "undeclared" => label.name = "closed".to_owned(),
                "sure" => label.score = 1.5,
                "invented" => label.evidence = vec!["从未说过".to_owned()],
                _ => {}
            }
            label
        };
        let labels = |post: &Post| if post.text.contains("停水") { vec![label(post)] } else { Vec::new() };
        Ok(posts.iter().map(labels).collect())
    }
}

bindings::export!(Ill with_types_in bindings);
