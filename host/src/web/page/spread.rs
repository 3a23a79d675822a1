//! How far an incident has gone: in words, and place by place.

use super::link;
use crate::incident::reach::{Place, Reach};
use crate::web::lang::{Lang, grouped};
use crate::web::mark::line;
use crate::web::when::{Clockface, Stamp};

/// Places that are shown at once; the others can be unfolded.
const SHOWN: usize = 12;
/// Places that are listed at all.
const MOST: usize = 200;
/// Media that are named.
const MEDIA: usize = 20;

/// The section.
pub(super) struct SpreadView {
    pub(super) sentences: Vec<String>,
    /// Where the text that is told in most places comes from.
    pub(super) story: Option<String>,
    pub(super) sites: Vec<Site>,
    pub(super) others: Vec<Site>,
    /// What unfolds the others.
    pub(super) more: String,
}

/// How much of an incident one site carries.
pub(super) struct Site {
    pub(super) name: String,
    pub(super) href: Option<String>,
    pub(super) posts: String,
    /// Percent of all.
    pub(super) share: u64,
    pub(super) since: Stamp,
    pub(super) details: String,
}

impl SpreadView {
    pub(super) fn new(reach: &Reach, face: &Clockface, lang: Lang) -> Self {
        let mut sites: Vec<Site> =
            reach.places.iter().take(MOST).map(|place| Site::new(place, reach.posts, face, lang)).collect();
        let others = sites.split_off(sites.len().min(SHOWN));
        Self {
            sentences: sentences(reach, lang),
            story: reach.story.as_ref().and_then(|story| link(&story.url)),
            more: lang.count("spread.more", others.len() as u64),
            sites,
            others,
        }
    }
}

fn sentences(reach: &Reach, lang: Lang) -> Vec<String> {
    let places = lang.count("spread.places", reach.places.len() as u64);
    let mut told = vec![places];
    if let Some(story) = &reach.story {
        let (copies, posts) = (grouped(reach.copies), grouped(reach.posts));
        told.push(lang.with("spread.copies", &[("copies", &copies), ("posts", &posts)]));
        let places = lang.count("spread.widest", story.places);
        told.push(places);
    }
    if !reach.media.is_empty() {
        let named: Vec<String> = reach.media.iter().take(MEDIA).map(|medium| line(medium, 40)).collect();
        told.push(lang.with("spread.media", &[("media", &lang.list(&named))]));
    }
    told.extend(reach.views.map(|views| lang.count("spread.views-all", views)));
    told
}

impl Site {
    fn new(place: &Place, all: u64, face: &Clockface, lang: Lang) -> Self {
        let copies = (place.copies > 0).then(|| lang.count("spread.site-copies", place.copies));
        let views = place.views.map(|views| lang.count("spread.views", views));
        let details: Vec<String> = copies.into_iter().chain(views).collect();
        Self {
            name: line(&place.site, 60),
            href: link(&place.url),
            posts: grouped(place.posts),
            share: place.posts * 100 / all.max(1),
            since: face.stamp(place.since),
            details: lang.list(&details),
        }
    }
}
