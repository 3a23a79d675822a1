//! Endpoints that act: what a person wants, handed to the clerk or the daemon as pages and commands do.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::endpoint::{Call, Endpoint, order, post, post_secret};
use super::listed::{Nothing, Numbered};
use super::problem::Problem;
use crate::control::{Asked as Order, Line, Order as Sweeping, Selection, Upkeep};
use crate::feed::Feed;
use crate::hand::submit::{Receipt as Handed, Submission};
use crate::hand::{HandIn, Handing, Told};
use crate::handling::casework::Casework;
use crate::handling::checkpoint::Signed;
use crate::handling::receipt::{Published, Receipting};
use crate::handling::{Outcome, What};
use crate::retention::Released;
use crate::search::kept::KeptSearch;
use crate::store::{
    AddressChange, Answering, CaseRow, Contacted, Contacting, Decided, Decision, Disclosing, DisclosureRow, Feeding,
    OwnAddress, ReferralRow, Referring, ReplyRow, Searching, Seen, SummaryRow, Supervising, UserChange,
};
use crate::sweep::Report;
use crate::user::User;
use crate::user::right::Act;
use crate::web::access::Access;
use crate::web::routes::WORK;

pub(super) fn table() -> Vec<Endpoint> {
    let able = Access::Able;
    vec![
        order(
            "/submissions",
            able(Act::Submit),
            ("submit", "Hand in a page or a text that somebody saw"),
            submit,
            handed,
        ),
        order("/watches/{id}/sweeps", able(Act::Sweep), ("sweep", "Sweep a watch now"), sweep, swept),
        post("/incidents/{id}/decisions", WORK, ("decide", "Decide something about an incident"), decide),
        post("/replies", WORK, ("answer", "Draft, review, return, approve or publish an answer"), answer),
        post(
            "/disclosures",
            WORK,
            ("disclose", "Draft, edit, review, return, approve, publish or drop a disclosure"),
            disclose,
        ),
        order(
            "/receipts",
            WORK,
            ("keepReceipt", "Fetch and keep the page on which something was published"),
            receipt,
            kept,
        ),
        post("/referrals", WORK, ("refer", "Propose, approve, refuse or hand out a legal referral"), refer),
        post("/summaries", WORK, ("tellPublic", "Draft, approve or withdraw what the public reads"), tell),
        post("/cases", WORK, ("workOnCase", "Make, correct, check or release a case"), case),
        post(
            "/contacts",
            able(Act::KeepContacts),
            ("keepContact", "Add, edit, link, note or remove contacts"),
            contact,
        ),
        post("/searches", able(Act::KeepSearches), ("keepSearch", "Keep, rename, open or remove a search"), search),
        post_secret(
            "/feeds",
            able(Act::KeepFeeds),
            ("changeFeeds", "Make an address to subscribe to, or revoke one"),
            feed,
        ),
        post_secret("/users", Access::Signed, ("changeUsers", "Add users, give roles, replace tokens, revoke"), user),
        post("/addresses", Access::Signed, ("changeAddresses", "Change where you are told"), address),
        order("/retention", able(Act::Retain), ("retain", "Let go, now, of what is kept no longer"), retain, released),
        post("/checkpoints", able(Act::Checkpoint), ("checkpoint", "Sign where the record stands"), checkpoint),
    ]
}

/// What came of a deed that has another outcome than its kind has: a fault of ours.
fn strange(outcome: &Outcome) -> Problem {
    tracing::error!(?outcome, "an outcome of another kind");
    Problem::Ours
}

fn submit(call: &Call, _: Nothing, submission: Submission) -> Result<Order, Problem> {
    let token = call.visitor.token.clone();
    Ok(Order::HandIn(HandIn { token, handing: Handing::Submission(submission) }))
}

fn handed(lines: Vec<Line>) -> Option<Handed> {
    lines.into_iter().find_map(|line| match line {
        Line::Handed(told) => match *told {
            Told::Receipt(receipt) => Some(receipt),
            _ => None,
        },
        _ => None,
    })
}

/// Which watch.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Watch {
    /// Its name.
    id: String,
}

fn sweep(call: &Call, Watch { id }: Watch, _: Nothing) -> Result<Order, Problem> {
    let known = call.clerk().reader.watches()?.into_iter().any(|row| row.watch.id == id);
    if !known {
        return Err(Problem::Missing);
    }
    let token = call.visitor.token.clone();
    Ok(Order::Sweep(Sweeping { selection: Selection::Watch(id), replay: None, record: None, token }))
}

fn swept(lines: Vec<Line>) -> Option<Report> {
    lines.into_iter().find_map(|line| match line {
        Line::Swept(report) => Some(*report),
        _ => None,
    })
}

/// A decision, and what was seen when it was taken.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Deciding {
    /// The version of the incident that was seen; left out only for what does not depend on it.
    version: Option<u64>,
    /// The decision.
    decision: Decision,
}

