//! Changes to the configuration as a person makes them at a page: text in, text out. Pure.
//!
//! The configuration stays what it was, a file that people read and write; a change touches what it is about and nothing
//! else, so that comments, order and the rest of a colleague's hand stay. A watch is changed where it stands, in the
//! main file or in one of `watches/`; what is new is added to the main file.
//!
//! Nothing here says whether a change is right: whoever applies it reads what came of it again, as `caifeng config check`
//! does.

mod channel;
mod days;
mod hand;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, Value};

pub use channel::with_channel_secrets;
use channel::{channel_at, channels, set_channel};
pub use days::{YearDays, with_year};
use hand::{list, merge, put, set, set_off, table, tables};

use super::{AccountConfig, Reading, WatchConfig};
use crate::notify::channel::Channel;
use crate::retention::Retention;
use crate::topic::TopicConfig;

/// What is to be said differently.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// One more watch; of an account with its registration.
    AddWatch {
        /// The watch.
        watch: WatchConfig,
        /// Whose account it is, and why it is watched.
        account: Option<AccountConfig>,
    },
    /// A watch is this now; its id stays.
    ChangeWatch {
        /// The watch.
        watch: WatchConfig,
        /// What somebody saw: its [`mark`].
        seen: String,
    },
    /// A watch is not swept for the time being, for a reason; without one it is swept again.
    PauseWatch {
        /// Which.
        id: String,
        /// Why.
        why: Option<String>,
    },
    /// A watch is no more.
    RemoveWatch {
        /// Which.
        id: String,
    },
    /// A topic is this now, or is added.
    SetTopic {
        /// What it was called, and its [`mark`]; `None` for a new one.
        was: Option<(String, String)>,
        /// The topic.
        topic: TopicConfig,
    },
    /// Several topics are added, with words that stand for others where nothing is said of them yet.
    AddTopics {
        /// The topics.
        topics: Vec<TopicConfig>,
        /// What `@names` stand for.
        aliases: Vec<(String, Vec<String>)>,
    },
    /// A topic is no more.
    RemoveTopic {
        /// What it is called.
        name: String,
    },
    /// Who is listening.
    Organisation(Calls),
    /// A channel is this now, or is added.
    SetChannel {
        /// Its id and its [`mark`] as somebody saw it; `None` for a new one.
        was: Option<(String, String)>,
        /// The channel.
        channel: Box<Channel>,
    },
    /// A channel is no more.
    RemoveChannel {
        /// Which.
        id: String,
    },
    /// Things are kept so long from now on.
    SetRetention {
        /// What somebody saw: its [`mark`].
        seen: String,
        /// How long.
        retention: Retention,
    },
}

/// How an organisation is called.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calls {
    /// Full name.
    pub name: String,
    /// Other names that people use for it.
    pub aliases: Vec<String>,
    /// Places it answers for.
    pub places: Vec<String>,
    /// Official accounts under which it may answer.
    pub accounts: Vec<String>,
    /// How a site's operator can reach it.
    pub contact: Option<String>,
}

/// Why a change cannot be made; whoever asked for it must look again, or the operator must.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// Somebody else was faster.
    #[error("there is no {what} {name:?} in the configuration any more: look again")]
    Gone {
        /// A watch, a topic.
        what: &'static str,
        /// Which.
        name: String,
    },
    /// Somebody else changed it meanwhile.
    #[error("{name:?} was changed meanwhile: look again, then change it")]
    Outdated {
        /// Which.
        name: String,
    },
    /// It is there already.
    #[error("there is a {what} {name:?} already: give it another name")]
    Twice {
        /// A watch, a topic.
        what: &'static str,
        /// Which.
        name: String,
    },
    /// The file is written in a way that cannot be changed here.
    #[error("{key} stands in one line in the configuration: write it as [[{key}]], then it can be changed here")]
    Inline {
        /// Which key.
        key: &'static str,
    },
    /// The file cannot be read.
    #[error("the configuration cannot be read: {0}")]
    Unreadable(String),
}

