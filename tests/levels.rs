//! Whatever words classifiers have for how serious a matter is, it is suggested as the plan in force calls it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod recording;
mod terminal;

use recording::{Answer, item};
use serde_json::Value;
use terminal::Place;

/// The built-in plan with another of its schemes in force.
fn plan(scheme: &str) -> String {
    let levels = format!("levels = \"{scheme}\"");
    caifeng::plan::BUILT_IN.replace("levels = \"colours\"", &levels)
}

/// An explosion with twelve dead, heard: *major* by the toll.
fn heard() -> Place {
    let place = Place::new();
    let text = "今天凌晨化工厂发生爆炸，消防员正在现场救援，已造成12人死亡，多人受伤送医";
    let feed = Answer::feed("https://news.example/feed", &[item("n1", "化工厂爆炸", text)]);
    recording::write(&place.path("web.warc.gz"), &[feed]);
    place.run("sweep --plugin feed --replay web.warc.gz --data data --json").ends(0);
    place
}

fn listed(place: &Place) -> Value {
    let said = place.run("incident list --data data --json");
    let line = said.out.lines().next().unwrap().to_owned();
    said.ends(0);
    serde_json::from_str(&line).unwrap()
}

#[test]
fn the_list_speaks_the_language_of_the_plan_in_force() {
    let place = heard();
    for (scheme, expected) in [(None, "ii"), (Some("four"), "major"), (Some("three"), "major")] {
        if let Some(scheme) = scheme {
            place.write("data/plan.toml", plan(scheme));
        }
        let listed = listed(&place);
        assert_eq!(listed["suggested_level"], expected, "{scheme:?}");
        let level = &listed["votes"]["level"];
        assert_eq!(level["suggested"], expected);
        assert_eq!(level["labels"][expected]["by"][0]["by"], "triage@0.1.0", "{level}");
        assert_eq!(listed["level"], Value::Null, "a machine suggests and decides nothing");
    }
}

#[test]
fn what_is_shown_names_the_level_in_words() {
    let place = heard();
    let shown = place.run("incident show 1 --data data");
    assert!(shown.out.contains("level ii suggested (level II (major))"), "{}", shown.out);
    shown.ends(0);
}

#[test]
fn a_plan_without_a_level_for_it_suggests_none_and_shows_what_was_said() {
    let place = heard();
    place.write("data/plan.toml", plan("colours").replace("labels = [\"major\"], ", ""));
    let listed = listed(&place);
    assert_eq!((&listed["suggested_level"], &listed["votes"]["level"]["suggested"]), (&Value::Null, &Value::Null));
    assert_eq!(listed["votes"]["level"]["labels"]["major"]["posts"], 1);
}
