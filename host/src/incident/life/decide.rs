//! What follows from a command: events, or a refusal.

use caifeng_plugin_host::contract::Timestamp;

use super::command::TAKE_BACK;
use super::may::{may, may_by_plan};
use super::progress::lacking;
use super::timing::follow;
use super::{Command, Given, Grounds, Grouped, Incident, Refusal, apply};
use crate::incident::event::{Actor, Event, Note};
use crate::incident::opinion::Suggestion;
use crate::incident::{Category, State};
use crate::plan::playbook::{EvidenceKind, Playbook, Step};
use crate::plan::{Decision, Plan};
use crate::user::right::Act;

/// What `command` by `actor` does to `incident`, on these grounds; no events when it changes nothing. `seen`: the
/// version that a person decides upon, `None` where that does not matter.
///
/// # Errors
/// The refusal, in terms of what must happen first or who must act instead.
pub fn decide(
    incident: &Incident,
    command: Command,
    grounds: &Grounds<'_>,
    actor: &Actor,
    seen: Option<u64>,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let decided = decide_upon(incident, command, grounds.plan, actor, seen, now)?;
    let mut after = incident.clone();
    let mut events = Vec::with_capacity(decided.len());
    for event in decided {
        // What has run out is told before anything is decided: a decision may stop or end the clock that would tell.
        if event.is_decision() {
            for rung in after.told(grounds.plan, now) {
                let rung = Event::Clock(rung);
                apply(&mut after, &rung, actor, now);
                events.push(rung);
            }
        }
        apply(&mut after, &event, actor, now);
        let followed = follow(&after, &event, grounds, now);
        events.push(event);
        for clock in followed {
            after.clocks.apply(&clock);
            events.push(Event::Clock(clock));
        }
    }
    Ok(events)
}

/// What is decided, without what it means for the clocks.
fn decide_upon(
    incident: &Incident,
    command: Command,
    plan: &Plan,
    actor: &Actor,
    seen: Option<u64>,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    match &command {
        Command::Open { .. } | Command::SplitFrom { .. } if incident.born => return Err(Refusal::AlreadyOpen),
        Command::Open { .. } | Command::SplitFrom { .. } => {}
        _ if !incident.born => return Err(Refusal::NotOpen),
        _ => {}
    }
    if let Some(seen) = seen.filter(|seen| *seen != incident.version) {
        return Err(Refusal::Stale { seen, now: incident.version });
    }
    let scene = Scene { incident, plan, actor, now };
    match command {
        Command::Open { post, captured } => Ok(vec![Event::Opened { post, captured }]),
        Command::Join { post, captured, said } => scene.join(post, captured, said),
        // Everybody in the organisation may report what they saw (P10), whatever the incident's state.
        Command::Submit { post, at, note } => match actor {
            Actor::Machine { .. } => Err(Refusal::NotHandedIn),
            Actor::Person { .. } => Ok(vec![Event::Submitted { post, at, note }]),
        },
        Command::Suggest(suggestion) => scene.suggest(suggestion),
        Command::Warn(alert) => match (actor, incident.state) {
            (Actor::Person { .. }, _) => Err(Refusal::MachineOnly),
            (_, State::Merged) => Err(Refusal::State(State::Merged, "its posts are with another incident")),
            _ => Ok(vec![Event::Warned(alert)]),
        },
        Command::Ring => match actor {
            Actor::Machine { .. } => Ok(scene.ring()),
            Actor::Person { .. } => Err(Refusal::ClockOnly),
        },
        person => {
            scene.not_backdated()?;
            scene.person(person)
        }
    }
}

/// All that a decision looks at.
struct Scene<'a> {
    incident: &'a Incident,
    plan: &'a Plan,
    actor: &'a Actor,
    now: Timestamp,
}

type Answer = Result<Vec<Event>, Refusal>;

