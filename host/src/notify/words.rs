//! A notice in words. Every sentence comes from the catalogues; titles are ingested text and made [`plain`].

use jiff::tz::TimeZone;

use super::message::plain;
use super::{Notice, Occasion, Tell, Waits};
use crate::coverage::Told;
use crate::coverage::words::{keys, length, moment};
use crate::incident::Category;
use crate::incident::clock::rules;
use crate::lang::Lang;
use crate::plan::Plan;
use crate::plan::show::{category_key, role_key};
use crate::warning::words::alert;

/// What is known of a notice's subject when it is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// The incident's title, or the topic's name; empty once its words are deleted.
    pub title: String,
    /// The incident's category, decided or suggested.
    pub category: Option<Category>,
    /// The incident is restricted: more than its number is told to nobody, for who reads a channel is not known.
    pub restricted: bool,
}

/// How words are put together.
#[derive(Clone, Copy, Debug)]
pub struct Voice<'a> {
    /// The language.
    pub lang: Lang,
    /// The organisation's zone.
    pub zone: &'a TimeZone,
    /// Names clocks.
    pub plan: &'a Plan,
}

impl Voice<'_> {
    /// What a notice says to those who get it, in one sentence.
    #[must_use]
    pub fn sentence(&self, notice: &Notice, known: &Known) -> String {
        let Self { lang, zone, .. } = *self;
        let said = match &notice.occasion {
            Occasion::Opened => lang.t("notify.opened"),
            Occasion::Reported => lang.t("notify.reported"),
            Occasion::Submitted => lang.t("notify.submitted"),
            Occasion::Escalated => lang.t("notify.escalated"),
            Occasion::Assigned => lang.t("notify.assigned"),
            Occasion::Recurred => lang.t("notify.recurred"),
            Occasion::Warned { topic, alert: found } => {
                let key = if topic.is_some() { "notify.topic" } else { "notify.warned" };
                lang.with(key, &[("topic", &plain(&known.title)), ("alert", &alert(lang, found))])
            }
            Occasion::Clock { clock, moment: at, due, escalate } => {
                let due = moment(*due, zone);
                let (clock, minutes) = (self.clock(clock), (at.abs() / 60).to_string());
                let key = match (*at < 0, escalate) {
                    (true, _) => "notify.clock-ahead",
                    (false, true) => "notify.clock-escalated",
                    (false, false) => "notify.clock-over",
                };
                lang.with(key, &[("clock", &clock), ("minutes", &minutes), ("due", &due)])
            }
            Occasion::Gap { watch, told, cause, since } => {
                let key = match told {
                    Told::Silent => "notice.silent",
                    Told::Still => "notice.still",
                    Told::Recovered => "notice.recovered",
                };
                let (cause, since) = (lang.t(keys(*cause).0), moment(*since, zone));
                lang.with(key, &[("watch", watch), ("since", &since), ("cause", &cause)])
            }
            Occasion::Overdue { disclosure, due } => {
                lang.with("notify.overdue", &[("disclosure", disclosure), ("due", &moment(*due, zone))])
            }
            Occasion::Reply { reply, waits } => lang.with(
                match waits {
                    Waits::Review => "notify.reply-review",
                    Waits::Approval => "notify.reply-approval",
                    Waits::Publication => "notify.reply-publication",
                    Waits::Change => "notify.reply-change",
                },
                &[("reply", reply)],
            ),
        };
        format!("{}{said}{}", self.subject(notice, known), self.whom(&notice.tell))
    }

    /// Which incident it is about, and what that is.
    fn subject(&self, notice: &Notice, known: &Known) -> String {
        let Some(id) = notice.incident else { return String::new() };
        if known.restricted {
            return self.lang.with("notify.restricted", &[("id", &id)]);
        }
        let title = if known.title.is_empty() { self.lang.t("notify.untitled") } else { plain(&known.title) };
        let category = known.category.map_or_else(|| "category.none", category_key);
        self.lang.with("notify.subject", &[("id", &id), ("title", &title), ("category", &self.lang.t(category))])
    }

    /// Whom it is for: roles; users are told in person.
    fn whom(&self, tell: &Tell) -> String {
        if tell.roles.is_empty() {
            return String::new();
        }
        let names: Vec<String> = tell.roles.iter().map(|role| self.lang.t(role_key(*role))).collect();
        self.lang.with("notify.whom", &[("roles", &self.lang.list(&names))])
    }

    /// What the plan calls a clock.
    fn clock(&self, id: &str) -> String {
        let of = |category| rules(self.plan, category, true);
        let all = [None].into_iter().chain(Category::ALL.map(Some)).flat_map(of);
        let named = all.filter(|rule| rule.id == id).map(|rule| rule.name.in_lang(self.lang).to_owned());
        named.into_iter().next().unwrap_or_else(|| id.to_owned())
    }
}