/// A file as it shall be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edited {
    /// Which file.
    pub path: PathBuf,
    /// All of it.
    pub text: String,
}

impl Change {
    /// What it is called in the record, and what it is about.
    #[must_use]
    pub fn told(&self) -> (&'static str, &str) {
        match self {
            Self::AddWatch { watch, .. } => ("watch-added", &watch.id),
            Self::ChangeWatch { watch, .. } => ("watch-changed", &watch.id),
            Self::PauseWatch { id, why: Some(_) } => ("watch-paused", id),
            Self::PauseWatch { id, why: None } => ("watch-resumed", id),
            Self::RemoveWatch { id } => ("watch-removed", id),
            Self::SetTopic { was: None, topic } => ("topic-added", &topic.name),
            Self::SetTopic { topic, .. } => ("topic-changed", &topic.name),
            Self::AddTopics { .. } => ("topics-added", ""),
            Self::RemoveTopic { name } => ("topic-removed", name),
            Self::Organisation(calls) => ("organisation", &calls.name),
            Self::SetChannel { was: None, channel } => ("channel-added", &channel.id),
            Self::SetChannel { channel, .. } => ("channel-changed", &channel.id),
            Self::RemoveChannel { id } => ("channel-removed", id),
            Self::SetRetention { .. } => ("retention", ""),
        }
    }
}

