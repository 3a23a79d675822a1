//! A plan for people to read, in one language.

use super::answer::{Approval, Channel, Form};
use super::clocks::{ClockRule, End, Rung, Start};
use super::level::Weight;
use super::playbook::{Playbook, Step};
use super::words::Roles;
use super::{Decision, Plan};
use crate::incident::Category;
use crate::incident::event::Role;
use crate::lang::Lang;

/// The whole plan as lines of text.
#[must_use]
pub fn lines(plan: &Plan, lang: Lang) -> Vec<String> {
    let mut page = Page { lang, lines: Vec::new() };
    page.line(format!("{} {}", plan.name.in_lang(lang), plan.version));
    page.line(plan.source.in_lang(lang).to_owned());
    page.line(format!("sha256 {}", plan.digest()));
    page.levels(plan);
    plan.playbooks.iter().for_each(|playbook| page.playbook(playbook));
    page.heading("plan.clocks");
    plan.clocks.iter().for_each(|clock| page.clock(plan, clock));
    page.heading("plan.ladders");
    plan.ladders.iter().for_each(|(name, rungs)| page.ladder(name, rungs));
    page.heading("plan.decisions");
    for decision in Decision::ALL {
        let roles = page.roles(plan.deciders(decision));
        page.line(format!("  {}: {roles}", decision.as_str()));
    }
    page.heading("plan.tell");
    for (what, roles) in plan.tell.all() {
        let roles = page.roles(roles);
        page.line(format!("  {what}: {roles}"));
    }
    page.heading("plan.approvals");
    plan.approvals.iter().for_each(|approval| page.approval(approval));
    page.heading("plan.channels");
    plan.channels.iter().for_each(|channel| page.channel(channel));
    page.heading("plan.bulletins");
    for bulletin in &plan.bulletins {
        let (name, readers) = (bulletin.kind.name(lang), page.roles(&bulletin.readers));
        page.line(format!("  {name} {}: {readers}", bulletin.at));
    }
    page.rest(plan);
    page.lines
}

struct Page {
    lang: Lang,
    lines: Vec<String>,
}

impl Page {
    fn line(&mut self, line: String) {
        self.lines.push(line);
    }

    fn heading(&mut self, key: &str) {
        self.line(String::new());
        self.line(self.lang.t(key));
    }

    fn roles(&self, roles: &Roles) -> String {
        let names: Vec<String> = roles.all().iter().map(|role| self.lang.t(role_key(*role))).collect();
        self.lang.list(&names)
    }

    fn categories(&self, categories: &[Category]) -> String {
        let names: Vec<String> = categories.iter().map(|category| self.lang.t(category_key(*category))).collect();
        self.lang.list(&names)
    }

    fn forms(&self, forms: &[Form]) -> String {
        let forms = if forms.is_empty() { &Form::ALL[..] } else { forms };
        let names: Vec<String> = forms.iter().map(|form| self.lang.t(form_key(*form))).collect();
        self.lang.list(&names)
    }

    fn levels(&mut self, plan: &Plan) {
        self.heading("plan.levels");
        for level in plan.levels() {
            let mut line = format!("  {}  {}", level.id, level.name.in_lang(self.lang));
            if level.major {
                line.push_str(&format!(" · {}", self.lang.t("plan.major")));
            }
            if !level.labels.is_empty() {
                let labels = self.lang.list(&level.labels);
                line.push_str(&format!(" · {}", self.lang.with("plan.suggested-by", &[("labels", &labels)])));
            }
            self.line(line);
        }
    }

    fn playbook(&mut self, playbook: &Playbook) {
        let (name, source) = (playbook.name.in_lang(self.lang), playbook.source.in_lang(self.lang));
        self.line(String::new());
        self.line(format!("{}  {name} ({source})", playbook.category.as_str()));
        for (index, step) in playbook.steps.iter().enumerate() {
            self.step(index + 1, step);
        }
    }

    fn step(&mut self, number: usize, step: &Step) {
        let mut line = format!("  {number}  {}  {}", step.id, step.name.in_lang(self.lang));
        line.push_str(&format!(" · {}", self.roles(&step.owner)));
        if let Some(due) = step.due {
            line.push_str(&format!(" · {}", self.lang.with("plan.due", &[("time", &due)])));
        }
        if step.waivable {
            line.push_str(&format!(" · {}", self.lang.t("plan.waivable")));
        }
        self.line(line);
        for evidence in &step.evidence {
            let (kind, name) = (evidence.kind.as_str(), evidence.name.in_lang(self.lang));
            self.line(format!("     {kind}: {name}"));
        }
        self.line(format!("     {}", step.guidance.in_lang(self.lang)));
    }

