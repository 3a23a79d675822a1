//! 发布审批表: who wrote, read and approved an answer, and what it says (P18). One page for each answer.

use super::{about, begun, pen};
use crate::document::{Block, Document, Field, Form, Plain, Run};
use crate::report::facts::{Answer, Dossier, Frame};
use crate::report::{Kind, special, words};

/// 发布审批表.
pub(crate) fn write(dossier: &Dossier, frame: &Frame<'_>) -> Document {
    let lang = frame.lang;
    let mut document = begun(Kind::Approval, dossier, frame);
    if dossier.answers.is_empty() {
        let mut form = Form::default();
        about(&mut form, &mut document, dossier, frame);
        form.row([Field::room(lang.t("report.draft"), vec![vec![Run::missing(lang)]], 8)]);
        signatures(&mut form, None, frame);
        document.push(Block::Form(form));
    }
    for (n, answer) in dossier.answers.iter().enumerate() {
        if n > 0 {
            document.push(Block::PageBreak);
        }
        let form = one(&mut document, dossier, answer, frame);
        document.push(Block::Form(form));
    }
    words::coverage(&mut document, &dossier.coverage, frame);
    document
}

fn one(document: &mut Document, dossier: &Dossier, answer: &Answer, frame: &Frame<'_>) -> Form {
    let lang = frame.lang;
    let mut form = Form::default();
    about(&mut form, document, dossier, frame);
    let how = format!(
        "{} · {}",
        special::form(frame, answer.reply.form),
        special::channel(frame, dossier, &answer.reply.channel)
    );
    form.row([
        Field::new(lang.t("report.reply-number"), vec![Run::text(answer.id.to_string())]),
        Field::new(lang.t("report.form-channel"), vec![Run::text(how)]),
    ]);
    let draft: Vec<Vec<Run>> = match &answer.text {
        Some(text) => Plain::lines(text).into_iter().map(|line| vec![Run::Text(line)]).collect(),
        None => vec![vec![Run::text(lang.t("report.text-deleted"))]],
    };
    form.row([Field::room(lang.t("report.draft"), draft, 6)]);
    signatures(&mut form, Some(answer), frame);
    form
}

/// Names of those who acted; room for a pen where nobody has.
fn signatures(form: &mut Form, answer: Option<&Answer>, frame: &Frame<'_>) {
    let lang = frame.lang;
    let reply = answer.map(|answer| &answer.reply);
    let named = |label: &str, ids: Vec<&String>, lines: u8| {
        let names: Vec<String> = ids.into_iter().map(|id| words::person(frame, id)).collect();
        let value = if names.is_empty() { Vec::new() } else { vec![vec![Run::text(lang.list(&names))]] };
        Field::room(lang.t(label), value, lines)
    };
    let authors = reply.map(|reply| reply.authors.iter().collect()).unwrap_or_default();
    form.row([named("report.drafter", authors, 1)]);
    let reviewer = reply.and_then(|reply| reply.reviewer.as_ref()).into_iter().collect();
    form.row([named("report.reviewer", reviewer, 2)]);
    let approver = reply.and_then(|reply| reply.approver.as_ref()).into_iter().collect();
    form.row([named("report.approver", approver, 2)]);
    let done = reply.and_then(|reply| reply.published.as_ref());
    let published = done.map(|done| vec![Run::text(format!("{} {}", words::moment(frame, done.at), done.account))]);
    match published {
        Some(published) => form.row([Field::new(lang.t("report.publication"), published)]),
        None => form.row([pen(lang.t("report.publication"), 1)]),
    }
}