/// What tells one state of a watch, a topic or a channel from another: twelve hexadecimal digits.
#[must_use]
pub fn mark(thing: &impl Serialize) -> String {
    let bytes = serde_json::to_vec(thing).unwrap_or_default();
    Sha256::digest(bytes)[..6].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The file that a change alters, as it shall be.
///
/// # Errors
/// What it is about is not as somebody saw it, or the file cannot be changed here.
pub fn edited(reading: &Reading, change: &Change) -> Result<Edited, EditError> {
    match change {
        Change::AddWatch { watch, account } => add_watch(reading, watch, account.as_ref()),
        Change::ChangeWatch { watch, seen } => {
            let old = reading.config.watches.iter().find(|old| old.id == watch.id);
            if old.is_some_and(|old| mark(old) != *seen) {
                return Err(EditError::Outdated { name: watch.id.clone() });
            }
            in_watch(reading, &watch.id, |tables, at| merge(tables.get_mut(at), &table(watch)?))
        }
        Change::PauseWatch { id, why } => in_watch(reading, id, |tables, at| {
            let Some(table) = tables.get_mut(at) else { return Ok(()) };
            match why {
                Some(why) => set(table, "paused", Value::from(why.as_str())),
                None => drop(table.remove("paused")),
            }
            Ok(())
        }),
        Change::RemoveWatch { id } => in_watch(reading, id, |tables, at| {
            tables.remove(at);
            Ok(())
        }),
        Change::SetTopic { was, topic } => set_topic(reading, was.as_ref(), topic),
        Change::AddTopics { topics, aliases } => add_topics(reading, topics, aliases),
        Change::RemoveTopic { name } => {
            let at = position(reading, name)?;
            in_main(reading, |document| {
                tables(document, "topic")?.remove(at);
                Ok(())
            })
        }
        Change::Organisation(calls) => in_main(reading, |document| call(document, calls)),
        Change::SetChannel { was, channel } => set_channel(reading, was.as_ref(), channel),
        Change::RemoveChannel { id } => {
            let at = channel_at(reading, id)?;
            in_main(reading, |document| {
                channels(document)?.remove(at);
                Ok(())
            })
        }
        Change::SetRetention { seen, retention } => {
            if mark(&reading.config.retention) != *seen {
                return Err(EditError::Outdated { name: "retention".to_owned() });
            }
            in_main(reading, |document| {
                let said = table(retention)?;
                let own = document.entry("retention").or_insert(Item::Table(Table::new()));
                let Some(own) = own.as_table_like_mut() else { return Err(EditError::Inline { key: "retention" }) };
                for (key, item) in &said {
                    put(own, key, item.as_value().cloned());
                }
                Ok(())
            })
        }
    }
}

fn add_watch(reading: &Reading, watch: &WatchConfig, account: Option<&AccountConfig>) -> Result<Edited, EditError> {
    if reading.config.watches.iter().any(|other| other.id == watch.id) {
        return Err(EditError::Twice { what: "watch", name: watch.id.clone() });
    }
    in_main(reading, |document| {
        if let Some(account) = account {
            tables(document, "account")?.push(set_off(table(account)?));
        }
        tables(document, "watch")?.push(set_off(table(watch)?));
        Ok(())
    })
}

fn position(reading: &Reading, name: &str) -> Result<usize, EditError> {
    let found = reading.config.topics.iter().position(|topic| topic.name == name);
    found.ok_or_else(|| EditError::Gone { what: "topic", name: name.to_owned() })
}

fn set_topic(reading: &Reading, was: Option<&(String, String)>, topic: &TopicConfig) -> Result<Edited, EditError> {
    let renamed = was.is_none_or(|(name, _)| *name != topic.name);
    if renamed && reading.config.topics.iter().any(|other| other.name == topic.name) {
        return Err(EditError::Twice { what: "topic", name: topic.name.clone() });
    }
    let Some((name, seen)) = was else {
        return in_main(reading, |document| {
            tables(document, "topic")?.push(set_off(table(topic)?));
            Ok(())
        });
    };
    let at = position(reading, name)?;
    if mark(&reading.config.topics[at]) != *seen {
        return Err(EditError::Outdated { name: name.clone() });
    }
    in_main(reading, |document| merge(tables(document, "topic")?.get_mut(at), &table(topic)?))
}

fn add_topics(
    reading: &Reading,
    topics: &[TopicConfig],
    aliases: &[(String, Vec<String>)],
) -> Result<Edited, EditError> {
    in_main(reading, |document| {
        let known = document.entry("aliases").or_insert(Item::Table(Table::new()));
        let Some(known) = known.as_table_like_mut() else { return Err(EditError::Inline { key: "aliases" }) };
        for (name, words) in aliases.iter().filter(|(name, _)| !reading.config.aliases.contains_key(name)) {
            known.insert(name, Item::Value(list(words)));
        }
        if known.is_empty() {
            document.remove("aliases");
        }
        let there = |topic: &&TopicConfig| reading.config.topics.iter().all(|other| other.name != topic.name);
        for topic in topics.iter().filter(there) {
            tables(document, "topic")?.push(set_off(table(topic)?));
        }
        Ok(())
    })
}

fn call(document: &mut DocumentMut, calls: &Calls) -> Result<(), EditError> {
    let own = document.entry("organisation").or_insert(Item::Table(Table::new()));
    let Some(own) = own.as_table_like_mut() else { return Err(EditError::Inline { key: "organisation" }) };
    put(own, "name", Some(Value::from(calls.name.as_str())));
    for (key, words) in [("aliases", &calls.aliases), ("places", &calls.places), ("accounts", &calls.accounts)] {
        put(own, key, (!words.is_empty()).then(|| list(words)));
    }
    put(own, "contact", calls.contact.as_deref().map(Value::from));
    Ok(())
}

/// A document of the file, changed.
fn change(
    reading: &Reading,
    file: usize,
    work: impl FnOnce(&mut DocumentMut) -> Result<(), EditError>,
) -> Result<Edited, EditError> {
    let sheet = reading.files.get(file).ok_or_else(|| EditError::Unreadable("there is no file".to_owned()))?;
    let read = sheet.text.parse::<DocumentMut>();
    let mut document = read.map_err(|error| EditError::Unreadable(error.message().to_owned()))?;
    work(&mut document)?;
    // What stands before the first table of an empty file is nothing to be set off from.
    let text = document.to_string();
    Ok(Edited { path: sheet.path.clone(), text: text.trim_start_matches('\n').to_owned() })
}

fn in_main(
    reading: &Reading,
    work: impl FnOnce(&mut DocumentMut) -> Result<(), EditError>,
) -> Result<Edited, EditError> {
    change(reading, 0, work)
}

/// The tables of the file in which a watch stands, and which of them it is.
fn in_watch(
    reading: &Reading,
    id: &str,
    work: impl FnOnce(&mut ArrayOfTables, usize) -> Result<(), EditError>,
) -> Result<Edited, EditError> {
    let number = reading.config.watches.iter().position(|watch| watch.id == id);
    let origin = number.and_then(|number| reading.origins.get(number).copied());
    let (file, at) = origin.ok_or_else(|| EditError::Gone { what: "watch", name: id.to_owned() })?;
    change(reading, file, |document| work(tables(document, "watch")?, at))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::TargetConfig;
    use super::*;

    const FILE: &str = "# Who we are\n[organisation]\nname = \"甲局\" # in full\n\n# Our sites\n[[watch]]\nid = \"gov\" # never rename\nplugin = \"feed\"\ntarget = { listing = \"https://a.example/feed\" }\n\n[[topic]]\nname = \"水\"\nany = [\"停水\"]\n# The end\n";

    fn reading(text: &str) -> Reading {
        Reading::parse(text, Path::new("caifeng.toml"))
    }

    fn watch(id: &str) -> WatchConfig {
        WatchConfig {
            target: TargetConfig::Listing("https://b.example/".to_owned()),
            ..reading(FILE).config.watches[0].clone().called(id)
        }
    }

    impl WatchConfig {
        fn called(self, id: &str) -> Self {
            Self { id: id.to_owned(), ..self }
        }
    }

    fn after(text: &str, change: &Change) -> String {
        edited(&reading(text), change).unwrap().text
    }

    #[test]
    fn a_watch_is_added_and_everything_else_stays_as_it_is_written() {
        let text = after(FILE, &Change::AddWatch { watch: watch("news"), account: None });
        assert!(
            text.contains(
                "[[watch]]\nid = \"news\"\nplugin = \"feed\"\ntarget = { listing = \"https://b.example/\" }\n"
            ),
            "{text}"
        );
        let kept: Vec<&str> = FILE.lines().filter(|line| !line.is_empty()).collect();
        assert!(kept.iter().all(|line| text.contains(line)), "{text}");
        assert_eq!(reading(&text).problems(), []);
        assert_eq!(reading(&text).config.watches.len(), 2);
        let twice = edited(&reading(&text), &Change::AddWatch { watch: watch("news"), account: None });
        assert!(matches!(twice, Err(EditError::Twice { .. })));
        assert!(after("", &Change::AddWatch { watch: watch("news"), account: None }).starts_with("[[watch]]"));
    }

    #[test]
    fn a_change_touches_what_it_is_about() {
        let seen = mark(&reading(FILE).config.watches[0]);
        let changed = Change::ChangeWatch { watch: watch("gov"), seen: seen.clone() };
        let text = after(FILE, &changed);
        assert_eq!(text, FILE.replace("https://a.example/feed", "https://b.example/"));
        let outdated = edited(&reading(&text), &changed);
        assert_eq!(outdated, Err(EditError::Outdated { name: "gov".to_owned() }));
    }

    #[test]
    fn a_pause_has_a_reason_and_ends() {
        let pause = |why: Option<&str>| Change::PauseWatch { id: "gov".to_owned(), why: why.map(str::to_owned) };
        let text = after(FILE, &pause(Some("网站改版")));
        assert_eq!(reading(&text).config.watches[0].paused.as_deref(), Some("网站改版"));
        assert_eq!(after(&text, &pause(None)), FILE);
        let gone = edited(&reading(&after(FILE, &Change::RemoveWatch { id: "gov".to_owned() })), &pause(None));
        assert!(matches!(gone, Err(EditError::Gone { .. })));
    }

    #[test]
    fn topics_are_added_changed_and_removed() {
        let topic = |name: &str, any: &str| TopicConfig {
            name: name.to_owned(),
            any: vec![any.to_owned()],
            ..TopicConfig::default()
        };
        let text = after(FILE, &Change::SetTopic { was: None, topic: topic("路", "修路") });
        let names = |text: &str| reading(text).config.topics.iter().map(|t| t.name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&text), ["水", "路"]);
        let was = ("水".to_owned(), mark(&reading(&text).config.topics[0]));
        let text = after(&text, &Change::SetTopic { was: Some(was), topic: topic("供水", "停水") });
        assert_eq!(names(&text), ["供水", "路"]);
        assert!(text.contains("any = [\"停水\"]\n"), "{text}");
        let twice = edited(&reading(&text), &Change::SetTopic { was: None, topic: topic("路", "x") });
        assert!(matches!(twice, Err(EditError::Twice { .. })));
        assert_eq!(names(&after(&text, &Change::RemoveTopic { name: "供水".to_owned() })), ["路"]);
    }

    #[test]
    fn an_organisation_is_called_otherwise_and_the_remark_stays() {
        let calls = Calls { name: "乙局".to_owned(), aliases: vec!["乙".to_owned()], ..Calls::default() };
        let text = after(FILE, &Change::Organisation(calls.clone()));
        assert_eq!(reading(&text).config.organisation.aliases, ["乙"]);
        assert!(text.starts_with("# Who we are\n[organisation]\nname = \"乙局\""), "{text}");
        assert_eq!(reading(&after("", &Change::Organisation(calls))).config.organisation.name, "乙局");
    }

    #[test]
    fn channels_are_added_changed_and_removed() {
        let channel = |text: &str| Box::new(toml::from_str::<Channel>(text).unwrap());
        let duty = channel("id = \"duty\"\nkind = \"wecom\"\ntell = [\"monitor\"]\n");
        let text = after(FILE, &Change::SetChannel { was: None, channel: duty.clone() });
        let written = "[[notify.channel]]\nid = \"duty\"\nkind = \"wecom\"\ntell = [\"monitor\"]\n# The end\n";
        assert!(text.ends_with(written), "{text}");
        assert!(!text.contains("[notify]\n"), "{text}");
        assert_eq!((reading(&text).problems(), reading(&text).config.notify.channels.len()), (&[][..], 1));
        let was = Some(("duty".to_owned(), mark(&*duty)));
        let changed = channel("id = \"duty\"\nkind = \"wecom\"\ntell = [\"head\"]\nper_minute = 5\n");
        let text = after(&text, &Change::SetChannel { was: was.clone(), channel: changed.clone() });
        assert_eq!(reading(&text).config.notify.channels, [*changed.clone()]);
        let outdated = edited(&reading(&text), &Change::SetChannel { was, channel: changed });
        assert_eq!(outdated, Err(EditError::Outdated { name: "duty".to_owned() }));
        let twice = edited(&reading(&text), &Change::SetChannel { was: None, channel: duty });
        assert!(matches!(twice, Err(EditError::Twice { .. })));
        let text = after(&text, &Change::RemoveChannel { id: "duty".to_owned() });
        assert_eq!(reading(&text).config.notify.channels, []);
        let gone = edited(&reading(&text), &Change::RemoveChannel { id: "duty".to_owned() });
        assert!(matches!(gone, Err(EditError::Gone { .. })));
    }

    #[test]
    fn how_long_things_are_kept_is_changed_and_a_remark_stays() {
        let file = format!("{FILE}[retention]\nmatched = \"90d\" # 局务会 3 月\n");
        let old = reading(&file).config.retention;
        let retention = Retention { unmatched: crate::retention::Span::days(3), ..old };
        let text = after(&file, &Change::SetRetention { seen: mark(&old), retention });
        assert_eq!((reading(&text).problems(), reading(&text).config.retention), (&[][..], retention));
        assert!(text.contains("matched = \"90d\" # 局务会 3 月\n"), "{text}");
        let outdated = edited(&reading(&text), &Change::SetRetention { seen: mark(&old), retention });
        assert!(matches!(outdated, Err(EditError::Outdated { .. })));
    }

    #[test]
    fn days_of_a_year_take_the_place_of_its_own_and_leave_others() {
        let days =
            |year, off: &str| YearDays { year, source: "通知".to_owned(), off: vec![off.to_owned()], work: vec![] };
        let text = with_year("# ours\n", &days(2027, "2027-01-01")).unwrap();
        let both = with_year(&text, &days(2028, "2028-01-01")).unwrap();
        let changed = with_year(&both, &days(2027, "2027-01-01/2027-01-03")).unwrap();
        assert!(changed.starts_with("# ours\n"), "{changed}");
        let mut calendar = crate::calendar::Calendar::default();
        calendar.add(changed.into_bytes(), Path::new("calendar.toml")).unwrap();
        assert_eq!(calendar.exceptions(2027).len() + calendar.exceptions(2028).len(), 2);
        assert!(!calendar.is_worked(jiff::civil::date(2027, 1, 3)) && calendar.notice(2028).is_some());
    }

    #[test]
    fn secrets_come_and_go_beside_those_of_others_and_no_error_shows_one() {
        let values = |pairs: &[(&str, &str)]| pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        let own = "# ours\n[weibo]\ntoken = \"2.00abcdef\" # until May\n";
        let with = with_channel_secrets(own, "duty", Some(&values(&[("key", "first-key")]))).unwrap();
        assert!(with.starts_with(own) && with.contains("[notify.duty]\nkey = \"first-key\"\n"), "{with}");
        let next = with_channel_secrets(&with, "duty", Some(&values(&[("key", "other-key"), ("secret", "")]))).unwrap();
        assert_eq!(next, with.replace("first-key", "other-key"));
        assert_eq!(
            with_channel_secrets(&next, "duty", Some(&values(&[("key", "")]))).unwrap().trim_end(),
            own.trim_end()
        );
        assert_eq!(with_channel_secrets(&next, "duty", None).unwrap().trim_end(), own.trim_end());
        let hostile = with_channel_secrets("", "a", Some(&values(&[("key", "x\"\n[weibo]\ntoken = \"y")]))).unwrap();
        assert_eq!(toml::from_str::<toml::Table>(&hostile).unwrap().len(), 1, "{hostile}");
        let error = with_channel_secrets("[notify.a]\nkey = hush-hush\n", "a", None).unwrap_err().to_string();
        assert!(!error.contains("hush"), "{error}");
    }

    #[test]
    fn words_that_are_toml_stay_words() {
        let hostile = "\"]\n[[watch]]\nid = \"x";
        let text = after(FILE, &Change::PauseWatch { id: "gov".to_owned(), why: Some(hostile.to_owned()) });
        assert_eq!(reading(&text).config.watches.len(), 1);
        assert_eq!(reading(&text).config.watches[0].paused.as_deref(), Some(hostile));
    }

    #[test]
    fn the_topics_that_come_with_caifeng_are_taken_over_with_their_words() {
        let topics = reading(crate::topic::DEFAULT).config;
        let aliases: Vec<_> = topics.aliases.into_iter().collect();
        let text = after(FILE, &Change::AddTopics { topics: topics.topics.clone(), aliases });
        let read = reading(&text);
        assert_eq!(read.problems(), []);
        assert_eq!(read.config.topics.len(), topics.topics.len() + 1);
    }
}
