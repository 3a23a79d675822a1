//! What goes into the store and what comes out of it.

use caifeng_plugin_host::contract::{Kind, Label, Post, Reactions, Target, Timestamp};
use caifeng_plugin_host::manifest::LabelGroup;
use serde::{Deserialize, Serialize};

use crate::incident::ballot::{Ballot, Said, Weight};
use crate::incident::{Category, IncidentId, State};
use crate::store::{Caller, Evidence};
use crate::text::near::Signatures;
use crate::text::telling::Telling;
use crate::warning::Stage;
use crate::watch::{Sweep, Watch};

/// Key of a stored post: publication time (else capture time) in the high bits,
/// so that row order is time order; see `store::rowid`.
pub type PostRowId = i64;

/// One response's worth of new or changed posts on their way into the store.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The sweep that heard them; `None` when a person handed them in.
    pub sweep: Option<i64>,
    /// Plugin id, first part of a post's key.
    pub plugin: String,
    /// Site key, second part; from [`Watch::site_key`].
    pub site: String,
    /// When they were captured.
    pub captured: Timestamp,
    /// What to store, in the order of the page.
    pub posts: Vec<Prepared>,
}

impl Batch {
    /// Whether both come from one sweep, plugin and site.
    pub(crate) fn is_of_the_same(&self, other: &Self) -> bool {
        (self.sweep, &self.plugin, &self.site) == (other.sweep, &other.plugin, &other.site)
    }
}

/// What one response brought.
#[derive(Clone, Debug)]
pub struct Heard {
    /// Its new and changed posts.
    pub batch: Batch,
    /// Posts that are otherwise as stored, by id, with their counts as of now.
    pub reactions: Vec<(String, Reactions)>,
    /// What was captured since the response before it, which is on disk already.
    pub evidence: Evidence,
}

impl From<Batch> for Heard {
    fn from(batch: Batch) -> Self {
        Self { batch, reactions: Vec::new(), evidence: Evidence::default() }
    }
}

/// A post with everything that pure stages and classifiers found out about it.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The post. Its author's `id` and `name` have been replaced by a pseudonym.
    pub post: Post,
    /// Search tokens of title and text, separated by spaces.
    pub tokens: String,
    /// MinHash signatures; `None` when the text is too short to compare, or nothing is grouped by it.
    pub signature: Option<Signatures>,
    /// What sets it apart from other posts; nothing when nothing is grouped by it.
    pub telling: Telling,
    /// Addresses that identify what the post is about: its own and those in its text.
    pub links: Vec<String>,
    /// `None`: mentions no topic, is only stored. `Some`: the topics it
    /// mentions; empty when no topics are configured and every post counts.
    pub topics: Option<Vec<String>>,
    /// What classifiers said.
    pub labels: Vec<LabelBy>,
}

/// A label and the plugin that gave it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LabelBy {
    /// Plugin id and version, for example `triage@0.1.0`.
    pub by: String,
    /// What the label speaks of: `category`, `level`, `sentiment`, `urgency`.
    pub group: String,
    /// What the plugin counted among others when it said so.
    #[serde(default, skip_serializing_if = "Weight::is_usual")]
    pub weight: Weight,
    /// The plugin asked a service: it is a machine model's suggestion, and marked as one wherever it is shown.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub asked: bool,
    /// The opinion.
    #[serde(flatten)]
    pub label: Label,
}

impl LabelBy {
    /// Whether it says that a post belongs to a category.
    #[must_use]
    pub fn says(&self, category: Category) -> bool {
        self.group == LabelGroup::Category.as_str() && Category::from_name(&self.label.name) == Some(category)
    }

    /// The votes that labels of one post come to; those of an unknown group are none.
    #[must_use]
    pub fn ballot(labels: &[Self]) -> Ballot {
        let said = labels.iter().filter_map(|l| {
            let group = LabelGroup::from_name(&l.group)?;
            let Label { name, score, evidence } = &l.label;
            Some(Said { by: &l.by, group, name, score: *score, weight: l.weight, asked: l.asked, evidence })
        });
        Ballot::of(&said.collect::<Vec<_>>())
    }
}

/// What a committed batch did. When this is returned, everything is on disk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ingested {
    /// Posts not in the store before.
    pub new: u64,
    /// Posts of which a new version was stored.
    pub changed: u64,
    /// New or changed posts that mention a topic.
    pub matched: u64,
    /// New or changed posts that would, were not all of their topics full for that day.
    #[serde(default)]
    pub over: u64,
    /// Incidents opened by this batch.
    pub opened: Vec<IncidentId>,
    /// Incidents that posts of this batch joined (without those opened).
    pub joined: Vec<IncidentId>,
}

impl std::ops::AddAssign for Ingested {
    fn add_assign(&mut self, other: Self) {
        let Self { new, changed, matched, over, opened, joined } = other;
        self.new += new;
        self.changed += changed;
        self.matched += matched;
        self.over += over;
        self.opened.extend(opened);
        self.joined.extend(joined);
    }
}

impl Ingested {
    /// Names each incident once: as opened, or else as joined.
    pub(crate) fn settle(&mut self) {
        for list in [&mut self.opened, &mut self.joined] {
            list.sort_unstable();
            list.dedup();
        }
        self.joined.retain(|id| self.opened.binary_search(id).is_err());
    }
}

