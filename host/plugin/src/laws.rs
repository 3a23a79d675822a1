//! The laws that every plugin keeps, as a score card.
//!
//! A plugin is a pure function that is given hostile pages, so what makes a
//! good one can be tried without the network: its fixtures are played, played
//! again, and damaged, and what it says is held against these laws.
//!
//! | law | what is tried |
//! | --- | --- |
//! | contract | the file exports one interface of the contract, with its types, and imports nothing |
//! | manifest | `plugin.toml` is right, and each target's example starts a crawl |
//! | expectations | each fixture answers what its `expect.json` says |
//! | determinism | two fresh instances give the same answer for the same instructions, and an instance that has answered others the same answer again; a classifier says the same of a post alone and in any company |
//! | closure | every request lies within `network.allow` (an asker's is its endpoint), names a declared step, and leaves identity to the host; a phrase stays a phrase; nothing is followed beyond `crawl.since`, and not the same for a crawl that has all of a dated page (a warning) |
//! | termination | every call ends in an answer, also without a context, and eight times the page costs no more than three times as much a byte |
//! | posts | ids, addresses and times are what the contract says; words and times are the same whenever the page is read; no two pages have different posts under one id. Warnings: times that stay the same at a site in another zone though the page names none, two posts or more of the second of the fetch, a number as id that the page does not have, more elements that could not be read than a sweep takes without doubt ([`unread`](crate::unread)), fewer told of than `expected` |
//! | coverage | each step reads posts or requests from some fixture; each label is given in some fixture, and a classifier's not to every post |
//! | damage | see below |
//! | labels | declared, each once a post, with scores between 0 and 1 and evidence that the post holds |
//! | age | a fixture older than a year may show a site that is gone (a warning) |
//!
//! # Damage
//!
//! Each page is damaged in fixed ways, always the same. The plugin must not
//! trap, must not be *silent*, and must not *invent*. A page is silent when it
//! has no posts, no requests and no line in `skipped`: it would be taken for a
//! quiet site. What is an invention depends on the damage:
//!
//! | damage | an invented post is | and the plugin must |
//! | --- | --- | --- |
//! | emptied, blank; a page or a value without content in its place | any | say `blocked` or `unexpected` |
//! | a login or captcha page in its place | any | say `blocked` or `unexpected` |
//! | "not found" in its place, with that status | any | say so, or `gone` |
//! | cut, every second time inside a number | one whose id the whole page does not have | not be silent, if the whole page was not |
//! | elements of one kind in another order | one whose id the whole page does not have, or is that of another's place | likewise |
//! | classes or JSON keys with other names | one whose id the whole page does not have, or that has lost its words | likewise |
//! | lines in another order | one with a new id and a word that the page does not hold, or without a word | likewise |
//! | links to the site's host, relative ones, and those that it follows, that lead to another host | not looked at | ask nothing of that other |
//! | brackets, blanks or quotes without end behind it | not looked at | answer |
//! | another fixture's body | one that neither page has, by id or by title and text | not be silent about a page of another step that lists posts |
//!
//! So an id that was cut is an invention and a post that was cut is not; lines
//! that were mixed may make mixed posts but not new words; and the page of
//! another board of the same site may be read as what it is. A failure is
//! always an honest answer to damage, if it is `blocked` or `unexpected` or what
//! the whole page was answered with: nothing is `gone` because its page is
//! broken. A classifier must label emptied posts with nothing, and refuse none
//! that is cut, mixed, repeated or under another's title. An asker is damaged from both sides: posts as a
//! classifier's, of which it asks nothing where there are no words, and answers as a source's pages, of which it must
//! say `blocked` or `unexpected` where they are emptied or another page stands in their place. Whatever an answer says,
//! nothing is said of a post but declared labels with the post's own words, and no label moves to the post that an answer names.
//!
//! What this gave up: it cannot see that a right id has a wrong text, nor that a
//! plugin reads only what its author has recorded.
//!
//! The sandbox is metered: limits are instructions and not time, so that a score
//! is the same on every machine.

mod across;
mod asking;
mod call;
mod card;
mod classifying;
mod crawling;
mod damage;
mod elements;
mod identity;
mod judge;
mod links;
mod moved;
mod phrase;
mod shape;
mod since;
mod zone;

pub use card::{Finding, Law, Score, ScoreCard, Verdict};

use crate::artifact::{Artifact, ArtifactError, PluginKind};
use crate::contract::Timestamp;
use crate::engine::{CompiledCache, Engine, EngineConfig, EngineError};
use crate::fixture::{Fixture, Listed, difference};
use crate::loaded::Loaded;
use call::Case;
use card::Ledger;

/// After this a fixture may no longer show what the site is like.
const OLD: Timestamp = 365 * 86_400;

/// Tries plugins. Cheap to use for many, one after the other.
#[derive(Debug)]
pub struct Laws {
    engine: Engine,
}

