use super::*;
use crate::disclosure::calendar::{is_out, is_overdue};

const SITE: &str = "site:cg";

fn person(user: &str, role: Role) -> Actor {
    Actor::Person { user: user.into(), role, token: None }
}

fn accounts() -> Vec<String> {
    vec![SITE.to_owned()]
}

fn around<'a>(answered: &'a [Answered<'a>], accounts: &'a [String]) -> Around<'a> {
    Around { plan: Plan::built_in(), answered, accounts }
}

fn answered(category: Option<Category>, major: bool) -> Answered<'static> {
    Answered { incident: 5, plan: Plan::built_in(), category, major }
}

fn draft(n: i64) -> DisclosureCommand {
    let text = Note { id: n, seal: format!("seal{n}") };
    let channels = vec!["site".to_owned(), "wechat-group".to_owned()];
    DisclosureCommand::Draft { kind: Kind::Work, channels, text, whole: true }
}

fn schedule(due: Option<Timestamp>) -> DisclosureCommand {
    DisclosureCommand::Schedule { planned: Some(10), due, answers: Vec::new() }
}

fn publish(channel: &str) -> DisclosureCommand {
    DisclosureCommand::Publish { channel: channel.into(), account: SITE.into() }
}

fn receipt(channel: &str) -> DisclosureCommand {
    let shown = Receipt { capture: "ab".into(), document: false, found: true };
    DisclosureCommand::Receipt { channel: channel.into(), shown }
}

fn note() -> Note {
    Note { id: 99, seal: "why".into() }
}

/// Does it, or says why not.
fn act(
    disclosure: &mut Disclosure,
    command: DisclosureCommand,
    actor: &Actor,
    around: &Around<'_>,
) -> Result<DisclosureEvent, DisclosureRefusal> {
    let event = decide(disclosure, command, actor, around, 100)?;
    apply(disclosure, &event, actor, 100);
    Ok(event)
}

/// One that was written by a, reviewed by b and approved by c.
fn approved(around: &Around<'_>) -> Disclosure {
    let mut disclosure = Disclosure::default();
    act(&mut disclosure, draft(1), &person("a", Role::Staff), around).unwrap();
    act(&mut disclosure, DisclosureCommand::Review, &person("b", Role::LeadingGroup), around).unwrap();
    act(&mut disclosure, DisclosureCommand::Approve, &person("c", Role::Head), around).unwrap();
    disclosure
}

#[test]
fn it_goes_from_the_calendar_to_its_receipts_channel_by_channel() {
    let accounts = accounts();
    let around = around(&[], &accounts);
    let mut disclosure = Disclosure::default();
    let DisclosureCommand::Draft { kind, channels, text, .. } = draft(1) else { unreachable!() };
    let planned = DisclosureCommand::Draft { kind, channels, text, whole: false };
    act(&mut disclosure, planned, &person("a", Role::Staff), &around).unwrap();
    assert_eq!(disclosure.state, DisclosureState::Planned);
    let bare = decide(&disclosure, DisclosureCommand::Review, &person("b", Role::Legal), &around, 100);
    assert_eq!(bare, Err(DisclosureRefusal::State(DisclosureState::Planned)));
    act(&mut disclosure, draft(2), &person("a", Role::Staff), &around).unwrap();
    act(&mut disclosure, DisclosureCommand::Review, &person("b", Role::Legal), &around).unwrap();
    act(&mut disclosure, DisclosureCommand::Approve, &person("c", Role::Head), &around).unwrap();
    let speaker = person("d", Role::Spokesperson);
    let early = decide(&disclosure, receipt("site"), &speaker, &around, 100);
    assert_eq!(early, Err(DisclosureRefusal::IsNotOut("site".into())));
    let published = act(&mut disclosure, publish("site"), &speaker, &around).unwrap();
    let seal = "seal2".to_owned();
    assert_eq!(published, DisclosureEvent::Published { channel: "site".into(), account: SITE.into(), seal });
    act(&mut disclosure, receipt("site"), &speaker, &around).unwrap();
    assert_eq!((disclosure.state, is_out(&disclosure)), (DisclosureState::Published, false), "the group is missing");
    let twice = decide(&disclosure, publish("site"), &speaker, &around, 100);
    assert_eq!(twice, Err(DisclosureRefusal::IsOut("site".into())));
    act(&mut disclosure, publish("wechat-group"), &speaker, &around).unwrap();
    assert_eq!((disclosure.state, is_out(&disclosure)), (DisclosureState::Published, true), "its receipt is missing");
    act(&mut disclosure, receipt("wechat-group"), &speaker, &around).unwrap();
    assert_eq!(disclosure.state, DisclosureState::Receipted);
    let late = decide(&disclosure, draft(3), &person("a", Role::Staff), &around, 100);
    assert_eq!(late, Err(DisclosureRefusal::State(DisclosureState::Receipted)));
}