/// A post that a person hands in.
#[derive(Clone, Debug)]
pub struct Submission {
    /// Plugin id, first part of the post's key.
    pub plugin: String,
    /// Site key, second part.
    pub site: String,
    /// When it was handed in: clocks start here.
    pub at: Timestamp,
    /// The post; its topics are never `None`, because somebody asks for it.
    pub prepared: Prepared,
    /// What the person said with it.
    pub note: Option<String>,
    /// Who.
    pub by: Caller,
}

/// What became of a submission. When this is returned, everything is on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// The incident that the post belongs to.
    pub incident: IncidentId,
    /// The submission opened it.
    pub opened: bool,
    /// The post was not stored before.
    pub new: bool,
}

/// A stored post as pages and commands show it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PostRow {
    /// Row key.
    #[serde(skip)]
    pub row: PostRowId,
    /// Source plugin.
    pub plugin: String,
    /// Site key.
    pub site: String,
    /// The site's own identifier.
    pub id: String,
    /// Form of utterance.
    pub kind: Kind,
    /// Where a person can read it.
    pub url: String,
    /// Headline.
    pub title: Option<String>,
    /// Plain text.
    pub text: String,
    /// Pseudonym of the author.
    pub author: Option<String>,
    /// Origin that an article names.
    pub publisher: Option<String>,
    /// When it was published, as the site tells it.
    pub published: Option<Timestamp>,
    /// `published` is a day without a time.
    pub day_only: bool,
    /// When it was first captured.
    pub captured: Timestamp,
    /// 1 for the first version.
    pub version: u32,
    /// How far it has travelled, as last seen.
    pub reactions: Reactions,
    /// Topics that it mentions.
    pub topics: Vec<String>,
    /// What classifiers said.
    pub labels: Vec<LabelBy>,
    /// The incident it belongs to.
    pub incident: Option<IncidentId>,
    /// Why it joined that incident; `None` for the post that opened it.
    pub why: Option<crate::incident::group::Why>,
    /// When a person first handed it in.
    pub submitted: Option<Timestamp>,
    /// What was said with it, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Why its page could not be read when it was handed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

impl PostRow {
    /// The post as whoever labels it may know it: what it says, and neither who said it nor anything that its site added.
    #[must_use]
    pub fn told(&self) -> Post {
        Post {
            title: self.title.clone(),
            text: self.text.clone(),
            publisher: self.publisher.clone(),
            published: self.published,
            day_only: self.day_only,
            reactions: self.reactions,
            ..Post::new(self.kind, self.id.clone(), self.url.clone())
        }
    }
}

/// An incident as lists show it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct IncidentRow {
    /// Its number.
    pub id: IncidentId,
    /// Title of the post that opened it, or the head of its text.
    pub title: String,
    /// Decided, else suggested category.
    pub category: Option<Category>,
    /// Who says so: a classifier (`triage@0.1.0`) or a role.
    pub category_by: Option<String>,
    /// Level, once decided.
    pub level: Option<String>,
    /// Who owns it: a user's identifier.
    pub owner: Option<String>,
    /// Where it stands.
    pub state: State,
    /// How it grows: the stage of early warning.
    pub stage: Stage,
    /// First sight: the earliest capture of any of its posts.
    pub opened: Timestamp,
    /// Publication (else capture) of its newest post.
    pub latest: Timestamp,
    /// How many posts belong to it.
    pub posts: u64,
    /// From how many sites.
    pub sites: u64,
    /// Only those who decide, its owner and the owner's unit see it.
    pub restricted: bool,
}

impl IncidentRow {
    /// The category that classifiers suggest, while nobody has decided.
    #[must_use]
    pub fn suggested(&self) -> Option<Category> {
        self.category.filter(|_| self.is_suggested())
    }

    /// Whether a category, if there is one, comes from a plugin (`triage@0.1.0`) rather than a role.
    #[must_use]
    pub fn is_suggested(&self) -> bool {
        self.category_by.as_deref().is_none_or(|by| by.contains('@'))
    }
}

/// A watch with its latest sweeps, for health lines.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WatchRow {
    /// The watch.
    pub watch: Watch,
    /// The newest sweep that ended, whatever came of it.
    pub last: Option<Sweep>,
    /// When a sweep last ended without a failure.
    pub heard: Option<Timestamp>,
    /// Failed sweeps in a row since then.
    pub failing: u32,
    /// When it is due next, as the schedule has decided.
    pub due: Option<Timestamp>,
    /// Why it is due then, where the schedule has said so.
    pub why: Option<crate::schedule::Reason>,
    /// The cause of its newest gap that is not closed.
    pub gap: Option<crate::coverage::Cause>,
    /// Paused or refused, and why; the schedule passes it over.
    pub halted: Option<String>,
    /// Posts stored from it.
    pub posts: u64,
}

impl WatchRow {
    /// The target's text, whatever its kind.
    #[must_use]
    pub fn target(&self) -> &str {
        match &self.watch.target {
            Target::Keyword(t) | Target::Account(t) | Target::Listing(t) | Target::Item(t) => t,
        }
    }
}

/// The four figures at the head of the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Figures {
    /// Incidents not closed, dismissed or merged.
    pub open: u64,
    /// Incidents nobody has assessed yet.
    pub new: u64,
    /// Posts stored.
    pub posts: u64,
    /// Of these, posts that mention a topic.
    pub mentions: u64,
}

/// A page that need not be sent again while its site calls it so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownPage {
    /// SHA-256 of the request.
    pub request: [u8; 32],
    /// The site's `ETag`.
    pub etag: Option<String>,
    /// The site's `Last-Modified`.
    pub modified: Option<String>,
}
