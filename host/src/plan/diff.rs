//! What is different between two plans, rule by rule: not line by line, because comments and the order of
//! tables mean nothing.

use serde::Serialize;
use serde_json::Value;

use super::Plan;

/// One thing that is different.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Change {
    /// Where: `clock.facts.due`.
    pub path: String,
    /// What the first plan says; `None` when it says nothing.
    pub from: Option<Value>,
    /// What the second plan says; `None` when it says nothing.
    pub to: Option<Value>,
}

/// Everything that is different, in the order of their paths.
#[must_use]
pub fn diff(from: &Plan, to: &Plan) -> Vec<Change> {
    let mut changes = Vec::new();
    // Both are plain data: each has a form in JSON.
    if let (Ok(from), Ok(to)) = (serde_json::to_value(from), serde_json::to_value(to)) {
        compare(&from, &to, "", &mut changes);
    }
    changes
}

fn compare(from: &Value, to: &Value, path: &str, changes: &mut Vec<Change>) {
    let (Some(was), Some(is)) = (named(from), named(to)) else {
        if from != to {
            changes.push(Change { path: path.to_owned(), from: Some(from.clone()), to: Some(to.clone()) });
        }
        return;
    };
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    for (name, value) in &was {
        match find(&is, name) {
            Some(other) => compare(value, other, &below(name), changes),
            None => changes.push(Change { path: below(name), from: Some((*value).clone()), to: None }),
        }
    }
    for (name, value) in is.iter().filter(|(name, _)| find(&was, name).is_none()) {
        changes.push(Change { path: below(name), from: None, to: Some((*value).clone()) });
    }
    let kept = |these: &[(String, &Value)], others: &[(String, &Value)]| -> Vec<Value> {
        these.iter().filter(|(name, _)| find(others, name).is_some()).map(|(name, _)| name.clone().into()).collect()
    };
    let (was, is) = (kept(&was, &is), kept(&is, &was));
    if was != is {
        let path = format!("{path} (order)");
        changes.push(Change { path, from: Some(Value::Array(was)), to: Some(Value::Array(is)) });
    }
}

/// What has a name, in its order.
type Named<'a> = Vec<(String, &'a Value)>;

fn find<'a>(among: &[(String, &'a Value)], name: &str) -> Option<&'a Value> {
    among.iter().find(|(other, _)| other == name).map(|(_, value)| *value)
}

/// A table, or a list whose elements have names, each its own.
fn named(value: &Value) -> Option<Named<'_>> {
    match value {
        Value::Object(table) => Some(table.iter().map(|(key, value)| (key.clone(), value)).collect()),
        Value::Array(list) if !list.is_empty() => {
            let name = |element: &Value| {
                ["id", "category", "at"].iter().find_map(|key| element.get(key)?.as_str().map(str::to_owned))
            };
            let names: Named<'_> = list.iter().map(|element| Some((name(element)?, element))).collect::<Option<_>>()?;
            let each_once = names.iter().enumerate().all(|(index, (name, _))| find(&names[..index], name).is_none());
            each_once.then_some(names)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::BUILT_IN;
    use super::*;

    fn against(changes: &[(&str, &str)]) -> Vec<String> {
        let text = changes.iter().fold(BUILT_IN.to_owned(), |text, (from, to)| {
            assert!(text.contains(from), "{from}");
            text.replacen(from, to, 1)
        });
        let other = Plan::read(text.into(), Path::new("plan.toml")).unwrap();
        diff(Plan::built_in(), &other).iter().map(|change| serde_json::to_string(change).unwrap()).collect()
    }

    #[test]
    fn comments_are_no_difference() {
        assert_eq!(against(&[("# ── 等级", "# ── 级别")]), Vec::<String>::new());
    }

    #[test]
    fn a_changed_rule_is_named_and_so_is_one_that_came_or_went() {
        let changes = against(&[
            ("due = \"5h\"", "due = \"4h\""),
            ("close = [\"leading-group\", \"head\"]", "close = [\"head\"]"),
            ("id = \"letters\"", "id = \"board\""),
        ]);
        assert!(changes[0].starts_with(r#"{"path":"channel.letters","from":{"#), "{}", changes[0]);
        assert!(changes[1].starts_with(r#"{"path":"channel.board","from":null,"to":{"#), "{}", changes[1]);
        assert_eq!(changes[2], r#"{"path":"clock.authoritative.due","from":"5h","to":"4h"}"#);
        assert_eq!(changes[3], r#"{"path":"decide.close","from":["leading-group","head"],"to":["head"]}"#);
        assert_eq!(changes.len(), 4);
    }

    #[test]
    fn the_order_of_steps_is_a_difference() {
        let (a, b) = ("id = \"rectify\"", "id = \"verify\"");
        let changes = against(&[(a, "id = \"rectify-\""), (b, a), ("id = \"rectify-\"", b)]);
        assert!(changes.iter().any(|change| change.contains("playbook.problem.step (order)")), "{changes:?}");
    }
}