#[test]
fn who_wrote_a_word_of_it_stands_behind_it_through_no_door() {
    let accounts = accounts();
    let around = around(&[], &accounts);
    let mut disclosure = Disclosure::default();
    act(&mut disclosure, draft(1), &person("a", Role::LeadingGroup), &around).unwrap();
    act(&mut disclosure, draft(2), &person("b", Role::Legal), &around).unwrap();
    let refused = Err(DisclosureRefusal::from(Unfit::OwnText));
    for user in ["a", "b"] {
        for role in [Role::LeadingGroup, Role::Spokesperson, Role::Legal] {
            let answer = decide(&disclosure, DisclosureCommand::Review, &person(user, role), &around, 100);
            assert_eq!(answer, refused, "{user} as {role:?}");
        }
    }
    act(&mut disclosure, DisclosureCommand::Review, &person("c", Role::Legal), &around).unwrap();
    for user in ["a", "b"] {
        let answer = decide(&disclosure, DisclosureCommand::Approve, &person(user, Role::Head), &around, 100);
        assert_eq!(answer, refused);
    }
    // Returned and written anew by the reviewer, it is the reviewer's too.
    act(&mut disclosure, DisclosureCommand::Return { note: note() }, &person("c", Role::Legal), &around).unwrap();
    act(&mut disclosure, draft(3), &person("c", Role::Legal), &around).unwrap();
    assert_eq!(decide(&disclosure, DisclosureCommand::Review, &person("c", Role::Legal), &around, 100), refused);
}

#[test]
fn what_answers_an_incident_is_approved_by_that_incidents_rules() {
    let accounts = accounts();
    let rumour = [answered(Some(Category::Rumour), false)];
    let linked = around(&rumour, &accounts);
    let mut disclosure = Disclosure::default();
    act(&mut disclosure, draft(1), &person("a", Role::Staff), &linked).unwrap();
    let spokesperson = decide(&disclosure, DisclosureCommand::Review, &person("b", Role::Spokesperson), &linked, 100);
    assert!(matches!(spokesperson, Err(DisclosureRefusal::Unfit(Unfit::Role { .. }))), "a rumour goes past legal");
    act(&mut disclosure, DisclosureCommand::Review, &person("b", Role::Legal), &linked).unwrap();
    let group = decide(&disclosure, DisclosureCommand::Approve, &person("c", Role::LeadingGroup), &linked, 100);
    assert!(matches!(group, Err(DisclosureRefusal::Unfit(Unfit::Role { .. }))), "and to the head");
    act(&mut disclosure, DisclosureCommand::Approve, &person("c", Role::Head), &linked).unwrap();
    // An incident that nobody assessed holds it up, also when it is linked after the approval.
    let unknown = [answered(Some(Category::Rumour), false), answered(None, false)];
    let later =
        decide(&disclosure, publish("site"), &person("d", Role::Spokesperson), &around(&unknown, &accounts), 100);
    assert_eq!(later, Err(DisclosureRefusal::NotAssessed(5)));
}

#[test]
fn what_is_said_to_answer_one_incident_more_is_approved_anew() {
    let accounts = accounts();
    let around = around(&[], &accounts);
    let mut disclosure = approved(&around);
    let answers =
        |answers: &[IncidentId]| DisclosureCommand::Schedule { planned: None, due: None, answers: answers.to_vec() };
    act(&mut disclosure, answers(&[5]), &person("a", Role::Staff), &around).unwrap();
    assert_eq!((disclosure.state, &disclosure.approver), (DisclosureState::Draft, &None));
    let mut disclosure = Disclosure { answers: vec![5, 6], ..approved(&around) };
    act(&mut disclosure, answers(&[6]), &person("a", Role::Staff), &around).unwrap();
    assert_eq!(disclosure.state, DisclosureState::Approved, "one less is no more");
}

#[test]
fn one_that_became_major_needs_a_third_person_before_it_is_published() {
    let accounts = accounts();
    let ordinary = [answered(Some(Category::Problem), false)];
    let mut disclosure = Disclosure::default();
    let before = around(&ordinary, &accounts);
    act(&mut disclosure, draft(1), &person("a", Role::Staff), &before).unwrap();
    act(&mut disclosure, DisclosureCommand::Review, &person("b", Role::LeadingGroup), &before).unwrap();
    act(&mut disclosure, DisclosureCommand::Approve, &person("b", Role::Head), &before).unwrap();
    let major = [answered(Some(Category::Problem), true)];
    let answer =
        decide(&disclosure, publish("site"), &person("d", Role::Spokesperson), &around(&major, &accounts), 100);
    assert_eq!(answer, Err(Unfit::TooFew(3).into()));
}

