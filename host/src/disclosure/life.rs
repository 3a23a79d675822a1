//! What may happen to a disclosure, and who may do it.
//!
//! Who writes and who publishes is the plan's word, as for answers. Who stands behind it: for each incident that it
//! answers the plan's rule for an article about that incident; without one the plan's general rule. All rules must be
//! kept at once, at approval and again at publication, because an incident may have become major in between.

use caifeng_plugin_host::contract::Timestamp;

use super::{Disclosure, DisclosureEvent, DisclosureState, Kind, Outlet, calendar};
use crate::endorsement::{self, Behind, By, Unfit};
use crate::incident::event::{Actor, Note, Role};
use crate::incident::{Category, IncidentId};
use crate::plan::answer::{Approval, Form};
use crate::plan::{Decision, Plan};
use crate::reply::{Publication, Receipt};

/// As what the plan's rules take it: more than a comment below somebody else's page.
const FORM: Form = Form::Article;

/// What somebody wants to happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DisclosureCommand {
    /// Write what it says and where, or write it anew.
    Draft {
        /// What it is.
        kind: Kind,
        /// The plan's channels.
        channels: Vec<String>,
        /// Title and text.
        text: Note,
        /// There is a text besides the title.
        whole: bool,
    },
    /// Give it its place.
    Schedule {
        /// From when on it is to be published.
        planned: Option<Timestamp>,
        /// By when, everywhere.
        due: Option<Timestamp>,
        /// The incidents that it answers.
        answers: Vec<IncidentId>,
    },
    /// It is right.
    Review,
    /// It goes back.
    Return {
        /// Why.
        note: Note,
    },
    /// It may be published.
    Approve,
    /// I published it there.
    Publish {
        /// The channel.
        channel: String,
        /// Under this account.
        account: String,
    },
    /// This shows that it was published there.
    Receipt {
        /// The channel.
        channel: String,
        /// What shows it.
        shown: Receipt,
    },
    /// It will not be published, or nowhere else.
    Drop {
        /// Why.
        note: Note,
    },
    /// Tell that its time is up, if it is.
    Ring,
}

/// An incident that it answers.
#[derive(Clone, Copy, Debug)]
pub struct Answered<'a> {
    /// Which.
    pub incident: IncidentId,
    /// The plan of the incident.
    pub plan: &'a Plan,
    /// Its category, if a person decided it.
    pub category: Option<Category>,
    /// Whether its level is major.
    pub major: bool,
}

/// What the decision depends on besides the disclosure.
#[derive(Clone, Copy, Debug)]
pub struct Around<'a> {
    /// The plan in force.
    pub plan: &'a Plan,
    /// The incidents that it answers.
    pub answered: &'a [Answered<'a>],
    /// The organisation's registered accounts.
    pub accounts: &'a [String],
}

/// Why a command is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DisclosureRefusal {
    /// Whoever acts may not.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// It does not stand where this could be done.
    #[error("the disclosure is {}: {}", .0.as_str(), next(*.0))]
    State(DisclosureState),
    /// Nobody has decided what an incident is that it answers.
    #[error(
        "incident {0} has no category yet: the leading group must assess it before something that answers it is approved"
    )]
    NotAssessed(IncidentId),
    /// It goes nowhere.
    #[error("name at least one channel with --channel (known: {})", .0.join(", "))]
    Nowhere(Vec<String>),
    /// The channel is not in the plan.
    #[error("the plan has no channel {channel:?} (known: {})", known.join(", "))]
    Channel {
        /// What was named.
        channel: String,
        /// What the plan has.
        known: Vec<String>,
    },
    /// Nothing stands there by itself.
    #[error("the channel {0:?} carries only comments: answer there with caifeng reply")]
    CommentsOnly(String),
    /// It is not meant for this channel.
    #[error("it is not prepared for the channel {channel:?} but for {}", prepared.join(", "))]
    NotPrepared {
        /// What was named.
        channel: String,
        /// Where it goes.
        prepared: Vec<String>,
    },
    /// It is there already.
    #[error("it is published on {0:?} already: keep its receipt with caifeng disclosure receipt")]
    IsOut(String),
    /// It is not there.
    #[error("it is not published on {0:?} yet: say so first with caifeng disclosure publish")]
    IsNotOut(String),
    /// Due before it is planned.
    #[error("it would be due before the day for which it is planned: correct --planned or --due")]
    DueFirst,
    /// Everything is done already.
    #[error("it is published on every channel: nothing is left to drop")]
    NothingLeft,
    /// Nothing to tell.
    #[error("it is not overdue")]
    NotDue,
}

