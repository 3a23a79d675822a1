//! The plan as data: categories, levels, steps, clocks, roles and approvals in one file.
//!
//! [`built_in`](Plan::built_in) is the bureau's plan (P1 … P24) with the national norms; an
//! organisation puts its own `plan.toml` beside `caifeng.toml`, whole, so that what is in force can be read in
//! one place and nothing changes under it when the software does. A [`Plan`] that exists is consistent: everything
//! that could leave an incident without an owner, an end or an answer was refused when the
//! file was read, with line and column. A version of a plan is known by the SHA-256 of its text, so that `sha256sum`
//! answers which one governed an incident.
//!
//! What the plan cannot change: a machine decides nothing, an author never approves, a referral needs the
//! legal officer and the head. Those are rules of the core.
//!
//! | question | module |
//! | --- | --- |
//! | what is done, by whom, with what evidence | [`playbook`] |
//! | against which deadlines, and who is told | [`clocks`] |
//! | who hears of what else happens | [`tell`] |
//! | how serious is it | [`level`] |
//! | who stands behind an answer | [`answer`] |
//! | which reports are written regularly | [`bulletin`] |
//! | is it consistent | `check` |
//! | how does it read, what is different | [`show`], [`diff`] |

pub mod answer;
pub mod bulletin;
mod check;
pub mod clocks;
pub mod diff;
pub mod level;
pub mod office;
pub mod playbook;
pub mod show;
pub mod span;
pub mod tell;
pub mod words;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::config::reading::Problem;
use crate::config::sheet::Sheet;
use crate::hex::hex;
use crate::incident::Category;
use crate::incident::event::Role;
use answer::{Approval, Channel, Form};
use bulletin::Bulletin;
use clocks::{ClockRule, Report, Rung};
use level::Level;
use office::Office;
use playbook::Playbook;
use span::Wall;
use tell::Tell;
use words::{Roles, Words};

/// The file's name beside the configuration.
pub const FILE: &str = "plan.toml";

/// The text of the plan that is in force without a file.
pub const BUILT_IN: &str = include_str!("default.toml");

/// A consistent plan.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// What the organisation calls this version.
    pub version: String,
    /// Its name.
    pub name: Words,
    /// Where it comes from.
    pub source: Words,
    /// Which scheme of levels is in force.
    pub levels: String,
    /// Schemes of levels, ready-made.
    #[serde(rename = "scheme")]
    pub schemes: BTreeMap<String, Vec<Level>>,
    /// Who decides what.
    pub decide: Decisions,
    /// Who hears of an incident at once; every rule that fits counts.
    #[serde(rename = "report")]
    pub reports: Vec<Report>,
    /// Who hears of what else happens; as in the built-in plan where a plan says nothing.
    #[serde(default)]
    pub tell: Tell,
    /// Who stands behind answers.
    #[serde(rename = "approval")]
    pub approvals: Vec<Approval>,
    /// Where answers are published.
    #[serde(rename = "channel")]
    pub channels: Vec<Channel>,
    /// What is done, per category.
    #[serde(rename = "playbook")]
    pub playbooks: Vec<Playbook>,
    /// Deadlines beyond those of steps.
    #[serde(rename = "clock")]
    pub clocks: Vec<ClockRule>,
    /// Who is told on the way to a deadline, by the name that clocks use.
    #[serde(rename = "ladder")]
    pub ladders: BTreeMap<String, Vec<Rung>>,
    /// When offices are open.
    pub office: Office,
    /// What happens once a major incident is handled.
    pub follow_up: FollowUp,
    /// The rules of legal referrals that may be set.
    pub referral: Referral,
    /// Reports that are written regularly; none when left out.
    #[serde(rename = "bulletin", default, skip_serializing_if = "Vec::is_empty")]
    pub bulletins: Vec<Bulletin>,
    #[serde(skip)]
    text: String,
}

