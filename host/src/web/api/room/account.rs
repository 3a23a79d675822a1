//! `/me`, `/account`, `/addresses`, `/feeds`: what concerns oneself.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::strange;
use crate::feed::Feed;
use crate::handling::{Outcome, What};
use crate::incident::event::Role;
use crate::store::{AddressChange, Feeding, Held, OwnAddress, StoreError};
use crate::user::right::{Act, RIGHTS};
use crate::user::scope::Scope;
use crate::user::session::Keeper;
use crate::user::token::TokenId;
use crate::web::access::{Access, SCOPE};
use crate::web::api::endpoint::{Call, Endpoint, get, post, post_secret};
use crate::web::api::listed::{Nothing, Paged, Part};
use crate::web::api::problem::Problem;

const DAY: i64 = 86_400;

pub(super) fn table() -> Vec<Endpoint> {
    use Access::{Able, Signed};
    vec![
        get("/me", Signed, ("me", "Who is known by what was sent, and what they may do"), me),
        get("/account/tokens", Signed, ("listTokens", "Your sessions, and the tokens of your programs"), held),
        post_secret("/account/tokens", Signed, ("makeToken", "A token for a program; told this once"), make)
            .like(&[("make", r#"{"label": "值班屏", "scopes": ["read"], "days": 30}"#)]),
        post("/account/tokens/{id}/end", Signed, ("endToken", "End a session of yours, or a program's token"), end)
            .like(&[("end", r#"{}"#)]),
        get("/addresses", Signed, ("listAddresses", "Where you are told"), addresses),
        post("/addresses", Signed, ("changeAddresses", "Change where you are told"), address)
            .like(&[("add", r#"{"add": {"channel": "office", "address": "zhou@example.gov.cn"}}"#)]),
        get("/feeds", Able(Act::KeepFeeds), ("listFeeds", "Addresses to which calendars and readers subscribe"), feeds),
        post_secret(
            "/feeds",
            Able(Act::KeepFeeds),
            ("changeFeeds", "Make an address to subscribe to, or revoke one"),
            feed,
        )
        .like(&[("add", r#"{"add": ["reports", "zh-CN"]}"#), ("revoke", r#"{"revoke": 1}"#)]),
    ]
}

/// Who asks.
#[derive(Debug, Serialize, JsonSchema)]
struct Me {
    /// Identifier of the user.
    user: String,
    /// What colleagues call them.
    name: Option<String>,
    /// Their roles.
    roles: Vec<Role>,
    /// What these include, as far as the token goes.
    rights: Vec<Act>,
    /// The unit that they belong to.
    unit: Option<String>,
    /// What the token is for; nothing when it is a person's own.
    scopes: Option<Vec<Scope>>,
}

fn me(call: &Call, _: Nothing) -> Result<Me, Problem> {
    let known = call.known()?.clone();
    let rights = RIGHTS.iter().map(|(act, _)| *act).filter(|act| known.may(*act)).collect();
    Ok(Me { user: known.user, name: known.name, roles: known.roles, rights, unit: known.unit, scopes: known.scopes })
}

/// Sessions are seen, made and ended by whoever sits at a browser, and by no program.
fn oneself(call: &Call) -> Result<String, Problem> {
    let known = call.known()?;
    if known.keeper == Keeper::Browser {
        return Ok(known.user.clone());
    }
    let words = "only a person who is signed in at a browser does this: send their session, and no token of a program";
    Err(Problem::Others(words.to_owned()))
}

fn held(call: &Call, _: Nothing) -> Result<Held, Problem> {
    let user = oneself(call)?;
    Ok(call.reader().held(&user, call.now)?)
}

/// A token for a program.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Making {
    /// By what you know it.
    label: String,
    /// What the program may do.
    #[schemars(length(min = 1))]
    scopes: Vec<Scope>,
    /// For how many days.
    #[schemars(range(min = 1, max = 366))]
    days: u16,
}

/// A token that was made.
#[derive(Debug, Serialize, JsonSchema)]
struct Made {
    /// What the program sends as `Authorization: Bearer`; told this once.
    token: String,
    /// When it ends.
    ends: i64,
}

fn make(call: &Call, _: Nothing, Making { label, mut scopes, days }: Making) -> Result<Made, Problem> {
    oneself(call)?;
    if !(1..=366).contains(&days) {
        return Err(Problem::Unfit("days: between 1 and 366".to_owned()));
    }
    scopes.sort_by_key(|scope| Scope::ALL.iter().position(|other| other == scope));
    scopes.dedup();
    let ends = call.now.saturating_add(i64::from(days) * DAY);
    let token = call.clerk().store.make_program(&call.caller(), (&label, scopes, ends), call.now)?;
    Ok(Made { token: token.written(), ends })
}

/// Which token.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Ending {
    /// Its number.
    id: TokenId,
}

fn end(call: &Call, Ending { id }: Ending, _: Nothing) -> Result<Nothing, Problem> {
    oneself(call)?;
    match call.clerk().store.end_own(&call.caller(), id, call.now) {
        // What belongs to others is told like what is not there.
        Err(StoreError::Unknown { .. }) => Err(Problem::Missing),
        done => Ok(done.map(|()| Nothing {})?),
    }
}

fn addresses(call: &Call, _: Nothing) -> Result<Part<OwnAddress>, Problem> {
    let own = call.reader().own_addresses(&call.known()?.user)?.into_iter();
    Ok(Part::whole(own.map(|(channel, address)| OwnAddress { channel, address }).collect()))
}

fn address(call: &Call, _: Nothing, change: AddressChange) -> Result<Vec<OwnAddress>, Problem> {
    // No scope of a program includes where its owner is told.
    if call.known()?.keeper == Keeper::Program {
        return Err(Problem::Others(SCOPE.to_owned()));
    }
    match call.act(What::Address(change))? {
        Outcome::Addresses(own) => Ok(own),
        other => Err(strange(&other)),
    }
}

fn feeds(call: &Call, Paged { limit, cursor }: Paged) -> Result<Part<Feed>, Problem> {
    Part::sorted(call.reader().feeds()?, limit, cursor.as_deref(), |feed| feed.id)
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
