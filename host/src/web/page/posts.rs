//! 信息: everything heard, newest first, the search in it, and what it can be narrowed to.

use askama::Template;
use caifeng_plugin_host::contract::Kind;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use url::form_urlencoded;

use super::post::PostView;
use super::{Frame, Rendered, Room, Visit, category, fault, kind, state, tight};
use crate::incident::{Category, State};
use crate::store::model::{Figures, PostRowId, WatchRow};
use crate::store::{CategoryFilter, FullDay, PostQuery};
use crate::web::lang::{Lang, grouped};
use crate::web::mark::line;
use crate::web::when::Clockface;
use crate::web::{Choices, Found, PostsQuery};

/// Days of full topics that are told.
const FULL: usize = 5;
/// Longest value of an address that is read, in characters.
const LONGEST: usize = 200;

/// What an address of this page asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PostsAsked {
    search: String,
    topic: String,
    site: String,
    level: String,
    kind: Option<Kind>,
    category: CategoryFilter,
    state: Option<State>,
    from: Option<Date>,
    to: Option<Date>,
    before: Option<PostRowId>,
}

impl PostsAsked {
    /// Reads a query; `None` when it makes no sense.
    pub(crate) fn of(query: &str) -> Option<Self> {
        let mut asked = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            // A form sends its empty fields too.
            let value: String = value.trim().chars().take(LONGEST).collect();
            match name.as_ref() {
                _ if value.is_empty() => {}
                "q" => asked.search = value,
                "topic" => asked.topic = value,
                "site" => asked.site = value,
                "level" => asked.level = value,
                "kind" => asked.kind = Some(Kind::from_name(&value)?),
                "category" if value == "none" => asked.category = CategoryFilter::Without,
                "category" => asked.category = CategoryFilter::Only(Category::from_name(&value)?),
                "state" => asked.state = Some(State::from_name(&value)?),
                "from" => asked.from = Some(value.parse().ok()?),
                "to" => asked.to = Some(value.parse().ok()?),
                "before" => asked.before = Some(value.parse().ok()?),
                _ => {}
            }
        }
        Some(asked)
    }

    /// The question to the store; days begin in `zone`.
    pub(crate) fn query(&self, zone: &TimeZone, limit: usize) -> PostsQuery {
        let start = |day: Date| day.to_zoned(zone.clone()).ok().map(|at| at.timestamp().as_second());
        let given = |text: &String| (!text.is_empty()).then(|| text.clone());
        let list = PostQuery {
            since: self.from.and_then(start),
            until: self.to.and_then(|day| start(day.tomorrow().ok()?)),
            topic: given(&self.topic),
            site: given(&self.site),
            kind: self.kind,
            category: self.category,
            level: given(&self.level),
            state: self.state,
            limit: Some(limit),
            before: self.before,
            ..PostQuery::default()
        };
        PostsQuery { search: given(&self.search), list }
    }

    /// Whether anything narrows the list but the search.
    fn is_narrowed(&self) -> bool {
        let plain = Self { search: self.search.clone(), before: self.before, ..Self::default() };
        *self != plain
    }

    fn address(&self, before: Option<PostRowId>) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let mut add = |name: &str, value: &str| {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        };
        let day = |day: Option<Date>| day.map_or_else(String::new, |day| day.to_string());
        add("q", &self.search);
        add("topic", &self.topic);
        add("site", &self.site);
        add("kind", self.kind.map_or("", Kind::as_str));
        add("category", category_name(self.category));
        add("level", &self.level);
        add("state", self.state.map_or("", State::as_str));
        add("from", &day(self.from));
        add("to", &day(self.to));
        add("before", &before.map_or_else(String::new, |row| row.to_string()));
        let query = query.finish();
        if query.is_empty() { "/posts".to_owned() } else { format!("/posts?{query}") }
    }
}

fn category_name(filter: CategoryFilter) -> &'static str {
    match filter {
        CategoryFilter::Any => "",
        CategoryFilter::Without => "none",
        CategoryFilter::Only(category) => category.as_str(),
    }
}

/// What the page is made of.
#[derive(Clone, Debug, Default)]
pub(crate) struct PostsRows {
    /// The figures.
    pub(crate) figures: Figures,
    /// All watches, for the coverage line.
    pub(crate) watches: Vec<WatchRow>,
    /// What it can be narrowed to.
    pub(crate) choices: Choices,
    /// Days on which topics were full, the newest first.
    pub(crate) full: Vec<FullDay>,
    /// What was asked for.
    pub(crate) asked: PostsAsked,
    /// What was found.
    pub(crate) found: Found,
}

/// A line of a list to choose from.
struct Choice {
    value: String,
    name: String,
    here: bool,
}

/// A list to choose from.
struct Menu {
    id: &'static str,
    label: String,
    choices: Vec<Choice>,
}

#[derive(Template)]
#[template(path = "posts.html")]
struct PostsPage {
    frame: Frame,
    search: String,
    menus: Vec<Menu>,
    level: String,
    from: String,
    to: String,
    narrowed: bool,
    full: Vec<String>,
    note: String,
    wrong: Option<String>,
    posts: Vec<PostView>,
    empty: Vec<String>,
    newer: bool,
    first: String,
    older: Option<String>,
    live: bool,
}

