use proptest::prelude::*;

use super::gate::{Claim, pass};
use super::*;
use crate::incident::Category;

const DAY: i64 = 86_400;

fn note() -> Note {
    Note { id: 1, seal: "s".into() }
}

fn person(user: &str, role: Role) -> Actor {
    Actor::Person { user: user.into(), role, token: None }
}

fn passed() -> gate::Passed {
    let evidence = ["ab".to_owned()];
    let claim = Claim {
        category: Some(Category::Rumour),
        post: 7,
        text: "7月1日水厂爆炸，死了三个人",
        evidence: &evidence,
        rebuttal: Some(3),
        awaits_consent: false,
        refused_before: &[],
    };
    pass(&claim, note()).unwrap()
}

fn act(
    referral: &mut Referral,
    command: ReferralCommand,
    actor: &Actor,
    now: Timestamp,
) -> Result<(), ReferralRefusal> {
    let event = decide(referral, command, actor, DAY, now)?;
    apply(referral, &event, actor);
    Ok(())
}

fn proposed() -> Referral {
    let mut referral = Referral::default();
    act(&mut referral, ReferralCommand::Propose(passed()), &person("p", Role::LeadingGroup), 0).unwrap();
    referral
}

fn approve() -> ReferralCommand {
    ReferralCommand::Approve { note: note() }
}

#[test]
fn legal_and_head_agree_after_a_night_and_legal_hands_it_out() {
    let mut referral = proposed();
    let (legal, head) = (person("l", Role::Legal), person("h", Role::Head));
    assert_eq!(act(&mut referral, approve(), &legal, DAY - 1), Err(ReferralRefusal::Resting(DAY)));
    act(&mut referral, approve(), &legal, DAY).unwrap();
    let export = || ReferralCommand::Export { sha256: "ef".into() };
    assert_eq!(
        act(&mut referral, export(), &legal, DAY),
        Err(ReferralRefusal::State(ReferralState::Proposed)),
        "one is not two"
    );
    act(&mut referral, approve(), &head, DAY).unwrap();
    assert!(matches!(act(&mut referral, export(), &head, DAY), Err(ReferralRefusal::Role { .. })));
    act(&mut referral, export(), &legal, DAY).unwrap();
    act(&mut referral, export(), &legal, DAY).unwrap();
    assert_eq!((referral.state, referral.exports), (ReferralState::Approved, 2));
}

#[test]
fn one_person_in_both_roles_is_one_person() {
    for (first, second) in [(Role::Legal, Role::Head), (Role::Head, Role::Legal)] {
        let mut referral = proposed();
        act(&mut referral, approve(), &person("x", first), DAY).unwrap();
        assert_eq!(act(&mut referral, approve(), &person("x", second), DAY), Err(ReferralRefusal::SamePerson));
        assert_eq!(act(&mut referral, approve(), &person("y", first), DAY), Err(ReferralRefusal::Already(first)));
    }
}

#[test]
fn either_ends_it_and_a_refusal_needs_no_night() {
    for role in [Role::Legal, Role::Head] {
        let mut referral = proposed();
        act(&mut referral, ReferralCommand::Refuse { note: note() }, &person("x", role), 1).unwrap();
        assert_eq!(referral.state, ReferralState::Refused);
        let refused = act(&mut referral, approve(), &person("y", Role::Head), DAY);
        assert_eq!(refused, Err(ReferralRefusal::State(ReferralState::Refused)));
    }
}

#[test]
fn nobody_else_and_no_machine() {
    let machine = Actor::Machine { by: "x@1".into() };
    for command in [ReferralCommand::Propose(passed()), approve(), ReferralCommand::Refuse { note: note() }] {
        let refused = decide(&proposed(), command, &machine, DAY, DAY);
        assert_eq!(refused, Err(ReferralRefusal::PersonOnly));
    }
    for role in [Role::Monitor, Role::Staff, Role::LeadingGroup, Role::Spokesperson, Role::Trainer] {
        let refused = decide(&proposed(), approve(), &person("x", role), DAY, DAY);
        assert!(matches!(refused, Err(ReferralRefusal::Role { .. })), "{role:?}");
    }
}

#[test]
fn a_plan_cannot_take_the_night_away() {
    let event = decide(&Referral::default(), ReferralCommand::Propose(passed()), &person("p", Role::Head), -5, 100);
    assert!(matches!(event, Ok(ReferralEvent::Proposed { rests_until: 101, .. })), "{event:?}");
}

proptest! {
    #[test]
    fn what_is_approved_was_slept_on_by_two_people(
        steps in prop::collection::vec((0_usize..3, 0_usize..3, 0_usize..7, 0_i64..DAY), 0..30)
    ) {
        let mut referral = proposed();
        let mut now = 0;
        for (what, user, role, wait) in steps {
            now += wait;
            let actor = person(["a", "b", "p"][user], Role::WORK[role]);
            let command = match what {
                0 | 1 => approve(),
                _ => ReferralCommand::Export { sha256: "x".into() },
            };
            let _ = act(&mut referral, command, &actor, now);
        }
        if referral.state == ReferralState::Approved {
            prop_assert!(referral.legal.is_some() && referral.head.is_some() && referral.legal != referral.head);
            prop_assert!(now >= referral.rests_until);
        } else {
            prop_assert_eq!(referral.exports, 0);
        }
    }
}
