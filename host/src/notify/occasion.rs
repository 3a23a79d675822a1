//! What is worth telling, and whom: from events to notices. The plan says who (`[[report]]`, `[ladder]`, `[tell]`).

use caifeng_plugin_host::contract::Timestamp;

use super::{Notice, Occasion, Tell, Waits};
use crate::disclosure::DisclosureId;
use crate::incident::Category;
use crate::incident::IncidentId;
use crate::incident::clock::ClockEvent;
use crate::incident::event::{Event, Role};
use crate::incident::life::Incident;
use crate::plan::{Decision, Plan};
use crate::reply::{Reply, ReplyEvent};
use crate::warning::{Alert, Severity};

/// What of an incident decides who hears of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stand {
    born: bool,
    category: Option<Category>,
    major: bool,
}

impl Stand {
    /// How it stands.
    #[must_use]
    pub fn of(incident: &Incident, plan: &Plan) -> Self {
        let category = incident.category().map(|(category, _)| category);
        Self { born: incident.born, category, major: plan.is_major(incident.level()) }
    }

    fn told(&self, plan: &Plan) -> Vec<Role> {
        plan.told(self.category, self.major)
    }
}

/// What `events` of one command, after which the incident stands as it does, are to be told of; `before` is how it stood.
#[must_use]
pub fn of_incident(id: IncidentId, before: Stand, incident: &Incident, events: &[Event], plan: &Plan) -> Vec<Notice> {
    let after = Stand::of(incident, plan);
    let scene = Scene { id, before, after, incident, plan };
    let mut notices: Vec<Notice> = events.iter().filter_map(|event| scene.of(event)).collect();
    notices.extend(scene.reported());
    notices.retain(|notice| !notice.tell.is_empty());
    notices
}

struct Scene<'a> {
    id: IncidentId,
    before: Stand,
    after: Stand,
    incident: &'a Incident,
    plan: &'a Plan,
}

impl Scene<'_> {
    fn notice(&self, occasion: Occasion, tell: Tell) -> Notice {
        let alarm = matches!(&occasion, Occasion::Warned { alert, .. } if is_alarm(alert));
        let urgent = alarm || occasion == Occasion::Escalated || self.after.category == Some(Category::Emergency);
        Notice { incident: Some(self.id), urgent, occasion, tell }
    }

    fn of(&self, event: &Event) -> Option<Notice> {
        let roles = |roles: &[Role]| Tell { roles: roles.to_vec(), users: Vec::new() };
        let (occasion, tell) = match event {
            Event::Opened { .. } => (Occasion::Opened, roles(&self.after.told(self.plan))),
            Event::Submitted { .. } => (Occasion::Submitted, roles(self.plan.tell.submission.all())),
            Event::Escalated { .. } => (Occasion::Escalated, roles(self.plan.deciders(Decision::Assess).all())),
            Event::Assigned { user } => (Occasion::Assigned, Tell { users: vec![user.clone()], ..Tell::default() }),
            Event::Recurred { .. } => {
                let mut tell = roles(self.plan.tell.recurrence.all());
                tell.add(&self.after.told(self.plan));
                tell.users.extend(self.incident.owner.clone());
                (Occasion::Recurred, tell)
            }
            Event::Warned(alert) => {
                let occasion = Occasion::Warned { topic: None, alert: alert.clone() };
                (occasion, roles(self.plan.tell.of(alert.severity).all()))
            }
            Event::Clock(ClockEvent::Rung { clock, moment, planned, owner, tell, escalate }) => {
                let (clock, due) = (clock.clone(), planned.saturating_sub(*moment));
                let occasion = Occasion::Clock { clock, moment: *moment, due, escalate: *escalate };
                (occasion, self.rung(*owner, tell))
            }
            _ => return None,
        };
        Some(self.notice(occasion, tell))
    }

    /// Where nobody owns it yet, those are told instead who hear of it at once.
    fn rung(&self, owner: bool, roles: &[Role]) -> Tell {
        let mut tell = Tell { roles: roles.to_vec(), users: Vec::new() };
        match (&self.incident.owner, owner) {
            (Some(user), true) => tell.users.push(user.clone()),
            (None, true) => tell.add(&self.after.told(self.plan)),
            (_, false) => {}
        }
        tell
    }

    /// Those who hear of it by its category or level now and did not before (P7).
    fn reported(&self) -> Option<Notice> {
        if !self.before.born || self.before == self.after {
            return None;
        }
        let before = self.before.told(self.plan);
        let mut roles = self.after.told(self.plan);
        roles.retain(|role| !before.contains(role));
        Some(self.notice(Occasion::Reported, Tell { roles, users: Vec::new() }))
    }
}

