//! From posts to rows: topic, tokens, near-duplicate signature, labels, pseudonym.
//!
//! Everything that can be found out about a post without knowing the other
//! posts happens here, on the caller's thread; what needs the others (versions,
//! grouping) happens in the store's writer. Posts that are stored already and
//! have not changed are dropped first, before any work is done on them.

mod voices;

pub use voices::{VoiceError, Voices};

use std::collections::HashMap;
use std::sync::Arc;

use caifeng_plugin_host::classifier::Classifier;
use caifeng_plugin_host::contract::{Author, Label, Post, Reactions, Settings, Timestamp};
use caifeng_plugin_host::engine::CallError;
use caifeng_plugin_host::manifest::{Manifest, SettingError};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::current::Current;
use crate::incident::ballot::Weight;
use crate::plugins::oversight::Oversight;
use crate::store::model::{Batch, LabelBy, Prepared};
use crate::store::{Novelty, Reader, StoreError};
use crate::text::links::links;
use crate::text::near::Signatures;
use crate::text::telling::Telling;
use crate::text::tokens::Tokeniser;
use crate::topic::Topics;

/// Turns names into pseudonyms, so that no private person's name is stored.
///
/// HMAC-SHA256 of plugin, site and the author's id, cut to 8 bytes: the same
/// author on the same site has the same pseudonym, and without the key nobody
/// can find out which author that is.
#[derive(Clone)]
pub struct Pseudonyms(Hmac<Sha256>);

impl std::fmt::Debug for Pseudonyms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pseudonyms(..)")
    }
}

impl Pseudonyms {
    /// With the key of this data directory.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "HMAC takes a key of any length")]
    pub fn new(key: &[u8; 32]) -> Self {
        #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
        Self(Hmac::new_from_slice(key).expect("any key length"))
    }

