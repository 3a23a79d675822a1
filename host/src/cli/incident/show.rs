//! `caifeng incident show`: how an incident stands, what is to be done, what has happened.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::anyhow;
use caifeng::clock::rfc3339;
use caifeng::incident::clock::Clock;
use caifeng::incident::event::{Event, Recorded};
use caifeng::incident::life::Incident;
use caifeng::incident::life::progress::Progress;
use caifeng::incident::opinion::Opinion;
use caifeng::lang::Lang;
use caifeng::plan::Plan;
use caifeng::plan::playbook::Step;
use caifeng::reply::effect::Effect;
use caifeng::store::model::{IncidentRow, PostRow};
use caifeng::store::{ContactRow, DisclosureRow, PostQuery, Reader, ReplyRow, StoreError, Via};
use serde_json::{Value, json};

use super::list::object;
use super::story::{Teller, evidence, is_told};
use crate::cli::effect;
use crate::cli::output::{Lines, one_line};
use crate::cli::posts::votes_json;
use crate::cli::workplace::{self, DataArgs};
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
    plan: Arc<Plan>,
    opinion: Opinion,
    history: Vec<Recorded>,
    notes: Vec<Option<String>>,
    posts: Vec<PostRow>,
    names: HashMap<String, String>,
    effects: Vec<(i64, Effect)>,
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
        let plan = workplace::governing(&reader, &directory)?.plan(id).or_exit(Exit::Internal)?;
        let opinion = reader.opinion(id).or_exit(Exit::Internal)?;
        let history = reader.history(id).or_exit(Exit::Internal)?;
        let text = |recorded: &Recorded| match (&recorded.event, recorded.event.note()) {
            (Event::StepDone { evidence: given, .. }, _) => evidence(given, |note| reader.note(note)),
            (_, Some(note)) => reader.note(note.id),
            (_, None) => Ok(None),
        };
        let notes = history.iter().map(text).collect::<Result<_, _>>().or_exit(Exit::Internal)?;
        let query = PostQuery { incident: Some(id), ..PostQuery::default() };
        let posts = reader.posts(&query).or_exit(Exit::Internal)?;
        let users = reader.users().or_exit(Exit::Internal)?;
        let names = users.into_iter().filter_map(|user| Some((user.id, user.name?))).collect();
        let now = workplace::clock(&directory)?.now();
        let effects = effects(&reader, id, now).or_exit(Exit::Internal)?;
        let disclosures = reader.disclosures(Some(id)).or_exit(Exit::Internal)?;
        let contacts = reader.contacts_of(id).or_exit(Exit::Internal)?;
        Ok(Self { row, incident, plan, opinion, history, notes, posts, names, effects, disclosures, contacts })
    }

    fn teller(&self) -> Teller<'_> {
        Teller { plan: &self.plan, playbook: self.incident.playbook(&self.plan), names: &self.names }
    }

    /// The steps of its playbook, with what became of each.
    fn steps(&self) -> Vec<(&Step, Option<&Progress>)> {
        let steps = self.incident.playbook(&self.plan).map_or(&[][..], |playbook| &playbook.steps);
        steps.iter().map(|step| (step, self.incident.steps.get(&step.id))).collect()
    }
}

/// What changed after each published answer.
fn effects(reader: &Reader, incident: i64, now: i64) -> Result<Vec<(i64, Effect)>, StoreError> {
    let replies = reader.replies(Some(incident))?;
    let effect = |row: &ReplyRow| Ok::<_, StoreError>(reader.effect(row, now)?.map(|effect| (row.id, effect)));
    replies.iter().filter_map(|row| effect(row).transpose()).collect()
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
    let Incident { version, watched_until, paused, merged, answers, referrals, recurred, escalations, .. } =
        &case.incident;
    let mut shown = object(&case.row);
    let steps = case.steps().into_iter().map(|(step, progress)| {
        json!({
            "step": step.id, "name": step.name, "owner": step.owner, "evidence": step.evidence, "due": step.due,
            "waivable": step.waivable, "guidance": step.guidance, "progress": progress,
        })
    });
    shown["version"] = (*version).into();
    shown["suggested_level"] = case.opinion.level(&case.plan).map(|level| level.id.as_str()).into();
    shown["votes"] = votes_json(&case.opinion, &case.plan);
    shown["steps"] = steps.collect();
    shown["watched_until"] = watched_until.map(rfc3339).into();
    shown["paused"] = paused.map(rfc3339).into();
    shown["merged_into"] = merged.as_ref().map(|merged| merged.into).into();
    shown["answers"] = json!(answers);
    shown["referrals"] = json!(referrals);
    shown["recurred"] = (*recurred).into();
    shown["unacknowledged"] = json!(escalations);
    let effect = |(reply, effect): &(i64, Effect)| json!({"reply": reply, "effect": effect});
    shown["effects"] = case.effects.iter().map(effect).collect();
    shown["disclosures"] = json!(case.disclosures);
    let contact = |(row, via): &(ContactRow, Via)| json!({"contact": row, "via": via});
    shown["contacts"] = case.contacts.iter().map(contact).collect();
    let events = case.history.iter().zip(&case.notes);
    let told = |(recorded, note): (&Recorded, &Option<String>)| {
        let mut told = json!(recorded);
        told["note"] = json!(note);
        told
    };
    shown["events"] = events.map(told).collect();
    let post = |post: &PostRow| json!({"post": post.row, "site": post.site, "url": post.url, "title": post.title, "text": post.text, "why": post.why});
    shown["posts_shown"] = case.posts.iter().map(post).collect();
    shown
}

