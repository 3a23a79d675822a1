//! `caifeng incident show`: how an incident stands, what is to be done, what has happened.

use anyhow::anyhow;
use caifeng::clock::rfc3339;
use caifeng::config;
use caifeng::incident::clock::ClockEvent;
use caifeng::incident::event::{Actor, Event, Recorded};
use caifeng::incident::life::Incident;
use caifeng::incident::life::progress::Progress;
use caifeng::lang::Lang;
use caifeng::plan::Plan;
use caifeng::plan::playbook::Step;
use caifeng::store::model::{IncidentRow, PostRow};
use caifeng::store::{ContactRow, DisclosureRow, PostQuery, Reader, Via};
use serde_json::{Value, json};

use super::list::object;
use crate::cli::output::{Lines, one_line};
use crate::cli::workplace::DataArgs;
use crate::cli::{Exit, Failed, OrExit, Outcome, contact, disclosure};

/// `caifeng incident show`
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The incident
    incident: i64,
    #[command(flatten)]
    data: DataArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Everything that is shown of it.
struct Case {
    row: IncidentRow,
    incident: Incident,
    plan: Plan,
    history: Vec<Recorded>,
    notes: Vec<Option<String>>,
    posts: Vec<PostRow>,
    disclosures: Vec<DisclosureRow>,
    contacts: Vec<(ContactRow, Via)>,
}

impl Case {
    fn read(args: &Args) -> Result<Self, Failed> {
        let directory = args.data.directory()?;
        let reader = Reader::open(directory.path()).or_exit(Exit::Usage)?;
        let id = args.incident;
        let unknown = || anyhow!("no such incident: {id}: caifeng incident list names them");
        let row = reader.incident(id).or_exit(Exit::Internal)?.ok_or_else(unknown).or_exit(Exit::Usage)?;
        let incident = reader.standing(id).or_exit(Exit::Internal)?.unwrap_or_default();
        let plan = match &incident.assessed {
            Some(assessed) => reader.plan(&assessed.plan).or_exit(Exit::Internal)?,
            None => None,
        };
        let plan = plan.map_or_else(|| config::plan_beside(&directory.config()), Ok).or_exit(Exit::Usage)?;
        let history = reader.history(id).or_exit(Exit::Internal)?;
        let text = |recorded: &Recorded| match recorded.event.note() {
            Some(note) => reader.note(note.id),
            None => Ok(None),
        };
        let notes = history.iter().map(text).collect::<Result<_, _>>().or_exit(Exit::Internal)?;
        let query = PostQuery { incident: Some(id), ..PostQuery::default() };
        let posts = reader.posts(&query).or_exit(Exit::Internal)?;
        let disclosures = reader.disclosures(Some(id)).or_exit(Exit::Internal)?;
        let contacts = reader.contacts_of(id).or_exit(Exit::Internal)?;
        Ok(Self { row, incident, plan, history, notes, posts, disclosures, contacts })
    }

    /// The steps of its playbook, with what became of each.
    fn steps(&self) -> Vec<(&Step, Option<&Progress>)> {
        let steps = self.incident.playbook(&self.plan).map_or(&[][..], |playbook| &playbook.steps);
        steps.iter().map(|step| (step, self.incident.steps.get(&step.id))).collect()
    }
}

