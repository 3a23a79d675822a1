//! Clocks and disclosures as iCalendar (RFC 5545).
//!
//! All moments are UTC, so that every calendar shows them right in its own zone without a table of zones of ours. The crate
//! `icalendar` escapes and folds; times are set by us, because it would ask the system for the one it misses.

use caifeng_plugin_host::contract::Timestamp;
use icalendar::{Calendar, Component as _, Event, EventStatus};

use super::category;
use crate::disclosure::{Disclosure, DisclosureId, DisclosureState, Text, calendar};
use crate::document::Plain;
use crate::incident::clock::{Clock, ClockState};
use crate::incident::{Category, IncidentId};
use crate::lang::Lang;

/// A clock that is running, with what is said of its incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Running {
    /// The incident.
    pub incident: IncidentId,
    /// The clock.
    pub clock: Clock,
    /// What the plan calls it.
    pub name: String,
    /// The category, once a person has decided it.
    pub category: Option<Category>,
    /// The level likewise, as the plan calls it.
    pub level: Option<String>,
}

/// A calendar of deadlines, at `now`.
#[must_use]
pub fn clocks(running: &[Running], lang: Lang, now: Timestamp) -> String {
    let mut events = calendar_of(&lang.t("feed.clocks"));
    for one in running {
        let Running { incident, clock, name, level, .. } = one;
        let mut event = Event::with_uid(&format!("incident-{incident}-{}-{}@caifeng.invalid", clock.id, clock.round));
        let paused = matches!(clock.state, ClockState::Paused(_));
        let kind = category(lang, one.category);
        let level = level.as_ref().map_or_else(String::new, |level| format!(" · {level}"));
        let words: [(&str, &dyn std::fmt::Display); 4] =
            [("clock", &name), ("incident", incident), ("category", &kind), ("level", &level)];
        event.summary(Plain::of(&lang.with(if paused { "feed.paused" } else { "feed.clock" }, &words)).as_str());
        event.status(if paused { EventStatus::Tentative } else { EventStatus::Confirmed });
        events.push(dated(event, (clock.due, None), clock.from, now));
    }
    events.to_string()
}

/// A calendar of what is to be published, at `now`.
#[must_use]
pub fn disclosures<'a>(
    rows: impl IntoIterator<Item = (DisclosureId, &'a Disclosure, Option<&'a Text>)>,
    lang: Lang,
    now: Timestamp,
) -> String {
    let mut events = calendar_of(&lang.t("feed.disclosures"));
    for (id, disclosure, text) in rows {
        let (from, until) = match (disclosure.planned, disclosure.due) {
            (Some(planned), due) => (planned, due.filter(|due| *due > planned)),
            (None, Some(due)) => (due, None),
            (None, None) => continue,
        };
        let mut event = Event::with_uid(&format!("disclosure-{id}@caifeng.invalid"));
        let title = text.map_or_else(|| format!("#{id}"), |text| text.title.clone());
        let how = if calendar::is_overdue(disclosure, now) {
            "feed.late"
        } else if calendar::is_out(disclosure) {
            "feed.out"
        } else {
            "feed.disclosure"
        };
        let summary = lang.with(how, &[("title", &title)]);
        event.summary(Plain::of(&summary).as_str());
        event.status(match disclosure.state {
            DisclosureState::Dropped => EventStatus::Cancelled,
            DisclosureState::Published | DisclosureState::Receipted => EventStatus::Confirmed,
            _ => EventStatus::Tentative,
        });
        event.add_property("SEQUENCE", disclosure.version.to_string());
        events.push(dated(event, (from, until), from, now));
    }
    events.to_string()
}

/// A calendar of days, each with what is known it by and its words: the first line is its name.
pub(crate) fn days(
    name: &str,
    days: impl IntoIterator<Item = (String, jiff::civil::Date, String)>,
    now: Timestamp,
) -> String {
    let mut events = calendar_of(name);
    for (uid, day, words) in days {
        let mut event = Event::with_uid(&uid);
        let (head, rest) = words.split_once('\n').unwrap_or((&words, ""));
        event.summary(Plain::of(head).as_str());
        event.description(Plain::of(rest).as_str());
        let mut begins = icalendar::Property::new("DTSTART", day.strftime("%Y%m%d").to_string());
        begins.add_parameter("VALUE", "DATE");
        event.append_property(begins);
        event.add_property("DTSTAMP", moment(now));
        event.add_property("TRANSP", "TRANSPARENT");
        events.push(event);
    }
    events.to_string()
}

fn calendar_of(name: &str) -> Calendar {
    let mut calendar = Calendar::empty();
    for (key, value) in [("VERSION", "2.0"), ("PRODID", "-//caifeng//caifeng//ZH"), ("CALSCALE", "GREGORIAN")] {
        calendar.append_property((key, value));
    }
    calendar.name(name);
    calendar
}

