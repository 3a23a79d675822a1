use std::path::Path;

use super::*;

/// The built-in plan with some of its text replaced; each must be there.
fn changed(changes: &[(&str, &str)]) -> Result<Plan, Vec<Problem>> {
    let mut text = BUILT_IN.to_owned();
    for (from, to) in changes {
        assert!(text.contains(from), "{from:?} is not in the built-in plan");
        text = text.replacen(from, to, 1);
    }
    Plan::read(text.into(), Path::new("plan.toml"))
}

fn told(changes: &[(&str, &str)]) -> String {
    let problems = changed(changes).unwrap_err();
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_built_in_plan_is_the_bureaus_and_holds_together() {
    let plan = Plan::built_in();
    let steps = |category| {
        let playbook = plan.playbook(category).unwrap();
        playbook.steps.iter().map(|step| step.id.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(steps(Category::Problem), ["apologise", "rectify", "verify"]);
    assert_eq!(steps(Category::Emergency), ["on-site", "investigate", "publish"]);
    assert_eq!(steps(Category::Sensitive), ["attitude", "cause", "hype"]);
    assert_eq!(steps(Category::Suggestion), ["thank", "collate", "report"]);
    assert_eq!(steps(Category::Rumour), ["claim", "consent", "rebut", "refer"]);
    let clocks = |category, major| plan.clocks(category, major).map(|clock| clock.id.as_str()).collect::<Vec<_>>();
    assert_eq!(clocks(None, false), ["assess"]);
    assert_eq!(clocks(Some(Category::Emergency), false), ["assess", "facts", "answer"]);
    assert_eq!(clocks(Some(Category::Emergency), true), ["assess", "facts", "authoritative", "press", "answer"]);
    assert_eq!(clocks(Some(Category::Suggestion), true), ["assess", "suggestion"]);
    assert_eq!(plan.levels().len(), 4);
    assert!(plan.is_major(Some("i")) && !plan.is_major(Some("iii")) && !plan.is_major(None));
}

#[test]
fn a_version_is_known_by_its_text() {
    let plan = Plan::built_in();
    assert_eq!(plan.text(), BUILT_IN);
    assert_eq!(plan.digest().len(), 64);
    assert_ne!(changed(&[("version = \"2022-06-20\"", "version = \"2023\"")]).unwrap().digest(), plan.digest());
}

#[test]
fn any_of_the_ready_made_schemes_may_be_in_force() {
    for scheme in ["three", "four", "colours"] {
        let plan = changed(&[("levels = \"colours\"", &format!("levels = \"{scheme}\""))]).unwrap();
        assert!(plan.levels().iter().any(|level| level.major), "{scheme}");
    }
}

#[test]
fn every_ready_made_scheme_knows_what_classifiers_say() {
    for (scheme, expected) in [
        ("three", ["ordinary", "larger", "major", "major"]),
        ("four", ["ordinary", "larger", "major", "extreme"]),
        ("colours", ["iv", "iii", "ii", "i"]),
    ] {
        let plan = changed(&[("levels = \"colours\"", &format!("levels = \"{scheme}\""))]).unwrap();
        let meant =
            ["ordinary", "larger", "major", "extreme"].map(|label| plan.level_meant_by(label).unwrap().id.clone());
        assert_eq!(meant, expected, "{scheme}");
        assert_eq!(plan.level_meant_by("code-red"), None);
    }
}

#[test]
fn a_label_that_means_two_levels_is_refused() {
    let twice = told(&[("labels = [\"major\"]", "labels = [\"larger\"]")]);
    assert!(twice.contains("\"larger\" also means \"iii\": a label suggests one level"), "{twice}");
    let an_id = told(&[(
        "labels = [\"extreme\"], major = true },\n]\nfour",
        "labels = [\"larger\"], major = true },\n]\nfour",
    )]);
    assert!(an_id.contains("\"larger\" also means \"larger\""), "{an_id}");
}

#[test]
fn who_stands_behind_an_answer_follows_the_first_rule_that_fits() {
    let plan = Plan::built_in();
    let approval = |category, major, form| plan.approval(category, major, form).unwrap();
    assert_eq!(approval(Category::Problem, true, Form::Comment).people, 3);
    assert_eq!(approval(Category::Rumour, false, Form::Post).review.all(), [Role::Legal]);
    assert_eq!(approval(Category::Problem, false, Form::Statement).approve.all(), [Role::Head]);
    assert_eq!(approval(Category::Problem, false, Form::Post).approve.all(), [Role::LeadingGroup, Role::Head]);
}

#[test]
fn who_hears_of_an_incident_is_told_once() {
    let plan = Plan::built_in();
    assert_eq!(plan.told(None, false), [Role::Monitor]);
    let told = plan.told(Some(Category::Emergency), true);
    assert_eq!(told, [Role::Monitor, Role::LeadingGroup, Role::Head, Role::Spokesperson]);
}

#[test]
fn the_steps_before_a_step_are_those_it_names_else_the_one_before() {
    let playbook = Plan::built_in().playbook(Category::Sensitive).unwrap();
    assert_eq!(playbook.before(0), Vec::<&str>::new());
    assert_eq!(playbook.before(1), ["attitude"]);
    assert_eq!(playbook.before(2), ["attitude"]);
}

/// One of each thing that can be wrong with a plan that can be read.
#[test]
fn a_plan_that_does_not_hold_together_is_refused_at_once_and_whole() {
    insta::assert_snapshot!(told(&[
        ("levels = \"colours\"", "levels = \"colour\""),
        (
            "{ id = \"larger\", name = { zh = \"较大\", en = \"larger\" } },",
            "{ id = \"ordinary\", name = { zh = \"一般\", en = \"ordinary\" }, major = true },"
        ),
        ("colour = \"yellow\"", "colour = \"blue\""),
        ("close = [\"leading-group\", \"head\"]", "close = []"),
        ("[[report]]\ntell = [\"monitor\"]", "[[report]]\ntell = []"),
        ("[[approval]]\nreview", "[[approval]]\nform = [\"post\"]\nreview"),
        ("people = 3", "people = 1"),
        ("length = 140", "length = 0"),
        ("category = \"suggestion\"", "category = \"problem\""),
        ("owner = [\"staff\", \"spokesperson\", \"leading-group\"]", "owner = []"),
        ("id = \"apologise\"", "id = \"apologise\"\nafter = [\"verify\"]"),
        ("id = \"investigate\"", "id = \"investigate\"\nafter = [\"on-sight\"]"),
        ("due = \"30m\"\nevidence", "due = \"0m\"\nevidence"),
        ("kind = \"document\", name = { zh = \"查清原因的依据\"", "kind = \"referral\", name = { zh = \"\""),
        ("ends = { step = \"publish\" }\nladder = \"urgent\"", "ladder = \"urgnt\""),
        ("due = \"5h\"", "due = \"0h\""),
        ("ends = { step = \"rectify\" }", "ends = { step = \"rectfy\" }"),
        ("at = \"T-30m\"\nowner = true\ntell = [\"leading-group\"]", "at = \"T-90m\""),
        (
            "[[ladder.steady]]\nat = \"T+0m\"\nowner = true\ntell = [\"leading-group\", \"head\"]",
            "[[ladder.steady]]\nat = \"T-5m\"\nowner = true"
        ),
        ("hours = [\"08:30-12:00\", \"14:00-17:30\"]", "hours = [\"08:30-12:00\", \"11:00-17:30\"]"),
        ("cooling_off = \"24h\"", "cooling_off = \"0h\""),
    ]));
}

/// What types refuse, with the same care.
#[test]
fn words_that_a_plan_does_not_know_are_refused_where_they_stand() {
    insta::assert_snapshot!(told(&[
        ("assess = [\"leading-group\", \"head\"]", "asess = [\"leading-grup\", \"head\"]"),
        ("owner = [\"monitor\"]", "owner = [\"moniter\"]"),
        ("category = [\"emergency\", \"rumour\"]", "category = [\"emergncy\"]"),
        ("due = \"24h\"", "due = \"a day\""),
        ("at = \"T-60m\"", "at = \"60m before\""),
        ("kind = \"note\"", "kind = \"notes\""),
        ("cooling_off = \"24h\"", "cooling_off = \"1wd\""),
        ("hours = [\"08:30-12:00\", \"14:00-17:30\"]", "hours = [\"8:30-12:00\", \"17:30-14:00\"]"),
        ("waivable = true", "waiveable = true"),
        ("ends = \"assessment\"", "ends = \"assesment\""),
    ]));
}

#[test]
fn what_is_not_wrong_is_not_refused() {
    for change in [
        ("after = [\"attitude\"]", "after = []"),
        ("due = \"90m\"\n", ""),
        ("category = [\"suggestion\"]\nfrom", "from"),
        ("length = 140", ""),
    ] {
        changed(&[change]).unwrap();
    }
}
