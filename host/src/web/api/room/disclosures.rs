//! `/disclosures`: what is published on one's own initiative.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::replies::{Warned, warned};
use super::strange;
use crate::handling::disclosed::Disclosed;
use crate::handling::{Outcome, What};
use crate::plan::answer::Form;
use crate::reply::aid::Purpose;
use crate::store::{Composed, Disclosing, DisclosureRow, DisclosureStep};
use crate::user::right::Act;
use crate::web::access::Access;
use crate::web::api::endpoint::{Call, Endpoint, get, post};
use crate::web::api::listed::{Nothing, Numbered, OfIncident, Part};
use crate::web::api::problem::Problem;
use crate::web::room::replies::worded;
use crate::web::routes::WORK;

pub(super) fn table() -> Vec<Endpoint> {
    vec![
        get("/disclosures", WORK, ("listDisclosures", "What is published on one's own initiative"), disclosures),
        get("/disclosures/{id}", WORK, ("disclosure", "One disclosure: what to paste, what happened to it"), disclosure),
        post(
            "/disclosures",
            Access::AbleToAny(Disclosing::ACTS),
            ("disclose", "Draft, edit, review, return, approve, publish or drop a disclosure"),
            disclose,
        ).like(&[
("draft", r#"{"draft": {"kind": "work", "title": "夏季供水安排", "body": "6 月起分时段供水。", "channels": ["site"], "planned": "never", "due": null, "answers": []}}"#),
("edit", r#"{"edit": [{"id": 1, "version": 1}, {"title": "夏季供水安排（更正）", "kind": null, "body": null, "channels": null, "planned": null, "due": null, "answers": null}]}"#),
("review", r#"{"review": {"id": 1, "version": 1}}"#),
("return", r#"{"return": [{"id": 1, "version": 1}, "请写明时间"]}"#),
("approve", r#"{"approve": {"id": 1, "version": 2}}"#),
("publish", r#"{"publish": [{"id": 1, "version": 3}, "site", "青石水务"]}"#),
("drop", r#"{"drop": [{"id": 1, "version": 1}, "不再需要"]}"#),
]),
        post(
            "/disclosures/aid",
            Access::Able(Act::DraftReply),
            ("aidDisclosure", "Whom a text may name, and what the plan warns of in it; nothing is kept"),
            aided,
        ).like(&[
("look", r#"{"text": "请大家放心。"}"#),
]),
    ]
}

fn disclosures(
    call: &Call,
    OfIncident { incident, limit, cursor }: OfIncident,
) -> Result<Part<DisclosureRow>, Problem> {
    Part::sorted(call.reader().disclosures(incident)?, limit, cursor.as_deref(), |row| row.id)
}

/// What to paste on a channel.
#[derive(Debug, Serialize, JsonSchema)]
struct Paste {
    /// The channel.
    channel: String,
    /// What to paste, each by itself; nothing when it cannot be.
    parts: Option<Vec<String>>,
    /// Why it cannot.
    why: Option<String>,
}

/// A disclosure.
#[derive(Debug, Serialize, JsonSchema)]
struct Shown {
    /// How it stands.
    #[serde(flatten)]
    row: DisclosureRow,
    /// What to paste where.
    paste: Vec<Paste>,
    /// What happened to it, the oldest first.
    history: Vec<DisclosureStep>,
}

fn disclosure(call: &Call, Numbered { id }: Numbered) -> Result<Shown, Problem> {
    let plan_of = |incident| call.rows().governing(incident).map_err(Problem::from);
    let it = Disclosed::read(&call.reader(), id, call.desk.app.owner.setup.plan.get(), plan_of)?;
    let it = it.ok_or(Problem::Missing)?;
    let own = call.clerk().organisation.get();
    let paste = it.prepared(&own, call.now).into_iter().map(|(channel, prepared)| {
        let (parts, why) = match prepared {
            Ok(prepared) => (Some(prepared.parts), None),
            Err(why) => (None, Some(why)),
        };
        Paste { channel: channel.to_owned(), parts, why }
    });
    Ok(Shown { paste: paste.collect(), history: call.reader().disclosure_history(id)?, row: it.row })
}

fn disclose(call: &Call, _: Nothing, disclosing: Disclosing) -> Result<DisclosureRow, Problem> {
    call.must(disclosing.takes())?;
    let inserted = |composed: Composed| -> Result<Composed, Problem> {
        let body = composed.body.map(|body| worded(&call.desk, body)).transpose()?;
        Ok(Composed { body, ..composed })
    };
    let disclosing = match disclosing {
        Disclosing::Draft(composed) => Disclosing::Draft(inserted(composed)?),
        Disclosing::Edit(sight, composed) => Disclosing::Edit(sight, inserted(composed)?),
        other => other,
    };
    match call.act(What::Disclose(disclosing))? {
        Outcome::Disclosure(row) => Ok(*row),
        other => Err(strange(&other)),
    }
}

/// A text to be looked at.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Text {
    /// The text.
    text: String,
}

/// What is pointed at.
#[derive(Debug, Serialize, JsonSchema)]
struct Pointed {
    /// Words by which a private person may be known.
    people: Vec<String>,
    /// What the plan warns of.
    findings: Vec<Warned>,
}

fn aided(call: &Call, _: Nothing, Text { text }: Text) -> Result<Pointed, Problem> {
    let found = Disclosed::private(&text, &call.clerk().organisation.get());
    let purpose = Purpose { category: None, form: Form::Article, cause_established: true };
    Ok(Pointed {
        people: found.into_iter().filter_map(|one| text.get(one.range).map(str::to_owned)).collect(),
        findings: warned(call, &text, &purpose),
    })
}