    /// The pseudonym of an author of a site: 16 hexadecimal digits.
    #[must_use]
    pub fn of(&self, plugin: &str, site: &str, author: &Author) -> String {
        let identity = if author.id.is_empty() { &author.name } else { &author.id };
        let mut mac = self.0.clone();
        for part in [plugin, site, identity] {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        mac.finalize().into_bytes()[..8].iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// What each label of a manifest speaks of.
pub(crate) fn groups(manifest: &Manifest) -> HashMap<String, String> {
    manifest.labels.iter().map(|label| (label.name.clone(), label.group.as_str().to_owned())).collect()
}

/// Posts of one page that a classifier may fail on before it is left alone: each failure may take its whole time limit.
const FAULTS: usize = 4;

/// A classifier with what its manifest says about its labels.
#[derive(Clone, Debug)]
pub struct Voice {
    /// `id@version`, shown beside each suggestion.
    pub by: String,
    /// Group of each label: `category`, `level`, `sentiment`, `urgency`.
    pub groups: HashMap<String, String>,
    /// What it is called with.
    pub settings: Settings,
    /// What it counts among others.
    pub weight: Weight,
    /// The plugin.
    pub classifier: Classifier,
    /// Who sees its calls; `None` where it is only tried.
    pub oversight: Option<Oversight>,
}

impl Voice {
    /// With the settings that the operator has given, which the manifest completes.
    ///
    /// # Errors
    /// A setting that the manifest does not know or does not find: the operator must act.
    pub fn new(classifier: Classifier, given: &Settings, weight: Weight) -> Result<Self, SettingError> {
        let manifest = classifier.manifest();
        let by = format!("{}@{}", manifest.id, manifest.version);
        let groups = groups(manifest);
        let settings = manifest.settings(given)?;
        Ok(Self { by, groups, settings, weight, classifier, oversight: None })
    }

    /// Whether the plugin takes its settings: it is called without a post.
    ///
    /// # Errors
    /// Why it does not; [`Failure::Unsupported`](caifeng_plugin_host::contract::Failure) when the operator must act.
    pub fn tried(&self) -> Result<(), CallError> {
        self.classifier.classify(&self.settings, &[]).outcome.map(drop)
    }

    /// Labels of every post of a batch. A post that the plugin fails on costs the others nothing: the batch is
    /// halved until that post stands alone. After [`FAULTS`] the rest of the batch goes without.
    fn opinions(&self, batch: &[Post], errors: &mut Vec<String>) -> Vec<Vec<Label>> {
        if batch.is_empty() || errors.len() >= FAULTS {
            return vec![Vec::new(); batch.len()];
        }
        let called = self.classifier.classify(&self.settings, batch);
        let artifact = self.classifier.artifact();
        if let Some(oversight) = &self.oversight {
            oversight.count(artifact, "classify", &called);
        }
        match called.outcome {
            Ok(opinions) => opinions,
            Err(error) if batch.len() == 1 => {
                if let Some(oversight) = &self.oversight {
                    oversight.note_fault(artifact, &batch[0].url, &error);
                }
                errors.push(error.to_string());
                vec![Vec::new()]
            }
            Err(_) => {
                let (first, second) = batch.split_at(batch.len() / 2);
                let mut opinions = self.opinions(first, errors);
                opinions.extend(self.opinions(second, errors));
                opinions
            }
        }
    }

    /// Whether it was at fault so often that nobody asks it.
    fn rests(&self) -> bool {
        let resting = self.oversight.as_ref().and_then(|oversight| oversight.resting(self.classifier.artifact()));
        resting.inspect(|suspended| tracing::debug!("no labels of {}: {suspended}", self.by)).is_some()
    }

    fn label(&self, label: Label) -> LabelBy {
        let group = self.groups.get(&label.name).cloned().unwrap_or_default();
        LabelBy { by: self.by.clone(), group, weight: self.weight, asked: false, label }
    }
}

/// What all of them say of each post of a batch, and a line for each failure.
#[must_use]
pub fn labelled(voices: &[Voice], batch: &[Post]) -> (Vec<Vec<LabelBy>>, Vec<String>) {
    let mut labels = vec![Vec::new(); batch.len()];
    let mut failures = Vec::new();
    for voice in voices.iter().filter(|voice| !batch.is_empty() && !voice.rests()) {
        let mut errors = Vec::new();
        for (labels, opinion) in labels.iter_mut().zip(voice.opinions(batch, &mut errors)) {
            labels.extend(opinion.into_iter().map(|label| voice.label(label)));
        }
        failures.extend(errors.into_iter().map(|error| format!("{}: {error}", voice.by)));
    }
    (labels, failures)
}

/// The pure stages between a page and the store.
#[derive(Clone)]
pub struct Pipeline {
    /// Which posts are about us; none configured means all are.
    pub topics: Current<Topics>,
    /// Cuts Chinese text into words.
    pub tokeniser: Arc<Tokeniser>,
    /// Who gives opinions.
    pub voices: Voices,
    /// Hides authors.
    pub pseudonyms: Pseudonyms,
}

impl std::fmt::Debug for Pipeline {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pipeline").field("voices", &self.voices).finish_non_exhaustive()
    }
}

/// Where a page's posts came from.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The sweep that heard them.
    pub sweep: Option<i64>,
    /// Plugin id.
    pub plugin: String,
    /// Site key.
    pub site: String,
    /// When they were captured.
    pub captured: Timestamp,
}

/// What the pure stages made of one page.
#[derive(Debug)]
pub struct Understood {
    /// New and changed posts, ready for the store.
    pub batch: Batch,
    /// Posts of which only the reactions changed, by id.
    pub reactions: Vec<(String, Reactions)>,
    /// One line for each classifier that failed: the posts are stored without its labels.
    pub failures: Vec<String>,
}

impl Pipeline {
    /// With the topics and the classifiers that there are now, for good: what begins with them ends with them. Blocks: a
    /// version that was just installed may be compiled.
    #[must_use]
    pub fn held(&self) -> Self {
        Self { topics: self.topics.held(), voices: self.voices.held(), ..self.clone() }
    }

