//! Incidents and regular reports as Atom (RFC 4287).

use atom_syndication::{Content, Entry, Feed, FixedDateTime, Person, Text};
use caifeng_plugin_host::contract::Timestamp;
use jiff::civil::Date;
use sha2::{Digest as _, Sha256};

use super::category;
use crate::document::Plain;
use crate::hex::hex;
use crate::incident::{Category, IncidentId, State};
use crate::lang::Lang;
use crate::report;

/// What is said of an incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Its number.
    pub id: IncidentId,
    /// The category, once a person has decided it.
    pub category: Option<Category>,
    /// The level likewise.
    pub level: Option<String>,
    /// Where it stands.
    pub state: State,
    /// First sight.
    pub opened: Timestamp,
    /// When something last happened to it, or was last said.
    pub updated: Timestamp,
    /// How many posts belong to it.
    pub posts: u64,
    /// From how many sites.
    pub sites: u64,
}

/// A feed of incidents, those that changed last first.
#[must_use]
pub fn incidents(told: &[Told], organisation: &str, lang: Lang) -> String {
    let updated = told.iter().map(|one| one.updated).max();
    feed(("incidents", "feed.incidents"), updated, organisation, lang, |ours| {
        told.iter().map(|one| entry(one, ours, lang)).collect()
    })
}

/// A regular report that lies on the shelf; what it says is read there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shelved {
    /// Which.
    pub kind: report::Kind,
    /// The first day that it is about.
    pub first: Date,
    /// The last one.
    pub last: Date,
    /// When it was written.
    pub written: Timestamp,
}

/// A feed of regular reports, in the order in which they are handed in.
#[must_use]
pub fn reports(shelved: &[Shelved], organisation: &str, lang: Lang) -> String {
    let updated = shelved.iter().map(|one| one.written).max();
    feed(("reports", "feed.reports"), updated, organisation, lang, |ours| {
        shelved.iter().map(|one| report_entry(one, ours, lang)).collect()
    })
}

fn report_entry(shelved: &Shelved, ours: &str, lang: Lang) -> Entry {
    let Shelved { kind, first, last, written } = shelved;
    let key = if first == last { "feed.report" } else { "feed.report-span" };
    let title = lang.with(key, &[("kind", &kind.name(lang)), ("first", first), ("last", last)]);
    let mut entry = Entry::default();
    entry.set_title(Text::plain(title.clone()));
    entry.set_id(format!("{ours}:report:{}:{first}", kind.as_str()));
    entry.set_published(moment(*written));
    entry.set_updated(moment(*written));
    // An entry without a link must have content (RFC 4287, 4.1.1.1).
    let mut content = Content::default();
    content.set_value(title);
    content.set_content_type("text".to_owned());
    entry.set_content(content);
    entry
}

/// A feed with the last part of its identifier, the key of its title, and the entries that are made with the part before.
fn feed(
    (id, title): (&str, &str),
    updated: Option<Timestamp>,
    organisation: &str,
    lang: Lang,
    entries: impl FnOnce(&str) -> Vec<Entry>,
) -> String {
    let organisation = Plain::of(organisation);
    let name = if organisation.is_empty() { "Caifeng".to_owned() } else { organisation.to_string() };
    // A reader may know the feeds of two organisations: what they tell of has the same numbers.
    let ours = format!("urn:x-caifeng:{}", &hex(&Sha256::digest(&name))[..16]);
    let mut feed = Feed::default();
    feed.set_title(lang.with(title, &[("organisation", &name)]));
    feed.set_id(format!("{ours}:{id}"));
    feed.set_lang(lang.code().to_owned());
    feed.set_updated(moment(updated.unwrap_or_default()));
    feed.set_authors(vec![Person { name, ..Person::default() }]);
    feed.set_entries(entries(&ours));
    feed.to_string()
}

fn entry(told: &Told, ours: &str, lang: Lang) -> Entry {
    let Told { id, level, opened, posts, sites, .. } = told;
    let state = lang.t(match told.state {
        State::New => "state.new",
        State::Handling => "state.handling",
        State::Watching => "state.watching",
        State::Closed => "state.closed",
        State::Dismissed => "state.dismissed",
        State::Merged => "state.merged",
    });
    let (kind, level) =
        (category(lang, told.category), level.as_ref().map_or_else(String::new, |it| format!(" · {it}")));
    let (posts, sites) = (lang.count("count.posts", *posts), lang.count("count.sites", *sites));
    let seen = jiff::Timestamp::from_second(*opened).unwrap_or_default().to_string();
    let mut entry = Entry::default();
    let title =
        lang.with("feed.incident", &[("incident", id), ("category", &kind), ("level", &level), ("state", &state)]);
    entry.set_title(Text::plain(Plain::of(&title).to_string()));
    entry.set_id(format!("{ours}:incident:{id}"));
    entry.set_published(moment(*opened));
    entry.set_updated(moment(told.updated));
    let mut content = Content::default();
    content.set_value(lang.with("feed.told", &[("seen", &seen), ("posts", &posts), ("sites", &sites)]));
    content.set_content_type("text".to_owned());
    entry.set_content(content);
    entry
}

