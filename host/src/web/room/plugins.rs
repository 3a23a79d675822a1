//! `/plugins`: what is installed and what it may do; a file is handed in, tried on its laws, allowed, let go on and removed.
//!
//! Nothing of a file that was handed in is on the shelf before a person has seen whose it is, what it asks for and that it keeps
//! the laws, and has said yes. Until then it is held here, one at a time; a restart forgets it.

use std::sync::{Arc, PoisonError};

use axum::extract::{Path, State};
use axum::response::Response;
use caifeng_plugin_host::address::HostPattern;
use caifeng_plugin_host::artifact::Artifact;
use caifeng_plugin_host::engine::CompiledCache;
use serde::Deserialize;

use super::missing;
use super::sources::ground;
use crate::control::{Owner, Refusal};
use crate::grant::Grants;
use crate::handling::{Deed, What};
use crate::plugins::card;
use crate::plugins::install::{self, Offer, Wanted, Way};
use crate::plugins::offer::Allowed;
use crate::plugins::shelf::{Package, Shelf};
use crate::plugins::suspension::Suspended;
use crate::plugins::trials;
use crate::plugins::wishes::Wish;
use crate::plugins::{Found, Origin, Registry};
use crate::signature;
use crate::store::Caller;
use crate::user::PluginChange;
use crate::user::right::Act;
use crate::web::desk::{Asked, Desk, Done, Refused, lead, refuse};
use crate::web::form::{Fields, Pressed, Sent, Uploaded};
use crate::web::page::{self, Described, OfferRows, OnePlugin, PluginRow, Trouble};

/// Bytes of a plugin's file that are read, as on the command line.
const LARGEST: usize = 256 << 20;

/// Where what was handed in is shown.
const OFFER: &str = "/plugin-offer";

/// What stood at one moment: what is installed, what is allowed, and what rests.
struct Look {
    registry: Arc<Registry>,
    grants: Arc<Grants>,
    resting: Vec<Suspended>,
}

fn described(found: &Found, (waiting, fixtures): (bool, bool), look: &Look) -> PluginRow {
    let Look { registry, grants, resting } = look;
    PluginRow {
        file: found.path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        shipped: found.origin == Origin::Shipped,
        waiting,
        fixtures: found
            .artifact
            .as_ref()
            .ok()
            .filter(|_| fixtures)
            .map(|it| card::names(it.bytes()))
            .unwrap_or_default(),
        resting: found.artifact.as_ref().ok().and_then(|artifact| {
            let digest = artifact.digest().to_string();
            resting.iter().find(|suspended| suspended.digest == digest).cloned()
        }),
        what: found.artifact.as_ref().map_err(ToString::to_string).map(|artifact| {
            let manifest = artifact.manifest().as_ref().clone();
            let granted = Grants::right_at(grants, artifact, found.origin, None).is_ok();
            let used = registry.find(&manifest.id).map(|(used, _)| used.path == found.path);
            Described {
                kind: artifact.kind(),
                digest: artifact.digest().to_string(),
                ungranted: !granted,
                replaced: !waiting && !used.unwrap_or(false),
                granted: grants.network(artifact).map(<[HostPattern]>::to_vec),
                manifest,
            }
        }),
    }
}

/// What is there of a plugin, or of all: first what runs, then what waits.
pub(in crate::web) fn rows(owner: &Owner, id: Option<&str>) -> Result<Vec<PluginRow>, Refused> {
    let plugins = &owner.sweeper.plugins;
    let (registry, grants) = plugins.now();
    let look = Look { registry, grants, resting: plugins.suspensions.all() };
    let waiting = Shelf::of(&owner.clerk.directory).all_waiting().map_err(refused)?;
    let is_meant = |found: &&Found| id.is_none_or(|id| found.is_called(id));
    let fixtures = id.is_some();
    let running = look.registry.all().iter().filter(is_meant).map(|found| described(found, (false, fixtures), &look));
    let waits = waiting.all().iter().filter(is_meant).map(|found| described(found, (true, fixtures), &look));
    Ok(running.chain(waits).collect())
}

fn refused(error: crate::plugins::shelf::ShelfError) -> Refused {
    Refused::Refusal(install::InstallError::from(error).into())
}

