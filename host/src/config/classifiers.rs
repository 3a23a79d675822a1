//! `[classifiers.ID]`: what the operator makes of a plugin that labels posts.
//!
//! ```toml
//! [classifiers.triage]
//! weight = 0.5                      # how much its word counts among others; 1 unless said otherwise
//!
//! [classifiers.rules]
//! files = { rules = "rules.toml" }  # a setting whose value is a file beside caifeng.toml
//! ```
//!
//! A classifier that is installed takes part whether or not it is named here; one that asks a service only if it is.
//!
//! ```toml
//! [classifiers.model]
//! settings = { endpoint = "http://127.0.0.1:11434/v1/chat/completions", model = "qwen2.5:7b" }
//! budget = { requests = 500, bytes = "8MiB", minutes = 60 }   # a day
//! ```

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use caifeng_plugin_host::artifact::PluginKind;
use caifeng_plugin_host::contract::Settings;
use caifeng_plugin_host::engine::Engine;
use caifeng_plugin_host::manifest::Manifest;
use serde::{Deserialize, Serialize};

use super::reading::{Reading, bounded};
use super::suggest::{did_you_mean, listed};
use crate::asking::Service;
use crate::asking::budget::Budget;
use crate::fetch::guard::{Policy, check_url};
use crate::incident::ballot::Weight;
use crate::ingest::Voice;
use crate::plugins::{PluginError, Registry};

/// Largest file that becomes a setting, in bytes: every batch of posts is handed a copy.
const LARGEST: usize = 256 << 10;

/// With what a plugin's refusal of its settings begins.
const UNSUPPORTED: &str = "unsupported: ";

/// A classifier as it is written in the file.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClassifierConfig {
    /// How much its word counts among others, from 0 to 10; 0: its labels are shown and do not count.
    #[serde(skip_serializing_if = "Weight::is_usual")]
    pub weight: Weight,
    /// Settings that the plugin's manifest declares.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, String>,
    /// Settings whose values are files, by their paths from `caifeng.toml`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, PathBuf>,
    /// What asking may cost a day, for a plugin that asks a service.
    #[serde(skip_serializing_if = "Budget::is_usual")]
    pub budget: Budget,
    /// Where those files lie, and what they say.
    #[serde(skip)]
    read: BTreeMap<String, (PathBuf, String)>,
}

impl ClassifierConfig {
    /// What the operator has set, files included.
    #[must_use]
    pub fn settings(&self) -> Settings {
        let files = self.read.iter().map(|(name, (_, text))| (name, text));
        self.settings.iter().chain(files).map(|(name, value)| (name.clone(), value.clone())).collect()
    }
}

/// A line of a refusal: where in which setting, and what is wrong there.
#[derive(Debug, PartialEq, Eq)]
struct Place<'a> {
    setting: &'a str,
    at: (usize, usize),
    message: &'a str,
}

impl<'a> Place<'a> {
    /// `SETTING:LINE:COLUMN: message`, as a plugin writes it that refuses a setting of several lines.
    fn read(line: &'a str) -> Option<Self> {
        let (place, message) = line.split_once(": ")?;
        let (place, column) = place.rsplit_once(':')?;
        let (setting, row) = place.rsplit_once(':')?;
        Some(Self { setting, at: (row.parse().ok()?, column.parse().ok()?), message })
    }
}

impl Reading {
    /// Reads the files that become settings; `folder` is that of the main file.
    pub(super) fn setting_files(&mut self, folder: &Path) {
        let mut classifiers = std::mem::take(&mut self.config.classifiers);
        for (id, classifier) in &mut classifiers {
            for (name, file) in classifier.files.clone() {
                if classifier.settings.contains_key(&name) {
                    let message = format!("setting {name:?} is given twice: remove it from settings or from files");
                    self.classifier_problem(id, &["files", &name], message);
                }
                let path = folder.join(&file);
                match text_of(&path) {
                    Ok(text) => {
                        self.keep(&path, text.clone());
                        classifier.read.insert(name, (path, text));
                    }
                    Err(why) => {
                        let message = format!("{}: cannot be read: {why}", path.display());
                        self.classifier_problem(id, &["files", &name], message);
                    }
                }
            }
        }
        self.config.classifiers = classifiers;
    }

    /// Checks `[classifiers]` against the plugins that are installed, and asks each of them whether its settings
    /// are in order.
    pub fn check_classifiers(&mut self, registry: &Registry, engine: &Engine) {
        let classifiers = std::mem::take(&mut self.config.classifiers);
        let installed: Vec<String> = registry.classifiers().into_iter().chain(registry.askers()).collect();
        for (id, classifier) in &classifiers {
            match registry.find(id) {
                Err(PluginError::Missing { .. }) => {
                    let known = installed.iter().map(String::as_str);
                    let hint = did_you_mean(id, known.clone());
                    let message = format!("no classifier {id:?} is installed{hint} (installed: {})", listed(known));
                    self.classifier_problem(id, &[], message);
                }
                Err(error) => self.classifier_problem(id, &[], error.to_string()),
                Ok((_, artifact)) if artifact.kind() == PluginKind::Source => {
                    let message = format!("plugin {id:?} reads a site and classifies nothing");
                    self.classifier_problem(id, &[], message);
                }
                Ok((_, artifact)) => {
                    if self.check_named(id, classifier, artifact.manifest()) {
                        self.check_settings_of(id, classifier, registry, engine);
                    }
                }
            }
        }
        self.config.classifiers = classifiers;
        self.sort();
    }

