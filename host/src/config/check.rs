//! The configuration held against what is installed: plugins, their manifests, grants.
//!
//! The daemon starts with a watch whose plugin is missing, and shows it as a gap that is tried again, since a
//! plugin may come back; a person who asks whether the configuration is right wants to hear
//! it beforehand, with a line and a column.

use std::path::Path;

use caifeng_plugin_host::artifact::{Artifact, PluginKind};
use caifeng_plugin_host::manifest::{Manifest, TargetKind};

use super::reading::{Reading, bounded};
use super::suggest::{did_you_mean, listed};
use super::{Config, TargetConfig, WatchConfig};
use crate::grant::Grants;
use crate::plugins::{Origin, PluginError, Registry};
use crate::topic::{TopicConfig, TopicError, Topics};
use crate::watch::Watch;

impl TargetConfig {
    /// The kind that a manifest calls it.
    pub(crate) const fn target_kind(&self) -> TargetKind {
        match self {
            Self::Keyword(_) => TargetKind::Keyword,
            Self::Account(_) => TargetKind::Account,
            Self::Listing(_) => TargetKind::Listing,
            Self::Item(_) => TargetKind::Item,
        }
    }
}

impl Config {
    /// As [`watches`](Self::watches), where an account is registered also when its registration writes it in another
    /// form that its plugin knows.
    #[must_use]
    pub fn watches_for(&self, registry: &Registry, now: i64) -> Vec<Watch> {
        let mut watches = self.watches(now);
        for (watch, written) in watches.iter_mut().zip(&self.watches) {
            if watch.registered.is_none()
                && let Ok((_, artifact)) = registry.find(&watch.plugin)
            {
                watch.registered = written.registered_as(&self.accounts, artifact.manifest());
            }
        }
        watches
    }
}

impl Reading {
    /// Checks topics, watches and grants against the plugins that are installed; `grants` need not exist.
    pub fn check_against(&mut self, registry: &Registry, grants: &Path) {
        self.check_topics();
        let granted = self.read_grants(registry, grants);
        let ids: Vec<String> = sources(registry);
        let watches = std::mem::take(&mut self.config.watches);
        for (number, watch) in watches.iter().enumerate() {
            match registry.find(&watch.plugin) {
                Err(PluginError::Missing { .. }) => {
                    let known = ids.iter().map(String::as_str);
                    let hint = did_you_mean(&watch.plugin, known.clone());
                    let message =
                        format!("no plugin {:?} is installed{hint} (installed: {})", watch.plugin, listed(known));
                    self.watch_problem(number, &["plugin"], message);
                }
                Err(error) => self.watch_problem(number, &["plugin"], error.to_string()),
                Ok((found, artifact)) => self.check_watch(number, watch, artifact, found.origin, granted.as_ref()),
            }
        }
        self.config.watches = watches;
        for number in 0..self.config.accounts.len() {
            self.check_account(number, &ids);
        }
        self.sort();
    }

    fn check_watch(
        &mut self,
        number: usize,
        watch: &WatchConfig,
        artifact: &Artifact,
        origin: Origin,
        grants: Option<&Grants>,
    ) {
        if artifact.kind() != PluginKind::Source {
            let message = format!("plugin {:?} classifies and reads no site: name a source", watch.plugin);
            return self.watch_problem(number, &["plugin"], message);
        }
        let manifest = artifact.manifest();
        self.check_target(number, watch, manifest);
        self.check_registered(number, watch, manifest);
        self.check_settings(number, watch, manifest);
        let Some(grants) = grants else { return };
        let built = watch.watch(0, &self.config.accounts);
        match grants.right(artifact, origin, &built) {
            Err(error) => self.watch_problem(number, &["plugin"], error.to_string()),
            Ok(right) => {
                let target = match &watch.target {
                    TargetConfig::Listing(url) | TargetConfig::Item(url) => Some(("target", url)),
                    TargetConfig::Keyword(_) | TargetConfig::Account(_) => None,
                };
                for (key, address) in target.into_iter().chain(watch.site.as_ref().map(|site| ("site", site))) {
                    if url::Url::parse(address).is_ok_and(|url| !right.covers(&url)) {
                        let hosts: Vec<String> = manifest.network.allow.iter().map(ToString::to_string).collect();
                        let may = listed(hosts.iter().map(String::as_str));
                        let message = format!(
                            "plugin {:?} may not reach {address:?} (it may reach: {may}): write an address within \
                             its grant",
                            watch.plugin
                        );
                        self.watch_problem(number, &[key], message);
                    }
                }
            }
        }
    }

    fn check_target(&mut self, number: usize, watch: &WatchConfig, manifest: &Manifest) {
        let (kind, text) = (watch.target.target_kind(), watch.target.text());
        if manifest.target(kind, text).is_some() {
            return;
        }
        let examples = manifest.targets.iter().map(|rule| {
            let kind = serde_json::to_value(rule.kind).ok().and_then(|kind| kind.as_str().map(str::to_owned));
            format!("{{ {} = {:?} }}", kind.unwrap_or_default(), rule.example)
        });
        let examples: Vec<String> = examples.collect();
        let message = format!(
            "plugin {:?} does not observe {} {text:?}: write a target such as {}",
            watch.plugin,
            watch.target.kind(),
            listed(examples.iter().map(String::as_str))
        );
        self.watch_problem(number, &["target"], message);
    }