/// What somebody handed in and nobody has decided about yet.
pub(in crate::web) fn offered(desk: &Desk) -> Option<Arc<Offer>> {
    desk.offered.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// `GET /plugins`.
pub(in crate::web) async fn list(State(desk): State<Arc<Desk>>, asked: Asked) -> Response {
    let ours = Arc::clone(&desk);
    desk.show(asked, move |all, visit| {
        let found = rows(&ours.app.owner, None)?;
        let offered = visit.may(Act::KeepPlugins) && offered(&ours).is_some();
        Ok(page::plugins(visit, &ground(all)?, &found, offered)?)
    })
    .await
}

/// All that is known of a plugin, of which there is a file.
pub(in crate::web) fn whole(desk: &Desk, id: &str) -> Result<OnePlugin, Refused> {
    let owner = &desk.app.owner;
    let rows = rows(owner, Some(id))?;
    if rows.is_empty() {
        return Err(missing());
    }
    let manifest = |waiting: bool| {
        let of = |row: &&PluginRow| row.waiting == waiting;
        rows.iter().rev().find(of).and_then(|row| row.what.as_ref().ok()).map(|it| &it.manifest)
    };
    let more = match (manifest(false), manifest(true)) {
        (Some(old), Some(new)) => Wish::more(old, new),
        (None, Some(new)) => Wish::all(new),
        _ => Vec::new(),
    };
    let digests = rows.iter().filter_map(|row| Some(row.what.as_ref().ok()?.digest.clone()));
    let pin = Shelf::of(&owner.clerk.directory).pin(id).map_err(refused)?;
    Ok(OnePlugin {
        trials: digests.filter_map(|digest| desk.trials.of(&digest).map(|trial| (digest, trial))).collect(),
        failed: owner.sweeper.failed.all_of(id),
        signer: pin.and_then(|pin| pin.signer).map(|signer| signer.to_string()),
        more,
        rows,
    })
}

/// `GET /plugins/{id}`.
pub(in crate::web) async fn one(State(desk): State<Arc<Desk>>, Path(id): Path<String>, asked: Asked) -> Response {
    let ours = Arc::clone(&desk);
    desk.show(asked, move |all, visit| Ok(page::plugin(visit, &ground(all)?, &id, &whole(&ours, &id)?)?)).await
}

/// Compiled code of files that are tried is kept with that of others.
fn cache(owner: &Owner) -> Option<CompiledCache> {
    let directory = &owner.clerk.directory;
    directory.key("compiled").ok().map(|key| CompiledCache { dir: directory.compiled(), key })
}

/// Tries a file aside, unless it was tried already.
fn begin(desk: &Arc<Desk>, artifact: &Artifact) -> Result<(), Refusal> {
    let now = (desk.app.clock)();
    let turn = desk.trials.begin(artifact, now).map_err(|_busy| {
        Refusal::Refused("another plugin is being tried on its laws: wait until its score card is there".to_owned())
    })?;
    if let Some(turn) = turn {
        let desk = Arc::clone(desk);
        tokio::task::spawn_blocking(move || turn.run(cache(&desk.app.owner), now));
    }
    Ok(())
}

/// Only the real thing has plugins of its own.
fn real(owner: &Owner) -> Result<(), Refusal> {
    Ok(owner.clerk.directory.not_in_a_drill("its plugins are those of the real thing: do it there")?)
}

/// Reads what was handed in.
fn package(file: Vec<u8>, signature: Option<String>) -> Result<Package, Refusal> {
    let artifact = Artifact::read(file)
        .map_err(|error| Refusal::Usage(format!("this file is no plugin that can be used: {error}")))?;
    if signature.as_ref().is_some_and(|text| text.len() as u64 > signature::LONGEST) {
        return Err(Refusal::Usage("the signature is none of minisign: it is far too long".to_owned()));
    }
    Ok(Package { artifact, signature })
}

/// Looks at a file that `caller` hands in, with its signature; its laws are tried aside.
pub(in crate::web) fn hand_in(
    desk: &Arc<Desk>,
    caller: &Caller,
    (file, signature): (Vec<u8>, Option<String>),
) -> Result<Arc<Offer>, Refusal> {
    let owner = &desk.app.owner;
    real(owner)?;
    owner.clerk.store.may_one_of(caller, &[Act::KeepPlugins], owner.sweeper.clock.now())?;
    let package = package(file, signature)?;
    let shipped = owner.sweeper.plugins.registry().ships(&package.artifact.manifest().id);
    let wanted = Wanted { way: Way::Either, signer: None, allowed: Allowed::default(), shipped };
    let offer = Arc::new(Offer::of(&Shelf::of(&owner.clerk.directory), package, wanted)?);
    begin(desk, offer.artifact())?;
    *desk.offered.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&offer));
    Ok(offer)
}

