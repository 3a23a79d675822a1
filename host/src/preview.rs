//! What a watch would read, before there is one: a real look at the site, under the host's own rules.
//!
//! The daemon's own fetcher asks: allow-list and grant, guard, robots.txt, and the pace of a host that a sweep is at. There are
//! no credentials, and nothing is stored. Where nobody says which plugin reads what was pasted, those that
//! [fit](crate::fitting) are tried one after the other until one reads posts; each may ask for a few pages only.

use std::time::Duration;

use caifeng_plugin_host::artifact::{Artifact, PluginKind};
use caifeng_plugin_host::contract::{Crawl, Post, Target};
use caifeng_plugin_host::manifest::TargetKind;
use caifeng_plugin_host::source::Source;
use tokio::time::timeout;

use crate::config::TargetConfig;
use crate::control::{Owner, Refusal};
use crate::crawl::Limits;
use crate::fitting::{Fit, fitting};
use crate::plugins::{Found, Registry};
use crate::store::Caller;
use crate::sweep::{When, blocking};
use crate::trial::{Event, Trial};

/// Plugins that are tried where nobody says which.
const TRIED: usize = 4;
/// Pages that each may ask for.
const PAGES: usize = 3;
/// Longest that a person waits for all of it.
const PATIENCE: Duration = Duration::from_secs(60);
/// Posts that are shown.
const SHOWN: usize = 12;

/// What a person pasted, and what they say of it.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// An address, a phrase or an account.
    pub text: String,
    /// The plugin that shall read it; the one that fits where nothing is said.
    pub plugin: Option<String>,
    /// The site, for a phrase or an account at one of many.
    pub site: Option<String>,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Preview {
    /// The plugin that was tried last: the one that read posts, if one did.
    pub fit: Fit,
    /// The target as a configuration writes it.
    pub target: TargetConfig,
    /// Others that fit.
    pub others: Vec<Fit>,
    /// Posts that were read, at most a page of them.
    pub posts: Vec<Post>,
    /// How many there were.
    pub seen: usize,
    /// Addresses that were asked for, with what came of each, the last plugin's.
    pub asked: Vec<Look>,
    /// What the host turned away or the limits left out.
    pub left_out: Vec<String>,
}

/// A page that was asked for.
#[derive(Clone, Debug)]
pub struct Look {
    /// Where.
    pub url: String,
    /// Posts, or why there are none.
    pub outcome: Result<usize, String>,
}

/// The sources that are in order, an installed one in place of the shipped one of the same id.
pub fn sources(registry: &Registry) -> impl Iterator<Item = (&Found, &Artifact)> {
    let artifacts = registry.all().iter().filter_map(|found| found.artifact.as_ref().ok());
    let mut ids: Vec<&str> = artifacts
        .filter(|artifact| artifact.kind() == PluginKind::Source)
        .map(|artifact| artifact.manifest().id.as_str())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    ids.into_iter().filter_map(|id| registry.find(id).ok())
}

/// What fits what was pasted.
///
/// # Errors
/// Nothing does, or not the plugin that was named.
pub fn fits(registry: &Registry, wish: &Wish) -> Result<Vec<Fit>, Refusal> {
    let all = fitting(sources(registry).map(|(_, artifact)| artifact.manifest().as_ref()), &wish.text);
    let Some(named) = &wish.plugin else {
        return if all.is_empty() {
            let what = "no plugin reads this: paste the address of a page with http:// or https://, or a phrase";
            Err(Refusal::Usage(what.to_owned()))
        } else {
            Ok(all)
        };
    };
    let (first, rest): (Vec<Fit>, Vec<Fit>) = all.into_iter().partition(|fit| fit.plugin == *named);
    if first.is_empty() {
        return Err(Refusal::Usage(format!("the plugin {named:?} does not read this: choose another plugin")));
    }
    Ok(first.into_iter().chain(rest).collect())
}

/// A target as the configuration writes it.
#[must_use]
pub fn written(kind: TargetKind, text: &str) -> TargetConfig {
    let text = text.trim().to_owned();
    match kind {
        TargetKind::Keyword => TargetConfig::Keyword(text),
        TargetKind::Account => TargetConfig::Account(text),
        TargetKind::Listing => TargetConfig::Listing(text),
        TargetKind::Item => TargetConfig::Item(text),
    }
}

