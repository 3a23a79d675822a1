//! Points in time in words: relative in the text, exact on hover.
//!
//! A reader asks "how long ago" of what is near and "which day" of what is far:
//! within the hour minutes are told, today and yesterday the time of day, before
//! that the date. A moment is told in the reader's time zone, where the browser has said which that is; days, and what is
//! counted or asked for by days, are those of the organisation's.

use askama::Template;
use askama::filters::HtmlSafe;
use caifeng_plugin_host::contract::Timestamp;
use jiff::Zoned;
use jiff::tz::TimeZone;

use super::lang::Lang;

/// A moment as a page shows it: writes a whole `<time>` element, or only words
/// when there is no such moment.
#[derive(Clone, Debug, Template)]
#[template(
    source = r#"{% if iso.is_empty() %}{{ words }}{% else %}<time datetime="{{ iso }}" title="{{ exact }}">{{ words }}</time>{% endif %}"#,
    ext = "html"
)]
pub(crate) struct Stamp {
    iso: String,
    exact: String,
    /// The words in the text.
    pub(crate) words: String,
}

/// The template above escapes its fields itself.
impl HtmlSafe for Stamp {}

/// Tells moments as seen from one `now`, and days of one zone, in one language.
#[derive(Clone, Debug)]
pub(crate) struct Clockface {
    now: Zoned,
    /// Where the reader is.
    reader: TimeZone,
    lang: Lang,
}

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;

impl Clockface {
    pub(crate) fn new(now: Timestamp, zone: &TimeZone, lang: Lang) -> Self {
        let now = jiff::Timestamp::from_second(now).unwrap_or_default();
        Self { now: now.to_zoned(zone.clone()), reader: zone.clone(), lang }
    }

    /// The same for somebody who is in this zone.
    pub(crate) fn read_in(self, reader: TimeZone) -> Self {
        Self { reader, ..self }
    }

    /// A moment where the reader is.
    fn here(&self, at: Timestamp) -> Option<Zoned> {
        Some(jiff::Timestamp::from_second(at).ok()?.to_zoned(self.reader.clone()))
    }

    /// Seconds since the epoch that this page takes for now.
    pub(crate) fn now(&self) -> Timestamp {
        self.now.timestamp().as_second()
    }

    /// The local time of a moment at the organisation; `None` outside the years that calendars here can tell.
    pub(crate) fn local(&self, at: Timestamp) -> Option<Zoned> {
        Some(jiff::Timestamp::from_second(at).ok()?.to_zoned(self.now.time_zone().clone()))
    }

    /// A moment.
    pub(crate) fn stamp(&self, at: Timestamp) -> Stamp {
        let Some(local) = self.here(at) else {
            return self.unknown();
        };
        Stamp {
            iso: local.timestamp().to_string(),
            exact: local.strftime("%Y-%m-%d %H:%M:%S %:z").to_string(),
            words: self.words(&local),
        }
    }

    /// A day of which the time is not known.
    pub(crate) fn day(&self, at: Timestamp) -> Stamp {
        let Some(local) = self.local(at) else {
            return self.unknown();
        };
        let date = local.strftime("%Y-%m-%d").to_string();
        Stamp { iso: date.clone(), exact: date, words: self.date(&local, false) }
    }

    /// The head of a page: today's date, weekday and time.
    pub(crate) fn today(&self) -> Stamp {
        let now = self.now.with_time_zone(self.reader.clone());
        let weekday = match now.weekday() {
            jiff::civil::Weekday::Monday => "when.monday",
            jiff::civil::Weekday::Tuesday => "when.tuesday",
            jiff::civil::Weekday::Wednesday => "when.wednesday",
            jiff::civil::Weekday::Thursday => "when.thursday",
            jiff::civil::Weekday::Friday => "when.friday",
            jiff::civil::Weekday::Saturday => "when.saturday",
            jiff::civil::Weekday::Sunday => "when.sunday",
        };
        let words = self.lang.with(
            "when.heading",
            &[("date", &self.calendar(&now)), ("weekday", &self.lang.t(weekday)), ("time", &clock(&now))],
        );
        Stamp { words, ..self.stamp(self.now()) }
    }

    /// A moment with its date and time however near it is, for the ends of a figure.
    pub(crate) fn plain(&self, at: Timestamp) -> String {
        self.here(at).map_or_else(|| self.lang.t("when.unknown"), |local| self.date(&local, true))
    }

    /// The name of a moment's day.
    pub(crate) fn plain_day(&self, at: Timestamp) -> String {
        self.local(at).map_or_else(|| self.lang.t("when.unknown"), |local| self.date(&local, false))
    }

    fn words(&self, at: &Zoned) -> String {
        let ago = self.now() - at.timestamp().as_second();
        let minutes = (ago.abs() / MINUTE).unsigned_abs();
        match ago {
            -59..=59 => self.lang.t("when.now"),
            60..HOUR => self.lang.count("when.minutes-ago", minutes),
            -3599..=-60 => self.lang.count("when.in-minutes", minutes),
            _ => self.date(at, true),
        }
    }

