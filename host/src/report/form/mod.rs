//! Working forms (工作表单): what is known is filled in, the rest is room for a pen.
//!
//! Each form has its own module; 交办单, 反馈单 and 延期申请 are three sides of one task and share theirs.

pub(super) mod approval;
pub(super) mod archive;
pub(super) mod record;
pub(super) mod referral;
pub(super) mod task;

use super::Kind;
use super::facts::{Dossier, Frame};
use super::words;
use crate::document::{Document, Field, Form, Run};

/// A form's document: its title, the number of the incident and the day.
fn begun(kind: Kind, dossier: &Dossier, frame: &Frame<'_>) -> Document {
    let lang = frame.lang;
    let (organisation, name) = (words::organisation(frame), kind.name(lang));
    let title = lang.with("report.title-form", &[("organisation", &organisation), ("name", &name)]);
    let mut document = Document::new(lang, title);
    let number = lang.with("report.incident-number", &[("n", &dossier.matter.id)]);
    document.subtitle = Some(format!("{number}　{}", words::day(frame, frame.now)).into());
    document
}

/// The fields that every form of an incident begins with.
fn about(form: &mut Form, document: &mut Document, dossier: &Dossier, frame: &Frame<'_>) {
    let lang = frame.lang;
    let text = |words: String| vec![Run::text(words)];
    let mut title = vec![Run::text(words::called(&dossier.matter))];
    title.extend(super::special::cited(document, dossier, frame));
    form.row([Field::new(lang.t("report.matter"), title)]);
    form.row([
        Field::new(lang.t("report.judged"), text(words::judged(frame, &dossier.plan, &dossier.matter))),
        Field::new(lang.t("report.opened"), text(words::moment(frame, dossier.matter.opened))),
    ]);
}

/// A place for a name and a day.
fn pen(label: String, lines: u8) -> Field {
    Field::room(label, Vec::new(), lines)
}
