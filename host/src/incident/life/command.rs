//! What may be asked of an incident, and why it may be refused.

use caifeng_plugin_host::contract::Timestamp;
use serde::{Deserialize, Serialize};

use crate::incident::event::{Note, Role};
use crate::incident::opinion::Suggestion;
use crate::incident::{Category, IncidentId, State};
use crate::plan::answer::Form;
use crate::plan::playbook::EvidenceKind;
use crate::warning::Alert;

/// Seconds in which an assessment can be taken back: long enough to see a slip, too short to rest anything on it.
pub const TAKE_BACK: i64 = 60;

/// What somebody wants to happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// A post that belongs to no incident opens one.
    Open {
        /// Row key of the post.
        post: i64,
        /// When it was captured.
        captured: Timestamp,
    },
    /// A post joins.
    Join {
        /// Row key of the post.
        post: i64,
        /// When it was captured.
        captured: Timestamp,
        /// When it was said: after the end it means that the matter came back.
        said: Timestamp,
    },
    /// A person hands in a post that belongs to it.
    Submit {
        /// Row key of the post.
        post: i64,
        /// When.
        at: Timestamp,
        /// What the person said with it.
        note: Option<Note>,
    },
    /// The classifiers' combined opinion, `None` when there is none any more.
    Suggest(Option<Suggestion>),
    /// A rule of early warning tells how it grows.
    Warn(Alert),
    /// It is time: clocks tell what they have to tell.
    Ring,
    /// A person decides the category (P11).
    Assess {
        /// The category.
        category: Category,
        /// The level, if it is decided too.
        level: Option<String>,
        /// The reason.
        note: Note,
    },
    /// A person decides the level.
    SetLevel {
        /// The level.
        level: String,
        /// The reason.
        note: Note,
    },
    /// It gets an owner, in place of the one before.
    Assign {
        /// The user; the store knows that there is one.
        user: String,
    },
    /// A step of the playbook is done.
    DoStep {
        /// The step.
        step: String,
        /// What shows it.
        evidence: Vec<Given>,
    },
    /// A step does not apply.
    WaiveStep {
        /// The step.
        step: String,
        /// The reason.
        note: Note,
    },
    /// A step, and what rests on it, has to be done again.
    SendBack {
        /// The step.
        step: String,
        /// The reason.
        note: Note,
    },
    /// Somebody writes a note.
    Note(Note),
    /// Somebody who decides has seen that its clocks ran out, or that somebody brought it before them.
    Acknowledge,
    /// Those who decide are to look at it now.
    Escalate(Note),
    /// The assessment of a moment ago was a slip.
    TakeBack,
    /// Only those who decide, its owner and the owner's unit are to see it.
    Restrict(Note),
    /// Everybody is to see it again.
    Unrestrict(Note),
    /// Its evidence is handed out: the SHA-256 of the file, in hex.
    HandOut(String),
    /// Its clocks stand still.
    Pause(Note),
    /// They run again.
    Resume(Note),
    /// It is handled.
    Close(Note),
    /// It is not over.
    Reopen(Note),
    /// Nothing is to be done.
    Dismiss(Note),
    /// Another incident's posts come here; `undo` takes a split back.
    Absorb {
        /// The other one.
        from: IncidentId,
        /// Its posts.
        posts: u64,
        /// Its first sight.
        opened: Timestamp,
        /// A split is taken back.
        undo: bool,
    },
    /// Its posts go to another incident.
    MergeInto(IncidentId),
    /// Some of its posts become an incident of their own; `undo` takes a merge back.
    PartWith {
        /// That incident.
        into: IncidentId,
        /// So many.
        posts: u64,
        /// First sight of those that stay.
        opened: Timestamp,
        /// A merge is taken back.
        undo: bool,
    },
    /// It begins with posts of another one.
    SplitFrom {
        /// The other one.
        from: IncidentId,
        /// So many.
        posts: u64,
        /// Their first sight.
        opened: Timestamp,
        /// The other one is restricted.
        restricted: bool,
    },
    /// A merge is taken back: its posts come home, so many.
    Return(u64),
    /// An answer of it is published and has its receipt.
    Answered {
        /// The reply.
        reply: i64,
        /// Its form.
        form: Form,
    },
    /// Whether to refer it to the police was decided.
    Referred {
        /// The referral.
        referral: i64,
        /// Two people agreed.
        approved: bool,
    },
}

/// A piece of evidence for a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Given {
    /// Words.
    Note(Note),
    /// A file, by its SHA-256 in hex.
    Document(String),
    /// A captured post of the incident, by its row key.
    Capture(i64),
    /// A published reply.
    Reply(i64),
    /// Another body's consent: a file by its SHA-256, and whose it is.
    Consent(String, Note),
    /// A decision about a legal referral.
    Referral(i64),
}

impl Given {
    /// Of which kind it is.
    #[must_use]
    pub const fn kind(&self) -> EvidenceKind {
        match self {
            Self::Note(_) => EvidenceKind::Note,
            Self::Document(_) => EvidenceKind::Document,
            Self::Capture(_) => EvidenceKind::Capture,
            Self::Reply(_) => EvidenceKind::Reply,
            Self::Consent(..) => EvidenceKind::Consent,
            Self::Referral(_) => EvidenceKind::Referral,
        }
    }
}