fn is_alarm(alert: &Alert) -> bool {
    alert.severity == Severity::Alarm
}

/// What is told of a topic that grows.
#[must_use]
pub fn of_topic(topic: i64, alert: &Alert, plan: &Plan) -> Notice {
    let tell = Tell { roles: plan.tell.of(alert.severity).all().to_vec(), users: Vec::new() };
    let occasion = Occasion::Warned { topic: Some(topic), alert: alert.clone() };
    Notice { incident: None, urgent: is_alarm(alert), occasion, tell }
}

/// What is told of an answer of an incident, after `done` happened to it.
#[must_use]
pub fn of_reply(
    id: IncidentId,
    reply: i64,
    done: &ReplyEvent,
    standing: &Reply,
    incident: &Incident,
    plan: &Plan,
) -> Option<Notice> {
    let major = plan.is_major(incident.level());
    // Before the category is decided the least that any plan asks for is a review; who approves is known after it.
    let decided = incident.decided();
    let category = decided.or_else(|| incident.category().map(|(category, _)| category)).unwrap_or(Category::Problem);
    let approval = plan.approval(category, major, standing.form);
    let (waits, tell) = match done {
        ReplyEvent::Drafted { .. } => (Waits::Review, roles(approval?.review.all())),
        ReplyEvent::Reviewed { .. } => (Waits::Approval, roles(approval?.approve.all())),
        ReplyEvent::Approved { .. } => (Waits::Publication, roles(plan.deciders(Decision::Publish).all())),
        ReplyEvent::Returned { .. } => (Waits::Change, Tell { roles: Vec::new(), users: standing.authors.clone() }),
        ReplyEvent::Published { .. } | ReplyEvent::Receipted { .. } => return None,
    };
    let urgent = category == Category::Emergency;
    Some(Notice { incident: Some(id), urgent, occasion: Occasion::Reply { reply, waits }, tell })
}

/// What is told of a disclosure whose time was up at `due`.
#[must_use]
pub fn of_overdue(id: DisclosureId, due: Timestamp, authors: &[String], plan: &Plan) -> Notice {
    let tell = Tell { roles: plan.tell.overdue.all().to_vec(), users: authors.to_vec() };
    Notice { incident: None, urgent: false, occasion: Occasion::Overdue { disclosure: id, due }, tell }
}