/// An event with its times; busy for nobody.
fn dated(mut event: Event, (from, until): (Timestamp, Option<Timestamp>), made: Timestamp, now: Timestamp) -> Event {
    event.add_property("DTSTART", moment(from));
    if let Some(until) = until {
        event.add_property("DTEND", moment(until));
    }
    event.add_property("CREATED", moment(made.min(now)));
    event.add_property("DTSTAMP", moment(now));
    event.add_property("TRANSP", "TRANSPARENT");
    event
}

/// `20260701T010000Z` (RFC 5545 §3.3.5, form 2).
fn moment(at: Timestamp) -> String {
    jiff::Timestamp::from_second(at).unwrap_or_default().strftime("%Y%m%dT%H%M%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use calcard::icalendar::{ICalendar, ICalendarProperty, ICalendarValue};

    use super::*;

    fn utc(text: &str) -> Timestamp {
        text.parse::<jiff::Timestamp>().unwrap().as_second()
    }

    /// Read by another library than the one that wrote it: each event's text properties and moments.
    fn read(text: &str) -> Vec<(String, String, Vec<i64>)> {
        let calendar = ICalendar::parse(text).unwrap_or_else(|entry| panic!("{entry:?}: {text}"));
        let events = calendar
            .components
            .iter()
            .filter(|component| component.component_type == calcard::icalendar::ICalendarComponentType::VEvent);
        let told = events.map(|event| {
            let text = |name: &ICalendarProperty| {
                let found = event.entries.iter().find(|entry| entry.name == *name);
                found.and_then(|entry| entry.values.first()?.as_text().map(str::to_owned)).unwrap_or_default()
            };
            let moments = event
                .entries
                .iter()
                .filter(|entry| matches!(entry.name, ICalendarProperty::Dtstart | ICalendarProperty::Dtend));
            let moment = |value: &ICalendarValue| match value {
                ICalendarValue::PartialDateTime(at) => at.to_timestamp().unwrap(),
                other => panic!("{other:?}"),
            };
            let mut moments: Vec<i64> = moments.map(|entry| moment(&entry.values[0])).collect();
            moments.sort_unstable();
            (text(&ICalendarProperty::Uid), text(&ICalendarProperty::Summary), moments)
        });
        told.collect()
    }

    fn clock(due: Timestamp, state: ClockState) -> Clock {
        Clock { id: "facts".into(), round: 1, from: due - 7200, due, state, rung: None, pauses: Vec::new() }
    }

    #[test]
    fn a_clock_is_an_event_at_its_second_in_every_zone() {
        let due = utc("2026-07-01T23:30:15Z");
        let running = Running {
            incident: 5,
            clock: clock(due, ClockState::Running),
            name: "两小时内发布事实,及时;准确".into(),
            category: Some(Category::Emergency),
            level: Some("Ⅰ 特别重大".into()),
        };
        let paused = Running {
            incident: 6,
            clock: clock(due, ClockState::Paused(due)),
            category: None,
            level: None,
            ..running.clone()
        };
        let now = utc("2026-07-01T22:00:00Z");
        let text = clocks(&[running, paused], Lang::Zh, now);
        let events = read(&text);
        assert_eq!(events[0].0, "incident-5-facts-1@caifeng.invalid");
        assert_eq!(events[0].1, "时限：两小时内发布事实,及时;准确（事件 5，突发事件类 · Ⅰ 特别重大）");
        assert_eq!(events[0].2, [due], "the second, as another library reads it");
        assert!(events[1].1.starts_with("时限暂停："), "{events:?}");
        assert!(
            text.contains("DTSTART:20260701T233015Z\r\n") && text.contains("DTSTAMP:20260701T220000Z\r\n"),
            "{text}"
        );
        assert!(text.lines().all(|line| line.len() <= 75), "folded at 75 bytes: {text}");
    }

    #[test]
    fn a_disclosure_lasts_from_its_day_to_its_due_moment() {
        let shanghai = jiff::tz::TimeZone::get("Asia/Shanghai").unwrap();
        let day = |text: &str| text.parse::<crate::disclosure::calendar::Day>().unwrap();
        let (planned, due) = (day("2026-07-01").begins(&shanghai), day("2026-07-05").ends(&shanghai));
        let disclosure = Disclosure {
            planned: Some(planned),
            due: Some(due),
            channels: vec!["site".into()],
            ..Disclosure::default()
        };
        let text = Some(Text::new("路灯\\检修, 安排", "").unwrap());
        let nowhere = Disclosure { planned: None, due: None, ..disclosure.clone() };
        let rows = [(1, &disclosure, text.as_ref()), (2, &nowhere, text.as_ref())];
        let events = read(&disclosures(rows, Lang::Zh, due));
        assert_eq!(events.len(), 1, "what has no day is in no calendar");
        assert_eq!(events[0].2, [utc("2026-06-30T16:00:00Z"), utc("2026-07-05T16:00:00Z")]);
        assert_eq!(events[0].1, "逾期未公开：路灯\\检修, 安排");
        assert!(read(&disclosures(rows, Lang::En, planned))[0].1.starts_with("To be published: "));
    }
}