impl Laws {
    /// A metered sandbox, with compiled code kept in `cache`.
    ///
    /// # Errors
    /// If the machine cannot run plugins.
    pub fn new(cache: Option<CompiledCache>) -> Result<Self, EngineError> {
        let engine = Engine::new(EngineConfig { instances: 4, cache, metered: true, ..EngineConfig::default() })?;
        Ok(Self { engine })
    }

    /// Holds a file against every law. `today` tells how old fixtures are.
    #[must_use]
    pub fn check(&self, file: &[u8], fixtures: &[Listed], today: Timestamp) -> ScoreCard {
        let mut ledger = Ledger::default();
        let artifact = match Artifact::read(file) {
            Ok(artifact) => artifact,
            Err(error) => {
                use ArtifactError::{Manifest, Manifests, NoManifest, Unsuited};
                let manifest = matches!(error, Manifest(_) | Manifests | NoManifest | Unsuited { .. });
                if manifest {
                    ledger.tried(Law::Contract, "imports nothing");
                }
                ledger.fail(if manifest { Law::Manifest } else { Law::Contract }, None, "the file", error.to_string());
                return ledger.card(None, fixtures.len());
            }
        };
        let plugin = match Loaded::load(&self.engine, &artifact) {
            Ok(plugin) => plugin,
            Err(error) => {
                ledger.fail(Law::Contract, None, "the file", error.to_string());
                return ledger.card(Some(&artifact), fixtures.len());
            }
        };
        ledger.tried(Law::Contract, format!("contract {}, imports nothing", artifact.contract()));
        let cases = cases(&mut ledger, &plugin, fixtures);
        match &plugin {
            Loaded::Source(source) => crawling::check(&mut ledger, source, &cases),
            Loaded::Classifier(classifier) => classifying::check(&mut ledger, classifier, &cases),
            Loaded::Asker(asker) => asking::check(&mut ledger, asker, &cases),
        }
        age(&mut ledger, &cases, today);
        ledger.card(Some(&artifact), fixtures.len())
    }
}

impl Law {
    /// Whether the law is about plugins of this kind.
    #[must_use]
    pub fn concerns(self, kind: PluginKind) -> bool {
        match self {
            Self::Closure => kind != PluginKind::Classifier,
            Self::Posts => kind == PluginKind::Source,
            Self::Labels => kind != PluginKind::Source,
            _ => true,
        }
    }
}

/// The fixtures that can be played, played once; the others and those that
/// answer otherwise break the law of expectations.
fn cases(ledger: &mut Ledger, plugin: &Loaded, fixtures: &[Listed]) -> Vec<Case> {
    let mut cases = Vec::new();
    for (dir, fixture) in fixtures {
        let name = dir.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let played = fixture.as_ref().map_err(ToString::to_string).and_then(|fixture| {
            let call = fixture.suited(plugin.manifest()).map_err(|error| error.to_string())?;
            let ran = fixture.run(plugin).map_err(|error| error.to_string())?;
            Ok((fixture, call, ran))
        });
        match played {
            Ok((fixture, call, ran)) => {
                ledger.calls += 1;
                match &ran.outcome {
                    Ok(answer) => expectations(ledger, fixture, answer),
                    Err(trap) => {
                        ledger.fail(Law::Expectations, Some(&name), "the answer", format!("no answer: {trap}"));
                    }
                }
                cases.push(Case { name, call, expect: fixture.expect.clone() });
            }
            Err(problem) => ledger.fail(Law::Expectations, Some(&name), "the fixture", problem),
        }
    }
    ledger.tried(Law::Expectations, format!("{} fixtures", fixtures.len()));
    if fixtures.is_empty() {
        ledger.fail(Law::Expectations, None, "the plugin", "no fixtures: a plugin is judged by what it reads");
    }
    cases
}

fn expectations(ledger: &mut Ledger, fixture: &Fixture, answer: &crate::fixture::Answer) {
    let Some(expected) = &fixture.expect else {
        let problem = "no expect.json: `caifeng plugin test --accept` writes it";
        return ledger.fail(Law::Expectations, Some(&fixture.name), "the answer", problem);
    };
    for line in difference(expected, answer, fixture.call.utc_offset()) {
        ledger.fail(Law::Expectations, Some(&fixture.name), "the answer", line);
    }
}

fn age(ledger: &mut Ledger, cases: &[Case], today: Timestamp) {
    let dated = cases.iter().filter_map(|case| Some((case, case.call.crawl()?.now)));
    let mut oldest: Option<i64> = None;
    for (case, now) in dated {
        let days = today.saturating_sub(now) / 86_400;
        oldest = Some(oldest.unwrap_or(days).max(days));
        if today.saturating_sub(now) > OLD {
            let problem = format!("{days} days old: record it again, the site may have changed");
            ledger.warn(Law::Age, Some(&case.name), "crawl.now", problem);
        }
    }
    let summary =
        oldest.map_or_else(|| "no dates".to_owned(), |days| format!("the oldest is {} days old", days.max(0)));
    ledger.tried(Law::Age, summary);
}
