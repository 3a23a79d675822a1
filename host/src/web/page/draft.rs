//! Writing an answer: the text on one side, on the other what the aid points at, approved wording, and what can be cited.

use std::sync::Arc;

use askama::Template;
use jiff::civil::Date;

use super::replies::{Pointed, pointed, titled};
use super::{Frame, Rendered, Room, Visit};
use crate::incident::{Category, IncidentId};
use crate::plan::Plan;
use crate::plan::answer::Form;
use crate::plan::show::form_key;
use crate::reply::aid::Purpose;
use crate::reply::wording::Wordings;
use crate::store::Sight;
use crate::store::model::{Figures, PostRow, WatchRow};
use crate::web::lang::grouped;
use crate::web::mark::line;

/// A text that is being written.
pub(crate) struct Draft {
    /// What it answers.
    pub(crate) incident: IncidentId,
    /// The reply that is written anew, and the version that was seen.
    pub(crate) reply: Option<Sight>,
    /// As what it is to be published.
    pub(crate) form: Form,
    /// The plan's channel.
    pub(crate) channel: String,
    /// The text so far.
    pub(crate) text: String,
}

/// What the page is made of.
pub(crate) struct DraftRows {
    /// The figures.
    pub(crate) figures: Figures,
    /// All watches, for the coverage line.
    pub(crate) watches: Arc<[WatchRow]>,
    /// The title of the incident.
    pub(crate) title: String,
    /// What the incident is, when that is decided.
    pub(crate) category: Option<Category>,
    /// Its cause is established: it may be told.
    pub(crate) cause_established: bool,
    /// The plan that governs it.
    pub(crate) plan: Arc<Plan>,
    /// Its newest posts, to be cited.
    pub(crate) posts: Vec<PostRow>,
    /// Approved wording.
    pub(crate) wordings: Wordings,
    /// Today, for what may be used until a day.
    pub(crate) today: Date,
    /// The text.
    pub(crate) draft: Draft,
    /// The aid has something to look at.
    pub(crate) looked: bool,
}

struct Choice {
    value: String,
    name: String,
    chosen: bool,
}

struct WordingLine {
    mark: String,
    title: String,
    text: String,
    by: String,
}

struct Citable {
    mark: String,
    words: String,
}

#[derive(Template)]
#[template(path = "draft.html")]
struct DraftPage {
    frame: Frame,
    incident: IncidentId,
    title: String,
    /// Where the form goes.
    action: String,
    version: Option<u64>,
    keep: String,
    forms: Vec<Choice>,
    channels: Vec<Choice>,
    text: String,
    length: Option<String>,
    looked: bool,
    pointed: Vec<Pointed>,
    wordings: Vec<WordingLine>,
    posts: Vec<Citable>,
}

/// The page.
pub(crate) fn draft(visit: &Visit, rows: &DraftRows) -> Rendered {
    let (lang, draft) = (visit.lang, &rows.draft);
    let title = titled(lang, &rows.title, draft.incident);
    let frame = Frame::new(visit, Room::Replies, title.clone(), rows.figures, &rows.watches);
    let purpose = Purpose { category: rows.category, form: draft.form, cause_established: rows.cause_established };
    let form = |form: Form| Choice {
        value: form.as_str().to_owned(),
        name: lang.t(form_key(form)),
        chosen: form == draft.form,
    };
    let channels = rows.plan.channels.iter().map(|channel| {
        let forms: Vec<String> = channel.form.iter().map(|form| lang.t(form_key(*form))).collect();
        let name = channel.name.in_lang(lang);
        let takes = channel.length.map(|n| lang.with("draft.takes", &[("n", &grouped(n as u64))]));
        let takes = takes.map(|takes| format!("{}{takes}", lang.t("list.comma"))).unwrap_or_default();
        Choice {
            value: channel.id.clone(),
            name: lang.with("draft.channel", &[("name", &name), ("forms", &lang.list(&forms)), ("takes", &takes)]),
            chosen: channel.id == draft.channel,
        }
    });
    let usable = rows.wordings.all.iter().filter(|wording| wording.until >= rows.today);
    DraftPage {
        incident: draft.incident,
        title,
        action: draft.reply.map_or_else(
            || format!("/incidents/{}/replies", draft.incident),
            |sight| format!("/replies/{}/edit", sight.id),
        ),
        version: draft.reply.map(|sight| sight.version),
        keep: draft
            .reply
            .map_or_else(|| format!("incident-{}-reply", draft.incident), |sight| format!("reply-{}", sight.id)),
        forms: Form::ALL.into_iter().map(form).collect(),
        channels: channels.collect(),
        length: rows.plan.channel(&draft.channel).and_then(|channel| channel.length).map(|most| {
            let characters = crate::reply::citation::without(&draft.text).chars().count() as u64;
            lang.with("draft.length", &[("n", &grouped(characters)), ("most", &grouped(most as u64))])
        }),
        pointed: if rows.looked { pointed(lang, &draft.text, &purpose) } else { Vec::new() },
        text: draft.text.clone(),
        looked: rows.looked,
        wordings: usable
            .map(|wording| WordingLine {
                mark: format!("{{{{{}}}}}", wording.id),
                title: line(&wording.title, 60),
                text: wording.text.clone(),
                by: lang
                    .with("draft.approved-by", &[("name", &line(&wording.approved_by, 40)), ("until", &wording.until)]),
            })
            .collect(),
        posts: rows
            .posts
            .iter()
            .map(|post| Citable {
                mark: format!("[post:{}]", post.row),
                words: line(post.title.as_deref().unwrap_or(&post.text), 60),
            })
            .collect(),
        frame,
    }
    .render()
}