/// Runs `caifeng incident show`.
pub(super) fn run(args: &Args) -> Outcome {
    let case = Case::read(args)?;
    let mut lines = Lines::new();
    let printed = if args.json { lines.json(&told(&case)) } else { text(&case).try_for_each(|line| lines.text(line)) };
    printed.and_then(|()| lines.flush()).or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

fn told(case: &Case) -> Value {
    let Incident { version, watched_until, paused, merged, answers, referrals, recurred, .. } = &case.incident;
    let mut shown = object(&case.row);
    let steps = case.steps().into_iter().map(|(step, progress)| {
        json!({
            "step": step.id, "name": step.name, "owner": step.owner, "evidence": step.evidence, "due": step.due,
            "waivable": step.waivable, "guidance": step.guidance, "progress": progress,
        })
    });
    shown["version"] = (*version).into();
    shown["steps"] = steps.collect();
    shown["watched_until"] = watched_until.map(rfc3339).into();
    shown["paused"] = paused.map(rfc3339).into();
    shown["merged_into"] = merged.as_ref().map(|merged| merged.into).into();
    shown["answers"] = json!(answers);
    shown["referrals"] = json!(referrals);
    shown["recurred"] = (*recurred).into();
    shown["disclosures"] = json!(case.disclosures);
    let contact = |(row, via): &(ContactRow, Via)| json!({"contact": row, "via": via});
    shown["contacts"] = case.contacts.iter().map(contact).collect();
    let events = case.history.iter().zip(&case.notes);
    shown["events"] = events.map(|(recorded, note)| json!({"event": recorded, "note": note})).collect();
    let post = |post: &PostRow| json!({"post": post.row, "site": post.site, "url": post.url, "title": post.title, "text": post.text, "why": post.why});
    shown["posts_shown"] = case.posts.iter().map(post).collect();
    shown
}

fn text(case: &Case) -> impl Iterator<Item = String> {
    let IncidentRow { id, title, category, category_by, level, state, opened, posts, sites, owner, .. } = &case.row;
    let category = category.map_or("no category", |category| category.as_str());
    let by = category_by.as_deref().map_or_else(String::new, |by| format!(" (by {by})"));
    let level = level.as_deref().map_or_else(String::new, |level| format!("  level {level}"));
    let owner = owner.as_deref().map_or_else(|| "nobody owns it".to_owned(), |owner| format!("owner {owner}"));
    let mut lines = vec![
        format!("{id}@{}  {}  {}", case.incident.version, state.as_str(), one_line(title)),
        format!("  {category}{by}{level}  {owner}  first seen {}  {posts} posts, {sites} sites", rfc3339(*opened)),
    ];
    lines.extend(standing(&case.incident));
    lines.extend(case.steps().into_iter().map(|(step, progress)| step_line(step, progress)));
    let events = case.history.iter().zip(&case.notes).filter(|(recorded, _)| is_told(&recorded.event));
    lines.extend(events.map(|(recorded, note)| event_line(recorded, note.as_deref())));
    lines.extend(case.disclosures.iter().map(|row| format!("  disclosure {}", disclosure::line(row))));
    lines.extend(
        case.contacts.iter().map(|(row, via)| format!("  contact {}{}", contact::line(row), contact::via(via))),
    );
    lines.extend(case.posts.iter().map(post_line));
    lines.into_iter()
}

/// What stands beside its state.
fn standing(incident: &Incident) -> impl Iterator<Item = String> {
    let paused = incident.paused.map(|since| format!("  its clocks stand still since {}", rfc3339(since)));
    let watched = incident.watched_until.map(|until| format!("  watched until {}", rfc3339(until)));
    let merged = incident.merged.as_ref().map(|merged| format!("  merged into {}", merged.into));
    let back = (incident.recurred > 0).then(|| format!("  came back {} times", incident.recurred));
    [paused, watched, merged, back].into_iter().flatten()
}

fn step_line(step: &Step, progress: Option<&Progress>) -> String {
    let mark = match progress {
        None => "[ ]".to_owned(),
        Some(Progress::Done(at, by)) => format!("[x] {} by {by}", rfc3339(*at)),
        Some(Progress::Waived(at, by)) => format!("[-] {} by {by}", rfc3339(*at)),
    };
    let owners: Vec<_> = step.owner.all().iter().map(|role| role.as_str()).collect();
    let needs: Vec<_> = step.evidence.iter().map(|needed| needed.kind.as_str()).collect();
    let name = step.name.in_lang(Lang::En);
    format!("  {mark}  {}  {name}  ({}; needs {})", step.id, owners.join(", "), needs.join(", "))
}

/// Posts that arrive are listed as posts.
const fn is_told(event: &Event) -> bool {
    !matches!(event, Event::Joined { .. } | Event::Suggested { .. })
}

fn event_line(recorded: &Recorded, note: Option<&str>) -> String {
    let who = match &recorded.by {
        Actor::Machine { by } => by.clone(),
        Actor::Person { user, role, .. } => format!("{user} as {}", role.as_str()),
    };
    let note = note.map_or_else(String::new, |note| format!(": {}", one_line(note)));
    format!("  {}  {}  {who}{note}", rfc3339(recorded.at), happened(&recorded.event))
}

/// What happened; of a clock, to which and how.
fn happened(event: &Event) -> String {
    let clock = match event {
        Event::Clock(clock) => clock,
        Event::Disclosed { disclosure, channel } => return format!("disclosure {disclosure} published on {channel}"),
        _ => return event.name().to_owned(),
    };
    let how = match clock {
        ClockEvent::Started { due, overdue: false, .. } => format!("runs until {}", rfc3339(*due)),
        ClockEvent::Started { due, .. } => format!("was over at {}", rfc3339(*due)),
        ClockEvent::Moved { due, .. } => format!("now runs until {}", rfc3339(*due)),
        ClockEvent::Rung { moment, .. } if *moment < 0 => format!("{} min to go", -moment / 60),
        ClockEvent::Rung { escalate: true, .. } => "is over: escalated".to_owned(),
        ClockEvent::Rung { .. } => "is over".to_owned(),
        ClockEvent::Paused { .. } => "stands still".to_owned(),
        ClockEvent::Resumed { due, .. } => format!("goes on until {}", rfc3339(*due)),
        ClockEvent::Met { late: 0, .. } => "met".to_owned(),
        ClockEvent::Met { late, .. } => format!("met {} min too late", late.div_euclid(60)),
        ClockEvent::Void { .. } => "no longer applies".to_owned(),
    };
    format!("clock {}: {how}", clock.clock())
}

fn post_line(post: &PostRow) -> String {
    let head = post.title.as_deref().unwrap_or(&post.text);
    format!("  post {}  {}  {}", post.row, post.site, one_line(head))
}
