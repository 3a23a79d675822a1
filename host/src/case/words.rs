//! A case in the words of a language: what happened, who did it, when.

use caifeng_plugin_host::contract::Timestamp;
use jiff::tz::TimeZone;

use super::course::{Happened, Tick};
use crate::incident::clock::rules;
use crate::incident::event::Role;
use crate::incident::{Category, clock};
use crate::lang::Lang;
use crate::plan::Plan;
use crate::plan::words::Words;
use crate::reply::ReplyState;

/// A language, the organisation's zone, and the plan whose names are told.
#[derive(Clone, Debug)]
pub struct Speech<'a> {
    /// The language.
    pub lang: Lang,
    /// The zone of every moment.
    pub zone: TimeZone,
    /// The plan.
    pub plan: &'a Plan,
}

impl Speech<'_> {
    /// A moment, to the second.
    #[must_use]
    pub fn moment(&self, at: Timestamp) -> String {
        let at = jiff::Timestamp::from_second(at).unwrap_or_default().to_zoned(self.zone.clone());
        at.strftime("%Y-%m-%d %H:%M:%S").to_string()
    }

    /// A length of time, to the second.
    #[must_use]
    pub fn length(&self, seconds: i64) -> String {
        let (sign, seconds) = if seconds < 0 { ("−", seconds.unsigned_abs()) } else { ("", seconds.unsigned_abs()) };
        let (days, rest) = (seconds / 86_400, seconds % 86_400);
        let clock = format!("{}:{:02}:{:02}", rest / 3600, rest % 3600 / 60, rest % 60);
        if days == 0 {
            format!("{sign}{clock}")
        } else {
            format!("{sign}{} {clock}", self.lang.count("case.days", days))
        }
    }

    /// What a category is called.
    #[must_use]
    pub fn category(&self, category: Category) -> String {
        self.lang.t(&format!("category.{}", category.as_str()))
    }

    /// What a level is called; its id when the plan no longer has it.
    #[must_use]
    pub fn level(&self, id: &str) -> String {
        self.plan.level(id).map_or_else(|| id.to_owned(), |level| self.words(&level.name))
    }

    /// A text of the plan.
    #[must_use]
    pub fn words(&self, words: &Words) -> String {
        words.in_lang(self.lang).to_owned()
    }

    /// What a clock is called; its id when the plan no longer has it.
    #[must_use]
    pub fn clock(&self, id: &str) -> String {
        self.rule(id).map_or_else(|| id.to_owned(), |rule| self.words(rule.name))
    }

    fn rule(&self, id: &str) -> Option<clock::Rule<'_>> {
        let all = Category::ALL.into_iter().flat_map(|category| rules(self.plan, Some(category), true));
        all.chain(rules(self.plan, None, true)).find(|rule| rule.id == id)
    }

    /// What a step is called; its id when the plan no longer has it.
    #[must_use]
    pub fn step(&self, id: &str) -> String {
        let books = Category::ALL.into_iter().filter_map(|category| self.plan.playbook(category));
        let step = books.filter_map(|book| book.step(id)).next();
        step.map_or_else(|| id.to_owned(), |step| self.words(&step.name))
    }

    /// A role; a rule of the core or a plugin is a machine.
    #[must_use]
    pub fn by(&self, label: &str) -> String {
        Role::from_name(label)
            .map_or_else(|| self.lang.t("case.machine"), |role| self.lang.t(&format!("role.{}", role.as_str())))
    }

    /// What happened.
    #[must_use]
    pub fn happened(&self, what: &Happened) -> String {
        let lang = self.lang;
        match what {
            Happened::Opened => lang.t("case.opened"),
            Happened::Submitted => lang.t("case.submitted"),
            Happened::Suggested { category } => {
                let category = category.map_or_else(|| lang.t("category.none"), |category| self.category(category));
                lang.with("case.suggested", &[("category", &category)])
            }
            Happened::Warned { .. } => lang.t("case.warned"),
            Happened::Assessed { category, level } => {
                let category = self.category(*category);
                match level {
                    Some(level) => {
                        lang.with("case.assessed-level", &[("category", &category), ("level", &self.level(level))])
                    }
                    None => lang.with("case.assessed", &[("category", &category)]),
                }
            }
            Happened::Level { level } => lang.with("case.level-set", &[("level", &self.level(level))]),
            Happened::Assigned => lang.t("case.assigned"),
            Happened::Done { id } => lang.with("case.done", &[("step", &self.step(id))]),
            Happened::Waived { id } => lang.with("case.waived", &[("step", &self.step(id))]),
            Happened::SentBack { ids } => {
                let steps: Vec<String> = ids.iter().map(|id| self.step(id)).collect();
                lang.with("case.sent-back", &[("step", &lang.list(&steps))])
            }
            Happened::Reply { state, returned, .. } => lang.t(answer(*state, *returned)),
            Happened::Answered { .. } => lang.t("case.answered"),
            Happened::Clock { clock, what } => self.tick(clock, *what),
            plain => lang.t(plain_key(plain)),
        }
    }

    fn tick(&self, clock: &str, tick: Tick) -> String {
        let name = self.clock(clock);
        match tick {
            Tick::Runs { due } => self.lang.with("case.runs", &[("clock", &name), ("time", &self.moment(due))]),
            Tick::Rings { moment, escalates } => {
                let key = match (moment, escalates) {
                    (..0, _) => "case.rings",
                    (0, false) => return self.lang.with("case.rings-now", &[("clock", &name)]),
                    (0, true) => return self.lang.with("case.escalates-now", &[("clock", &name)]),
                    (_, false) => "case.rings-over",
                    (_, true) => "case.escalates",
                };
                self.lang.with(key, &[("clock", &name), ("time", &self.length(moment.abs()))])
            }
            Tick::Met { late: 0 } => self.lang.with("case.met", &[("clock", &name)]),
            Tick::Met { late } => self.lang.with("case.met-late", &[("clock", &name), ("time", &self.length(late))]),
            Tick::Void => self.lang.with("case.void", &[("clock", &name)]),
        }
    }
}

const fn answer(state: ReplyState, returned: bool) -> &'static str {
    match state {
        ReplyState::Draft if returned => "case.reply-returned",
        ReplyState::Draft => "case.reply-drafted",
        ReplyState::Reviewed => "case.reply-reviewed",
        ReplyState::Approved => "case.reply-approved",
        ReplyState::Published => "case.reply-published",
        ReplyState::Receipted => "case.reply-receipted",
    }
}

const fn plain_key(what: &Happened) -> &'static str {
    match what {
        Happened::Paused => "case.paused",
        Happened::Resumed => "case.resumed",
        Happened::Watched => "case.watched",
        Happened::Closed => "case.closed",
        Happened::Reopened => "case.reopened",
        Happened::Recurred => "case.recurred",
        Happened::Dismissed => "case.dismissed",
        Happened::Referral => "case.referral",
        Happened::Regrouped => "case.regrouped",
        _ => "case.noted",
    }
}