const fn next(state: DisclosureState) -> &'static str {
    match state {
        DisclosureState::Planned => "it needs a text first: caifeng disclosure edit --text",
        DisclosureState::Draft => "it must be reviewed first",
        DisclosureState::Reviewed => "it can be approved or returned",
        DisclosureState::Approved => "it can be published or returned",
        DisclosureState::Published | DisclosureState::Receipted => {
            "what is published cannot be changed: publish a correction as a new one"
        }
        DisclosureState::Dropped => "it was given up: draft a new one",
    }
}

/// What `command` by `actor` does to `disclosure` at `now`.
///
/// # Errors
/// The refusal, in terms of what must happen first or who must act instead.
pub fn decide(
    disclosure: &Disclosure,
    command: DisclosureCommand,
    actor: &Actor,
    around: &Around<'_>,
    now: Timestamp,
) -> Result<DisclosureEvent, DisclosureRefusal> {
    if command == DisclosureCommand::Ring {
        let due = calendar::to_tell(disclosure).filter(|due| *due <= now).ok_or(DisclosureRefusal::NotDue)?;
        return Ok(DisclosureEvent::Overdue { due });
    }
    let deciding = Deciding { disclosure, around, by: By::of(actor)? };
    match command {
        DisclosureCommand::Draft { kind, channels, text, whole } => deciding.draft(kind, channels, text, whole),
        DisclosureCommand::Schedule { planned, due, answers } => deciding.schedule(planned, due, answers),
        DisclosureCommand::Review => deciding.review(),
        DisclosureCommand::Return { note } => deciding.give_back(note),
        DisclosureCommand::Approve => deciding.approve(),
        DisclosureCommand::Publish { channel, account } => deciding.publish(channel, account),
        DisclosureCommand::Receipt { channel, shown } => deciding.receipt(channel, shown),
        DisclosureCommand::Drop { note } => deciding.give_up(note),
        DisclosureCommand::Ring => Err(DisclosureRefusal::NotDue),
    }
}

/// A person's command on its way.
struct Deciding<'a> {
    disclosure: &'a Disclosure,
    around: &'a Around<'a>,
    by: By<'a>,
}

impl<'a> Deciding<'a> {
    fn must(&self, decision: Decision) -> Result<(), Unfit> {
        self.by.must_be(self.around.plan.deciders(decision).all())
    }

    fn must_stand(&self, states: &[DisclosureState]) -> Result<(), DisclosureRefusal> {
        let state = self.disclosure.state;
        if states.contains(&state) { Ok(()) } else { Err(DisclosureRefusal::State(state)) }
    }