impl Scene<'_> {
    /// What takes a person, in the order of [`Command`].
    fn person(&self, command: Command) -> Answer {
        match command {
            Command::Assess { category, level, note } => self.assess(category, level, note),
            Command::SetLevel { level, note } => self.set_level(level, note),
            Command::Assign { user } => self.assign(user),
            Command::DoStep { step, evidence } => self.do_step(step, evidence),
            Command::WaiveStep { step, note } => self.waive(step, note),
            Command::SendBack { step, note } => self.send_back(step, note),
            Command::Note(note) => {
                may(self.actor, Act::Note)?;
                Ok(vec![Event::Noted { note }])
            }
            Command::Acknowledge => self.acknowledge(),
            Command::Escalate(note) => self.escalate(note),
            Command::TakeBack => self.take_back(),
            Command::Restrict(note) => self.restrict(note),
            Command::Unrestrict(note) => self.unrestrict(note),
            Command::HandOut(sha256) => {
                may(self.actor, Act::ExportEvidence)?;
                Ok(vec![Event::HandedOut { sha256 }])
            }
            Command::Pause(note) => self.pause(note),
            Command::Resume(note) => self.resume(note),
            Command::Close(note) => self.close(note),
            Command::Reopen(note) => self.reopen(note),
            Command::Dismiss(note) => self.dismiss(note),
            Command::Answered { reply, form } => {
                may(self.actor, Act::PublishReply)?;
                self.open("its answers are complete: take it up again first")?;
                Ok(vec![Event::Answered { reply, form }])
            }
            Command::Referred { referral, approved } => {
                may(self.actor, Act::DecideReferral)?;
                Ok(vec![Event::Referred { referral, approved }])
            }
            grouping => self.group(grouping),
        }
    }

    /// What belongs together.
    fn group(&self, command: Command) -> Answer {
        may_by_plan(self.actor, Act::Group, self.plan, Decision::Merge)?;
        match command {
            Command::Absorb { from, posts, opened, undo } => {
                self.open("only open incidents are merged: take it up again first")?;
                Ok(vec![Event::Absorbed { from, posts, opened, undo }])
            }
            Command::MergeInto(into) => {
                self.open("only open incidents are merged: take it up again first")?;
                Ok(vec![Event::MergedInto { into }])
            }
            Command::PartWith { into, posts, opened, undo } => {
                self.part(posts, undo)?;
                Ok(vec![Event::Parted { into, posts, opened, undo }])
            }
            Command::SplitFrom { from, posts, opened, restricted } => {
                Ok(vec![Event::SplitFrom { from, posts, opened, restricted }])
            }
            Command::Return(posts) => match &self.incident.merged {
                Some(_) => Ok(vec![Event::Returned { posts }]),
                None => Err(Refusal::State(self.incident.state, "it was not merged")),
            },
            _ => Err(Refusal::MachineOnly),
        }
    }

    fn part(&self, posts: u64, undo: bool) -> Result<(), Refusal> {
        let all = self.incident.posts;
        if undo {
            return Ok(());
        }
        self.open("only open incidents are split: take it up again first")?;
        if posts == 0 || posts >= all { Err(Refusal::NoPart(posts, all)) } else { Ok(()) }
    }

    /// Time never runs back: neither a person nor a wrong clock changes what came first.
    const fn not_backdated(&self) -> Result<(), Refusal> {
        let (now, acted) = (self.now, self.incident.acted);
        if now < acted { Err(Refusal::Backdated { now, acted }) } else { Ok(()) }
    }

    const fn open(&self, instead: &'static str) -> Result<(), Refusal> {
        let state = self.incident.state;
        if state.is_open() { Ok(()) } else { Err(Refusal::State(state, instead)) }
    }

    fn handling(&self, instead: &'static str) -> Result<(), Refusal> {
        match self.incident.state {
            State::Handling => Ok(()),
            State::New => Err(Refusal::NotAssessed),
            state => Err(Refusal::State(state, instead)),
        }
    }

    /// A post that was said after the end brings the matter back (P17).
    fn join(&self, post: i64, captured: Timestamp, said: Timestamp) -> Answer {
        let incident = self.incident;
        let joined = Event::Joined { post, captured };
        match incident.state {
            State::Merged => Err(Refusal::State(State::Merged, "its posts are with another incident")),
            State::Watching | State::Closed | State::Dismissed if said > incident.since => {
                Ok(vec![joined, Event::Recurred { post, at: captured }])
            }
            _ => Ok(vec![joined]),
        }
    }

    /// Only what is handled has deadlines that anybody can still keep.
    fn ring(&self) -> Vec<Event> {
        self.incident.told(self.plan, self.now).into_iter().map(Event::Clock).collect()
    }

    fn suggest(&self, suggestion: Option<Suggestion>) -> Answer {
        if !matches!(self.actor, Actor::Machine { .. }) {
            return Err(Refusal::MachineOnly);
        }
        let standing = self.incident.suggested.as_ref().map(|s| s.category);
        if standing == suggestion.as_ref().map(|s| s.category) {
            return Ok(Vec::new());
        }
        Ok(vec![match suggestion {
            Some(s) => Event::Suggested { category: Some(s.category), by: s.by, posts: s.posts, of: s.of },
            None => Event::Suggested { category: None, by: self.actor.label().to_owned(), posts: 0, of: 0 },
        }])
    }

    /// P11: the leading group analyses and judges. From then on the plan of this moment governs the incident.
    fn assess(&self, category: Category, level: Option<String>, note: Note) -> Answer {
        may_by_plan(self.actor, Act::Assess, self.plan, Decision::Assess)?;
        self.open("take it up again first")?;
        if let Some(level) = &level {
            self.known_level(level)?;
        }
        let plan = self.plan.digest();
        Ok(vec![Event::Assessed { category, level, note, plan }])
    }

    fn set_level(&self, level: String, note: Note) -> Answer {
        may_by_plan(self.actor, Act::SetLevel, self.plan, Decision::Level)?;
        self.known_level(&level)?;
        self.open("take it up again first")?;
        if self.incident.assessed.is_none() {
            return Err(Refusal::NotAssessed);
        }
        Ok(vec![Event::LevelSet { level, note }])
    }

    fn known_level(&self, level: &str) -> Result<(), Refusal> {
        if self.plan.level(level).is_some() {
            return Ok(());
        }
        let known = self.plan.levels().iter().map(|level| level.id.clone()).collect();
        Err(Refusal::NoLevel { level: level.to_owned(), known })
    }

    fn assign(&self, user: String) -> Answer {
        may_by_plan(self.actor, Act::Assign, self.plan, Decision::Assign)?;
        self.open("take it up again first")?;
        if self.incident.owner.as_ref() == Some(&user) {
            return Ok(Vec::new());
        }
        Ok(vec![Event::Assigned { user }])
    }

    /// The step of the playbook in force, while the incident is handled.
    fn step(&self, id: &str) -> Result<(&Playbook, &Step), Refusal> {
        self.handling("take it up again first")?;
        let playbook = self.incident.playbook(self.plan).ok_or(Refusal::NotAssessed)?;
        let known = || playbook.steps.iter().map(|step| step.id.clone()).collect();
        let step = playbook.step(id).ok_or_else(|| Refusal::NoStep { step: id.to_owned(), known: known() })?;
        Ok((playbook, step))
    }

    /// A step that may be done or waived now.
    fn due_step(&self, id: &str) -> Result<&Step, Refusal> {
        let (playbook, step) = self.step(id)?;
        if self.incident.steps.contains_key(id) {
            return Err(Refusal::StepDone(id.to_owned()));
        }
        let first = self.incident.first(playbook, step);
        if first.is_empty() {
            return Ok(step);
        }
        let first = first.into_iter().map(str::to_owned).collect();
        Err(Refusal::StepTooEarly { step: id.to_owned(), first })
    }

    fn do_step(&self, id: String, evidence: Vec<Given>) -> Answer {
        let role = may(self.actor, Act::DoStep)?;
        let step = self.due_step(&id)?;
        if !step.owner.include(role) {
            return Err(Refusal::Role(role, step.owner.all().to_vec()));
        }
        evidence.iter().try_for_each(|given| self.known_evidence(given))?;
        let kinds: Vec<EvidenceKind> = evidence.iter().map(Given::kind).collect();
        let lacking = lacking(step, &kinds);
        if !lacking.is_empty() {
            return Err(Refusal::Evidence { step: id, lacking });
        }
        Ok(vec![Event::StepDone { step: id, evidence }])
    }

    /// What the incident itself knows of; notes, files and captures are the store's to find.
    fn known_evidence(&self, given: &Given) -> Result<(), Refusal> {
        let kind = given.kind();
        match given {
            Given::Reply(id) if !self.incident.answers.contains_key(id) => Err(Refusal::NoEvidence { kind, id: *id }),
            Given::Referral(id) if !self.incident.referrals.contains_key(id) => {
                Err(Refusal::NoEvidence { kind, id: *id })
            }
            _ => Ok(()),
        }
    }

    fn waive(&self, id: String, note: Note) -> Answer {
        may_by_plan(self.actor, Act::WaiveStep, self.plan, Decision::Waive)?;
        if !self.due_step(&id)?.waivable {
            return Err(Refusal::NotWaivable(id));
        }
        Ok(vec![Event::StepWaived { step: id, note }])
    }

    fn send_back(&self, id: String, note: Note) -> Answer {
        may_by_plan(self.actor, Act::WaiveStep, self.plan, Decision::Waive)?;
        let (playbook, _) = self.step(&id)?;
        if !self.incident.steps.contains_key(&id) {
            return Err(Refusal::StepNotDone(id));
        }
        let steps = self.incident.resting_on(playbook, &id);
        Ok(vec![Event::SentBack { steps, note }])
    }

    /// Whatever became of the incident since: an escalation that nobody saw is one all the same.
    fn acknowledge(&self) -> Answer {
        may(self.actor, Act::Acknowledge)?;
        let escalations = &self.incident.escalations;
        if escalations.is_empty() {
            return Err(Refusal::NothingEscalated);
        }
        let clocks = escalations.iter().filter_map(|it| it.clock.clone()).collect();
        Ok(vec![Event::Acknowledged { clocks }])
    }

    /// Whoever sees that it cannot wait says so; who decides hears of it at once.
    fn escalate(&self, note: Note) -> Answer {
        may(self.actor, Act::Escalate)?;
        self.open("take it up again first")?;
        Ok(vec![Event::Escalated { note }])
    }

    /// Only the decision that brought it out of the inbox, and only while nothing rests on it.
    fn take_back(&self) -> Answer {
        may_by_plan(self.actor, Act::Assess, self.plan, Decision::Assess)?;
        self.handling("nobody has assessed it")?;
        let at = self.incident.assessed.as_ref().map(|assessed| assessed.at);
        let latest = at.is_some_and(|at| at == self.incident.since && at == self.incident.acted);
        let soon = at.is_some_and(|at| self.now.saturating_sub(at) <= TAKE_BACK);
        if latest && soon && self.incident.steps.is_empty() {
            return Ok(vec![Event::TakenBack]);
        }
        Err(Refusal::TooLate)
    }

    /// However it stands: also what is over, or was merged, may be nobody else's business.
    fn restrict(&self, note: Note) -> Answer {
        may(self.actor, Act::Restrict)?;
        if self.incident.restricted { Err(Refusal::Restricted) } else { Ok(vec![Event::Restricted { note }]) }
    }

    fn unrestrict(&self, note: Note) -> Answer {
        may(self.actor, Act::Restrict)?;
        if self.incident.restricted { Ok(vec![Event::Unrestricted { note }]) } else { Err(Refusal::NotRestricted) }
    }

    fn pause(&self, note: Note) -> Answer {
        may_by_plan(self.actor, Act::Pause, self.plan, Decision::Pause)?;
        self.handling("its clocks do not run")?;
        self.incident.paused.map_or_else(|| Ok(vec![Event::Paused { note }]), |since| Err(Refusal::Paused(since)))
    }

    fn resume(&self, note: Note) -> Answer {
        may_by_plan(self.actor, Act::Pause, self.plan, Decision::Pause)?;
        self.incident.paused.map_or(Err(Refusal::Running), |_| Ok(vec![Event::Resumed { note }]))
    }

    fn close(&self, note: Note) -> Answer {
        may_by_plan(self.actor, Act::Close, self.plan, Decision::Close)?;
        let incident = self.incident;
        if incident.state == State::Watching {
            return match incident.watched_until.filter(|until| self.now < *until) {
                Some(until) => Err(Refusal::Watched(until)),
                None => Ok(vec![Event::Closed { note }]),
            };
        }
        self.handling("there is nothing to close")?;
        let open: Vec<_> = incident.open_steps(self.plan).into_iter().map(|step| step.id.clone()).collect();
        if !open.is_empty() {
            return Err(Refusal::StepsOpen(open));
        }
        if self.plan.is_major(incident.level()) {
            let until = self.now.saturating_add(self.plan.follow_up.time.0);
            return Ok(vec![Event::Watched { until, note }]);
        }
        Ok(vec![Event::Closed { note }])
    }

    fn reopen(&self, note: Note) -> Answer {
        may_by_plan(self.actor, Act::Reopen, self.plan, Decision::Reopen)?;
        match self.incident.state {
            State::Watching | State::Closed | State::Dismissed => Ok(vec![Event::Reopened { note }]),
            State::Merged => Err(Refusal::State(State::Merged, "undo the merge instead")),
            state @ (State::New | State::Handling) => Err(Refusal::State(state, "it is open")),
        }
    }

    fn dismiss(&self, note: Note) -> Answer {
        may_by_plan(self.actor, Act::Dismiss, self.plan, Decision::Dismiss)?;
        match self.incident.state {
            State::New | State::Handling => Ok(vec![Event::Dismissed { note }]),
            state => Err(Refusal::State(state, "only what is new or handled is dismissed")),
        }
    }
}

/// What `incident undo` would take back.
///
/// # Errors
/// There is nothing, or it is undone from another incident.
pub fn undoable(incident: &Incident) -> Result<Grouped, Refusal> {
    if let Some(merged) = &incident.merged {
        let into = merged.into;
        return Err(Refusal::NothingToUndo(format!(
            "it was merged into {into}: undo it there, caifeng incident undo {into}"
        )));
    }
    let nothing = || Refusal::NothingToUndo("no merge and no split of it is left to undo".to_owned());
    incident.grouped.last().copied().ok_or_else(nothing)
}
