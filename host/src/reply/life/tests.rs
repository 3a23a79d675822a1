use proptest::prelude::*;

use super::*;
use crate::incident::event::Role;

const ACCOUNT: &str = "weibo:1000001";

fn person(user: &str, role: Role) -> Actor {
    Actor::Person { user: user.into(), role, token: None }
}

fn text(n: i64) -> Note {
    Note { id: n, seal: format!("seal{n}") }
}

fn draft_command(n: i64) -> ReplyCommand {
    ReplyCommand::Draft { form: Form::Post, channel: "weibo".into(), text: text(n) }
}

fn accounts() -> Vec<String> {
    vec![ACCOUNT.to_owned()]
}

fn around(accounts: &[String], major: bool) -> Around<'_> {
    Around { plan: Plan::built_in(), category: Some(Category::Problem), major, open: true, accounts }
}

/// Does it, or says why not.
fn act(
    reply: &mut Reply,
    command: ReplyCommand,
    actor: &Actor,
    around: &Around<'_>,
) -> Result<ReplyEvent, ReplyRefusal> {
    let event = decide(reply, command, actor, around)?;
    apply(reply, &event, actor, 100);
    Ok(event)
}

fn publish() -> ReplyCommand {
    ReplyCommand::Publish { account: ACCOUNT.into() }
}

fn receipt() -> ReplyCommand {
    ReplyCommand::Receipt(Receipt { capture: "ab".into(), document: false, found: true })
}

#[test]
fn a_reply_goes_from_draft_to_receipt_in_five_hands_or_four() {
    let accounts = accounts();
    let around = around(&accounts, false);
    let mut reply = Reply::default();
    act(&mut reply, draft_command(1), &person("a", Role::Staff), &around).unwrap();
    act(&mut reply, ReplyCommand::Review, &person("b", Role::LeadingGroup), &around).unwrap();
    act(&mut reply, ReplyCommand::Approve, &person("c", Role::Head), &around).unwrap();
    let published = act(&mut reply, publish(), &person("d", Role::Spokesperson), &around).unwrap();
    assert_eq!(published, ReplyEvent::Published { account: ACCOUNT.into(), seal: "seal1".into() });
    act(&mut reply, receipt(), &person("d", Role::Spokesperson), &around).unwrap();
    assert_eq!(reply.state, ReplyState::Receipted);
    assert_eq!(reply.published, Some(Publication { account: ACCOUNT.into(), at: 100 }));
}

#[test]
fn who_wrote_a_word_of_it_stands_behind_it_through_no_door() {
    let accounts = accounts();
    let around = around(&accounts, false);
    let mut reply = Reply::default();
    // The head writes, a colleague writes over it: both are authors, in whatever role they come back.
    act(&mut reply, draft_command(1), &person("a", Role::LeadingGroup), &around).unwrap();
    act(&mut reply, draft_command(2), &person("b", Role::Legal), &around).unwrap();
    for user in ["a", "b"] {
        for role in [Role::LeadingGroup, Role::Spokesperson, Role::Legal] {
            let refused = decide(&reply, ReplyCommand::Review, &person(user, role), &around);
            assert_eq!(refused, Err(Unfit::OwnText.into()), "{user} as {role:?}");
        }
    }
    act(&mut reply, ReplyCommand::Review, &person("c", Role::Legal), &around).unwrap();
    for user in ["a", "b"] {
        let refused = decide(&reply, ReplyCommand::Approve, &person(user, Role::Head), &around);
        assert_eq!(refused, Err(Unfit::OwnText.into()));
    }
}

#[test]
fn a_major_answer_needs_three_people_and_also_one_that_became_major() {
    let accounts = accounts();
    let (ordinary, major) = (around(&accounts, false), around(&accounts, true));
    let mut reply = Reply::default();
    act(&mut reply, draft_command(1), &person("a", Role::Staff), &ordinary).unwrap();
    act(&mut reply, ReplyCommand::Review, &person("b", Role::LeadingGroup), &ordinary).unwrap();
    let refused = decide(&reply, ReplyCommand::Approve, &person("b", Role::Head), &major);
    assert_eq!(refused, Err(Unfit::TooFew(3).into()));
    act(&mut reply, ReplyCommand::Approve, &person("b", Role::Head), &ordinary).unwrap();
    let refused = decide(&reply, publish(), &person("d", Role::Spokesperson), &major);
    assert_eq!(refused, Err(Unfit::TooFew(3).into()));
}

#[test]
fn a_change_of_the_text_begins_again() {
    let accounts = accounts();
    let around = around(&accounts, false);
    let mut reply = Reply::default();
    act(&mut reply, draft_command(1), &person("a", Role::Staff), &around).unwrap();
    act(&mut reply, ReplyCommand::Review, &person("b", Role::LeadingGroup), &around).unwrap();
    act(&mut reply, ReplyCommand::Approve, &person("c", Role::Head), &around).unwrap();
    act(&mut reply, draft_command(2), &person("d", Role::Spokesperson), &around).unwrap();
    let refused = decide(&reply, publish(), &person("d", Role::Spokesperson), &around);
    assert_eq!(refused, Err(ReplyRefusal::State(ReplyState::Draft)));
}