#[test]
fn a_machine_only_tells_and_a_change_of_the_text_begins_again() {
    let accounts = accounts();
    let around = around(&[], &accounts);
    let machine = Actor::Machine { by: "calendar@1".into() };
    let mut disclosure = approved(&around);
    for command in [
        draft(2),
        schedule(None),
        DisclosureCommand::Review,
        DisclosureCommand::Return { note: note() },
        DisclosureCommand::Approve,
        publish("site"),
        receipt("site"),
        DisclosureCommand::Drop { note: note() },
    ] {
        assert_eq!(decide(&disclosure, command, &machine, &around, 100), Err(Unfit::PersonOnly.into()));
    }
    act(&mut disclosure, schedule(Some(500)), &person("a", Role::Staff), &around).unwrap();
    assert_eq!(disclosure.state, DisclosureState::Approved, "a day is not what is said");
    act(&mut disclosure, draft(2), &person("e", Role::Staff), &around).unwrap();
    let answer = decide(&disclosure, publish("site"), &person("d", Role::Spokesperson), &around, 100);
    assert_eq!(answer, Err(DisclosureRefusal::State(DisclosureState::Draft)));
}

#[test]
fn it_goes_only_where_the_plan_and_its_author_sent_it_and_under_a_registered_account() {
    let accounts = accounts();
    let around = around(&[], &accounts);
    let channels = |names: &[&str]| DisclosureCommand::Draft {
        kind: Kind::Work,
        channels: names.iter().map(|name| (*name).to_owned()).collect(),
        text: note(),
        whole: true,
    };
    let staff = person("a", Role::Staff);
    let ask = |command| decide(&Disclosure::default(), command, &staff, &around, 100);
    assert!(matches!(ask(channels(&[])), Err(DisclosureRefusal::Nowhere(_))));
    assert!(matches!(ask(channels(&["site", "tiktok"])), Err(DisclosureRefusal::Channel { .. })));
    assert_eq!(ask(channels(&["letters"])), Err(DisclosureRefusal::CommentsOnly("letters".into())));
    let disclosure = approved(&around);
    let speaker = person("d", Role::Spokesperson);
    let elsewhere = decide(&disclosure, publish("weibo"), &speaker, &around, 100);
    assert!(matches!(elsewhere, Err(DisclosureRefusal::NotPrepared { .. })));
    let private = DisclosureCommand::Publish { channel: "site".into(), account: "weibo:2".into() };
    assert_eq!(decide(&disclosure, private, &speaker, &around, 100), Err(Unfit::Account("weibo:2".into()).into()));
    let staff = decide(&disclosure, publish("site"), &person("a", Role::Staff), &around, 100);
    assert!(matches!(staff, Err(DisclosureRefusal::Unfit(Unfit::Role { .. }))));
}

#[test]
fn what_is_overdue_is_told_once_for_each_due_day_and_not_when_it_is_out_or_dropped() {
    let accounts = accounts();
    let around = around(&[], &accounts);
    let machine = Actor::Machine { by: "calendar@1".into() };
    let mut disclosure = approved(&around);
    let backwards = decide(&disclosure, schedule(Some(5)), &person("a", Role::Staff), &around, 100);
    assert_eq!(backwards, Err(DisclosureRefusal::DueFirst));
    act(&mut disclosure, schedule(Some(90)), &person("a", Role::Staff), &around).unwrap();
    assert!(is_overdue(&disclosure, 90) && !is_overdue(&disclosure, 89));
    let told = act(&mut disclosure, DisclosureCommand::Ring, &machine, &around).unwrap();
    assert_eq!(told, DisclosureEvent::Overdue { due: 90 });
    let ring = |disclosure: &Disclosure| decide(disclosure, DisclosureCommand::Ring, &machine, &around, 100);
    assert_eq!(ring(&disclosure), Err(DisclosureRefusal::NotDue));
    act(&mut disclosure, schedule(Some(95)), &person("a", Role::Staff), &around).unwrap();
    assert_eq!(ring(&disclosure), Ok(DisclosureEvent::Overdue { due: 95 }), "another day was promised");
    let mut dropped = disclosure.clone();
    act(&mut dropped, DisclosureCommand::Drop { note: note() }, &person("a", Role::Staff), &around).unwrap();
    assert_eq!((dropped.state, ring(&dropped)), (DisclosureState::Dropped, Err(DisclosureRefusal::NotDue)));
    let speaker = person("d", Role::Spokesperson);
    act(&mut disclosure, publish("site"), &speaker, &around).unwrap();
    assert!(is_overdue(&disclosure, 100), "one channel is not every channel");
    act(&mut disclosure, DisclosureCommand::Drop { note: note() }, &person("a", Role::Staff), &around).unwrap();
    assert_eq!(
        (disclosure.channels.as_slice(), ring(&disclosure)),
        (&["site".to_owned()][..], Err(DisclosureRefusal::NotDue))
    );
    let nothing =
        decide(&disclosure, DisclosureCommand::Drop { note: note() }, &person("a", Role::Staff), &around, 100);
    assert_eq!(nothing, Err(DisclosureRefusal::NothingLeft));
}