    fn behind(&self) -> Behind<'a> {
        let Disclosure { authors, reviewer, approver, .. } = self.disclosure;
        Behind { authors, reviewer: reviewer.as_deref(), approver: approver.as_deref() }
    }

    /// The rules that say who stands behind it.
    fn rules(&self) -> Result<Vec<&'a Approval>, DisclosureRefusal> {
        let of = |answered: &Answered<'a>| {
            let unknown = DisclosureRefusal::NotAssessed(answered.incident);
            let category = answered.category.ok_or_else(|| unknown.clone())?;
            answered.plan.approval(category, answered.major, FORM).ok_or(unknown)
        };
        if self.around.answered.is_empty() {
            // A consistent plan has one.
            return Ok(self.around.plan.approvals.iter().filter(|rule| rule.is_general()).collect());
        }
        self.around.answered.iter().map(of).collect()
    }

    fn seal(&self) -> Result<String, Unfit> {
        self.disclosure.text.as_ref().map(|text| text.seal.clone()).ok_or(Unfit::NoText)
    }

    fn draft(
        &self,
        kind: Kind,
        channels: Vec<String>,
        text: Note,
        whole: bool,
    ) -> Result<DisclosureEvent, DisclosureRefusal> {
        if !self.disclosure.state.is_open() {
            return Err(DisclosureRefusal::State(self.disclosure.state));
        }
        self.must(Decision::Draft)?;
        let known = || self.around.plan.channels.iter().map(|channel| channel.id.clone()).collect();
        if channels.is_empty() {
            return Err(DisclosureRefusal::Nowhere(known()));
        }
        for channel in &channels {
            let Some(found) = self.around.plan.channel(channel) else {
                return Err(DisclosureRefusal::Channel { channel: channel.clone(), known: known() });
            };
            if found.form.iter().all(|form| *form == Form::Comment) {
                return Err(DisclosureRefusal::CommentsOnly(channel.clone()));
            }
        }
        Ok(DisclosureEvent::Drafted { kind, channels, text, whole })
    }

    fn schedule(
        &self,
        planned: Option<Timestamp>,
        due: Option<Timestamp>,
        answers: Vec<IncidentId>,
    ) -> Result<DisclosureEvent, DisclosureRefusal> {
        if self.disclosure.state == DisclosureState::Dropped {
            return Err(DisclosureRefusal::State(self.disclosure.state));
        }
        self.must(Decision::Draft)?;
        if planned.zip(due).is_some_and(|(planned, due)| due < planned) {
            return Err(DisclosureRefusal::DueFirst);
        }
        Ok(DisclosureEvent::Scheduled { planned, due, answers })
    }

    fn review(&self) -> Result<DisclosureEvent, DisclosureRefusal> {
        self.must_stand(&[DisclosureState::Draft])?;
        for rule in self.rules()? {
            self.behind().may_review(self.by, rule)?;
        }
        Ok(DisclosureEvent::Reviewed { seal: self.seal()? })
    }

    fn give_back(&self, note: Note) -> Result<DisclosureEvent, DisclosureRefusal> {
        self.must_stand(&[DisclosureState::Draft, DisclosureState::Reviewed, DisclosureState::Approved])?;
        let rules = self.rules()?;
        let may: Vec<Role> =
            rules.iter().flat_map(|rule| rule.review.all().iter().chain(rule.approve.all())).copied().collect();
        self.by.must_be(&may)?;
        Ok(DisclosureEvent::Returned { note })
    }

    fn approve(&self) -> Result<DisclosureEvent, DisclosureRefusal> {
        self.must_stand(&[DisclosureState::Reviewed])?;
        for rule in self.rules()? {
            self.behind().may_approve(self.by, rule)?;
        }
        Ok(DisclosureEvent::Approved { seal: self.seal()? })
    }

    fn publish(&self, channel: String, account: String) -> Result<DisclosureEvent, DisclosureRefusal> {
        let Disclosure { channels, outlets, .. } = self.disclosure;
        if outlets.contains_key(&channel) {
            return Err(DisclosureRefusal::IsOut(channel));
        }
        self.must_stand(&[DisclosureState::Approved, DisclosureState::Published])?;
        self.must(Decision::Publish)?;
        endorsement::is_registered(&account, self.around.accounts)?;
        if !channels.contains(&channel) {
            return Err(DisclosureRefusal::NotPrepared { channel, prepared: channels.clone() });
        }
        for rule in self.rules()? {
            self.behind().suffices(rule)?;
        }
        Ok(DisclosureEvent::Published { channel, account, seal: self.seal()? })
    }

    fn receipt(&self, channel: String, shown: Receipt) -> Result<DisclosureEvent, DisclosureRefusal> {
        if !self.disclosure.outlets.contains_key(&channel) {
            return Err(DisclosureRefusal::IsNotOut(channel));
        }
        self.must(Decision::Publish)?;
        let Receipt { capture, document, found } = shown;
        Ok(DisclosureEvent::Receipted { channel, capture, document, found })
    }

    fn give_up(&self, note: Note) -> Result<DisclosureEvent, DisclosureRefusal> {
        if self.disclosure.state == DisclosureState::Dropped {
            return Err(DisclosureRefusal::State(self.disclosure.state));
        }
        if calendar::is_out(self.disclosure) {
            return Err(DisclosureRefusal::NothingLeft);
        }
        self.must(Decision::Draft)?;
        Ok(DisclosureEvent::Dropped { note })
    }
}