#[test]
fn what_is_published_stays_and_only_under_a_registered_account() {
    let accounts = accounts();
    let around = around(&accounts, false);
    let mut reply = Reply::default();
    act(&mut reply, draft_command(1), &person("a", Role::Staff), &around).unwrap();
    act(&mut reply, ReplyCommand::Review, &person("b", Role::LeadingGroup), &around).unwrap();
    act(&mut reply, ReplyCommand::Approve, &person("c", Role::Head), &around).unwrap();
    let speaker = person("d", Role::Spokesperson);
    let private = ReplyCommand::Publish { account: "weibo:2".into() };
    assert_eq!(decide(&reply, private, &speaker, &around), Err(Unfit::Account("weibo:2".into()).into()));
    let refused = decide(&reply, publish(), &person("c", Role::Head), &around).unwrap_err();
    assert_eq!(refused.to_string(), "the role head may not do this: spokesperson may");
    act(&mut reply, publish(), &speaker, &around).unwrap();
    for command in [draft_command(3), ReplyCommand::Return { note: text(4) }, ReplyCommand::Review, publish()] {
        let refused = decide(&reply, command.clone(), &person("e", Role::Spokesperson), &around).unwrap_err();
        assert_eq!(refused, ReplyRefusal::State(ReplyState::Published), "{command:?}");
    }
}

#[test]
fn a_machine_answers_nobody_and_a_closed_or_unassessed_incident_has_no_answer() {
    let accounts = accounts();
    let around = around(&accounts, false);
    let machine = Actor::Machine { by: "triage@0.1.0".into() };
    for command in [draft_command(1), ReplyCommand::Review, ReplyCommand::Approve, publish(), receipt()] {
        assert_eq!(decide(&Reply::default(), command, &machine, &around), Err(Unfit::PersonOnly.into()));
    }
    let closed = Around { open: false, ..around };
    let staff = person("a", Role::Staff);
    assert_eq!(decide(&Reply::default(), draft_command(1), &staff, &closed), Err(ReplyRefusal::IncidentClosed));
    let mut reply = Reply::default();
    act(&mut reply, draft_command(1), &staff, &around).unwrap();
    let unassessed = Around { category: None, ..around };
    let refused = decide(&reply, ReplyCommand::Review, &person("b", Role::Legal), &unassessed);
    assert_eq!(refused, Err(ReplyRefusal::NotAssessed));
}

#[test]
fn channels_are_the_plans_and_carry_their_forms() {
    let accounts = accounts();
    let around = around(&accounts, false);
    let staff = person("a", Role::Staff);
    let on = |channel: &str, form| {
        let command = ReplyCommand::Draft { form, channel: channel.into(), text: text(1) };
        decide(&Reply::default(), command, &staff, &around)
    };
    assert!(matches!(on("weibo", Form::Article), Err(ReplyRefusal::Form { .. })));
    assert!(on("tiktok", Form::Post).unwrap_err().to_string().contains("known: site, weibo"));
    assert!(on("site", Form::Article).is_ok());
}

/// The stored form is part of every hash ever written: it must not drift.
#[test]
fn stored_form_is_frozen() {
    let event = ReplyEvent::Drafted { form: Form::Post, channel: "site".into(), text: text(7) };
    assert_eq!(
        serde_json::to_string(&event).unwrap(),
        r#"{"what":"drafted","form":"post","channel":"site","text":{"id":7,"seal":"seal7"}}"#
    );
    let event = ReplyEvent::Receipted { capture: "ab".into(), document: false, found: true };
    assert_eq!(
        serde_json::to_string(&event).unwrap(),
        r#"{"what":"receipted","capture":"ab","document":false,"found":true}"#
    );
}

fn command() -> impl Strategy<Value = (ReplyCommand, Actor, bool)> {
    let command = prop_oneof![
        3 => (1_i64..9).prop_map(draft_command),
        3 => Just(ReplyCommand::Review),
        1 => Just(ReplyCommand::Return { note: text(0) }),
        3 => Just(ReplyCommand::Approve),
        3 => Just(publish()),
        1 => Just(receipt()),
    ];
    let actor = (0_usize..4, 0_usize..7).prop_map(|(user, role)| person(["a", "b", "c", "d"][user], Role::WORK[role]));
    (command, actor, any::<bool>())
}

proptest! {
    #[test]
    fn two_people_are_two_people_and_what_is_published_was_approved(
        commands in prop::collection::vec(command(), 0..60)
    ) {
        let accounts = accounts();
        let mut reply = Reply::default();
        let (mut history, mut approved) = (Vec::new(), None);
        for (command, actor, major) in commands {
            let around = around(&accounts, major);
            let Ok(event) = act(&mut reply, command, &actor, &around) else { continue };
            match &event {
                ReplyEvent::Approved { seal } => approved = Some(seal.clone()),
                ReplyEvent::Published { seal, .. } => {
                    prop_assert_eq!(Some(seal), approved.as_ref());
                    let (reviewer, approver) = (reply.reviewer.clone().unwrap(), reply.approver.clone().unwrap());
                    prop_assert!(!reply.authors.contains(&reviewer) && !reply.authors.contains(&approver));
                    prop_assert!(!major || reviewer != approver);
                }
                _ => {}
            }
            history.push((event, actor));
        }
        let mut replayed = Reply::default();
        for (event, actor) in &history {
            let stored: ReplyEvent = serde_json::from_str(&serde_json::to_string(event).unwrap()).unwrap();
            apply(&mut replayed, &stored, actor, 100);
        }
        prop_assert_eq!(replayed, reply);
    }
}