/// `POST /plugins`: a file is handed in, with its signature.
pub(in crate::web) async fn offer(
    State(desk): State<Arc<Desk>>,
    asked: Asked,
    mut form: Uploaded<LARGEST>,
) -> Response {
    let signature = form.said("signature").map(|text| format!("{text}\n"));
    let Some(file) = form.file.take().filter(|_| form.only(&["signature"])) else {
        return refuse(asked.lang, Refused::Trouble(Trouble::Form));
    };
    let ours = Arc::clone(&desk);
    let work = move |_: &Owner, caller: &Caller| hand_in(&ours, caller, (file, signature));
    desk.tend_and_lead(asked, work, |_| Done::new(OFFER, "")).await
}

/// `GET /plugin-offer`.
pub(in crate::web) async fn offer_page(State(desk): State<Arc<Desk>>, asked: Asked) -> Response {
    let Some(offer) = offered(&desk) else { return lead(&Done::new("/plugins", "")) };
    let ours = Arc::clone(&desk);
    desk.show(asked, move |all, visit| {
        let artifact = offer.artifact();
        let told = OfferRows {
            trial: ours.trials.of(&artifact.digest().to_string()),
            bytes: artifact.bytes().len() as u64,
            offer: &offer,
        };
        Ok(page::plugin_offer(visit, &ground(all)?, &told)?)
    })
    .await
}

/// Writes a change of a plugin into the record, when the caller may make it.
fn noted(owner: &Owner, caller: &Caller, change: PluginChange) -> Result<(), Refusal> {
    let deed = Deed { token: caller.token.clone(), act: What::Plugin(change) };
    owner.clerk.carry_out(deed, caller.account).map(drop)
}

/// The hosts that are ticked; `None` when one is none.
fn hosts(fields: &Fields) -> Option<Vec<HostPattern>> {
    fields.all("host").iter().map(|host| host.parse().ok()).collect()
}

/// Takes exactly the file that was `seen`, once it has kept every law; `true`: it runs, with these hosts or, where it asks for no
/// more, with those that the version before had.
pub(in crate::web) fn taken(
    desk: &Desk,
    caller: &Caller,
    seen: &str,
    allow: Option<&[HostPattern]>,
) -> Result<bool, Refused> {
    let owner = &desk.app.owner;
    let is_seen = |offer: &Arc<Offer>| offer.artifact().digest().to_string() == seen;
    let offer = offered(desk).filter(is_seen).ok_or_else(missing)?;
    if !matches!(desk.trials.of(seen).map(|trial| trial.state), Some(trials::State::Kept(_))) {
        let words = "its laws have not been tried, or it breaks one: wait for its score card".to_owned();
        return Err(Refused::Refusal(Refusal::Refused(words)));
    }
    real(owner)?;
    let shelf = Shelf::of(&owner.clerk.directory);
    let runs = offer.take::<Refusal>(&shelf, allow, |change| noted(owner, caller, change))?;
    let mut offered = desk.offered.lock().unwrap_or_else(PoisonError::into_inner);
    // A colleague may have handed in another file meanwhile.
    if offered.as_ref().is_some_and(is_seen) {
        *offered = None;
    }
    Ok(runs)
}

/// `POST /plugin-offer/take`: `allow` lets it run with the hosts that are ticked; else it waits, or runs with what the version
/// before had where it asks for no more.
pub(in crate::web) async fn take(State(desk): State<Arc<Desk>>, asked: Asked, fields: Fields) -> Response {
    let (Some(seen), Some(hosts), true) = (fields.one("seen"), hosts(&fields), fields.only(&["seen", "allow", "host"]))
    else {
        return refuse(asked.lang, Refused::Trouble(Trouble::Form));
    };
    let allow = fields.one("allow").map(|_| hosts);
    let id = offered(&desk).map(|offer| offer.artifact().manifest().id.clone()).unwrap_or_default();
    let ours = Arc::clone(&desk);
    let work = move |_: &Owner, caller: &Caller| Ok(taken(&ours, caller, &seen, allow.as_deref()));
    match desk.tend(&asked, work).await.map_err(Refused::Refusal).flatten() {
        Ok(runs) => {
            let said = if runs { "done.plugin-runs" } else { "done.plugin-waits" };
            lead(&Done::new(format!("/plugins/{id}"), said))
        }
        Err(refused) => refuse(asked.lang, refused),
    }
}

/// What was handed in is forgotten.
pub(in crate::web) fn drop_offer(desk: &Desk) {
    *desk.offered.lock().unwrap_or_else(PoisonError::into_inner) = None;
}

/// `POST /plugin-offer/drop`.
pub(in crate::web) async fn give_up(State(desk): State<Arc<Desk>>, Sent(Pressed {}): Sent<Pressed>) -> Response {
    drop_offer(&desk);
    lead(&Done::new("/plugins", "done.plugin-dropped"))
}

