//! What may happen to a reply, and who may do it.
//!
//! The plan says which roles review, approve and publish, and how many people stand behind an answer. Two things it
//! cannot say otherwise: who wrote a text neither reviews nor approves it, in whatever role; and what is published is,
//! letter for letter, what was approved.

use caifeng_plugin_host::contract::Timestamp;

use super::{Publication, Receipt, Reply, ReplyEvent, ReplyState};
use crate::endorsement::{self, Behind, By, Unfit};
use crate::incident::Category;
use crate::incident::event::{Actor, Note, Role};
use crate::plan::answer::{Approval, Form};
use crate::plan::{Decision, Plan};

/// What somebody wants to happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplyCommand {
    /// Write it, or write it anew.
    Draft {
        /// As what it is to be published.
        form: Form,
        /// The plan's channel.
        channel: String,
        /// The text.
        text: Note,
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
    /// I published it.
    Publish {
        /// Under this account.
        account: String,
    },
    /// This shows that it was published.
    Receipt(Receipt),
}

/// What the decision depends on besides the reply.
#[derive(Clone, Copy, Debug)]
pub struct Around<'a> {
    /// The plan of the incident.
    pub plan: &'a Plan,
    /// The incident's category, which a person decided.
    pub category: Option<Category>,
    /// Whether its level is major.
    pub major: bool,
    /// The incident still takes answers.
    pub open: bool,
    /// The organisation's registered accounts.
    pub accounts: &'a [String],
}

/// Why a command is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplyRefusal {
    /// Whoever acts may not.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// Nobody has decided what the incident is.
    #[error("the incident has no category yet: the leading group must assess it before an answer is approved")]
    NotAssessed,
    /// The incident takes no answers any more.
    #[error("the incident is closed: reopen it first")]
    IncidentClosed,
    /// The reply does not stand where this could be done.
    #[error("the reply is {}: {}", .0.as_str(), next(*.0))]
    State(ReplyState),
    /// The channel is not in the plan.
    #[error("the plan has no channel {channel:?} (known: {})", known.join(", "))]
    Channel {
        /// What was named.
        channel: String,
        /// What the plan has.
        known: Vec<String>,
    },
    /// The channel does not carry the form.
    #[error("the channel {channel:?} does not carry a {}", form.as_str())]
    Form {
        /// The channel.
        channel: String,
        /// The form.
        form: Form,
    },
}

const fn next(state: ReplyState) -> &'static str {
    match state {
        ReplyState::Draft => "it must be reviewed first",
        ReplyState::Reviewed => "it can be approved or returned",
        ReplyState::Approved => "it can be published or returned",
        ReplyState::Published => "what is published cannot be changed; its receipt is missing",
        ReplyState::Receipted => "what is published cannot be changed: answer again with a new reply",
    }
}

/// What `command` by `actor` does to `reply`.
///
/// # Errors
/// The refusal, in terms of what must happen first or who must act instead.
pub fn decide(
    reply: &Reply,
    command: ReplyCommand,
    actor: &Actor,
    around: &Around<'_>,
) -> Result<ReplyEvent, ReplyRefusal> {
    let by = By::of(actor)?;
    if !around.open && !matches!(command, ReplyCommand::Receipt(_)) {
        return Err(ReplyRefusal::IncidentClosed);
    }
    match command {
        ReplyCommand::Draft { form, channel, text } => draft(reply, form, channel, text, by, around.plan),
        ReplyCommand::Review => review(reply, by, around),
        ReplyCommand::Return { note } => give_back(reply, note, by, around),
        ReplyCommand::Approve => approve(reply, by, around),
        ReplyCommand::Publish { account } => publish(reply, account, by, around),
        ReplyCommand::Receipt(shown) => receipt(reply, shown, by, around.plan),
    }
}

/// Those who stand behind it so far.
fn behind(reply: &Reply) -> Behind<'_> {
    Behind { authors: &reply.authors, reviewer: reply.reviewer.as_deref(), approver: reply.approver.as_deref() }
}

fn draft(
    reply: &Reply,
    form: Form,
    channel: String,
    text: Note,
    by: By<'_>,
    plan: &Plan,
) -> Result<ReplyEvent, ReplyRefusal> {
    if matches!(reply.state, ReplyState::Published | ReplyState::Receipted) {
        return Err(ReplyRefusal::State(reply.state));
    }
    by.must_be(plan.deciders(Decision::Draft).all())?;
    let Some(found) = plan.channel(&channel) else {
        let known = plan.channels.iter().map(|channel| channel.id.clone()).collect();
        return Err(ReplyRefusal::Channel { channel, known });
    };
    if !found.form.contains(&form) {
        return Err(ReplyRefusal::Form { channel, form });
    }
    Ok(ReplyEvent::Drafted { form, channel, text })
}

