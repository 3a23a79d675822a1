//! How far a matter has gone: where it is told, by which media, how often it was seen.
//!
//! An agency story in forty places is one story with forty places, and not forty voices. So copies are told
//! apart from posts in words of their own, and of the copies of one text the whole spread is known. Views are a lower
//! bound: most sites do not say.

use std::collections::{BTreeSet, HashMap};

use caifeng_plugin_host::contract::Timestamp;
use serde::Serialize;

/// Media that are named.
const MOST_MEDIA: usize = 200;

/// One post of an incident, as far as reach goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sight {
    /// The site that it was heard on.
    pub site: String,
    /// The medium that it names as its origin.
    pub medium: Option<String>,
    /// Its address.
    pub url: String,
    /// Its publication, else its capture.
    pub at: Timestamp,
    /// How often it was seen, where the site says so.
    pub views: Option<u64>,
    /// The address of the post that it copies.
    pub copy_of: Option<String>,
}

/// How far an incident has gone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Reach {
    /// Its posts.
    pub posts: u64,
    /// Those among them that copy another.
    pub copies: u64,
    /// Views that are known, together; `None` when no site says.
    pub views: Option<u64>,
    /// The text that is told in most places, if any was copied.
    pub story: Option<Story>,
    /// Media that posts name as their origin, in the order of their names.
    pub media: Vec<String>,
    /// Where it is told, the place with the most posts first.
    pub places: Vec<Place>,
}

/// One text and its copies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Story {
    /// Address of the post that the others copy.
    pub url: String,
    /// Posts with this text.
    pub posts: u64,
    /// Places where it is told.
    pub places: u64,
}

/// One site that tells of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Place {
    /// The site.
    pub site: String,
    /// Its posts.
    pub posts: u64,
    /// Those among them that copy another.
    pub copies: u64,
    /// When it first told of it.
    pub since: Timestamp,
    /// Address of that first post.
    pub url: String,
    /// Views that are known, together.
    pub views: Option<u64>,
}

impl Reach {
    /// Counts the posts of one incident, in any order.
    #[must_use]
    pub fn of(sights: &[Sight]) -> Self {
        let media: BTreeSet<&String> = sights.iter().filter_map(|sight| sight.medium.as_ref()).collect();
        Self {
            posts: sights.len() as u64,
            copies: sights.iter().filter(|sight| sight.copy_of.is_some()).count() as u64,
            views: known(sights.iter()),
            story: story(sights),
            media: media.into_iter().take(MOST_MEDIA).cloned().collect(),
            places: places(sights),
        }
    }
}

/// The sum of what is known; counts come from pages and may be anything.
fn known<'a>(sights: impl Iterator<Item = &'a Sight>) -> Option<u64> {
    sights.filter_map(|sight| sight.views).reduce(u64::saturating_add)
}

fn places(sights: &[Sight]) -> Vec<Place> {
    let mut by_site: Vec<&Sight> = sights.iter().collect();
    by_site.sort_by(|a, b| (&a.site, a.at, &a.url).cmp(&(&b.site, b.at, &b.url)));
    let place = |here: &[&Sight]| Place {
        site: here[0].site.clone(),
        posts: here.len() as u64,
        copies: here.iter().filter(|sight| sight.copy_of.is_some()).count() as u64,
        since: here[0].at,
        url: here[0].url.clone(),
        views: known(here.iter().copied()),
    };
    let mut places: Vec<Place> = by_site.chunk_by(|a, b| a.site == b.site).map(place).collect();
    places.sort_by_key(|place| std::cmp::Reverse(place.posts));
    places
}

/// The text with the most places, the most posts, the first address.
fn story(sights: &[Sight]) -> Option<Story> {
    let copies: HashMap<&str, &str> =
        sights.iter().filter_map(|sight| Some((sight.url.as_str(), sight.copy_of.as_deref()?))).collect();
    let mut texts: HashMap<&str, (u64, BTreeSet<&str>)> = HashMap::new();
    for sight in sights {
        let (posts, places) = texts.entry(origin(&copies, &sight.url)).or_default();
        *posts += 1;
        places.insert(&sight.site);
    }
    let copied = texts.into_iter().filter(|(_, (posts, _))| *posts > 1);
    let widest = copied.max_by(|(url, (posts, places)), (other, (others, elsewhere))| {
        (places.len(), posts).cmp(&(elsewhere.len(), others)).then_with(|| other.cmp(url))
    });
    widest.map(|(url, (posts, places))| Story { url: url.to_owned(), posts, places: places.len() as u64 })
}