fn moment(at: Timestamp) -> FixedDateTime {
    let text = jiff::Timestamp::from_second(at).unwrap_or_default().to_string();
    text.parse().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use quick_xml::Reader;
    use quick_xml::events::Event;

    use super::*;

    fn told(id: IncidentId) -> Told {
        Told {
            id,
            category: Some(Category::Emergency),
            level: Some("<iv> & \"x\"".into()),
            state: State::Handling,
            opened: 1_782_000_000,
            updated: 1_782_003_600,
            posts: 12,
            sites: 3,
        }
    }

    /// Elements with their text, read by another library than the one that wrote it.
    fn read(text: &str) -> Vec<(String, String)> {
        let (mut reader, mut path, mut found) = (Reader::from_str(text), Vec::new(), Vec::new());
        loop {
            match reader.read_event().unwrap() {
                Event::Start(start) => {
                    path.push(start.name().as_ref().to_owned());
                    found.push((path.join("/"), String::new()));
                }
                Event::End(_) => drop(path.pop()),
                Event::Text(text) => found.iter_mut().last().into_iter().for_each(|(_, words)| words.push_str(&text)),
                Event::GeneralRef(name) => {
                    let name = name.into_inner();
                    found.last_mut().unwrap().1.push_str(quick_xml::escape::resolve_predefined_entity(&name).unwrap());
                }
                Event::Eof => return found,
                _ => {}
            }
        }
    }

    #[test]
    fn an_entry_has_what_the_standard_asks_for_and_no_words_of_a_post() {
        let text = incidents(&[told(5), told(6)], "县城管局 <A&B>", Lang::Zh);
        let found = read(&text);
        let all =
            |path: &str| found.iter().filter(|(at, _)| at == path).map(|(_, text)| text.as_str()).collect::<Vec<_>>();
        assert_eq!(all("feed/title"), ["县城管局 <A&B>：事件"]);
        assert_eq!(all("feed/author/name"), ["县城管局 <A&B>"]);
        assert_eq!(
            all("feed/entry/title"),
            ["事件 5：突发事件类 · <iv> & \"x\" · 处置中", "事件 6：突发事件类 · <iv> & \"x\" · 处置中"]
        );
        assert_eq!(all("feed/entry/updated"), ["2026-06-21T01:00:00+00:00"; 2]);
        assert_eq!(all("feed/updated"), ["2026-06-21T01:00:00+00:00"]);
        assert_eq!(all("feed/entry/content")[0], "首次发现于 2026-06-21T00:00:00Z，12 条信息，3 个站点。");
        let ids = all("feed/entry/id");
        assert!(ids[0].starts_with("urn:x-caifeng:") && ids[0].ends_with(":incident:5") && ids[0] != ids[1], "{ids:?}");
        assert!(
            incidents(&[told(5)], "另一个局", Lang::Zh).contains(":incident:5")
                && !incidents(&[told(5)], "另一个局", Lang::Zh).contains(ids[0])
        );
    }

    #[test]
    fn a_report_is_told_by_kind_and_span_without_its_text() {
        let shelved = |kind, first: &str, last: &str| Shelved {
            kind,
            first: first.parse().unwrap(),
            last: last.parse().unwrap(),
            written: 1_782_003_600,
        };
        let all = [
            shelved(report::Kind::Daily, "2026-06-30", "2026-06-30"),
            shelved(report::Kind::Weekly, "2026-06-22", "2026-06-28"),
        ];
        let found = read(&reports(&all, "县城管局", Lang::Zh));
        let all =
            |path: &str| found.iter().filter(|(at, _)| at == path).map(|(_, text)| text.clone()).collect::<Vec<_>>();
        assert_eq!(all("feed/title"), ["县城管局：报告"]);
        assert_eq!(all("feed/entry/title"), ["网络舆情日报（2026-06-30）", "网络舆情周报（2026-06-22 至 2026-06-28）"]);
        assert_eq!(all("feed/entry/updated"), ["2026-06-21T01:00:00+00:00"; 2]);
        assert!(all("feed/entry/id")[1].ends_with(":report:weekly:2026-06-22"));
    }

    #[test]
    fn nothing_to_tell_is_a_feed_too() {
        assert!(read(&incidents(&[], "", Lang::En)).contains(&("feed/author/name".to_owned(), "Caifeng".to_owned())));
    }
}