    /// Whether every setting that is given is one, and could be read.
    fn check_named(&mut self, id: &str, classifier: &ClassifierConfig, manifest: &Manifest) -> bool {
        let declared = || manifest.settings.iter().map(|setting| setting.name.as_str());
        let given = classifier.settings.keys().map(|name| ("settings", name));
        let mut known = true;
        for (key, name) in given.chain(classifier.files.keys().map(|name| ("files", name))) {
            if !declared().any(|setting| setting == name) {
                known = false;
                let hint = did_you_mean(name, declared());
                let message = format!("plugin {id:?} has no setting {name:?}{hint} (it has: {})", listed(declared()));
                self.classifier_problem(id, &[key, name], message);
            }
        }
        // What could not be read is told already.
        known && classifier.files.len() == classifier.read.len()
    }

    fn check_settings_of(&mut self, id: &str, classifier: &ClassifierConfig, registry: &Registry, engine: &Engine) {
        let given = classifier.settings();
        let refused = if registry.askers().iter().any(|asker| asker == id) {
            let policy = Policy { private: self.config.network.private_pairs() };
            let service = registry.asker(id, engine).map_err(|error| error.to_string()).and_then(|asker| {
                Service::new(asker, &given, classifier.weight, classifier.budget).map_err(|error| error.to_string())
            });
            let reached =
                |service: Service| check_url(service.endpoint(), &policy, None).map_err(|error| error.to_string());
            service.and_then(reached).err()
        } else {
            let loaded = registry.classifier(id, engine).map_err(|error| error.to_string());
            let voice = loaded
                .and_then(|loaded| Voice::new(loaded, &given, classifier.weight).map_err(|error| error.to_string()));
            voice.and_then(|voice| voice.tried().map_err(|error| error.to_string())).err()
        };
        if let Some(why) = refused {
            self.refused(id, classifier, why.strip_prefix(UNSUPPORTED).unwrap_or(&why));
        }
    }

    /// Each line of a plugin's refusal, in the file and at the place that it names.
    fn refused(&mut self, id: &str, classifier: &ClassifierConfig, why: &str) {
        for line in why.lines() {
            let place = Place::read(line);
            let file = place.as_ref().and_then(|place| classifier.read.get(place.setting));
            match (place, file) {
                (Some(Place { at, message, .. }), Some((path, _))) => self.problem_at(path, at, message.to_owned()),
                (Some(Place { setting, at: (row, column), message }), None) => {
                    let message = format!("line {row}, column {column}: {message}");
                    self.classifier_problem(id, &["settings", setting], message);
                }
                (None, _) => self.classifier_problem(id, &["settings"], line.to_owned()),
            }
        }
    }

    fn classifier_problem(&mut self, id: &str, keys: &[&str], message: String) {
        let spot = self.files[0].spot.key("classifiers").key(id);
        let offset = keys.iter().fold(spot, |spot, key| spot.key(key)).name();
        self.problem(0, offset, message);
    }
}

/// The text of a file that becomes a setting, or why there is none.
fn text_of(path: &Path) -> Result<String, String> {
    let bytes = bounded(path).map_err(|error| error.to_string())?;
    if bytes.len() > LARGEST {
        return Err(format!("{} bytes, limit {LARGEST}", bytes.len()));
    }
    let text = String::from_utf8(bytes).map_err(|_| "it is not UTF-8: save the file as UTF-8".to_owned())?;
    Ok(text.strip_prefix('\u{feff}').map_or_else(|| text.clone(), str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn a_weight_is_a_number_within_bounds() {
        let read = |text: &str| Config::parse(text, Path::new("caifeng.toml"));
        let config = read("[classifiers.triage]\nweight = 2\n[classifiers.rules]\nweight = 0.5\n").unwrap();
        let weight = |id: &str| f64::from(config.classifiers[id].weight);
        assert_eq!((weight("triage"), weight("rules")), (2.0, 0.5));
        let wrong = read("[classifiers.triage]\nweight = 11\n").unwrap_err().to_string();
        assert!(wrong.starts_with("caifeng.toml:2:10: ") && wrong.contains("from 0 to 10"), "{wrong}");
        let wrong = read("[classifiers.triage]\nwieght = 1\n").unwrap_err().to_string();
        assert!(wrong.contains("did you mean `weight`?"), "{wrong}");
    }

    #[test]
    fn a_setting_may_be_a_file() {
        let temp = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &[u8]| std::fs::write(temp.path().join(name), text).unwrap();
        write("caifeng.toml", b"[classifiers.rules]\nfiles = { rules = \"rules.toml\" }\n");
        let path = temp.path().join("caifeng.toml");
        let missing = Config::read(&path).unwrap_err().to_string();
        assert!(missing.contains("caifeng.toml:2:11: ") && missing.contains("rules.toml: cannot be read"), "{missing}");
        write("rules.toml", "\u{feff}# 规则".as_bytes());
        let config = Config::read(&path).unwrap();
        assert_eq!(config.classifiers["rules"].settings(), [("rules".to_owned(), "# 规则".to_owned())]);
        assert!(!config.to_toml().unwrap().contains("# 规则"), "what is printed is what was written");
        write("rules.toml", &vec![b'#'; LARGEST + 1]);
        assert!(Config::read(&path).unwrap_err().to_string().contains("limit 262144"));
        write(
            "caifeng.toml",
            b"[classifiers.rules]\nfiles = { rules = \"rules.toml\" }\nsettings = { rules = \"\" }\n",
        );
        assert!(Config::read(&path).unwrap_err().to_string().contains("given twice"));
    }

    #[test]
    fn a_refusal_names_its_place() {
        let place = Place { setting: "rules", at: (3, 12), message: "no such label: x" };
        assert_eq!(Place::read("rules:3:12: no such label: x"), Some(place));
        for line in ["no such label", "rules: x", "rules:3: x", "rules:a:b: x", ""] {
            assert_eq!(Place::read(line), None, "{line}");
        }
    }
}