    fn check_registered(&mut self, number: usize, watch: &WatchConfig, manifest: &Manifest) {
        if let TargetConfig::Account(id) = &watch.target
            && watch.registered_as(&self.config.accounts, manifest).is_none()
        {
            let (key, message) = watch.unregistered(id);
            self.watch_problem(number, &[key], message);
        }
    }

    fn check_settings(&mut self, number: usize, watch: &WatchConfig, manifest: &Manifest) {
        let declared = || manifest.settings.iter().map(|setting| setting.name.as_str());
        let mut known = Vec::new();
        for (name, value) in &watch.settings {
            if declared().any(|declared| declared == name) {
                known.push((name.clone(), value.clone()));
            } else {
                let hint = did_you_mean(name, declared());
                let message =
                    format!("plugin {:?} has no setting {name:?}{hint} (it has: {})", watch.plugin, listed(declared()));
                self.watch_key_problem(number, &["settings", name], message);
            }
        }
        // One at a time, so that each is told.
        for setting in &manifest.settings {
            let alone: Vec<_> = known.iter().filter(|(name, _)| *name == setting.name).cloned().collect();
            let only = Manifest { settings: vec![setting.clone()], ..manifest.clone() };
            if let Err(error) = only.settings(&alone) {
                self.watch_key_problem(number, &["settings", &setting.name], error.to_string());
            }
        }
    }

    fn check_account(&mut self, number: usize, ids: &[String]) {
        let plugin = self.config.accounts[number].plugin.clone();
        if ids.contains(&plugin) || plugin.trim().is_empty() {
            return;
        }
        let known = ids.iter().map(String::as_str);
        let hint = did_you_mean(&plugin, known.clone());
        let message = format!("no plugin {plugin:?} is installed{hint} (installed: {})", listed(known));
        let offset = self.files[0].spot.key("account").index(number).key("plugin").value();
        self.problem(0, offset, message);
    }

    fn check_topics(&mut self) {
        let names = self.config.names();
        let topics = self.config.topics.clone();
        for (number, topic) in topics.iter().enumerate() {
            let twice = topics[..number].iter().any(|other| other.name == topic.name);
            let wrong = Topics::compile(std::slice::from_ref(topic), &names).err();
            let wrong = wrong.or_else(|| twice.then(|| TopicError::Name(topic.name.clone())));
            if let Some(error) = wrong {
                let offset = self.topic_offset(number, topic, &error);
                self.problem(0, offset, error.to_string());
            }
        }
        // Each may be small enough and all together too large.
        if self.problems().is_empty()
            && let Err(error) = Topics::compile(&topics, &names)
        {
            self.problem(0, self.files[0].spot.key("topic").value(), error.to_string());
        }
    }

    /// Where the term stands that an error names, else the topic.
    fn topic_offset(&self, number: usize, topic: &TopicConfig, error: &TopicError) -> usize {
        let spot = self.files[0].spot.key("topic").index(number);
        let term = match error {
            TopicError::Name(_) => return spot.key("name").value(),
            TopicError::Query { .. } => return spot.key("query").value(),
            TopicError::Term { term, .. } => term,
            TopicError::Contradiction { .. } => return spot.key("not").value(),
            TopicError::Nothing { .. } | TopicError::TooLarge(_) | TopicError::Patterns(_) => return spot.value(),
        };
        let lists = [("must", &topic.must), ("any", &topic.any), ("not", &topic.not)];
        let found = lists.into_iter().find_map(|(key, terms)| {
            let index = terms.iter().position(|written| written.trim() == term.trim())?;
            Some(spot.key(key).index(index).value())
        });
        found.unwrap_or_else(|| spot.value())
    }

    fn read_grants(&mut self, registry: &Registry, path: &Path) -> Option<Grants> {
        let bytes = match bounded(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Some(Grants::default()),
            Err(error) => {
                self.unreadable(path, &error);
                return None;
            }
        };
        let grants = self.take::<Grants>(path, bytes)?;
        let file = self.files.len() - 1;
        for (index, plugin) in grants.plugins().enumerate() {
            if let Err(PluginError::Missing { .. }) = registry.find(plugin) {
                let ids: Vec<String> = sources(registry);
                let known = ids.iter().map(String::as_str);
                let hint = did_you_mean(plugin, known.clone());
                let message = format!("no plugin {plugin:?} is installed{hint} (installed: {})", listed(known));
                let offset = self.files[file].spot.key("grant").index(index).key("plugin").value();
                self.problem(file, offset, message);
            }
        }
        Some(grants)
    }
}

/// Ids of all sources that are in order.
fn sources(registry: &Registry) -> Vec<String> {
    let artifacts = registry.all().iter().filter_map(|found| found.artifact.as_ref().ok());
    let mut ids: Vec<String> =
        artifacts.filter(|a| a.kind() == PluginKind::Source).map(|a| a.manifest().id.clone()).collect();
    ids.sort();
    ids.dedup();
    ids
}