/// Allows exactly the file that was `seen`, with these hosts.
pub(in crate::web) fn granted(
    owner: &Owner,
    caller: &Caller,
    id: &str,
    (hosts, seen): (&[HostPattern], &str),
) -> Result<(), Refusal> {
    real(owner)?;
    let shelf = Shelf::of(&owner.clerk.directory);
    let note = |change| noted(owner, caller, change);
    install::grant::<Refusal>(&shelf, id, (Some(hosts), Some(seen)), note).map(drop)
}

/// `POST /plugins/{id}/grant`: exactly the file that was seen, with the hosts that are ticked.
pub(in crate::web) async fn grant(
    State(desk): State<Arc<Desk>>,
    Path(id): Path<String>,
    asked: Asked,
    fields: Fields,
) -> Response {
    let (Some(seen), Some(hosts), true) = (fields.one("seen"), hosts(&fields), fields.only(&["seen", "host"])) else {
        return refuse(asked.lang, Refused::Trouble(Trouble::Form));
    };
    let place = format!("/plugins/{id}");
    let work = move |owner: &Owner, caller: &Caller| granted(owner, caller, &id, (&hosts, &seen));
    desk.tend_and_lead(asked, work, |()| Done::new(place, "done.plugin-runs")).await
}

/// Lets a plugin go on that rests.
pub(in crate::web) fn resumed(owner: &Owner, caller: &Caller, id: &str) -> Result<(), Refusal> {
    real(owner)?;
    let shelf = Shelf::of(&owner.clerk.directory);
    let suspensions = &owner.sweeper.plugins.suspensions;
    install::resume::<Refusal>(&shelf, suspensions, id, |change| noted(owner, caller, change))
}

/// `POST /plugins/{id}/resume`.
pub(in crate::web) async fn resume(
    State(desk): State<Arc<Desk>>,
    Path(id): Path<String>,
    asked: Asked,
    Sent(Pressed {}): Sent<Pressed>,
) -> Response {
    let place = format!("/plugins/{id}");
    let work = move |owner: &Owner, caller: &Caller| resumed(owner, caller, &id);
    desk.tend_and_lead(asked, work, |()| Done::new(place, "done.plugin-resumed")).await
}

/// Takes a plugin away; its signer stays known.
pub(in crate::web) fn removed(owner: &Owner, caller: &Caller, id: &str) -> Result<(), Refusal> {
    real(owner)?;
    let shelf = Shelf::of(&owner.clerk.directory);
    install::remove::<Refusal>(&shelf, id, false, |change| noted(owner, caller, change))
}

/// `POST /plugins/{id}/remove`.
pub(in crate::web) async fn remove(
    State(desk): State<Arc<Desk>>,
    Path(id): Path<String>,
    asked: Asked,
    Sent(Pressed {}): Sent<Pressed>,
) -> Response {
    let work = move |owner: &Owner, caller: &Caller| removed(owner, caller, &id);
    desk.tend_and_lead(asked, work, |()| Done::new("/plugins", "done.plugin-removed")).await
}

/// Which file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Seen {
    seen: String,
}

/// Tries the file that was `seen` on its laws, aside, on the fixtures that it carries.
pub(in crate::web) fn check_of(desk: &Arc<Desk>, caller: &Caller, id: &str, seen: &str) -> Result<(), Refusal> {
    let owner = &desk.app.owner;
    real(owner)?;
    owner.clerk.store.may_one_of(caller, &[Act::KeepPlugins], owner.sweeper.clock.now())?;
    let registry = owner.sweeper.plugins.registry();
    let waiting = Shelf::of(&owner.clerk.directory).all_waiting().map_err(install::InstallError::from)?;
    let mut all = registry.all().iter().chain(waiting.all()).filter(|found| found.is_called(id));
    let meant = all.find_map(|found| found.artifact.as_ref().ok().filter(|it| it.digest().to_string() == seen));
    let artifact = meant.ok_or_else(|| Refusal::from(install::InstallError::Meanwhile(id.to_owned())))?;
    begin(desk, artifact)
}

/// `POST /plugins/{id}/check`.
pub(in crate::web) async fn check(
    State(desk): State<Arc<Desk>>,
    Path(id): Path<String>,
    asked: Asked,
    Sent(Seen { seen }): Sent<Seen>,
) -> Response {
    let place = format!("/plugins/{id}");
    let ours = Arc::clone(&desk);
    let work = move |_: &Owner, caller: &Caller| check_of(&ours, caller, &id, &seen);
    desk.tend_and_lead(asked, work, |()| Done::new(place, "")).await
}
