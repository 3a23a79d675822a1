//! `/plugins`: what is installed, and what each may do; a file is handed in, tried on its laws, allowed, let go on and removed.

use caifeng_plugin_host::address::HostPattern;
use caifeng_plugin_host::artifact::PluginKind;
use caifeng_plugin_host::laws::{Score, ScoreCard, Verdict};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::lang::Lang;
use crate::plugins::install::Offer;
use crate::plugins::trials::{self, State};
use crate::plugins::wishes::Wish;
use crate::user::right::Act;
use crate::web::access::Access;
use crate::web::api::endpoint::{Call, Endpoint, get, post};
use crate::web::api::file::Content;
use crate::web::api::listed::{Named, Nothing, Paged, Part};
use crate::web::api::problem::Problem;
use crate::web::page::{self, Described, OnePlugin, PluginRow};
use crate::web::room::plugins;
use crate::web::routes::ALL;

/// Bytes of a plugin that is handed in as JSON; what is larger is handed in at the desk or on the command line.
const LARGEST: usize = 64 << 20;

pub(super) fn table() -> Vec<Endpoint> {
    let keeping = Access::Able(Act::KeepPlugins);
    vec![
        get("/plugins", ALL, ("listPlugins", "Plugins that are installed, and what each may do"), list),
        get(
            "/plugins/{id}",
            ALL,
            ("plugin", "One plugin: its files, what it may do, its score cards, what it failed on"),
            one,
        ),
        post("/plugins", keeping, ("offerPlugin", "Hand a plugin in, 64 MiB at most; its laws are tried aside"), offer)
            .like(&[("hand-in", r#"{"content": "AGFzbQ0AAQA=", "signature": null}"#)])
            .with_file_of(LARGEST),
        get("/plugin-offer", keeping, ("pluginOffer", "What was handed in and nobody has decided about yet"), offered),
        post(
            "/plugin-offer/take",
            keeping,
            ("takePlugin", "Let it run with these hosts, or let it wait; it must have kept every law"),
            take,
        )
        .like(&[
            (
                "allow",
                r#"{"seen": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "allow": ["target"]}"#,
            ),
            ("wait", r#"{"seen": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "allow": null}"#),
        ]),
        post("/plugin-offer/drop", keeping, ("dropPlugin", "Forget what was handed in"), give_up)
            .like(&[("drop", r#"{}"#)]),
        post(
            "/plugins/{id}/grant",
            keeping,
            ("grantPlugin", "Let a plugin run, with these hosts of those it asks for"),
            grant,
        )
        .like(&[(
            "grant",
            r#"{"seen": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "hosts": ["target"]}"#,
        )]),
        post(
            "/plugins/{id}/resume",
            keeping,
            ("resumePlugin", "Let a plugin go on that was suspended for its faults"),
            resume,
        )
        .like(&[("resume", r#"{}"#)]),
        post("/plugins/{id}/remove", keeping, ("removePlugin", "Take a plugin away; its signer stays known"), remove)
            .like(&[("remove", r#"{}"#)]),
        post(
            "/plugins/{id}/check",
            keeping,
            ("tryPlugin", "Try a plugin on its laws, aside, on the fixtures that it carries"),
            check,
        )
        .like(&[("try", r#"{"seen": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}"#)]),
    ]
}

/// What a plugin does.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Does {
    /// It reads sites.
    Source,
    /// It labels posts.
    Classifier,
    /// It writes questions to a service, and reads its answers.
    Asker,
}

/// A plugin file.
#[derive(Debug, Serialize, JsonSchema)]
struct Plugin {
    /// The file's name.
    file: String,
    /// Part of this release.
    shipped: bool,
    /// It waits to be allowed.
    waiting: bool,
    /// What is wrong with the file.
    broken: Option<String>,
    /// What it is, where nothing is.
    is: Option<Is>,
}

/// A plugin that is in order.
#[derive(Debug, Serialize, JsonSchema)]
struct Is {
    /// Its id.
    id: String,
    /// Its name.
    name: String,
    /// Its version.
    version: String,
    /// Its licence.
    licence: String,
    /// What it does.
    kind: Does,
    /// Of exactly this file.
    digest: String,
    /// Hosts that it asks for; `target` is the host of the watch.
    allow: Vec<String>,
    /// Somebody has allowed what it asks for.
    granted: bool,
    /// Another file of the same id stands in its place.
    replaced: bool,
}

impl From<PluginKind> for Does {
    fn from(kind: PluginKind) -> Self {
        match kind {
            PluginKind::Source => Self::Source,
            PluginKind::Classifier => Self::Classifier,
            PluginKind::Asker => Self::Asker,
        }
    }
}

fn is(Described { manifest, kind, digest, ungranted, replaced, .. }: Described) -> Is {
    Is {
        id: manifest.id,
        name: manifest.name,
        version: manifest.version.to_string(),
        licence: manifest.licence,
        kind: kind.into(),
        digest,
        allow: told(&manifest.network.allow),
        granted: !ungranted,
        replaced,
    }
}

fn told(hosts: &[HostPattern]) -> Vec<String> {
    hosts.iter().map(ToString::to_string).collect()
}

impl From<PluginRow> for Plugin {
    fn from(PluginRow { file, shipped, waiting, what, .. }: PluginRow) -> Self {
        let (is, broken) = match what {
            Ok(described) => (Some(is(described)), None),
            Err(why) => (None, Some(why)),
        };
        Self { file, shipped, waiting, broken, is }
    }
}

fn list(call: &Call, Paged { limit, cursor }: Paged) -> Result<Part<Plugin>, Problem> {
    let found = plugins::rows(&call.desk.app.owner, None)?;
    Part::sorted(found.into_iter().map(Plugin::from).collect(), limit, cursor.as_deref(), |one: &Plugin| {
        format!("{}.{}.{}", one.file, one.shipped, one.waiting)
    })
}

/// What became of a law.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Became {
    /// Kept.
    Pass,
    /// Kept, but look at it.
    Warn,
    /// Not reached, because an earlier law was broken.
    Untried,
    /// Broken.
    Fail,
}

/// A law, tried.
#[derive(Debug, Serialize, JsonSchema)]
struct Law {
    /// Which.
    law: &'static str,
    /// What became of it.
    verdict: Became,
    /// What was tried.
    summary: String,
    /// What was found, failures first; the first twenty.
    findings: Vec<String>,
}

impl From<&Score> for Law {
    fn from(score: &Score) -> Self {
        let verdict = match score.verdict {
            Verdict::Pass => Became::Pass,
            Verdict::Warn => Became::Warn,
            Verdict::Untried => Became::Untried,
            Verdict::Fail => Became::Fail,
        };
        let findings = score.findings.iter().map(|one| {
            let fixture = one.fixture.as_deref().unwrap_or("—");
            format!("{fixture} · {}: {}", one.place, one.problem)
        });
        Self { law: score.law.as_str(), verdict, summary: score.summary.clone(), findings: findings.collect() }
    }
}

/// What every law says about one file.
#[derive(Debug, Serialize, JsonSchema)]
struct Card {
    /// It keeps them all.
    kept: bool,
    /// How many fixtures it was tried on.
    fixtures: usize,
    /// How many calls were made.
    calls: usize,
    /// The laws that concern it.
    laws: Vec<Law>,
}

impl From<&ScoreCard> for Card {
    fn from(card: &ScoreCard) -> Self {
        let laws = card.laws.iter().map(Law::from).collect();
        Self { kept: card.passes(), fixtures: card.fixtures, calls: card.calls, laws }
    }
}

/// How the trial of a file on its laws stands.
#[derive(Debug, Serialize, JsonSchema)]
struct Trial {
    /// When it began.
    since: i64,
    /// It is under way: ask again.
    running: bool,
    /// Why it is not taken in.
    failed: Option<String>,
    /// What each law says, once it is over and where it could be tried.
    card: Option<Card>,
}

impl From<trials::Trial> for Trial {
    fn from(trials::Trial { since, state }: trials::Trial) -> Self {
        let (running, failed, card) = match state {
            State::Running => (true, None, None),
            State::Kept(card) => (false, None, Some(card)),
            State::Failed(why, card) => (false, Some(why), card),
        };
        Self { since, running, failed, card: card.map(|card| Card::from(&*card)) }
    }
}

/// Why a plugin rests.
#[derive(Debug, Serialize, JsonSchema)]
struct Rests {
    /// Since when, by RFC 3339.
    since: String,
    /// Its faults, each with the address of the page.
    traps: Vec<String>,
}

/// A file of a plugin.
#[derive(Debug, Serialize, JsonSchema)]
struct PluginFile {
    /// As lists show it.
    #[serde(flatten)]
    plugin: Plugin,
    /// The hosts that it may reach; nothing where that is everything it asks for.
    reaches: Option<Vec<String>>,
    /// The fixtures that it carries.
    fixtures: Vec<String>,
    /// It was suspended for its faults.
    rests: Option<Rests>,
    /// Its trial, where it was tried since the start.
    trial: Option<Trial>,
}

/// All that is known of a plugin.
#[derive(Debug, Serialize, JsonSchema)]
struct PluginShown {
    /// Those that run, and the one that waits.
    files: Vec<PluginFile>,
    /// Whose signature it had when it came.
    signer: Option<String>,
    /// What the one that waits asks for and nobody has allowed, in words.
    asks: Vec<String>,
    /// Pages that it could not read, by the names of the calls.
    failed: Vec<String>,
}

fn asked(wishes: &[Wish], lang: Lang) -> Vec<String> {
    wishes.iter().map(|wish| page::wish(wish, lang)).collect()
}

fn one(call: &Call, Named { id }: Named) -> Result<PluginShown, Problem> {
    let OnePlugin { rows, mut trials, failed, signer, more } = plugins::whole(&call.desk, &id)?;
    let mut trial = |digest: &str| {
        let at = trials.iter().position(|(of, _)| of == digest)?;
        Some(trials.swap_remove(at).1.into())
    };
    let file = |row: PluginRow| PluginFile {
        reaches: row.what.as_ref().ok().and_then(|it| it.granted.as_deref().map(told)),
        trial: row.what.as_ref().ok().and_then(|it| trial(&it.digest)),
        fixtures: row.fixtures.clone(),
        rests: row.resting.clone().map(|rests| Rests { since: rests.since, traps: rests.traps }),
        plugin: row.into(),
    };
    Ok(PluginShown { files: rows.into_iter().map(file).collect(), signer, asks: asked(&more, call.lang), failed })
}

/// A file that is handed in.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Offering {
    /// What is in it, as it was packed.
    content: Content,
    /// Its signature, by minisign: what is in `FILE.minisig`.
    signature: Option<String>,
}

/// What was handed in, and what a person must know before it runs.
#[derive(Debug, Serialize, JsonSchema)]
struct Offered {
    /// Its id.
    id: String,
    /// Its version.
    version: String,
    /// What it does.
    kind: Does,
    /// Of exactly this file: what `takePlugin` names.
    digest: String,
    /// Whose signature it has.
    signer: Option<String>,
    /// The same signed what was there before.
    signer_is_known: bool,
    /// The version that it takes the place of.
    before: Option<String>,
    /// Hosts that it asks for: what `takePlugin` allows.
    allow: Vec<String>,
    /// Everything that it asks for, in words.
    asks: Vec<String>,
    /// What of that nobody has allowed yet.
    more: Vec<String>,
    /// How the trial on its laws stands.
    trial: Option<Trial>,
}

fn shown(call: &Call, offer: &Offer) -> Offered {
    let (artifact, manifest) = (offer.artifact(), offer.artifact().manifest());
    let digest = artifact.digest().to_string();
    Offered {
        id: manifest.id.clone(),
        version: manifest.version.clone(),
        kind: artifact.kind().into(),
        signer: offer.signer.as_ref().map(ToString::to_string),
        signer_is_known: offer.signer_is_known(),
        before: offer.before.as_ref().map(|old| old.manifest().version.clone()),
        allow: told(&manifest.network.allow),
        asks: asked(&Wish::all(manifest), call.lang),
        more: asked(&offer.more(), call.lang),
        trial: call.desk.trials.of(&digest).map(Trial::from),
        digest,
    }
}

fn offer(
    call: &Call,
    _: Nothing,
    Offering { content: Content(file), signature }: Offering,
) -> Result<Offered, Problem> {
    if file.len() > LARGEST {
        return Err(Problem::TooLarge);
    }
    let offer = plugins::hand_in(&call.desk, &call.caller(), (file, signature))?;
    Ok(shown(call, &offer))
}

fn offered(call: &Call, _: Nothing) -> Result<Offered, Problem> {
    let offer = plugins::offered(&call.desk).ok_or(Problem::Missing)?;
    Ok(shown(call, &offer))
}

/// What becomes of a file that was handed in.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Taking {
    /// The digest of exactly the file that was seen.
    seen: String,
    /// The hosts that it may reach. Without: it waits, or runs with what the version before had where it asks for no more.
    allow: Option<Vec<String>>,
}

/// Whether it runs.
#[derive(Debug, Serialize, JsonSchema)]
struct Taken {
    /// It runs; else it waits to be allowed.
    runs: bool,
}

fn hosts(named: &[String]) -> Result<Vec<HostPattern>, Problem> {
    let read = |host: &String| host.parse().map_err(|error| Problem::Unfit(format!("{host:?} is no host: {error}")));
    named.iter().map(read).collect()
}

fn take(call: &Call, _: Nothing, Taking { seen, allow }: Taking) -> Result<Taken, Problem> {
    let allow = allow.as_deref().map(hosts).transpose()?;
    Ok(Taken { runs: plugins::taken(&call.desk, &call.caller(), &seen, allow.as_deref())? })
}

fn give_up(call: &Call, _: Nothing, _: Nothing) -> Result<Nothing, Problem> {
    plugins::drop_offer(&call.desk);
    Ok(Nothing {})
}

/// What a plugin may reach from now on.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Granting {
    /// The digest of exactly the file that was seen.
    seen: String,
    /// The hosts, of those that it asks for.
    hosts: Vec<String>,
}

fn grant(call: &Call, Named { id }: Named, Granting { seen, hosts: named }: Granting) -> Result<Nothing, Problem> {
    plugins::granted(&call.desk.app.owner, &call.caller(), &id, (&hosts(&named)?, &seen))?;
    Ok(Nothing {})
}

fn resume(call: &Call, Named { id }: Named, _: Nothing) -> Result<Nothing, Problem> {
    plugins::resumed(&call.desk.app.owner, &call.caller(), &id)?;
    Ok(Nothing {})
}

fn remove(call: &Call, Named { id }: Named, _: Nothing) -> Result<Nothing, Problem> {
    plugins::removed(&call.desk.app.owner, &call.caller(), &id)?;
    Ok(Nothing {})
}

/// Which file.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Which {
    /// The digest of exactly the file that was seen.
    seen: String,
}

fn check(call: &Call, Named { id }: Named, Which { seen }: Which) -> Result<Nothing, Problem> {
    plugins::check_of(&call.desk, &call.caller(), &id, &seen)?;
    Ok(Nothing {})
}