/// The page.
pub(crate) fn posts(visit: &Visit, rows: &PostsRows) -> Rendered {
    let lang = visit.lang;
    let frame = Frame::new(visit, Room::Posts, lang.t("posts.title"), rows.figures, &rows.watches);
    let (asked, found) = (&rows.asked, &rows.found);
    let day = |day: Option<Date>| day.map_or_else(String::new, |day| day.to_string());
    let view = |(row, hits): &(_, Vec<_>)| PostView::new(row, &frame.face, lang, None).found(row, hits);
    PostsPage {
        menus: menus(lang, asked, &rows.choices),
        level: asked.level.clone(),
        from: day(asked.from),
        to: day(asked.to),
        narrowed: asked.is_narrowed(),
        full: rows.full.iter().take(FULL).map(|day| full(lang, &frame.face, day)).collect(),
        note: note(lang, rows),
        wrong: found.wrong.as_ref().map(|wrong| fault::sentence(lang, wrong)),
        posts: found.posts.iter().map(view).collect(),
        empty: empty(lang, rows),
        newer: asked.before.is_some(),
        first: asked.address(None),
        older: found.next.map(|next| asked.address(Some(next))),
        live: *asked == PostsAsked::default(),
        search: asked.search.clone(),
        frame,
    }
    .render()
}

/// What the cap of a topic left out of a day.
fn full(lang: Lang, face: &Clockface, day: &FullDay) -> String {
    let (topic, on) = (line(&day.topic, 40), face.day(day.day).words);
    let (taken, over) = (grouped(day.taken), grouped(day.over));
    tight(&lang.with("search.full", &[("topic", &topic), ("day", &on), ("taken", &taken), ("over", &over)]))
}

fn note(lang: Lang, rows: &PostsRows) -> String {
    match (rows.asked.search.as_str(), rows.asked.is_narrowed()) {
        ("", false) => lang.count("count.posts-all", rows.figures.posts),
        ("", true) => lang.t("search.narrowed"),
        (words, _) => lang.with("search.results", &[("words", &line(words, 40))]),
    }
}

/// What is said where nothing is shown.
fn empty(lang: Lang, rows: &PostsRows) -> Vec<String> {
    let plain = rows.asked.search.is_empty() && !rows.asked.is_narrowed();
    match rows.found.next {
        _ if plain => vec![lang.t("posts.none"), lang.t("incidents.none-step")],
        // Few posts are what was asked for, and a page looks at so many and no more.
        Some(_) => vec![lang.t("search.none-yet"), lang.t("search.none-yet-step")],
        None if rows.asked.before.is_some() => vec![lang.t("search.none-older")],
        None => vec![lang.t("search.none"), lang.count("search.none-note", rows.figures.posts)],
    }
}

fn menus(lang: Lang, asked: &PostsAsked, choices: &Choices) -> Vec<Menu> {
    let named = |names: &[String], here: &str| {
        let mut names = names.to_vec();
        // What an address asks for is shown, also when nobody has heard of it.
        if !here.is_empty() && !names.iter().any(|name| name == here) {
            names.push(here.to_owned());
        }
        names.into_iter().map(|name| (name.clone(), name)).collect()
    };
    let mut categories: Vec<_> =
        Category::ALL.map(|c| (category_name(CategoryFilter::Only(c)).to_owned(), category(lang, c))).to_vec();
    categories.push((category_name(CategoryFilter::Without).to_owned(), lang.t("category.none")));
    let menu = |id, label: &str, here: &str, offered: Vec<(String, String)>| {
        let any = (String::new(), lang.t("search.any"));
        let offered = std::iter::once(any).chain(offered);
        let choices =
            offered.map(|(value, name)| Choice { here: value == here, name: line(&name, 40), value }).collect();
        Menu { id, label: lang.t(label), choices }
    };
    vec![
        menu("topic", "search.topic", &asked.topic, named(&choices.topics, &asked.topic)),
        menu("site", "search.site", &asked.site, named(&choices.sites, &asked.site)),
        menu(
            "kind",
            "search.kind",
            asked.kind.map_or("", Kind::as_str),
            Kind::ALL.map(|k| (k.as_str().to_owned(), kind(lang, k))).to_vec(),
        ),
        menu("category", "search.category", category_name(asked.category), categories),
        menu(
            "state",
            "search.state",
            asked.state.map_or("", State::as_str),
            State::ALL.map(|s| (s.as_str().to_owned(), state(lang, s))).to_vec(),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_what_it_asks_for() {
        let full = "q=停水 -招聘&topic=供水&site=bbs.example&kind=comment&category=none&level=Ⅱ&state=watching\
                    &from=2026-07-01&to=2026-07-02&before=-5";
        let asked = PostsAsked::of(full).unwrap();
        let address = asked.address(asked.before);
        assert_eq!(PostsAsked::of(address.split_once('?').unwrap().1), Some(asked.clone()));
        assert!(asked.is_narrowed() && !PostsAsked::of("q=a&before=1").unwrap().is_narrowed());
        let query = asked.query(&TimeZone::UTC, 7);
        assert_eq!((query.list.since, query.list.until), (Some(1_782_864_000), Some(1_783_036_800)), "whole days");
        assert_eq!(PostsAsked::of("q=&topic=+&kind="), Some(PostsAsked::default()), "what a form sends");
        assert_eq!(PostsAsked::default().address(None), "/posts");
    }

    #[test]
    fn an_address_that_makes_no_sense_is_refused() {
        for query in ["kind=tweet", "category=Problem", "state=open", "from=yesterday", "before=1.x"] {
            assert_eq!(PostsAsked::of(query), None, "{query}");
        }
    }

    #[test]
    fn nobody_can_ask_for_an_author() {
        assert_eq!(PostsAsked::of("author=u1&user=u1"), Some(PostsAsked::default()));
    }
}
