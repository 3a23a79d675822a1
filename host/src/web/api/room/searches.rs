//! `/searches`: what people keep of what they look for.

use super::strange;
use crate::handling::{Outcome, What};
use crate::search::kept::KeptSearch;
use crate::store::Searching;
use crate::user::right::Act;
use crate::web::access::Access;
use crate::web::api::endpoint::{Call, Endpoint, get, post};
use crate::web::api::listed::{Nothing, Paged, Part};
use crate::web::api::problem::Problem;

pub(super) fn table() -> Vec<Endpoint> {
    let keeping = Access::Able(Act::KeepSearches);
    vec![
        get(
            "/searches",
            keeping,
            ("listSearches", "The searches that you keep, and those that colleagues share"),
            list,
        ),
        post("/searches", keeping, ("keepSearch", "Keep, rename, open or remove a search"), keep).like(&[
            ("keep", r#"{"keep": {"name": "停水", "wanted": "q=停水", "shared": false}}"#),
            ("rename", r#"{"rename": [1, "停水停电"]}"#),
            ("open", r#"{"open": 1}"#),
            ("remove", r#"{"remove": 1}"#),
        ]),
    ]
}

fn list(call: &Call, Paged { limit, cursor }: Paged) -> Result<Part<KeptSearch>, Problem> {
    let kept = call.reader().kept_searches(&call.known()?.user)?;
    Part::sorted(kept, limit, cursor.as_deref(), |one: &KeptSearch| one.id)
}

fn keep(call: &Call, _: Nothing, searching: Searching) -> Result<KeptSearch, Problem> {
    match call.act(What::Search(searching))? {
        Outcome::Search(search) => Ok(search),
        other => Err(strange(&other)),
    }
}