/// Follows copies to the text that they come from. Two that name each other (a page whose text changed) end it.
fn origin<'a>(copies: &HashMap<&'a str, &'a str>, url: &'a str) -> &'a str {
    let mut at = url;
    for _ in 0..copies.len() {
        match copies.get(at) {
            Some(&earlier) if earlier != url => at = earlier,
            _ => break,
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sight(site: &str, url: &str, at: Timestamp) -> Sight {
        Sight { site: site.into(), url: url.into(), at, ..Sight::default() }
    }

    fn copy(site: &str, url: &str, at: Timestamp, of: &str) -> Sight {
        Sight { copy_of: Some(of.into()), ..sight(site, url, at) }
    }

    #[test]
    fn an_agency_story_in_forty_places_is_one_story() {
        let mut sights = vec![Sight { medium: Some("新华社".into()), ..sight("news.example", "n/1", 5) }];
        for n in 0..39 {
            let of = if n == 0 { "n/1".to_owned() } else { format!("s{}/1", n - 1) };
            sights.push(copy(&format!("s{n}.example"), &format!("s{n}/1"), 10 + n, &of));
        }
        sights.push(Sight { views: Some(7), ..sight("bbs.example", "b/1", 3) });
        sights.push(Sight { views: Some(5), ..sight("bbs.example", "b/2", 2) });
        let reach = Reach::of(&sights);
        assert_eq!(reach.story, Some(Story { url: "n/1".into(), posts: 40, places: 40 }));
        assert_eq!((reach.posts, reach.copies, reach.views, reach.places.len()), (42, 39, Some(12), 41));
        assert_eq!(reach.media, ["新华社"]);
        let bbs = &reach.places[0];
        assert_eq!((bbs.site.as_str(), bbs.posts, bbs.since, bbs.url.as_str()), ("bbs.example", 2, 2, "b/2"));
    }

    #[test]
    fn nobody_copied_is_no_story_and_unknown_views_are_not_none_seen() {
        let reach = Reach::of(&[sight("a.example", "a/1", 1), sight("b.example", "b/1", 2)]);
        assert_eq!((reach.story, reach.views), (None, None));
        assert_eq!(Reach::of(&[]), Reach::default());
        let most = Sight { views: Some(u64::MAX), ..sight("a.example", "a/1", 1) };
        assert_eq!(Reach::of(&[most.clone(), most]).views, Some(u64::MAX));
    }

    #[test]
    fn posts_that_call_each_other_copies_end_somewhere() {
        let reach = Reach::of(&[copy("a", "a/1", 1, "b/1"), copy("b", "b/1", 2, "a/1")]);
        assert_eq!(reach.copies, 2);
    }

    proptest! {
        #[test]
        fn the_order_of_posts_does_not_matter(
            mut sights in prop::collection::vec(("[a-c]", "[a-f]", 0i64..9, prop::option::of("[a-f]")), 0..12), turn in 0usize..12,
        ) {
            // An address is that of one post.
            sights.sort();
            sights.dedup_by(|a, b| a.1 == b.1);
            sights.sort_by(|a, b| a.1.cmp(&b.1));
            sights.dedup_by(|a, b| a.1 == b.1);
            let make = |(site, url, at, of): &(String, String, i64, Option<String>)|
                Sight { copy_of: of.clone().filter(|of| of < url), ..sight(site, url, *at) };
            let mut all: Vec<Sight> = sights.iter().map(make).collect();
            let before = Reach::of(&all);
            let middle = turn.min(all.len());
            all.rotate_left(middle);
            all.reverse();
            prop_assert_eq!(Reach::of(&all), before);
        }
    }
}