fn decide(call: &Call, Numbered { id }: Numbered, deciding: Deciding) -> Result<Decided, Problem> {
    call.clerk().reader.incident(id)?.ok_or(Problem::Missing)?;
    match call.act(What::Decide(Seen { id, version: deciding.version }, deciding.decision))? {
        Outcome::Decided(decided) => Ok(decided),
        other => Err(strange(&other)),
    }
}

fn answer(call: &Call, _: Nothing, answering: Answering) -> Result<ReplyRow, Problem> {
    match call.act(What::Answer(answering))? {
        Outcome::Reply(row) => Ok(row),
        other => Err(strange(&other)),
    }
}

fn disclose(call: &Call, _: Nothing, disclosing: Disclosing) -> Result<DisclosureRow, Problem> {
    match call.act(What::Disclose(disclosing))? {
        Outcome::Disclosure(row) => Ok(*row),
        other => Err(strange(&other)),
    }
}

/// Something that was published, and where.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Receipt {
    /// What.
    of: Published,
    /// Where it can be read.
    url: String,
}

fn receipt(call: &Call, _: Nothing, Receipt { of, url }: Receipt) -> Result<Order, Problem> {
    Ok(Order::Receipt(Receipting { token: call.visitor.token.clone(), of, published_at: url }))
}

/// How what was published stands.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Kept {
    /// An answer.
    Reply(ReplyRow),
    /// A disclosure.
    Disclosure(DisclosureRow),
}

fn kept(lines: Vec<Line>) -> Option<Kept> {
    lines.into_iter().find_map(|line| match line {
        Line::Acted(outcome) => match *outcome {
            Outcome::Reply(row) => Some(Kept::Reply(row)),
            Outcome::Disclosure(row) => Some(Kept::Disclosure(*row)),
            _ => None,
        },
        _ => None,
    })
}

fn refer(call: &Call, _: Nothing, referring: Referring) -> Result<ReferralRow, Problem> {
    match call.act(What::Refer(referring))? {
        Outcome::Referral(row) => Ok(row),
        other => Err(strange(&other)),
    }
}

fn tell(call: &Call, _: Nothing, supervising: Supervising) -> Result<SummaryRow, Problem> {
    match call.act(What::Supervise(supervising))? {
        Outcome::Public(row) => Ok(row),
        other => Err(strange(&other)),
    }
}

fn case(call: &Call, _: Nothing, work: Casework) -> Result<CaseRow, Problem> {
    match call.act(What::Case(work))? {
        Outcome::Case(row) => Ok(*row),
        other => Err(strange(&other)),
    }
}

fn contact(call: &Call, _: Nothing, contacting: Contacting) -> Result<Contacted, Problem> {
    match call.act(What::Contact(contacting))? {
        Outcome::Contact(contacted) => Ok(contacted),
        other => Err(strange(&other)),
    }
}

fn search(call: &Call, _: Nothing, searching: Searching) -> Result<KeptSearch, Problem> {
    match call.act(What::Search(searching))? {
        Outcome::Search(search) => Ok(search),
        other => Err(strange(&other)),
    }
}

/// A feed; its secret is told this once.
#[derive(Debug, Serialize, JsonSchema)]
struct FeedMade {
    /// The feed.
    feed: Feed,
    /// The secret of its address.
    secret: Option<String>,
}

fn feed(call: &Call, _: Nothing, feeding: Feeding) -> Result<FeedMade, Problem> {
    match call.act(What::Feed(feeding))? {
        Outcome::Feed(feed, secret) => Ok(FeedMade { feed, secret: secret.map(|token| token.written()) }),
        other => Err(strange(&other)),
    }
}

/// A user; a new token is told this once.
#[derive(Debug, Serialize, JsonSchema)]
struct UserMade {
    /// The user now.
    user: User,
    /// The new token.
    token: Option<String>,
}

fn user(call: &Call, _: Nothing, change: UserChange) -> Result<UserMade, Problem> {
    match call.act(What::User(change))? {
        Outcome::User(user, token) => Ok(UserMade { user, token: token.map(|token| token.written()) }),
        other => Err(strange(&other)),
    }
}

fn address(call: &Call, _: Nothing, change: AddressChange) -> Result<Vec<OwnAddress>, Problem> {
    match call.act(What::Address(change))? {
        Outcome::Addresses(own) => Ok(own),
        other => Err(strange(&other)),
    }
}

fn retain(call: &Call, _: Nothing, _: Nothing) -> Result<Order, Problem> {
    Ok(Order::Upkeep(Upkeep::Retain { token: call.visitor.token.clone() }))
}

fn released(lines: Vec<Line>) -> Option<Released> {
    lines.into_iter().find_map(|line| match line {
        Line::Released(released) => Some(released),
        _ => None,
    })
}

fn checkpoint(call: &Call, _: Nothing, _: Nothing) -> Result<Signed, Problem> {
    match call.act(What::Checkpoint)? {
        Outcome::Checkpoint(signed) => Ok(signed),
        other => Err(strange(&other)),
    }
}