    fn date(&self, at: &Zoned, with_time: bool) -> String {
        let now = self.now.with_time_zone(at.time_zone().clone());
        let days = at.date().since((jiff::Unit::Day, now.date())).map_or(i32::MAX, |s| s.get_days());
        let day = match days {
            0 => self.lang.t("when.today"),
            -1 => self.lang.t("when.yesterday"),
            1 => self.lang.t("when.tomorrow"),
            _ => self.calendar(at),
        };
        if with_time { format!("{day} {}", clock(at)) } else { day }
    }

    fn calendar(&self, at: &Zoned) -> String {
        let year = at.year().to_string();
        let (month, day) = (at.month().to_string(), at.day().to_string());
        let month = match self.lang {
            Lang::Zh => month,
            Lang::En => at.strftime("%b").to_string(),
        };
        let key = if at.year() == self.now.year() { "when.date" } else { "when.date-with-year" };
        self.lang.with(key, &[("year", &year), ("month", &month), ("day", &day)])
    }

    /// The reader's zone, when it is another one.
    pub(crate) fn elsewhere(&self) -> Option<&str> {
        let own = self.reader.iana_name()?;
        (self.now.time_zone().iana_name() != Some(own)).then_some(own)
    }

    fn unknown(&self) -> Stamp {
        Stamp { iso: String::new(), exact: String::new(), words: self.lang.t("when.unknown") }
    }
}

fn clock(at: &Zoned) -> String {
    at.strftime("%H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = 1_790_000_000; // 2026-09-21T14:13:20Z, 22:13:20 in China

    fn told(lang: Lang, at: Timestamp) -> String {
        let zone = TimeZone::get("Asia/Shanghai").unwrap();
        Clockface::new(NOW, &zone, lang).stamp(at).words
    }

    #[test]
    fn a_reader_elsewhere_is_told_moments_of_theirs_and_days_of_the_organisation() {
        let zone = TimeZone::get("Asia/Shanghai").unwrap();
        let noon = jiff::civil::date(2026, 6, 15).at(12, 0, 0, 0).to_zoned(zone.clone()).unwrap();
        let at = |hour| noon.with().hour(hour).build().unwrap().timestamp().as_second();
        let face = Clockface::new(at(12), &zone, Lang::En).read_in(TimeZone::get("America/New_York").unwrap());
        let stamp = face.stamp(at(10));
        assert_eq!((stamp.words.as_str(), stamp.exact.as_str()), ("yesterday 22:00", "2026-06-14 22:00:00 -04:00"));
        assert_eq!(face.stamp(at(14)).words, "today 02:00", "the day begins where the reader is");
        assert_eq!((face.day(at(10)).exact.as_str(), face.local(at(10)).unwrap().hour()), ("2026-06-15", 10));
        assert_eq!(face.elsewhere(), Some("America/New_York"));
        assert_eq!(Clockface::new(at(12), &zone, Lang::En).read_in(zone).elsewhere(), None);
    }

    #[test]
    fn near_is_told_in_minutes_and_far_as_a_date() {
        assert_eq!(told(Lang::Zh, NOW - 59), "刚刚");
        assert_eq!(told(Lang::Zh, NOW - 60), "1 分钟前");
        assert_eq!(told(Lang::Zh, NOW - 3599), "59 分钟前");
        assert_eq!(told(Lang::Zh, NOW - 3600), "今天 21:13");
        assert_eq!(told(Lang::Zh, NOW - 86_400), "昨天 22:13");
        assert_eq!(told(Lang::Zh, NOW - 2 * 86_400), "9 月 19 日 22:13");
        assert_eq!(told(Lang::En, NOW - 2 * 86_400), "19 Sep 22:13");
        assert_eq!(told(Lang::En, NOW - 400 * 86_400), "17 Aug 2025 22:13");
        assert_eq!(told(Lang::En, NOW + 90), "in 1 minute");
        assert_eq!(told(Lang::En, NOW + 7200), "tomorrow 00:13");
    }

    #[test]
    fn today_is_the_organisations_day() {
        // 16:30Z is half past midnight of the next day in China.
        let zone = TimeZone::get("Asia/Shanghai").unwrap();
        let after_midnight = NOW + 3 * 3600;
        let face = Clockface::new(after_midnight, &zone, Lang::Zh);
        assert_eq!(face.stamp(NOW).words, "昨天 22:13");
    }

    #[test]
    fn a_moment_beyond_the_calendar_is_said_to_be_unknown() {
        assert_eq!(told(Lang::En, i64::MAX), "time unknown");
    }

    #[test]
    fn a_stamp_is_a_time_element() {
        let zone = TimeZone::get("Asia/Shanghai").unwrap();
        let stamp = Clockface::new(NOW, &zone, Lang::En).stamp(NOW - 120);
        assert_eq!(
            stamp.to_string(),
            r#"<time datetime="2026-09-21T14:11:20Z" title="2026-09-21 22:11:20 +08:00">2 minutes ago</time>"#
        );
    }
}