/// Who decides what. A machine is no role: it decides nothing.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Decisions {
    /// The category (研判, P11).
    pub assess: Roles,
    /// The level.
    pub level: Roles,
    /// Who owns the incident.
    pub assign: Roles,
    /// Stop its clocks for a reason, and let them go on.
    pub pause: Roles,
    /// It is handled.
    pub close: Roles,
    /// It is not.
    pub reopen: Roles,
    /// Nothing is to be done.
    pub dismiss: Roles,
    /// It is one matter with another, or two: merge and split, and take either back.
    pub merge: Roles,
    /// Leave out a step that does not apply.
    pub waive: Roles,
    /// Write an answer.
    pub draft: Roles,
    /// Publish an approved answer under a registered account.
    pub publish: Roles,
}

/// What a plan says about [`Decisions`]: one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Decision {
    /// The category.
    Assess,
    /// The level.
    Level,
    /// The owner.
    Assign,
    /// Stop clocks, let them go on.
    Pause,
    /// It is handled.
    Close,
    /// It is not.
    Reopen,
    /// Nothing is to be done.
    Dismiss,
    /// One matter or two.
    Merge,
    /// Leave out a step.
    Waive,
    /// Write an answer.
    Draft,
    /// Publish an approved answer.
    Publish,
}

impl Decision {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Assess,
        Self::Level,
        Self::Assign,
        Self::Pause,
        Self::Close,
        Self::Reopen,
        Self::Dismiss,
        Self::Merge,
        Self::Waive,
        Self::Draft,
        Self::Publish,
    ];

    /// The key of `[decide]`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Assess => "assess",
            Self::Level => "level",
            Self::Assign => "assign",
            Self::Pause => "pause",
            Self::Close => "close",
            Self::Reopen => "reopen",
            Self::Dismiss => "dismiss",
            Self::Merge => "merge",
            Self::Waive => "waive",
            Self::Draft => "draft",
            Self::Publish => "publish",
        }
    }
}

/// 跟踪观察 (P17).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct FollowUp {
    /// How long a major incident is watched once it is handled.
    pub time: Wall,
    /// How often the watches that fed it are swept meanwhile, at least.
    pub every: Wall,
}

/// What may be set about legal referrals (P16); who approves them may not.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Referral {
    /// Between proposal and approval at least.
    pub cooling_off: Wall,
    /// Views of one item from which defamation counts as serious.
    pub views: u64,
    /// Reposts of one item from which it does.
    pub reposts: u64,
    /// The norm of both.
    pub source: Words,
}

