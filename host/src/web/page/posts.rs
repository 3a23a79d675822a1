//! 信息: everything heard, newest first, the search in it, and what it can be narrowed to.

use std::sync::Arc;

use askama::Template;
use caifeng_plugin_host::contract::Kind;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use url::form_urlencoded;

use super::post::PostView;
use super::{Frame, Rendered, Room, Visit, category, fault, state, tight};
use crate::incident::{Category, State};
use crate::search::kept::{KeptSearch, LONGEST_NAME};
use crate::search::wanted::Wanted;
use crate::store::model::{Figures, PostRowId, WatchRow};
use crate::store::{CategoryFilter, Fresh, FullDay, PostQuery};
use crate::user::right::Act;
use crate::web::lang::{Lang, grouped};
use crate::web::mark::line;
use crate::web::when::Clockface;
use crate::web::{Choices, Found, PostsQuery};

/// Days of full topics that are told.
const FULL: usize = 5;
/// Kept searches that stand above the list; the others are on their own page.
const KEPT: usize = 12;

/// What an address of this page asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PostsAsked {
    /// What is looked for.
    pub(crate) wanted: Wanted,
    before: Option<PostRowId>,
}

impl PostsAsked {
    /// Reads a query; `None` when it makes no sense.
    pub(crate) fn of(query: &str) -> Option<Self> {
        let wanted = Wanted::of(query)?;
        let before = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == "before").last();
        let before = before.map(|(_, value)| value.into_owned()).filter(|value| !value.is_empty());
        Some(Self { wanted, before: before.map(|before| before.parse()).transpose().ok()? })
    }

    /// The question to the store; days begin in `zone`.
    pub(crate) fn query(&self, zone: &TimeZone, limit: Option<usize>) -> PostsQuery {
        let mut query = asked_of(&self.wanted, zone);
        (query.list.limit, query.list.before) = (limit, self.before);
        query
    }

    fn address(&self, before: Option<PostRowId>) -> String {
        let before = before.map(|row| format!("before={row}"));
        let wanted = Some(self.wanted.to_string()).filter(|wanted| !wanted.is_empty());
        let query: Vec<String> = wanted.into_iter().chain(before).collect();
        if query.is_empty() { "/posts".to_owned() } else { format!("/posts?{}", query.join("&")) }
    }
}

/// What is asked of the store for what is wanted; days begin in `zone`.
pub(crate) fn asked_of(wanted: &Wanted, zone: &TimeZone) -> PostsQuery {
    let start = |day: Date| day.to_zoned(zone.clone()).ok().map(|at| at.timestamp().as_second());
    let given = |text: &String| (!text.is_empty()).then(|| text.clone());
    let list = PostQuery {
        since: wanted.from.and_then(start),
        until: wanted.to.and_then(|day| start(day.tomorrow().ok()?)),
        topic: given(&wanted.topic),
        site: given(&wanted.site),
        kind: wanted.kind,
        category: wanted.category,
        level: given(&wanted.level),
        state: wanted.state,
        ..PostQuery::default()
    };
    PostsQuery { search: given(&wanted.words), list }
}

/// Where the posts of a kept search stand.
pub(crate) fn place_of(wanted: &Wanted) -> String {
    PostsAsked { wanted: wanted.clone(), before: None }.address(None)
}

/// A kept search, and how much of it is new to whoever has it, where that was counted.
#[derive(Clone, Debug)]
pub(crate) struct KeptRow {
    /// The search.
    pub(crate) search: KeptSearch,
    /// What is new.
    pub(crate) fresh: Option<Fresh>,
}