/// Why a command is refused, and what must happen instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Opening what is open.
    #[error("the incident is already open")]
    AlreadyOpen,
    /// Acting on what has not been opened.
    #[error("the incident has not been opened")]
    NotOpen,
    /// A machine tried to decide.
    #[error("only a person may decide this: a member of the leading group must assess the incident")]
    PersonOnly,
    /// A person rang a clock.
    #[error("clocks ring by themselves")]
    ClockOnly,
    /// A machine handed something in: what a machine hears joins by itself.
    #[error("only a person hands in a post")]
    NotHandedIn,
    /// A person suggested: a person's opinion is an assessment, with a reason.
    #[error("only a classifier suggests: assess the incident instead")]
    MachineOnly,
    /// The role does not include this.
    #[error("the role {} may not do this: it takes {}", .0.as_str(), names(.1))]
    Role(Role, Vec<Role>),
    /// The incident does not take this command as it stands.
    #[error("the incident is {}: {}", .0.as_str(), .1)]
    State(State, &'static str),
    /// Somebody has decided meanwhile.
    #[error("the incident has changed since version {seen}, it is at {now} now: look at it again, then decide")]
    Stale {
        /// What the command saw.
        seen: u64,
        /// Where it stands.
        now: u64,
    },
    /// The command comes from before the latest decision.
    #[error("the clock of this machine says {}, before the latest decision at {}: nothing is back-dated; whoever runs the machine must set its clock", moment(*now), moment(*acted))]
    Backdated {
        /// What the clock says.
        now: Timestamp,
        /// The latest decision.
        acted: Timestamp,
    },
    /// The plan has no such level.
    #[error("the plan has no level {level:?}: it is one of {}", known.join(", "))]
    NoLevel {
        /// What was asked for.
        level: String,
        /// The levels in force.
        known: Vec<String>,
    },
    /// The playbook has no such step.
    #[error("the playbook has no step {step:?}: it is one of {}", known.join(", "))]
    NoStep {
        /// What was asked for.
        step: String,
        /// Its steps.
        known: Vec<String>,
    },
    /// Nobody has decided what it is.
    #[error("nobody has decided what it is: a member of the leading group must assess it first")]
    NotAssessed,
    /// A step was done, or waived.
    #[error("the step {0} is done already: send it back if it has to be done again")]
    StepDone(String),
    /// A step was not done.
    #[error("the step {0} has not been done")]
    StepNotDone(String),
    /// Other steps come first.
    #[error("the step {step} comes after {}: no step is skipped", first.join(", "))]
    StepTooEarly {
        /// The step.
        step: String,
        /// What comes first.
        first: Vec<String>,
    },
    /// A step applies to every incident.
    #[error("the step {0} applies to every incident of this kind: it cannot be left out")]
    NotWaivable(String),
    /// A step lacks evidence.
    #[error("the step {step} needs evidence: {}", kinds(lacking))]
    Evidence {
        /// The step.
        step: String,
        /// What is missing.
        lacking: Vec<EvidenceKind>,
    },
    /// Evidence that does not exist.
    #[error("no {} {id} of this incident: {}", kind.as_str(), how(*kind))]
    NoEvidence {
        /// Its kind.
        kind: EvidenceKind,
        /// What was named.
        id: i64,
    },
    /// Steps stand in the way of closing.
    #[error("not all is done: {} (caifeng incident show says what each needs)", .0.join(", "))]
    StepsOpen(Vec<String>),
    /// It is still watched.
    #[error("it is watched until {}: it can be closed after that, or taken up again now", moment(*.0))]
    Watched(Timestamp),
    /// Its clocks stand still already.
    #[error("its clocks stand still already, since {}", moment(*.0))]
    Paused(Timestamp),
    /// They run.
    #[error("its clocks are running")]
    Running,
    /// There is no escalation, or it was acknowledged.
    #[error("no clock of it has run out without somebody having acknowledged it, and nobody has escalated it since")]
    NothingEscalated,
    /// What is taken back was not decided a moment ago, or something rests on it.
    #[error(
        "an assessment is taken back within {TAKE_BACK} seconds and before anything else is decided: assess it anew instead, with the reason"
    )]
    TooLate,
    /// It is restricted already.
    #[error("it is restricted already")]
    Restricted,
    /// Everybody sees it.
    #[error("it is not restricted: everybody at the desk sees it")]
    NotRestricted,
    /// One of two is restricted.
    #[error("one of the two is restricted and the other is not: restrict both, or neither, then decide")]
    HalfRestricted,
    /// An incident and itself.
    #[error("an incident is not merged with itself")]
    Itself,
    /// Nothing to undo, or not from here.
    #[error("{0}")]
    NothingToUndo(String),
    /// Splitting off nothing, or everything.
    #[error("a split takes some of the posts and leaves some: {0} of {1} were named")]
    NoPart(u64, u64),
}

/// RFC 3339 in UTC, as everywhere.
pub(crate) fn moment(at: Timestamp) -> String {
    jiff::Timestamp::from_second(at).map_or_else(|_| at.to_string(), |at| at.to_string())
}

fn names(roles: &[Role]) -> String {
    roles.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(", ")
}

fn kinds(kinds: &[EvidenceKind]) -> String {
    kinds.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(", ")
}

const fn how(kind: EvidenceKind) -> &'static str {
    match kind {
        EvidenceKind::Reply => "a reply counts once it is published and has its receipt",
        EvidenceKind::Referral => "a referral counts once it is decided",
        EvidenceKind::Capture => "a capture is one of its posts, by the key that caifeng incident show prints",
        EvidenceKind::Note | EvidenceKind::Document | EvidenceKind::Consent => "name one",
    }
}