fn text(case: &Case) -> impl Iterator<Item = String> {
    let IncidentRow { id, title, category, category_by, level, state, opened, posts, sites, owner, .. } = &case.row;
    let teller = case.teller();
    let category = category.map_or("no category", |category| category.as_str());
    let by = category_by.as_deref().map_or_else(String::new, |by| format!(" (by {by})"));
    let level = match (level, case.opinion.level(&case.plan)) {
        (Some(level), _) => format!("  level {level}"),
        (None, Some(level)) => format!("  level {} suggested ({})", level.id, level.name.in_lang(Lang::En)),
        (None, None) => String::new(),
    };
    let owner = owner.as_deref().map_or_else(|| "nobody owns it".to_owned(), |id| format!("owner {}", teller.user(id)));
    let mut lines = vec![
        format!("{id}@{}  {}  {}", case.incident.version, state.as_str(), one_line(title)),
        format!("  {category}{by}{level}  {owner}  first seen {}  {posts} posts, {sites} sites", rfc3339(*opened)),
    ];
    lines.extend(standing(*id, &case.incident, &teller));
    let running = case.incident.clocks.clocks().iter().filter(|clock| clock.is_live());
    lines.extend(running.map(|clock| clock_line(clock, &teller)));
    lines.extend(case.steps().into_iter().map(|(step, progress)| step_line(step, progress, &teller)));
    let events = case.history.iter().zip(&case.notes).filter(|(recorded, _)| is_told(&recorded.event));
    lines.extend(events.map(|(recorded, note)| teller.line(recorded, note.as_deref())));
    let effects = case.effects.iter().flat_map(|(reply, effect)| effect::told(*reply, effect));
    lines.extend(effects.map(|line| format!("  {line}")));
    lines.extend(case.disclosures.iter().map(|row| format!("  disclosure {}", disclosure::line(row))));
    lines.extend(
        case.contacts.iter().map(|(row, via)| format!("  contact {}{}", contact::line(row), contact::via(via))),
    );
    lines.extend(case.posts.iter().map(post_line));
    lines.into_iter()
}

/// What stands beside its state.
fn standing(id: i64, incident: &Incident, teller: &Teller<'_>) -> Vec<String> {
    let paused = incident.paused.map(|since| format!("  its clocks stand still since {}", rfc3339(since)));
    let watched = incident.watched_until.map(|until| format!("  watched until {}", rfc3339(until)));
    let merged = incident.merged.as_ref().map(|merged| format!("  merged into {}", merged.into));
    let back = (incident.recurred > 0).then(|| format!("  came back, {} times so far", incident.recurred));
    let mut lines: Vec<String> = [paused, watched, merged, back].into_iter().flatten().collect();
    lines.extend(incident.escalations.iter().map(|escalation| {
        let clock = escalation.clock.as_ref().map_or_else(|| "by a person".to_owned(), |id| teller.clock(id));
        let at = rfc3339(escalation.at);
        format!("  ESCALATED {at}  {clock}: nobody who decides has acted since (caifeng incident acknowledge {id})")
    }));
    lines
}

fn clock_line(clock: &Clock, teller: &Teller<'_>) -> String {
    format!("  clock  {}  until {}", teller.clock(&clock.id), rfc3339(clock.due))
}

fn step_line(step: &Step, progress: Option<&Progress>, teller: &Teller<'_>) -> String {
    let mark = match progress {
        None => "[ ]".to_owned(),
        Some(Progress::Done(at, by)) => format!("[x] {} by {}", rfc3339(*at), teller.user(by)),
        Some(Progress::Waived(at, by)) => format!("[-] {} by {}", rfc3339(*at), teller.user(by)),
    };
    let owners: Vec<_> = step.owner.all().iter().map(|role| role.as_str()).collect();
    let needs = step.evidence.iter().map(|needed| format!("--{} {}", needed.kind.as_str(), needed.name));
    let needs: Vec<_> = needs.collect();
    let waived = if step.waivable { "; can be waived" } else { "" };
    format!("  {mark}  {}  {}  by {}; needs {}{waived}", step.id, step.name, owners.join(" or "), needs.join(", "))
}

fn post_line(post: &PostRow) -> String {
    let head = post.title.as_deref().unwrap_or(&post.text);
    format!("  post {}  {}  {}", post.row, post.site, one_line(head))
}
