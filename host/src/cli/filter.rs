//! The filters that lists of posts share: by time, topic, source, kind, and what became of them.

use caifeng::clock::parse_time;
use caifeng::incident::{Category, State};
use caifeng::store::{CategoryFilter, PostQuery};
use caifeng_plugin_host::contract::{Kind, Timestamp};

/// Which posts are meant. There is no filter by author (design §7).
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct FilterArgs {
    /// Only posts published (else captured) since then: 2026-07-01, RFC 3339 or seconds since 1970
    #[arg(long, value_name = "T", value_parser = parse_time)]
    since: Option<Timestamp>,
    /// Only posts published (else captured) before then
    #[arg(long, value_name = "T", value_parser = parse_time)]
    until: Option<Timestamp>,
    /// Only posts that mention this topic
    #[arg(long, value_name = "NAME")]
    topic: Option<String>,
    /// Only posts that this plugin read
    #[arg(long, value_name = "ID")]
    plugin: Option<String>,
    /// Only posts of this site
    #[arg(long, value_name = "SITE")]
    site: Option<String>,
    /// Only articles, posts, comments or reposts
    #[arg(long, value_name = "KIND", value_parser = kind)]
    kind: Option<Kind>,
    /// Only posts of incidents with this category: problem, emergency, sensitive, suggestion, rumour, or none
    #[arg(long, value_name = "CATEGORY", value_parser = category)]
    category: Option<CategoryFilter>,
    /// Only posts of incidents with this level
    #[arg(long, value_name = "LEVEL")]
    level: Option<String>,
    /// Only posts of incidents in this state: new, handling, watching, closed, dismissed, merged
    #[arg(long, value_name = "STATE", value_parser = state)]
    state: Option<State>,
}

impl FilterArgs {
    /// The query that these filters make.
    pub(crate) fn query(&self) -> PostQuery {
        PostQuery {
            since: self.since,
            until: self.until,
            topic: self.topic.clone(),
            plugin: self.plugin.clone(),
            site: self.site.clone(),
            kind: self.kind,
            category: self.category.unwrap_or_default(),
            level: self.level.clone(),
            state: self.state,
            ..PostQuery::default()
        }
    }
}

fn kind(name: &str) -> Result<Kind, String> {
    Kind::from_name(name).ok_or_else(|| one_of(&Kind::ALL.map(Kind::as_str)))
}

fn category(name: &str) -> Result<CategoryFilter, String> {
    match name {
        "none" => Ok(CategoryFilter::Without),
        _ => Category::from_name(name)
            .map(CategoryFilter::Only)
            .ok_or_else(|| format!("{}, none", one_of(&Category::ALL.map(Category::as_str)))),
    }
}

fn state(name: &str) -> Result<State, String> {
    State::from_name(name).ok_or_else(|| one_of(&State::ALL.map(State::as_str)))
}

fn one_of(names: &[&str]) -> String {
    format!("write one of {}", names.join(", "))
}