impl Plan {
    /// The bureau's plan.
    ///
    /// # Panics
    /// Never: a test reads it.
    #[must_use]
    pub fn built_in() -> &'static Self {
        static PLAN: LazyLock<Plan> = LazyLock::new(|| {
            Plan::read(BUILT_IN.into(), Path::new("default plan")).unwrap_or_else(|problems| {
                let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
                unreachable!("the built-in plan is wrong:\n{}", told.join("\n"))
            })
        });
        &PLAN
    }

    /// Reads and checks the text of a plan; `path` is only for messages.
    ///
    /// # Errors
    /// Everything that is wrong with it, with line and column.
    pub fn read(text: Vec<u8>, path: &Path) -> Result<Self, Vec<Problem>> {
        let (sheet, plan, mut problems) = Sheet::read::<Self>(path, text);
        if let Some(mut plan) = plan {
            let wrong = check::check(&plan, &sheet.spot);
            problems.extend(wrong.into_iter().map(|wrong| sheet.problem(wrong.offset, wrong.message)));
            if problems.is_empty() {
                plan.text = sheet.text;
                return Ok(plan);
            }
        }
        problems.sort();
        problems.dedup();
        Err(problems)
    }

    /// The text that it was read from.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What this version is known by: the SHA-256 of its text, in hex.
    #[must_use]
    pub fn digest(&self) -> String {
        hex(&Sha256::digest(&self.text))
    }

    /// The levels in force, from the lowest to the highest.
    #[must_use]
    pub fn levels(&self) -> &[Level] {
        self.schemes.get(&self.levels).map_or(&[], Vec::as_slice)
    }

    /// The level of this id, if it is in force.
    #[must_use]
    pub fn level(&self, id: &str) -> Option<&Level> {
        self.levels().iter().find(|level| level.id == id)
    }

    /// The level in force that a classifier means by `label`; `None` where the plan has none for it.
    #[must_use]
    pub fn level_meant_by(&self, label: &str) -> Option<&Level> {
        self.levels().iter().find(|level| level.is_meant_by(label))
    }

    /// Whether a level, which need not be decided yet, is major.
    #[must_use]
    pub fn is_major(&self, level: Option<&str>) -> bool {
        level.and_then(|id| self.level(id)).is_some_and(|level| level.major)
    }

    /// What is done about a category; a consistent plan has a playbook for each.
    #[must_use]
    pub fn playbook(&self, category: Category) -> Option<&Playbook> {
        self.playbooks.iter().find(|playbook| playbook.category == category)
    }

    /// Who may take a decision.
    #[must_use]
    pub const fn deciders(&self, decision: Decision) -> &Roles {
        match decision {
            Decision::Assess => &self.decide.assess,
            Decision::Level => &self.decide.level,
            Decision::Assign => &self.decide.assign,
            Decision::Pause => &self.decide.pause,
            Decision::Close => &self.decide.close,
            Decision::Reopen => &self.decide.reopen,
            Decision::Dismiss => &self.decide.dismiss,
            Decision::Merge => &self.decide.merge,
            Decision::Waive => &self.decide.waive,
            Decision::Draft => &self.decide.draft,
            Decision::Publish => &self.decide.publish,
        }
    }

    /// Whether `role` may take a decision.
    #[must_use]
    pub fn may(&self, role: Role, decision: Decision) -> bool {
        self.deciders(decision).include(role)
    }

    /// The clock rules for an incident; its category may not be decided yet. Due times of steps are apart.
    pub fn clocks(&self, category: Option<Category>, major: bool) -> impl Iterator<Item = &ClockRule> {
        self.clocks.iter().filter(move |clock| clock.is_for(category, major))
    }

    /// What people call a clock: one of the plan's own, or `step:ID` for the due time of a step.
    #[must_use]
    pub fn clock_name(&self, id: &str) -> Option<&Words> {
        let own = self.clocks.iter().find(|clock| clock.id == id).map(|clock| &clock.name);
        let step = id.strip_prefix("step:");
        let of_step = || self.playbooks.iter().find_map(|book| book.step(step?)).map(|step| &step.name);
        own.or_else(of_step)
    }

    /// The rungs of a ladder.
    #[must_use]
    pub fn ladder(&self, name: &str) -> &[Rung] {
        self.ladders.get(name).map_or(&[], Vec::as_slice)
    }

    /// Who stands behind an answer; a consistent plan says it for every one.
    #[must_use]
    pub fn approval(&self, category: Category, major: bool, form: Form) -> Option<&Approval> {
        self.approvals.iter().find(|approval| approval.is_for(category, major, form))
    }

    /// Who hears of an incident at once, each role once.
    #[must_use]
    pub fn told(&self, category: Option<Category>, major: bool) -> Vec<Role> {
        let fits = |report: &&Report| {
            (report.category.is_empty() || category.is_some_and(|category| report.category.contains(&category)))
                && report.level.fits(major)
        };
        let mut roles: Vec<Role> = Vec::new();
        for role in self.reports.iter().filter(fits).flat_map(|report| report.tell.all()) {
            if !roles.contains(role) {
                roles.push(*role);
            }
        }
        roles
    }

    /// The channel of this id.
    #[must_use]
    pub fn channel(&self, id: &str) -> Option<&Channel> {
        self.channels.iter().find(|channel| channel.id == id)
    }
}

#[cfg(test)]
mod tests;