    /// Runs all stages over the posts of one page.
    ///
    /// # Errors
    /// When the store cannot say what it has.
    pub fn understand(&self, reader: &Reader, origin: Origin, mut posts: Vec<Post>) -> Result<Understood, StoreError> {
        let mut novelties = reader.unseen_in(origin.sweep, &origin.plugin, &origin.site, &posts)?.into_iter();
        let mut reactions = Vec::new();
        posts.retain(|post| match novelties.next() {
            Some(Novelty::Known) => false,
            Some(Novelty::Reactions) => {
                reactions.push((post.id.clone(), post.reactions));
                false
            }
            Some(Novelty::New | Novelty::Changed) | None => true,
        });

        let topics: Vec<_> = posts.iter().map(|post| self.mentioned(post)).collect();
        let (labels, failures) = self.classify(&posts, &topics);
        let prepared = posts.into_iter().zip(topics).zip(labels);
        let posts = prepared.map(|((post, topics), labels)| self.prepare(&origin, post, topics, labels)).collect();
        let Origin { sweep, plugin, site, captured } = origin;
        Ok(Understood { batch: Batch { sweep, plugin, site, captured, posts }, reactions, failures })
    }

    /// Prepares one post that a person hands in: it counts as a mention whatever it says, because somebody asks
    /// for it. With a line for each classifier that failed.
    #[must_use]
    pub fn hand_in(&self, origin: &Origin, post: Post) -> (Prepared, Vec<String>) {
        let topics = [Some(self.mentioned(&post).unwrap_or_default())];
        let (mut labels, failures) = self.classify(std::slice::from_ref(&post), &topics);
        let [topics] = topics;
        (self.prepare(origin, post, topics, labels.pop().unwrap_or_default()), failures)
    }

    /// The topics that a post mentions; without topics every post counts.
    fn mentioned(&self, post: &Post) -> Option<Vec<String>> {
        let topics = self.topics.get();
        if topics.is_empty() {
            return Some(Vec::new());
        }
        let matches = topics.matches(post.title.as_deref(), &post.text);
        let names = matches.iter().filter_map(|found| topics.name(found.topic).map(str::to_owned));
        (!matches.is_empty()).then(|| names.collect())
    }

    fn prepare(&self, origin: &Origin, mut post: Post, topics: Option<Vec<String>>, labels: Vec<LabelBy>) -> Prepared {
        if let Some(author) = &mut post.author {
            author.id = self.pseudonyms.of(&origin.plugin, &origin.site, author);
            author.name.clear();
        }
        // Only mentions are grouped.
        let grouped = topics.is_some();
        let cut = self.tokeniser.cut(post.title.as_deref(), &post.text);
        Prepared {
            tokens: cut.tokens(),
            signature: grouped.then(|| Signatures::of(post.title.as_deref(), &post.text)).flatten(),
            telling: if grouped { Telling::of(&cut) } else { Telling::default() },
            links: if grouped { links(&post.url, &post.text) } else { Vec::new() },
            topics,
            labels,
            post,
        }
    }

    /// Labels of every post: classifiers see only the posts that mention a
    /// topic, and never an author.
    fn classify(&self, posts: &[Post], topics: &[Option<Vec<String>>]) -> (Vec<Vec<LabelBy>>, Vec<String>) {
        let mentions: Vec<usize> = (0..posts.len()).filter(|&n| topics[n].is_some()).collect();
        let batch: Vec<Post> = mentions.iter().map(|&n| Post { author: None, ..posts[n].clone() }).collect();
        let (labelled, failures) = labelled(&self.voices.now(), &batch);
        let mut labels = vec![Vec::new(); posts.len()];
        for (n, own) in mentions.into_iter().zip(labelled) {
            labels[n] = own;
        }
        (labels, failures)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pseudonym_is_stable_per_site_and_hides_the_name() {
        let author = Author { id: "u1".into(), name: "张三".into() };
        let hidden = Pseudonyms::new(&[7; 32]);
        let one = hidden.of("feed", "a.example", &author);
        assert_eq!(one.len(), 16);
        assert_eq!(one, hidden.of("feed", "a.example", &Author { name: "改名".into(), ..author.clone() }));
        assert_ne!(one, hidden.of("feed", "b.example", &author), "two sites must not be linkable");
        assert_ne!(one, Pseudonyms::new(&[8; 32]).of("feed", "a.example", &author), "the key must matter");
        assert_ne!(hidden.of("ab", "c", &author), hidden.of("a", "bc", &author), "parts must not run together");
    }
}