/// Looks at what was pasted, for whoever keeps watches.
///
/// # Errors
/// Whoever asks may not, or no plugin fits. That nothing was read is no error but what the preview shows.
pub async fn preview(owner: &Owner, caller: Caller, wish: &Wish) -> Result<Preview, Refusal> {
    let (store, now) = (owner.clerk.store.clone(), owner.sweeper.clock.now());
    blocking(move || store.may_one_of(&caller, crate::configuring::KEEPERS, now)).await?;
    let fits = fits(&owner.sweeper.plugins.registry(), wish)?;
    let tried = if wish.plugin.is_some() { 1 } else { TRIED };
    let mut best: Option<Preview> = None;
    let looking = async {
        for fit in fits.iter().take(tried) {
            let preview = look(owner, wish, fit).await?;
            let reads = !preview.posts.is_empty();
            if reads || best.is_none() {
                best = Some(preview);
            }
            if reads {
                break;
            }
        }
        Ok::<(), Refusal>(())
    };
    let in_time = timeout(PATIENCE, looking).await;
    let mut preview = match (in_time, best) {
        (Ok(Err(refusal)), None) => return Err(refusal),
        (_, Some(preview)) => preview,
        (_, None) => {
            let first = fits.first().ok_or_else(|| Refusal::Usage("no plugin reads this".to_owned()))?;
            let slow = "the site did not answer in a minute".to_owned();
            let asked = vec![Look { url: wish.text.clone(), outcome: Err(slow) }];
            Preview { asked, ..empty(first, &wish.text) }
        }
    };
    preview.others = fits.into_iter().filter(|fit| fit.plugin != preview.fit.plugin).collect();
    Ok(preview)
}

fn empty(fit: &Fit, text: &str) -> Preview {
    Preview {
        fit: fit.clone(),
        target: written(fit.kind, text),
        others: Vec::new(),
        posts: Vec::new(),
        seen: 0,
        asked: Vec::new(),
        left_out: Vec::new(),
    }
}

async fn look(owner: &Owner, wish: &Wish, fit: &Fit) -> Result<Preview, Refusal> {
    let sweeper = &owner.sweeper;
    let mut preview = empty(fit, &wish.text);
    let (registry, grants) = sweeper.plugins.now();
    let (found, artifact) = registry.find(&fit.plugin).map_err(|error| Refusal::Usage(error.to_string()))?;
    let Some(target) = artifact.manifest().target(fit.kind, &wish.text) else { return Ok(preview) };
    let site = wish.site.clone().filter(|site| !site.trim().is_empty());
    if fit.needs_site && site.is_none() {
        return Err(Refusal::Usage("say at which site: its address, beside what you look for".to_owned()));
    }
    let settings = artifact.manifest().settings(&Vec::new()).map_err(|error| Refusal::Usage(error.to_string()))?;
    let address = crate::watch::address(site.as_deref(), &target);
    let right = grants.right_at(artifact, found.origin, address);
    let right = right.map_err(|error| Refusal::Refused(error.to_string()))?;
    let source = loaded(owner, &fit.plugin).await?;
    let now = match sweeper.when() {
        When::Live => sweeper.clock.now(),
        When::Recorded { at, .. } => at,
    };
    let utc_offset = owner.setup.organisation.get().utc_offset(now);
    let crawl = Crawl { target: Target::clone(&target), site, settings, since: 0, now, utc_offset };
    let limits = Limits { requests: PAGES, ..Limits::default() };
    let trial = Trial { source: &source, crawl, fetcher: &sweeper.fetcher, limits, right };
    trial.run(&mut |event| preview.take(event)).await;
    Ok(preview)
}

async fn loaded(owner: &Owner, plugin: &str) -> Result<Source, Refusal> {
    let (registry, engine) = (owner.sweeper.plugins.registry(), owner.sweeper.engine.clone());
    let plugin = plugin.to_owned();
    // It may have to be compiled.
    let source = blocking(move || registry.source(&plugin, &engine)).await;
    source.map_err(|error| Refusal::Refused(error.to_string()))
}

impl Preview {
    fn take(&mut self, event: Event) {
        match event {
            Event::Started(Ok(_)) | Event::Asking(_) => {}
            Event::Started(Err(error)) => {
                let url = self.target.text().to_owned();
                self.asked.push(Look { url, outcome: Err(error.to_string()) });
            }
            Event::Unheard(request, error) => {
                self.asked.push(Look { url: request.url, outcome: Err(error.to_string()) });
            }
            Event::Read(exchange) => {
                let url = exchange.request.url;
                match exchange.outcome {
                    Ok(page) => {
                        self.seen += page.posts.len();
                        self.asked.push(Look { url, outcome: Ok(page.posts.len()) });
                        let room = SHOWN.saturating_sub(self.posts.len());
                        self.posts.extend(page.posts.into_iter().take(room));
                    }
                    Err(error) => self.asked.push(Look { url, outcome: Err(error.to_string()) }),
                }
            }
            Event::TurnedAway(line) => self.left_out.push(line),
            Event::LeftOut(left_out) => self.left_out.push(left_out.to_string()),
        }
    }
}
