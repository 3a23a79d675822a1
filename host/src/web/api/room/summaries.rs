//! `/summaries`, what the public reads; and `/referrals`, what goes to the police.

use schemars::JsonSchema;
use serde::Deserialize;

use super::strange;
use crate::handling::handout::Parcel;
use crate::handling::{Outcome, What};
use crate::store::{ReferralRow, Referring, Sight, SummaryRow, Supervising};
use crate::user::right::Act;
use crate::web::access::Access;
use crate::web::api::endpoint::{Call, Endpoint, archive, get, post};
use crate::web::api::listed::{Nothing, Numbered, OfIncident, Part};
use crate::web::api::problem::Problem;
use crate::web::routes::WORK;

pub(super) fn table() -> Vec<Endpoint> {
    vec![
        get("/summaries", WORK, ("listSummaries", "What the public reads, and drafts of it"), summaries),
        post(
            "/summaries",
            Access::AbleToAny(Supervising::ACTS),
            ("tellPublic", "Draft, approve or withdraw what the public reads"),
            tell,
        ).like(&[
("draft", r#"{"draft": [1, {"raised": "群众反映停水没有通知。", "answered": "当日恢复供水，今后提前一天告知。", "corrected": null}]}"#),
("redraft", r#"{"redraft": [{"id": 1, "version": 1}, {"raised": "群众反映停水。", "answered": "当日恢复供水。", "corrected": null}]}"#),
("approve", r#"{"approve": {"id": 1, "version": 1}}"#),
("withdraw", r#"{"withdraw": [{"id": 1, "version": 2}, "时间写错了"]}"#),
]),
        get("/referrals", WORK, ("listReferrals", "Legal referrals"), referrals),
        get("/referrals/{id}", WORK, ("referral", "One legal referral"), referral),
        post(
            "/referrals",
            Access::AbleToAny(&[Act::ProposeReferral, Act::DecideReferral]),
            ("refer", "Propose, approve or refuse a legal referral"),
            refer,
        ).like(&[
("propose", r#"{"propose": {"incident": 1, "post": 1, "claim": "称水中有毒", "evidence": ["e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"]}}"#),
("approve", r#"{"approve": [{"id": 1, "version": 1}, "化验报告为证"]}"#),
("refuse", r#"{"refuse": [{"id": 1, "version": 1}, "属于批评"]}"#),
]),
        archive(
            "/referrals/{id}/export",
            Access::Able(Act::ExportReferral),
            ("exportReferral", "Hand an approved referral out, as one archive; the record says so first"),
            export,
        ).like(&[
("export", r#"{"version": 2}"#),
]),
    ]
}

fn summaries(call: &Call, OfIncident { incident, limit, cursor }: OfIncident) -> Result<Part<SummaryRow>, Problem> {
    let all = incident.map_or_else(|| call.reader().summaries(), |id| call.reader().summaries_of(id))?;
    Part::sorted(all, limit, cursor.as_deref(), |row| row.id)
}

fn tell(call: &Call, _: Nothing, supervising: Supervising) -> Result<SummaryRow, Problem> {
    call.must(supervising.takes())?;
    match call.act(What::Supervise(supervising))? {
        Outcome::Public(row) => Ok(row),
        other => Err(strange(&other)),
    }
}

fn referrals(call: &Call, OfIncident { incident, limit, cursor }: OfIncident) -> Result<Part<ReferralRow>, Problem> {
    let all = incident.map_or_else(|| call.reader().referrals(), |id| call.reader().referrals_of(id))?;
    Part::sorted(all, limit, cursor.as_deref(), |row| row.id)
}

fn referral(call: &Call, Numbered { id }: Numbered) -> Result<ReferralRow, Problem> {
    call.reader().referral(id)?.ok_or(Problem::Missing)
}

/// What a person does about a referral.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
enum Wanted {
    /// Propose one.
    Propose {
        /// The incident.
        incident: i64,
        /// The post that makes the claim.
        post: i64,
        /// The claim, in the proposer's words.
        claim: String,
        /// SHA-256 of kept documents that show that it is false.
        evidence: Vec<String>,
    },
    /// Agree, for a reason.
    Approve(Sight, String),
    /// Do not agree, for a reason: it is over.
    Refuse(Sight, String),
}

fn refer(call: &Call, _: Nothing, wanted: Wanted) -> Result<ReferralRow, Problem> {
    let referring = match wanted {
        Wanted::Propose { incident, post, claim, evidence } => Referring::Propose { incident, post, claim, evidence },
        Wanted::Approve(sight, reason) => Referring::Approve(sight, reason),
        Wanted::Refuse(sight, reason) => Referring::Refuse(sight, reason),
    };
    call.must(referring.takes())?;
    match call.act(What::Refer(referring))? {
        Outcome::Referral(row) => Ok(row),
        other => Err(strange(&other)),
    }
}

/// What was seen.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Seen {
    /// The version that was seen.
    version: u64,
}

fn export(call: &Call, Numbered { id }: Numbered, Seen { version }: Seen) -> Result<Parcel, Problem> {
    call.reader().referral(id)?.ok_or(Problem::Missing)?;
    let (token, account) = (call.visitor.token.clone(), call.desk.app.account);
    Ok(call.clerk().referral_parcel(token, account, Sight { id, version })?)
}