    fn clock(&mut self, plan: &Plan, clock: &ClockRule) {
        let from = self.lang.t(match clock.from {
            Start::FirstSight => "plan.from-first-sight",
            Start::Decision => "plan.from-decision",
        });
        let ends = match &clock.ends {
            None | Some(End::Close) => self.lang.t("plan.ends-close"),
            Some(End::Assessment) => self.lang.t("plan.ends-assessment"),
            Some(End::Step(id)) => {
                let steps = plan.playbooks.iter().filter_map(|playbook| playbook.step(id));
                let name = steps.map(|step| step.name.in_lang(self.lang)).next().unwrap_or(id);
                self.lang.with("plan.ends-step", &[("step", &name)])
            }
            Some(End::Reply(forms)) => self.lang.with("plan.ends-reply", &[("forms", &self.forms(forms))]),
        };
        let (name, source) = (clock.name.in_lang(self.lang), clock.source.in_lang(self.lang));
        self.line(format!("  {}  {name} · {} {from} · {ends} · {}", clock.id, clock.due, clock.ladder));
        let whom = self.whom(&clock.category, clock.level);
        self.line(format!("     {whom}{source}"));
    }

    /// Which incidents a rule is for, when not for all.
    fn whom(&self, categories: &[Category], level: Weight) -> String {
        let level = match level {
            Weight::Any => None,
            Weight::Major => Some(self.lang.t("plan.major-only")),
            Weight::Ordinary => Some(self.lang.t("plan.ordinary-only")),
        };
        let categories = Some(self.categories(categories)).filter(|names| !names.is_empty());
        categories.into_iter().chain(level).map(|words| words + " · ").collect()
    }

    fn ladder(&mut self, name: &str, rungs: &[Rung]) {
        self.line(format!("  {name}"));
        for rung in rungs {
            let mut told: Vec<String> = Vec::new();
            told.extend(rung.owner.then(|| self.lang.t("plan.owner")));
            told.extend((!rung.tell.is_empty()).then(|| self.roles(&rung.tell)));
            told.extend(rung.escalate.then(|| self.lang.t("plan.escalates")));
            self.line(format!("     {}  {}", rung.at, told.join(" · ")));
        }
    }

    fn approval(&mut self, approval: &Approval) {
        let whom = self.whom(&approval.category, approval.level);
        let forms =
            if approval.form.is_empty() { String::new() } else { format!("{} · ", self.forms(&approval.form)) };
        let (review, approve) = (self.roles(&approval.review), self.roles(&approval.approve));
        let rule = [("review", &review as &dyn std::fmt::Display), ("approve", &approve), ("people", &approval.people)];
        self.line(format!("  {whom}{forms}{}", self.lang.with("plan.approval", &rule)));
    }

    fn channel(&mut self, channel: &Channel) {
        let length = channel.length.map(|length| format!(" · {}", self.lang.with("plan.length", &[("n", &length)])));
        let (name, forms) = (channel.name.in_lang(self.lang), self.forms(&channel.form));
        self.line(format!("  {}  {name} · {forms}{}", channel.id, length.unwrap_or_default()));
    }

    fn rest(&mut self, plan: &Plan) {
        let time = |wall: super::span::Wall| super::span::Span::Wall(wall.0);
        self.line(String::new());
        let hours: Vec<String> = plan.office.hours.iter().map(ToString::to_string).collect();
        self.line(self.lang.with("plan.office", &[("hours", &self.lang.list(&hours))]));
        let (long, every) = (time(plan.follow_up.time), time(plan.follow_up.every));
        self.line(self.lang.with("plan.follow-up", &[("time", &long), ("every", &every)]));
        self.line(self.lang.with("plan.referral", &[("time", &time(plan.referral.cooling_off))]));
    }
}

/// The catalogue key of a role.
#[must_use]
pub const fn role_key(role: Role) -> &'static str {
    match role {
        Role::Monitor => "role.monitor",
        Role::Staff => "role.staff",
        Role::LeadingGroup => "role.leading-group",
        Role::Head => "role.head",
        Role::Spokesperson => "role.spokesperson",
        Role::Legal => "role.legal",
        Role::Trainer => "role.trainer",
        Role::System => "role.system",
        Role::Security => "role.security",
        Role::Audit => "role.audit",
    }
}

/// The catalogue key of a category.
#[must_use]
pub const fn category_key(category: Category) -> &'static str {
    match category {
        Category::Problem => "category.problem",
        Category::Emergency => "category.emergency",
        Category::Sensitive => "category.sensitive",
        Category::Suggestion => "category.suggestion",
        Category::Rumour => "category.rumour",
    }
}

/// The catalogue key of a form of reply.
#[must_use]
pub const fn form_key(form: Form) -> &'static str {
    match form {
        Form::Post => "form.post",
        Form::Comment => "form.comment",
        Form::Article => "form.article",
        Form::Statement => "form.statement",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_plan_reads_well_in_both_languages() {
        insta::assert_snapshot!("plan-en", lines(Plan::built_in(), Lang::En).join("\n"));
        insta::assert_snapshot!("plan-zh", lines(Plan::built_in(), Lang::Zh).join("\n"));
    }
}