/// What the page is made of.
#[derive(Clone, Debug, Default)]
pub(crate) struct PostsRows {
    /// The figures.
    pub(crate) figures: Figures,
    /// All watches, for the coverage line.
    pub(crate) watches: Arc<[WatchRow]>,
    /// What it can be narrowed to.
    pub(crate) choices: Choices,
    /// Days on which topics were full, the newest first.
    pub(crate) full: Vec<FullDay>,
    /// What was asked for.
    pub(crate) asked: PostsAsked,
    /// What was found.
    pub(crate) found: Found,
    /// The searches that the visitor has.
    pub(crate) kept: Vec<KeptRow>,
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
    /// Each field that narrows, with the address without it.
    active: Vec<(String, String)>,
    kept: Vec<KeptView>,
    /// What is kept or taken away: the query of the address.
    of: String,
    /// What it could be called.
    name: String,
    /// It can be kept.
    may_keep: bool,
    may_take: bool,
    forms: [(&'static str, String); 3],
}

/// A kept search, told.
pub(super) struct KeptView {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) here: bool,
    /// How much of it is new.
    pub(super) fresh: Option<String>,
}

impl KeptView {
    pub(super) fn new(row: &KeptRow, here: Option<&Wanted>, lang: Lang) -> Self {
        let fresh = row.fresh.filter(|fresh| fresh.posts > 0).map(|fresh| {
            let (posts, more) = (fresh.posts, fresh.more);
            if more { lang.with("searches.fresh-more", &[("n", &posts)]) } else { lang.count("searches.fresh", posts) }
        });
        let (id, name) = (row.search.id, line(&row.search.name, 40));
        Self { id, name, here: here == Some(&row.search.wanted), fresh }
    }
}

/// The page.
pub(crate) fn posts(visit: &Visit, rows: &PostsRows) -> Rendered {
    let lang = visit.lang;
    let frame = Frame::new(visit, Room::Posts, lang.t("posts.title"), rows.figures, &rows.watches);
    let (asked, found) = (&rows.asked, &rows.found);
    let day = |day: Option<Date>| day.map_or_else(String::new, |day| day.to_string());
    let view = |(row, hits): &(_, Vec<_>)| PostView::new(row, &frame.face, lang, None).found(row, hits);
    let wanted = &asked.wanted;
    let menus = menus(lang, wanted, &rows.choices);
    let right = found.wrong.is_none();
    PostsPage {
        active: active(lang, wanted, &menus),
        menus,
        kept: rows.kept.iter().take(KEPT).map(|row| KeptView::new(row, Some(wanted), lang)).collect(),
        of: wanted.to_string(),
        name: wanted.words.chars().take(LONGEST_NAME).collect(),
        may_keep: right && !wanted.is_all() && visit.may(Act::KeepSearches),
        may_take: right && !found.posts.is_empty() && visit.may(Act::ExportEvidence),
        forms: [
            ("xlsx", lang.t("listing.form-xlsx")),
            ("csv", lang.t("listing.form-csv")),
            ("jsonl", lang.t("listing.form-jsonl")),
        ],
        level: wanted.level.clone(),
        from: day(wanted.from),
        to: day(wanted.to),
        narrowed: wanted.is_narrowed(),
        full: rows.full.iter().take(FULL).map(|day| full(lang, &frame.face, day)).collect(),
        note: note(lang, rows),
        wrong: found.wrong.as_ref().map(|wrong| fault::sentence(lang, wrong)),
        posts: found.posts.iter().map(view).collect(),
        empty: empty(lang, rows),
        newer: asked.before.is_some(),
        first: asked.address(None),
        older: found.next.map(|next| asked.address(Some(next))),
        live: *asked == PostsAsked::default(),
        search: wanted.words.clone(),
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
    match (rows.asked.wanted.words.as_str(), rows.asked.wanted.is_narrowed()) {
        ("", false) => lang.count("count.posts-all", rows.figures.posts),
        ("", true) => lang.t("search.narrowed"),
        (words, _) => lang.with("search.results", &[("words", &line(words, 40))]),
    }
}

/// What is said where nothing is shown.
fn empty(lang: Lang, rows: &PostsRows) -> Vec<String> {
    let plain = rows.asked.wanted.is_all();
    match rows.found.next {
        _ if plain => vec![lang.t("posts.none"), lang.t("incidents.none-step")],
        // Few posts are what was asked for, and a page looks at so many and no more.
        Some(_) => vec![lang.t("search.none-yet"), lang.t("search.none-yet-step")],
        None if rows.asked.before.is_some() => vec![lang.t("search.none-older")],
        None => vec![lang.t("search.none"), lang.count("search.none-note", rows.figures.posts)],
    }
}

/// Each field that narrows the list, as a link that leads to the list without it.
fn active(lang: Lang, wanted: &Wanted, menus: &[Menu]) -> Vec<(String, String)> {
    let fields = wanted.fields().into_iter().filter(|(name, _)| *name != "q");
    let told = |(field, value): (&str, String)| {
        let menu = menus.iter().find(|menu| menu.id == field);
        let chosen = menu.and_then(|menu| menu.choices.iter().find(|choice| choice.value == value));
        let label = match field {
            "level" => lang.t("search.level"),
            "from" => lang.t("sweeps.from"),
            "to" => lang.t("sweeps.to"),
            _ => menu.map_or_else(String::new, |menu| menu.label.clone()),
        };
        let value = chosen.map_or_else(|| line(&value, 40), |choice| choice.name.clone());
        (lang.with("search.active", &[("field", &label), ("value", &value)]), place_of(&wanted.without(field)))
    };
    fields.map(told).collect()
}

fn menus(lang: Lang, asked: &Wanted, choices: &Choices) -> Vec<Menu> {
    let named = |names: &[String], here: &str| {
        let mut names = names.to_vec();
        // What an address asks for is shown, also when nobody has heard of it.
        if !here.is_empty() && !names.iter().any(|name| name == here) {
            names.push(here.to_owned());
        }
        names.into_iter().map(|name| (name.clone(), name)).collect()
    };
    let mut categories: Vec<_> =
        Category::ALL.map(|c| (CategoryFilter::Only(c).as_str().to_owned(), category(lang, c))).to_vec();
    categories.push((CategoryFilter::Without.as_str().to_owned(), lang.t("category.none")));
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
            Kind::ALL.map(|k| (k.as_str().to_owned(), lang.kind(k))).to_vec(),
        ),
        menu("category", "search.category", asked.category.as_str(), categories),
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
        let query = asked.query(&TimeZone::UTC, Some(7));
        assert_eq!((query.list.since, query.list.until), (Some(1_782_864_000), Some(1_783_036_800)), "whole days");
        assert_eq!((query.list.limit, query.list.before), (Some(7), Some(-5)));
        assert_eq!(PostsAsked::of("q=&topic=+&kind=&before="), Some(PostsAsked::default()), "what a form sends");
        assert_eq!(PostsAsked::default().address(None), "/posts");
        assert_eq!(PostsAsked::of("before=1.x"), None);
    }

    #[test]
    fn each_filter_is_a_link_that_takes_it_off() {
        let wanted = Wanted::of("q=停水&kind=comment&site=bbs.example&from=2026-07-01").unwrap();
        let told = active(Lang::En, &wanted, &menus(Lang::En, &wanted, &Choices::default()));
        let words: Vec<&str> = told.iter().map(|(words, _)| words.as_str()).collect();
        assert_eq!(words, ["Site: bbs.example", "Form: comment", "From day: 2026-07-01"]);
        assert!(told.iter().all(|(_, href)| href.contains("q=%E5%81%9C%E6%B0%B4")));
        assert!(!told[0].1.contains("site=") && told[0].1.contains("kind=comment"));
    }

    #[test]
    fn nobody_can_ask_for_an_author() {
        assert_eq!(PostsAsked::of("author=u1&user=u1"), Some(PostsAsked::default()));
    }
}