/// The rule that says who stands behind this reply, and the seal of its text.
fn rule<'a>(reply: &Reply, around: &Around<'a>) -> Result<(&'a Approval, String), ReplyRefusal> {
    let seal = reply.text.as_ref().map(|text| text.seal.clone()).ok_or(Unfit::NoText)?;
    let category = around.category.ok_or(ReplyRefusal::NotAssessed)?;
    let rule = around.plan.approval(category, around.major, reply.form).ok_or(ReplyRefusal::NotAssessed)?;
    Ok((rule, seal))
}

fn review(reply: &Reply, by: By<'_>, around: &Around<'_>) -> Result<ReplyEvent, ReplyRefusal> {
    let (rule, seal) = rule(reply, around)?;
    if reply.state != ReplyState::Draft {
        return Err(ReplyRefusal::State(reply.state));
    }
    behind(reply).may_review(by, rule)?;
    Ok(ReplyEvent::Reviewed { seal })
}

fn give_back(reply: &Reply, note: Note, by: By<'_>, around: &Around<'_>) -> Result<ReplyEvent, ReplyRefusal> {
    let (rule, _) = rule(reply, around)?;
    if matches!(reply.state, ReplyState::Published | ReplyState::Receipted) {
        return Err(ReplyRefusal::State(reply.state));
    }
    let may: Vec<Role> = rule.review.all().iter().chain(rule.approve.all()).copied().collect();
    by.must_be(&may)?;
    Ok(ReplyEvent::Returned { note })
}

fn approve(reply: &Reply, by: By<'_>, around: &Around<'_>) -> Result<ReplyEvent, ReplyRefusal> {
    let (rule, seal) = rule(reply, around)?;
    if reply.state != ReplyState::Reviewed {
        return Err(ReplyRefusal::State(reply.state));
    }
    behind(reply).may_approve(by, rule)?;
    Ok(ReplyEvent::Approved { seal })
}

fn publish(reply: &Reply, account: String, by: By<'_>, around: &Around<'_>) -> Result<ReplyEvent, ReplyRefusal> {
    if reply.state != ReplyState::Approved {
        return Err(ReplyRefusal::State(reply.state));
    }
    let seal = reply.text.as_ref().map(|text| text.seal.clone()).ok_or(Unfit::NoText)?;
    by.must_be(around.plan.deciders(Decision::Publish).all())?;
    endorsement::is_registered(&account, around.accounts)?;
    // Raised to a level since, it may need more people than it has.
    let (rule, _) = rule(reply, around)?;
    behind(reply).suffices(rule)?;
    Ok(ReplyEvent::Published { account, seal })
}

fn receipt(reply: &Reply, shown: Receipt, by: By<'_>, plan: &Plan) -> Result<ReplyEvent, ReplyRefusal> {
    if !matches!(reply.state, ReplyState::Published | ReplyState::Receipted) {
        return Err(ReplyRefusal::State(reply.state));
    }
    by.must_be(plan.deciders(Decision::Publish).all())?;
    let Receipt { capture, document, found } = shown;
    Ok(ReplyEvent::Receipted { capture, document, found })
}

/// Folds `event`, done by `actor` at `at`, into `reply`.
pub fn apply(reply: &mut Reply, event: &ReplyEvent, actor: &Actor, at: Timestamp) {
    let user = match actor {
        Actor::Person { user, .. } => user.clone(),
        Actor::Machine { by } => by.clone(),
    };
    reply.version += 1;
    match event {
        ReplyEvent::Drafted { form, channel, text } => {
            (reply.form, reply.channel) = (*form, channel.clone());
            reply.text = Some(text.clone());
            if !reply.authors.contains(&user) {
                reply.authors.push(user);
            }
            begin_again(reply);
        }
        ReplyEvent::Reviewed { .. } => {
            (reply.state, reply.reviewer) = (ReplyState::Reviewed, Some(user));
        }
        ReplyEvent::Returned { .. } => begin_again(reply),
        ReplyEvent::Approved { .. } => (reply.state, reply.approver) = (ReplyState::Approved, Some(user)),
        ReplyEvent::Published { account, .. } => {
            reply.state = ReplyState::Published;
            reply.published = Some(Publication { account: account.clone(), at });
        }
        ReplyEvent::Receipted { capture, document, found } => {
            reply.state = ReplyState::Receipted;
            reply.receipt = Some(Receipt { capture: capture.clone(), document: *document, found: *found });
        }
    }
}

fn begin_again(reply: &mut Reply) {
    reply.state = ReplyState::Draft;
    (reply.reviewer, reply.approver) = (None, None);
}

#[cfg(test)]
mod tests;