/// Folds `event`, done by `actor` at `at`, into `disclosure`.
pub fn apply(disclosure: &mut Disclosure, event: &DisclosureEvent, actor: &Actor, at: Timestamp) {
    let user = actor.user().to_owned();
    disclosure.version += 1;
    match event {
        DisclosureEvent::Drafted { kind, channels, text, whole } => {
            (disclosure.kind, disclosure.channels, disclosure.text) = (*kind, channels.clone(), Some(text.clone()));
            if !disclosure.authors.contains(&user) {
                disclosure.authors.push(user);
            }
            begin_again(disclosure, if *whole { DisclosureState::Draft } else { DisclosureState::Planned });
        }
        DisclosureEvent::Scheduled { planned, due, answers } => {
            // Whoever stands behind it did not know that it answers these.
            let more = answers.iter().any(|incident| !disclosure.answers.contains(incident));
            if more && matches!(disclosure.state, DisclosureState::Reviewed | DisclosureState::Approved) {
                begin_again(disclosure, DisclosureState::Draft);
            }
            (disclosure.planned, disclosure.due, disclosure.answers) = (*planned, *due, answers.clone());
        }
        DisclosureEvent::Reviewed { .. } => {
            (disclosure.state, disclosure.reviewer) = (DisclosureState::Reviewed, Some(user));
        }
        DisclosureEvent::Returned { .. } => begin_again(disclosure, DisclosureState::Draft),
        DisclosureEvent::Approved { .. } => {
            (disclosure.state, disclosure.approver) = (DisclosureState::Approved, Some(user));
        }
        DisclosureEvent::Published { channel, account, .. } => {
            let publication = Publication { account: account.clone(), at };
            disclosure.outlets.insert(channel.clone(), Outlet { publication, receipt: None });
            look_for_receipts(disclosure);
        }
        DisclosureEvent::Receipted { channel, capture, document, found } => {
            if let Some(outlet) = disclosure.outlets.get_mut(channel) {
                outlet.receipt = Some(Receipt { capture: capture.clone(), document: *document, found: *found });
            }
            look_for_receipts(disclosure);
        }
        DisclosureEvent::Dropped { .. } if disclosure.outlets.is_empty() => {
            disclosure.state = DisclosureState::Dropped;
        }
        DisclosureEvent::Dropped { .. } => {
            let outlets = &disclosure.outlets;
            disclosure.channels.retain(|channel| outlets.contains_key(channel));
            look_for_receipts(disclosure);
        }
        DisclosureEvent::Overdue { due } => disclosure.told = Some(*due),
    }
}

fn begin_again(disclosure: &mut Disclosure, state: DisclosureState) {
    disclosure.state = state;
    (disclosure.reviewer, disclosure.approver) = (None, None);
}

fn look_for_receipts(disclosure: &mut Disclosure) {
    let shown = |channel| disclosure.outlets.get(channel).is_some_and(|outlet: &Outlet| outlet.receipt.is_some());
    let all = disclosure.channels.iter().all(shown);
    disclosure.state = if all { DisclosureState::Receipted } else { DisclosureState::Published };
}

#[cfg(test)]
mod tests;
