//! `/submit`: any member of staff hands in what they saw — a link, a text, a picture (P10). The leading group is told at once.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use crate::control::{Asked as Order, Line, Refusal};
use crate::hand::submit::{Submission, What};
use crate::hand::{HandIn, Handing, Told};
use crate::handling::document;
use crate::incident::IncidentId;
use crate::web::desk::{Asked, Desk, Done, Refused, lead, refuse};
use crate::web::form::Uploaded;
use crate::web::page::{self, Trouble};

/// `GET /submit`.
pub(in crate::web) async fn form(State(desk): State<Arc<Desk>>, asked: Asked) -> Response {
    desk.show(asked, |rows, visit| Ok(page::submit(visit, rows.figures()?, &rows.watches()?)?)).await
}

/// `POST /submit`.
pub(in crate::web) async fn take(State(desk): State<Arc<Desk>>, asked: Asked, sent: Uploaded) -> Response {
    let lang = asked.lang;
    if !sent.only(&["url", "text", "source"]) {
        return refuse(lang, Refused::Trouble(Trouble::Form));
    }
    if let Some(file) = &sent.file
        && document::picture(file).is_none()
    {
        let what = "this file is no picture: hand in a photograph or a screenshot (JPEG, PNG, WebP, GIF, HEIC)";
        return refuse(lang, Refused::Refusal(Refusal::Usage(what.to_owned())));
    }
    let (url, text, source) = (sent.said("url"), sent.said("text"), sent.said("source"));
    let picture = match sent.file {
        Some(file) => match Arc::clone(&desk).keep(file).await {
            Ok(digest) => Some(format!("[doc:{}]", &digest[..16])),
            Err(refusal) => return refuse(lang, Refused::Refusal(refusal)),
        },
        None => None,
    };
    let Some(submission) = submission(url, text, source, picture, || lang.t("submit.only-a-picture")) else {
        let what = "an empty text: write what was said";
        return refuse(lang, Refused::Refusal(Refusal::Usage(what.to_owned())));
    };
    let token = asked.visitor.token.clone();
    let handing = Handing::Submission(submission);
    let lines = match Arc::clone(&desk).order(Order::HandIn(HandIn { token, handing })).await {
        Ok(lines) => lines,
        Err(refusal) => return refuse(lang, Refused::Refusal(refusal)),
    };
    let seen = move |incident| desk.rows(asked.visitor.user()).incident(incident).is_ok_and(|found| found.is_some());
    match tokio::task::spawn_blocking(move || done(lines, seen)).await {
        Ok(done) => lead(&done),
        Err(error) => refuse(lang, Refused::Refusal(Refusal::Internal(error.to_string()))),
    }
}

/// What is handed in: a page with what was written as a note, else a text. A picture is cited where it is kept.
fn submission(
    url: Option<String>,
    text: Option<String>,
    source: Option<String>,
    picture: Option<String>,
    wordless: impl FnOnce() -> String,
) -> Option<Submission> {
    let with = |text: String| picture.as_ref().map_or_else(|| text.clone(), |mark| format!("{text} {mark}"));
    if let Some(url) = url {
        let note = text.map(with).or_else(|| picture.clone());
        return Some(Submission { what: What::Page(url), note });
    }
    // Two pictures without a word are two submissions: the mark tells them apart.
    let text = text.or_else(|| picture.is_some().then(wordless)).map(with)?;
    let what = What::Text { text, title: None, url: None, source, published: None };
    Some(Submission { what, note: None })
}

/// To the incident that it belongs to, where whoever handed it in sees it.
fn done(lines: Vec<Line>, seen: impl FnOnce(IncidentId) -> bool) -> Done {
    let receipt = lines.into_iter().find_map(|line| match line {
        Line::Handed(told) => match *told {
            Told::Receipt(receipt) => Some(receipt),
            _ => None,
        },
        _ => None,
    });
    let Some(receipt) = receipt.filter(|receipt| seen(receipt.incident)) else {
        return Done::new("/submit", "done.submitted");
    };
    let said = match (&receipt.failure, receipt.opened) {
        (Some(_), _) => "done.submitted-unread",
        (None, true) => "done.submitted",
        (None, false) => "done.submitted-joined",
    };
    Done::new(format!("/incidents/{}", receipt.incident), said)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handed(url: Option<&str>, text: Option<&str>, picture: Option<&str>) -> Option<Submission> {
        let own = |it: Option<&str>| it.map(str::to_owned);
        submission(own(url), own(text), None, own(picture), || "a picture".to_owned())
    }

    #[test]
    fn a_picture_is_cited_where_it_is_kept() {
        let text = |it: Option<Submission>| match it.unwrap().what {
            What::Text { text, .. } => text,
            What::Page(url) => panic!("{url}"),
        };
        assert_eq!(text(handed(None, Some("停水了"), Some("[doc:1]"))), "停水了 [doc:1]");
        assert_eq!(text(handed(None, None, Some("[doc:1]"))), "a picture [doc:1]");
        let page = handed(Some("https://a.example/"), None, Some("[doc:1]")).unwrap();
        assert_eq!(page.note.as_deref(), Some("[doc:1]"));
        assert_eq!(handed(None, None, None), None);
    }
}
