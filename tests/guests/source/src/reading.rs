//! A reader of lists, good unless it is told otherwise: for the laws, each of
//! which must be broken by one fault and no other.
//!
//! A list is `<ul>`, a line `<li id="ID">TEXT</li>` for each post, `</ul>`; an
//! item is `<article id="ID">TEXT</article>`. What is neither is unexpected.

use super::bindings::exports::caifeng::plugin::source::Page;
use super::bindings::exports::caifeng::plugin::types::{Failure, Post, Request, Response};
use super::{page, post, request};
use std::hint::black_box;

/// Reads a page, with the one fault that `how` names.
pub(crate) fn read(how: &str, asked: &Request, response: &Response) -> Result<Page, Failure> {
    let body = response.body.as_str();
    match how {
        "reads-and-panics-on-half" if !body.trim_end().ends_with('>') => panic!("no end"),
        "reads-login-as-post" if body.contains("password") => return Ok(posts(vec![said("login", "请先登录")])),
        "reads-captcha-as-empty" if body.contains("captcha") => return Ok(page()),
        "reads-empty-as-empty" if body.is_empty() => return Ok(page()),
        "reads-half-as-empty" if body.starts_with("<html>\n<ul>") && !body.contains("</li>") => return Ok(page()),
        "reads-half-as-gone" if !body.contains("</ul>") => return Err(Failure::Gone),
        "reads-everything-anew" => return Ok(posts(vec![said(&body.len().to_string(), body)])),
        "reads-other-pages" if body.contains("<article") && asked.step == "list" => {
            return Ok(posts(vec![said("of-the-list", "一篇文章")]));
        }
        "reads-other-pages-as-empty" if body.contains("<article") && asked.step == "list" => return Ok(page()),
        "reads-quadratically" => square(body.len()),
        "reads-elsewhere" if body.len() > 200 => {
            let follow = vec![request("list", "https://evil.example.net/")];
            return Ok(Page { follow, ..list(how, body)? });
        }
        _ => {}
    }
    match asked.step.as_str() {
        "item" => item(body),
        _ => list(how, body),
    }
}

fn list(how: &str, body: &str) -> Result<Page, Failure> {
    if body.contains("password") || body.contains("captcha") {
        return Err(Failure::Blocked("login".to_owned()));
    }
    let mut found = Vec::new();
    for (nth, line) in body.split("<li id=\"").skip(1).enumerate() {
        let whole = line.split_once("\">").and_then(|(id, rest)| Some((id, rest.split_once("</li>")?.0)));
        match whole {
            Some((id, text)) if how == "reads-ids-by-place" => found.push(said(&format!("{nth}-{}", id.len()), text)),
            Some((id, text)) if how == "reads-text-into-ids" => {
                found.push(said(&format!("{id}-{}", found.len()), text));
            }
            Some((id, text)) => found.push(said(id, text)),
            None if how == "reads-half-ids" => found.push(said(line.split('"').next().unwrap_or(line), "")),
            None => {}
        }
    }
    if how == "reads-between-the-lines" && !found.is_sorted_by(|a, b| a.id <= b.id) {
        found.push(said("new", "从未说过"));
    }
    if found.is_empty() && !body.contains("<ul></ul>") {
        return Err(Failure::Unexpected("no list".to_owned()));
    }
    Ok(posts(found))
}

fn item(body: &str) -> Result<Page, Failure> {
    let whole = body.split_once("<article id=\"").and_then(|(_, rest)| {
        let (id, rest) = rest.split_once("\">")?;
        Some(said(id, rest.split_once("</article>")?.0))
    });
    whole.map(|post| posts(vec![post])).ok_or_else(|| Failure::Unexpected("no article".to_owned()))
}

fn said(id: &str, text: &str) -> Post {
    Post { text: text.to_owned(), ..post(id) }
}

fn posts(posts: Vec<Post>) -> Page {
    Page { posts, ..page() }
}

fn square(n: usize) {
    for a in 0..n {
        for b in 0..n {
            black_box(a ^ b);
        }
    }
}
