//! `/replies`: answers; and `/receipts`, what shows that something was published.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{acted, strange};
use crate::config;
use crate::control::Asked as Order;
use crate::handling::answer::Answer;
use crate::handling::receipt::{Published, Receipting};
use crate::handling::{Outcome, What};
use crate::incident::{Category, IncidentId};
use crate::plan::answer::Form;
use crate::reply::aid::{self, Finding, Purpose};
use crate::reply::effect::Effect;
use crate::store::{Answering, DisclosureRow, Receipt, ReplyRow};
use crate::user::right::Act;
use crate::web::access::Access;
use crate::web::api::endpoint::{Call, Endpoint, Pending, get, post, wait};
use crate::web::api::listed::{Nothing, Numbered, OfIncident, Paged, Part};
use crate::web::api::problem::Problem;
use crate::web::room::replies::worded;
use crate::web::routes::WORK;

pub(super) fn table() -> Vec<Endpoint> {
    let drafting = Access::Able(Act::DraftReply);
    vec![
        get("/replies", WORK, ("listReplies", "Answers"), replies),
        get("/replies/{id}", WORK, ("reply", "One answer: text, what to paste, what came of it"), reply),
        post(
            "/replies",
            Access::AbleToAny(Answering::ACTS),
            ("answer", "Draft, review, return, approve or publish an answer"),
            answer,
        ).like(&[
("draft", r#"{"draft": {"incident": 1, "reply": null, "form": "post", "channel": "site", "text": "供水股 11 月 26 日 8 时起抢修，热线 96116。"}}"#),
("review", r#"{"review": {"id": 1, "version": 1}}"#),
("return", r#"{"return": [{"id": 1, "version": 1}, "请写明时间"]}"#),
("approve", r#"{"approve": {"id": 1, "version": 2}}"#),
("publish", r#"{"publish": [{"id": 1, "version": 3}, "青石水务"]}"#),
]),
        post("/replies/aid", drafting, ("aidReply", "What the plan warns of in a draft; nothing is kept"), aided).like(&[
("look", r#"{"incident": 1, "form": "post", "text": "请大家放心。"}"#),
]),
        get("/wordings", drafting, ("listWordings", "Approved wording, by the names that drafts call it"), wordings),
        wait(
            "/receipts",
            Access::Able(Act::PublishReply),
            ("keepReceipt", "Keep what shows that something was published: its page, which is fetched, or a document"),
            receipt,
        ).like(&[
("document", r#"{"of": {"reply": {"id": 1, "version": 4}}, "shown": {"document": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}}"#),
("page", r#"{"of": {"disclosure": [{"id": 1, "version": 4}, "site"]}, "shown": {"page": "https://www.example.gov.cn/1.html"}}"#),
]),
    ]
}

fn replies(call: &Call, OfIncident { incident, limit, cursor }: OfIncident) -> Result<Part<ReplyRow>, Problem> {
    Part::sorted(call.reader().replies(incident)?, limit, cursor.as_deref(), |row| row.id)
}

/// An answer and its text.
#[derive(Debug, Serialize, JsonSchema)]
struct ReplyShown {
    /// How it stands.
    reply: ReplyRow,
    /// What it says, until it is deleted.
    text: Option<String>,
    /// What to paste on its channel, part by part; nothing when it cannot be.
    paste: Option<Vec<String>>,
    /// Where the captured page of its receipt came from.
    page: Option<String>,
    /// What has changed since it was published.
    effect: Option<Effect>,
}

fn reply(call: &Call, Numbered { id }: Numbered) -> Result<ReplyShown, Problem> {
    let plan_of = |incident| call.rows().governing(incident).map_err(Problem::from);
    let answer = Answer::read(&call.reader(), id, plan_of, call.now)?.ok_or(Problem::Missing)?;
    let paste = answer.parts().ok();
    Ok(ReplyShown { reply: answer.row, text: answer.text, paste, page: answer.page, effect: answer.effect })
}

fn answer(call: &Call, _: Nothing, answering: Answering) -> Result<ReplyRow, Problem> {
    call.must(answering.takes())?;
    let answering = match answering {
        Answering::Draft { incident, reply, form, channel, text } => {
            let text = worded(&call.desk, text)?;
            Answering::Draft { incident, reply, form, channel, text }
        }
        other => other,
    };
    match call.act(What::Answer(answering))? {
        Outcome::Reply(row) => Ok(row),
        other => Err(strange(&other)),
    }
}

/// A draft to be looked at.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Draft {
    /// For which incident.
    incident: IncidentId,
    /// As what it is to be published.
    form: Form,
    /// The text.
    text: String,
}

/// Something that the plan warns of.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Warned {
    /// What.
    kind: aid::Kind,
    /// The words.
    words: String,
    /// Why.
    why: String,
    /// What to write instead.
    instead: String,
}

/// What the aid points at in a text.
pub(super) fn warned(call: &Call, text: &str, purpose: &Purpose) -> Vec<Warned> {
    let told = |Finding { at, kind }: Finding| Warned {
        kind,
        words: text.get(at).unwrap_or_default().to_owned(),
        why: kind.why(call.lang),
        instead: kind.instead(call.lang),
    };
    aid::findings(text, purpose).into_iter().map(told).collect()
}

fn aided(call: &Call, _: Nothing, Draft { incident, form, text }: Draft) -> Result<Vec<Warned>, Problem> {
    let standing = call.reader().standing(incident)?;
    let standing = standing.ok_or_else(|| Problem::Unfit(format!("incident: no such incident: {incident}")))?;
    let category: Option<Category> = standing.decided();
    let purpose = Purpose { category, form, cause_established: standing.steps.contains_key("cause") };
    Ok(warned(call, &text, &purpose))
}

/// Approved wording.
#[derive(Debug, Serialize, JsonSchema)]
struct Wording {
    /// What drafts call it: `{{opening-hours}}`.
    id: String,
    /// What it is about.
    title: String,
    /// The text, as it is inserted.
    text: String,
    /// Who approved it.
    approved_by: String,
    /// The last day on which it may be used, as 2026-12-31.
    until: String,
}

fn wordings(call: &Call, Paged { limit, cursor }: Paged) -> Result<Part<Wording>, Problem> {
    let kept = config::wordings_beside(&call.clerk().directory.config());
    let kept = kept.map_err(|error| Problem::Refused(error.to_string()))?;
    let told = kept.all.into_iter().map(|it| Wording {
        id: it.id,
        title: it.title,
        text: it.text,
        approved_by: it.approved_by,
        until: it.until.to_string(),
    });
    Part::sorted(told.collect(), limit, cursor.as_deref(), |one: &Wording| one.id.clone())
}

/// What shows that something was published.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
enum Shows {
    /// The page on which it can be read: it is fetched and kept.
    Page(String),
    /// A document that is kept, by its SHA-256.
    Document(String),
}

/// Something that was published, and what shows it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Showing {
    /// What.
    of: Published,
    /// What shows it.
    shown: Shows,
}

/// How what was published stands.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Kept {
    /// An answer.
    Reply(Box<ReplyRow>),
    /// A disclosure.
    Disclosure(Box<DisclosureRow>),
}

fn receipt(call: Call, _: Nothing, Showing { of, shown }: Showing) -> Pending<Kept> {
    Box::pin(async move {
        let outcome = match (shown, of) {
            (Shows::Page(published_at), of) => {
                let token = call.visitor.token.clone();
                call.order(Order::Receipt(Receipting { token, of, published_at }), acted).await?
            }
            (Shows::Document(digest), Published::Reply(sight)) => {
                call.acting(What::Receipt(sight, Receipt::Document(digest))).await?
            }
            (Shows::Document(digest), Published::Disclosure(sight, channel)) => {
                call.acting(What::DisclosureReceipt(sight, channel, Receipt::Document(digest))).await?
            }
        };
        match outcome {
            Outcome::Reply(row) => Ok(Kept::Reply(Box::new(row))),
            Outcome::Disclosure(row) => Ok(Kept::Disclosure(row)),
            other => Err(strange(&other)),
        }
    })
}