fn roles(roles: &[Role]) -> Tell {
    Tell { roles: roles.to_vec(), users: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::incident::life::{Assessed, Suggested};
    use crate::warning::Stage;

    fn incident() -> Incident {
        Incident { born: true, ..Incident::default() }
    }

    fn suggested(category: Category) -> Incident {
        Incident { suggested: Some(Suggested { category, by: "triage@1".into() }), ..incident() }
    }

    fn told(before: &Incident, after: &Incident, events: &[Event]) -> Vec<(String, Vec<Role>, Vec<String>, bool)> {
        let plan = Plan::built_in();
        let notices = of_incident(7, Stand::of(before, plan), after, events, plan);
        assert!(notices.iter().all(|notice| notice.incident == Some(7)));
        let shown = |n: Notice| (n.occasion.as_str().to_owned(), n.tell.roles, n.tell.users, n.urgent);
        notices.into_iter().map(shown).collect()
    }

    #[test]
    fn an_incident_is_told_at_once_to_those_whom_the_plan_names_and_to_more_as_it_turns_out_worse() {
        let opened = [Event::Opened { post: 1, captured: 5 }];
        let monitor = vec![Role::Monitor];
        assert_eq!(told(&Incident::default(), &incident(), &opened), [("opened".into(), monitor, vec![], false)]);
        let emergency = suggested(Category::Emergency);
        let heads = vec![Role::LeadingGroup, Role::Head];
        assert_eq!(told(&incident(), &emergency, &[]), [("reported".into(), heads, vec![], true)]);
        assert_eq!(told(&emergency, &emergency, &[]), [], "once");
        assert_eq!(told(&incident(), &suggested(Category::Problem), &[]), [], "nobody else hears of a problem");
        let assessed = Assessed {
            category: Category::Emergency,
            level: Some("i".into()),
            by: "head".into(),
            at: 1,
            plan: String::new(),
        };
        let major = Incident { assessed: Some(assessed), ..emergency.clone() };
        assert_eq!(told(&emergency, &major, &[]), [("reported".into(), vec![Role::Spokesperson], vec![], true)]);
    }

    #[test]
    fn a_rung_goes_to_the_owner_and_the_roles_of_the_ladder_and_to_somebody_where_nobody_owns_it() {
        let rung = |tell: Vec<Role>, escalate| {
            [Event::Clock(ClockEvent::Rung {
                clock: "facts".into(),
                moment: -600,
                planned: 1_000,
                owner: true,
                tell,
                escalate,
            })]
        };
        let owned = Incident { owner: Some("u4".into()), ..incident() };
        let events = rung(vec![Role::LeadingGroup], false);
        let group = vec![Role::LeadingGroup];
        assert_eq!(told(&owned, &owned, &events), [("clock".into(), group, vec!["u4".into()], false)]);
        let both = vec![Role::LeadingGroup, Role::Monitor];
        assert_eq!(told(&incident(), &incident(), &events), [("clock".into(), both, vec![], false)]);
        let plan = Plan::built_in();
        let notice = of_incident(7, Stand::of(&owned, plan), &owned, &events, plan).remove(0);
        assert!(matches!(notice.occasion, Occasion::Clock { due: 1_600, .. }));
    }

    #[test]
    fn what_comes_in_comes_back_or_is_given_to_somebody_is_told() {
        let owned = Incident { owner: Some("u4".into()), ..incident() };
        let submitted = [Event::Submitted { post: 1, at: 2, note: None }];
        let group = vec![Role::LeadingGroup];
        assert_eq!(told(&owned, &owned, &submitted), [("submitted".into(), group, vec![], false)]);
        let note = crate::incident::event::Note { id: 1, seal: String::new() };
        let deciders = vec![Role::LeadingGroup, Role::Head];
        let escalated = told(&owned, &owned, &[Event::Escalated { note }]);
        assert_eq!(escalated, [("escalated".into(), deciders, vec![], true)], "it breaks quiet hours");
        let assigned = [Event::Assigned { user: "u9".into() }];
        assert_eq!(told(&owned, &owned, &assigned), [("assigned".into(), vec![], vec!["u9".into()], false)]);
        let recurred = [Event::Joined { post: 1, captured: 2 }, Event::Recurred { post: 1, at: 2 }];
        let back = vec![Role::Monitor, Role::LeadingGroup];
        assert_eq!(told(&owned, &owned, &recurred), [("recurred".into(), back, vec!["u4".into()], false)]);
    }

    #[test]
    fn an_alarm_is_urgent_and_goes_higher_than_a_notice() {
        let alert = |severity| Alert { stage: Stage::Growing, severity, why: vec![] };
        let warned = |severity| told(&incident(), &incident(), &[Event::Warned(alert(severity))]).remove(0);
        assert_eq!(warned(Severity::Notice), ("warned".into(), vec![Role::Monitor], vec![], false));
        let all = vec![Role::Monitor, Role::LeadingGroup, Role::Head];
        assert_eq!(warned(Severity::Alarm), ("warned".into(), all, vec![], true));
        assert!(of_topic(3, &alert(Severity::Alarm), Plan::built_in()).urgent);
    }

    #[test]
    fn a_disclosure_that_is_late_is_told_to_its_authors_and_whom_the_plan_names() {
        let notice = of_overdue(4, 95, &["u5".into()], Plan::built_in());
        assert_eq!(notice.occasion, Occasion::Overdue { disclosure: 4, due: 95 });
        assert_eq!((notice.incident, notice.urgent), (None, false));
        assert_eq!(notice.tell.roles, [Role::LeadingGroup, Role::Spokesperson]);
        assert_eq!(notice.tell.users, ["u5"]);
    }

    #[test]
    fn an_answer_waits_for_those_whom_the_plan_names() {
        let plan = Plan::built_in();
        let standing = Reply { authors: vec!["u5".into()], ..Reply::default() };
        let told = |done: ReplyEvent, incident: &Incident| of_reply(7, 2, &done, &standing, incident, plan);
        let approved = told(ReplyEvent::Approved { seal: String::new() }, &incident()).unwrap();
        assert_eq!(approved.tell.roles, [Role::Spokesperson]);
        let reviewed = told(ReplyEvent::Reviewed { seal: String::new() }, &suggested(Category::Rumour)).unwrap();
        assert_eq!(reviewed.tell.roles, [Role::Head], "a rebuttal is approved by the head");
        let note = crate::incident::event::Note { id: 1, seal: String::new() };
        let returned = told(ReplyEvent::Returned { note }, &incident()).unwrap();
        assert_eq!(returned.tell.users, ["u5"]);
        let published = ReplyEvent::Published { account: String::new(), seal: String::new() };
        assert_eq!(told(published, &incident()), None);
    }
}
