//! Whether a plan holds together: everything that could leave an incident without somebody who acts, an end, or an
//! answer.

use std::collections::{BTreeMap, BTreeSet};

use super::answer::Form;
use super::clocks::{ClockRule, End, Start};
use super::level::{Level, Weight};
use super::playbook::{EvidenceKind, Playbook, Step};
use super::span::Span;
use super::words::{Roles, Words};
use super::{Decision, Plan};
use crate::config::suggest::{did_you_mean, listed};
use crate::config::written::{Spot, Wrong};
use crate::incident::Category;
use crate::report::About;

/// Everything that is wrong with `plan`, which stands at `spot`.
pub(super) fn check(plan: &Plan, spot: &Spot) -> Vec<Wrong> {
    let mut check = Check { plan, wrong: Vec::new() };
    check.heading(spot);
    check.schemes(spot);
    check.roles(spot);
    check.answers(spot);
    check.playbooks(spot.key("playbook"));
    check.clocks(spot.key("clock"));
    check.ladders(spot.key("ladder"));
    check.bulletins(spot.key("bulletin"));
    check.rest(spot);
    check.wrong
}

struct Check<'a> {
    plan: &'a Plan,
    wrong: Vec<Wrong>,
}

impl Check<'_> {
    fn say(&mut self, spot: &Spot, message: impl Into<String>) {
        self.wrong.push(Wrong { offset: spot.value(), message: message.into() });
    }

    fn bulletins(&mut self, spot: &Spot) {
        let plan = self.plan;
        for (index, bulletin) in plan.bulletins.iter().enumerate() {
            let at = spot.index(index);
            let kind = bulletin.kind;
            if kind.about() != About::Span {
                let message = format!(
                    "a {} is about one incident: what is written regularly is daily, weekly, monthly or record",
                    kind.as_str()
                );
                self.say(at.key("kind"), message);
            }
            if plan.bulletins[..index].iter().any(|other| other.kind == kind) {
                self.say(at.key("kind"), format!("{} is written twice: keep one of them", kind.as_str()));
            }
            self.somebody(&bulletin.readers, at.key("for"), "read it");
        }
    }

    fn heading(&mut self, spot: &Spot) {
        if self.plan.version.trim().is_empty() {
            self.say(spot.key("version"), "the version is empty: write what your organisation calls it");
        }
        self.words(&self.plan.name, spot.key("name"));
        self.words(&self.plan.source, spot.key("source"));
    }

    fn words(&mut self, words: &Words, spot: &Spot) {
        for (key, text) in [("zh", &words.zh), ("en", &words.en)] {
            if text.trim().is_empty() {
                self.say(spot.key(key), format!("`{key}` is empty: people read the plan in both languages"));
            }
        }
    }

    fn id(&mut self, id: &str, spot: &Spot) {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if id.is_empty() || id.len() > 40 || !id.chars().all(fits) {
            self.say(spot, format!("{id:?} is no id: write lower-case letters, digits and hyphens, at most 40"));
        }
    }

    /// Ids of one list: well-formed, each once.
    fn ids<'i>(&mut self, what: &str, ids: impl Iterator<Item = &'i str>, spot: &Spot) {
        let mut met = BTreeSet::new();
        for (index, id) in ids.enumerate() {
            let at = spot.index(index).key("id");
            self.id(id, at);
            if !met.insert(id) {
                self.say(at, format!("two {what} are called {id:?}: rename one"));
            }
        }
    }

    fn somebody(&mut self, roles: &Roles, spot: &Spot, what: &str) {
        if roles.is_empty() {
            self.say(spot, format!("nobody may {what}: name a role"));
        }
    }

    fn schemes(&mut self, spot: &Spot) {
        let names = self.plan.schemes.keys().map(String::as_str);
        if self.plan.levels().is_empty() && !self.plan.schemes.contains_key(&self.plan.levels) {
            let (levels, hint) = (&self.plan.levels, did_you_mean(&self.plan.levels, names.clone()));
            let message = format!("no scheme of levels is called {levels:?}{hint} (known here: {})", listed(names));
            self.say(spot.key("levels"), message);
        }
        for (name, levels) in &self.plan.schemes {
            self.scheme(name, levels, spot.key("scheme").key(name));
        }
    }

    fn scheme(&mut self, name: &str, levels: &[Level], spot: &Spot) {
        if levels.is_empty() {
            return self.say(spot, format!("the scheme {name:?} has no level"));
        }
        self.ids("levels", levels.iter().map(|level| level.id.as_str()), spot);
        for (index, level) in levels.iter().enumerate() {
            self.words(&level.name, spot.index(index).key("name"));
            let below = &levels[..index];
            if below.iter().any(|other| other.name == level.name) {
                self.say(
                    spot.index(index).key("name"),
                    "another level has the same name: people could not tell them apart",
                );
            }
            for (nth, label) in level.labels.iter().enumerate() {
                if let Some(other) = levels.iter().find(|other| other.id != level.id && other.is_meant_by(label)) {
                    let message = format!("{label:?} also means {:?}: a label suggests one level", other.id);
                    self.say(spot.index(index).key("labels").index(nth), message);
                }
            }
            if let Some(other) = below.iter().find(|other| other.major && !level.major) {
                let message = format!(
                    "{:?} lies above {:?}, which is major, and is not: levels go from the lowest to the highest",
                    level.id, other.id
                );
                self.say(spot.index(index), message);
            }
            if below.iter().any(|other| other.colour.zip(level.colour).is_some_and(|(below, this)| below >= this)) {
                let message = "the colours do not rise with the levels: blue, yellow, orange, red";
                self.say(spot.index(index).key("colour"), message);
            }
        }
        let coloured = levels.iter().filter(|level| level.colour.is_some()).count();
        if coloured > 0 && coloured < levels.len() {
            self.say(spot, format!("some levels of the scheme {name:?} have a colour and some have none"));
        }
        if !levels.iter().any(|level| level.major) {
            let message =
                format!("no level of the scheme {name:?} is major: nothing would be followed up; write major = true");
            self.say(spot, message);
        }
    }

    fn roles(&mut self, spot: &Spot) {
        for decision in Decision::ALL {
            let key = decision.as_str();
            self.somebody(self.plan.deciders(decision), spot.key("decide").key(key), key);
        }
        for (index, report) in self.plan.reports.iter().enumerate() {
            let at = spot.key("report").index(index);
            if report.tell.is_empty() {
                self.say(at.key("tell"), "nobody is told: name a role");
            }
        }
        for (key, _) in self.plan.tell.all().into_iter().filter(|(_, roles)| roles.is_empty()) {
            self.say(spot.key("tell").key(key), "nobody is told: name a role");
        }
    }

    fn answers(&mut self, spot: &Spot) {
        let at = spot.key("approval");
        for (index, approval) in self.plan.approvals.iter().enumerate() {
            let at = at.index(index);
            self.somebody(&approval.review, at.key("review"), "review such an answer");
            self.somebody(&approval.approve, at.key("approve"), "approve such an answer");
            if !(2..=3).contains(&approval.people) {
                self.say(at.key("people"), "an answer needs two or three different people behind it: write 2 or 3");
            }
            if self.plan.approvals[..index].iter().any(super::answer::Approval::is_general) {
                self.say(at, "this rule never holds: one before it holds for every answer");
            }
        }
        if !self.plan.approvals.iter().any(super::answer::Approval::is_general) {
            let message = "some answers could be approved by nobody: end with an [[approval]] that has no category, level or form";
            self.say(at, message);
        }
        let at = spot.key("channel");
        self.ids("channels", self.plan.channels.iter().map(|channel| channel.id.as_str()), at);
        for (index, channel) in self.plan.channels.iter().enumerate() {
            self.words(&channel.name, at.index(index).key("name"));
            if channel.form.is_empty() {
                self.say(at.index(index).key("form"), "nothing can be published there: name a form");
            }
            if channel.length == Some(0) {
                self.say(at.index(index).key("length"), "nothing fits there: write the most characters it takes");
            }
        }
    }

    /// Forms that some channel carries.
    fn carried(&self) -> BTreeSet<Form> {
        self.plan.channels.iter().flat_map(|channel| channel.form.iter().copied()).collect()
    }

    fn playbooks(&mut self, spot: &Spot) {
        for category in Category::ALL {
            let numbers: Vec<usize> = self.numbers(category);
            match numbers.as_slice() {
                [] => self.say(spot, format!("there is no playbook for the category `{}`: add one", category.as_str())),
                [_] => {}
                [_, others @ ..] => {
                    for other in others {
                        let message = format!("two playbooks are for the category `{}`: remove one", category.as_str());
                        self.say(spot.index(*other).key("category"), message);
                    }
                }
            }
        }
        for (index, playbook) in self.plan.playbooks.iter().enumerate() {
            self.playbook(playbook, spot.index(index));
        }
    }

    fn numbers(&self, category: Category) -> Vec<usize> {
        let books = self.plan.playbooks.iter().enumerate();
        books.filter(|(_, book)| book.category == category).map(|(number, _)| number).collect()
    }

    fn playbook(&mut self, playbook: &Playbook, spot: &Spot) {
        self.words(&playbook.name, spot.key("name"));
        self.words(&playbook.source, spot.key("source"));
        self.ladder(&playbook.ladder, spot.key("ladder"));
        let at = spot.key("step");
        if playbook.steps.is_empty() {
            self.say(at, "a playbook without steps: nothing would be done");
        }
        self.ids("steps", playbook.steps.iter().map(|step| step.id.as_str()), at);
        for (index, step) in playbook.steps.iter().enumerate() {
            self.step(playbook, step, at.index(index));
        }
        self.order(playbook, at);
    }

    fn step(&mut self, playbook: &Playbook, step: &Step, spot: &Spot) {
        self.words(&step.name, spot.key("name"));
        self.words(&step.guidance, spot.key("guidance"));
        self.somebody(&step.owner, spot.key("owner"), "do this step");
        if step.due.is_some_and(Span::is_nothing) {
            self.say(spot.key("due"), "it would be overdue when it begins: write a length of time, or leave `due` out");
        }
        for (index, id) in step.after.iter().flatten().enumerate() {
            if playbook.step(id).is_none() {
                let known = playbook.steps.iter().map(|step| step.id.as_str());
                let hint = did_you_mean(id, known.clone());
                let message =
                    format!("no step of this playbook is called {id:?}{hint} (known here: {})", listed(known));
                self.say(spot.key("after").index(index), message);
            }
        }
        let mut met = BTreeSet::new();
        for (index, evidence) in step.evidence.iter().enumerate() {
            let at = spot.key("evidence").index(index);
            self.words(&evidence.name, at.key("name"));
            if let Some(why) = self.ungivable(evidence.kind, playbook.category) {
                self.say(at.key("kind"), format!("nobody can give this evidence: {why}"));
            }
            if !met.insert((evidence.kind, &evidence.name.zh)) {
                self.say(at, "the same evidence is asked for twice");
            }
        }
    }

    /// Why evidence of a kind cannot be had in a category.
    fn ungivable(&self, kind: EvidenceKind, category: Category) -> Option<&'static str> {
        match kind {
            EvidenceKind::Reply if self.plan.decide.draft.is_empty() => Some("nobody may draft a reply"),
            EvidenceKind::Reply if self.plan.decide.publish.is_empty() => Some("nobody may publish a reply"),
            EvidenceKind::Reply if self.carried().is_empty() => Some("no channel carries a reply"),
            EvidenceKind::Referral if category != Category::Rumour => Some(
                "only what is assessed as a rumour can be referred; criticism, opinion and the unverified never are",
            ),
            _ => None,
        }
    }

    /// Cycles, and steps that wait for something that never comes.
    fn order(&mut self, playbook: &Playbook, spot: &Spot) {
        let before: BTreeMap<&str, Vec<&str>> =
            playbook.steps.iter().enumerate().map(|(index, step)| (step.id.as_str(), playbook.before(index))).collect();
        let mut reached: BTreeSet<&str> = BTreeSet::new();
        loop {
            let ready = |id: &&str| before[id].iter().all(|other| reached.contains(other));
            let next: Vec<&str> = before.keys().copied().filter(|id| !reached.contains(id)).filter(ready).collect();
            if next.is_empty() {
                break;
            }
            reached.extend(next);
        }
        // A cycle is told once, at its first step.
        let mut told: BTreeSet<&str> = BTreeSet::new();
        for (index, step) in playbook.steps.iter().enumerate().filter(|(_, step)| !reached.contains(&*step.id)) {
            let id = step.id.as_str();
            let unknown = before[id].iter().any(|other| !before.contains_key(other));
            if unknown || told.contains(id) {
                continue;
            }
            let message = if let Some(way) = circle(id, &before) {
                told.extend(&way);
                format!("a cycle: {}: no step of it could ever be done", way.join(" → "))
            } else {
                format!("{id:?} can never be reached: it comes after a step that cannot be done")
            };
            self.say(spot.index(index).key("after"), message);
        }
    }

    fn ladder(&mut self, name: &str, spot: &Spot) {
        if !self.plan.ladders.contains_key(name) {
            let known = self.plan.ladders.keys().map(String::as_str);
            let hint = did_you_mean(name, known.clone());
            let message = format!("no ladder is called {name:?}{hint} (known here: {})", listed(known));
            self.say(spot, message);
        }
    }

    fn clocks(&mut self, spot: &Spot) {
        self.ids("clocks", self.plan.clocks.iter().map(|clock| clock.id.as_str()), spot);
        for (index, clock) in self.plan.clocks.iter().enumerate() {
            let at = spot.index(index);
            self.words(&clock.name, at.key("name"));
            self.words(&clock.source, at.key("source"));
            self.ladder(&clock.ladder, at.key("ladder"));
            if clock.due.is_nothing() {
                self.say(at.key("due"), "it would be overdue when it begins: write a length of time");
            }
            self.end(clock, at);
        }
    }

    fn end(&mut self, clock: &ClockRule, spot: &Spot) {
        let at = spot.key("ends");
        match &clock.ends {
            None => {
                let message = format!(
                    "the clock {:?} has no end: write ends = {{ step = \"…\" }}, {{ reply = [] }}, \"assessment\" or \"close\"",
                    clock.id
                );
                self.say(spot, message);
            }
            Some(End::Assessment) if clock.from == Start::Decision => {
                self.say(at, "it would end when it begins: a clock from the decision cannot end with it");
            }
            Some(End::Assessment) if !clock.category.is_empty() || clock.level != Weight::Any => {
                self.say(at, "it would never run: before the assessment there is no category and no level");
            }
            Some(End::Assessment | End::Close) => {}
            Some(End::Step(id)) => self.ending_step(clock, id, at.key("step")),
            Some(End::Reply(forms)) => {
                let carried = self.carried();
                if !forms.is_empty() && forms.iter().all(|form| !carried.contains(form)) {
                    self.say(at.key("reply"), "no channel carries such a reply: the clock would never end");
                }
            }
        }
    }

    fn ending_step(&mut self, clock: &ClockRule, id: &str, spot: &Spot) {
        let categories = if clock.category.is_empty() { &Category::ALL[..] } else { &clock.category };
        for category in categories {
            let Some(playbook) = self.plan.playbook(*category) else { continue };
            if playbook.step(id).is_none() {
                let known = playbook.steps.iter().map(|step| step.id.as_str());
                let hint = did_you_mean(id, known.clone());
                let (category, known) = (category.as_str(), listed(known));
                let message = format!(
                    "the playbook `{category}` has no step {id:?}{hint} (known there: {known}): for it the clock would have no end"
                );
                self.say(spot, message);
            }
        }
    }

    fn ladders(&mut self, spot: &Spot) {
        for (name, rungs) in &self.plan.ladders {
            let at = spot.key(name);
            for (index, rung) in rungs.iter().enumerate() {
                if !rung.owner && rung.tell.is_empty() {
                    self.say(at.index(index), "nobody is told: write owner = true, or name roles in `tell`");
                }
                if rung.escalate && rung.tell.is_empty() {
                    self.say(at.index(index), "it escalates to nobody: name roles in `tell`");
                }
                if rung.escalate && rung.at.0 < 0 {
                    self.say(at.index(index), "time is not up yet: escalate at \"T+0m\" or later");
                }
                if rungs[..index].iter().any(|before| before.at >= rung.at) {
                    self.say(
                        at.index(index).key("at"),
                        "rungs go from the earliest to the latest, each at its own moment",
                    );
                }
            }
            if !rungs.iter().any(|rung| rung.at.0 == 0 && rung.escalate) {
                let message =
                    format!("the ladder {name:?} says nothing when time is up: add at = \"T+0m\" with escalate = true");
                self.say(at, message);
            }
        }
    }

    fn rest(&mut self, spot: &Spot) {
        let hours = &self.plan.office.hours;
        let at = spot.key("office").key("hours");
        if hours.is_empty() {
            self.say(at, "the office is never open: working days would have no end");
        }
        for (index, pair) in hours.windows(2).enumerate() {
            if pair[0].to > pair[1].from {
                self.say(at.index(index + 1), "hours follow one another and do not overlap");
            }
        }
        let lengths = [
            (
                self.plan.follow_up.time,
                "follow_up",
                "time",
                "a follow-up of no time would never see anything come back",
            ),
            (self.plan.follow_up.every, "follow_up", "every", "no watch can be swept without a pause"),
            (self.plan.referral.cooling_off, "referral", "cooling_off", "a referral is slept on: write \"24h\""),
        ];
        for (length, table, key, message) in lengths {
            if length.0 <= 0 {
                self.say(spot.key(table).key(key), message);
            }
        }
        self.words(&self.plan.referral.source, spot.key("referral").key("source"));
    }
}

/// The way from a step back to itself, in the order in which the steps would be done, if it waits for itself.
fn circle<'a>(start: &'a str, before: &BTreeMap<&'a str, Vec<&'a str>>) -> Option<Vec<&'a str>> {
    // Who waits for a step, on the first way that was found to it.
    let mut waits: BTreeMap<&str, &str> = BTreeMap::new();
    let mut open = vec![start];
    while let Some(id) = open.pop() {
        for next in before.get(id).into_iter().flatten().copied() {
            if next == start {
                let mut way = vec![start, id];
                while let Some(waiting) = way.last().filter(|last| **last != start).and_then(|last| waits.get(last)) {
                    way.push(waiting);
                }
                return Some(way);
            }
            if let std::collections::btree_map::Entry::Vacant(entry) = waits.entry(next) {
                entry.insert(id);
                open.push(next);
            }
        }
    }
    None
}