/// What a test message says.
#[must_use]
pub fn trial(lang: Lang, channel: &str) -> String {
    lang.with("notify.test", &[("channel", &channel)])
}

/// That so many notices wait, the oldest for so many seconds, and where to look.
#[must_use]
pub fn waiting(lang: Lang, notices: u64, seconds: i64) -> String {
    let (notices, age) = (lang.count("notify.digest", notices), length(lang, seconds));
    lang.with("notify.waiting", &[("notices", &notices), ("age", &age)])
}

/// Where a notice's subject is read in the product.
#[must_use]
pub fn link(base: &str, notice: &Notice) -> String {
    let base = base.trim_end_matches('/');
    match (&notice.occasion, notice.incident) {
        (Occasion::Reply { reply, .. }, _) => format!("{base}/replies/{reply}"),
        (_, Some(id)) => format!("{base}/incidents/{id}"),
        (Occasion::Gap { .. }, None) => format!("{base}/coverage"),
        _ => format!("{base}/"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::incident::event::Role;
    use crate::warning::{Alert, Severity, Stage};

    fn said(lang: Lang, occasion: Occasion) -> String {
        let zone = jiff::tz::offset(8).to_time_zone();
        let voice = Voice { lang, zone: &zone, plan: Plan::built_in() };
        let tell = Tell { roles: vec![Role::LeadingGroup, Role::Head], users: vec!["u4".into()] };
        let of_none = matches!(occasion, Occasion::Gap { .. } | Occasion::Overdue { .. });
        let incident = (!of_none).then_some(7);
        let notice = Notice { incident, urgent: true, occasion, tell };
        voice.sentence(
            &notice,
            &Known {
                title: "城南水厂 <爆管>\n@all".into(), category: Some(Category::Emergency), restricted: false
            },
        )
    }

    #[test]
    fn every_occasion_is_told_in_both_languages() {
        let alert = Alert { stage: Stage::Growing, severity: Severity::Alarm, why: vec![] };
        let clock = |moment, escalate| Occasion::Clock { clock: "facts".into(), moment, due: 1_773_028_800, escalate };
        let reply = |waits| Occasion::Reply { reply: 3, waits };
        let all = [
            Occasion::Opened,
            Occasion::Reported,
            Occasion::Submitted,
            Occasion::Escalated,
            Occasion::Assigned,
            Occasion::Recurred,
            Occasion::Warned { topic: None, alert: alert.clone() },
            clock(-3_600, false),
            clock(0, true),
            clock(600, false),
            Occasion::Gap {
                watch: "county-news".into(),
                told: Told::Silent,
                cause: crate::coverage::Cause::Late,
                since: 1_773_000_000,
            },
            Occasion::Overdue { disclosure: 4, due: 1_773_028_800 },
            reply(Waits::Review),
            reply(Waits::Approval),
            reply(Waits::Publication),
            reply(Waits::Change),
        ];
        let lines = |lang| all.iter().cloned().map(|o| said(lang, o)).collect::<Vec<_>>().join("\n");
        insta::assert_snapshot!(format!("{}\n\n{}", lines(Lang::Zh), lines(Lang::En)));
    }

    #[test]
    fn of_what_is_restricted_the_number_is_told_and_nothing_else() {
        let zone = jiff::tz::offset(8).to_time_zone();
        let tell = Tell { roles: vec![Role::Head], users: vec![] };
        let notice = Notice { incident: Some(7), urgent: true, occasion: Occasion::Escalated, tell };
        for lang in [Lang::Zh, Lang::En] {
            let known = Known { title: "水厂爆管".into(), category: Some(Category::Emergency), restricted: true };
            let said = Voice { lang, zone: &zone, plan: Plan::built_in() }.sentence(&notice, &known);
            assert!(said.contains("#7") && !said.contains("水厂"), "{said}");
            assert!(!said.contains(&lang.t(category_key(Category::Emergency))), "{said}");
        }
    }

    #[test]
    fn how_many_wait_and_for_how_long_is_told_in_both_languages() {
        let zh = "有 12 条提醒等待发送，最早的已等 3 分钟：请用 caifeng notify channels 查看是哪个渠道。";
        assert_eq!(waiting(Lang::Zh, 12, 125), zh);
        assert!(waiting(Lang::En, 1, 4).starts_with("1 notice waiting to be sent, the oldest for 1 min: "));
    }

    #[test]
    fn a_link_leads_to_what_it_is_about() {
        let notice = |incident, occasion| Notice { incident, urgent: false, occasion, tell: Tell::default() };
        assert_eq!(link("https://a.cn/", &notice(Some(7), Occasion::Opened)), "https://a.cn/incidents/7");
        let gap =
            Occasion::Gap { watch: "w".into(), told: Told::Silent, cause: crate::coverage::Cause::Late, since: 0 };
        assert_eq!(link("https://a.cn", &notice(None, gap)), "https://a.cn/coverage");
    }
}
