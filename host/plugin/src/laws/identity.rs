//! An answer of a service that says which post it is about: a post may have talked it into that, so nothing may follow it.

use serde_json::Value;
use std::collections::HashSet;

/// Names under which a service says what it is about.
const NAMES: [&str; 12] =
    ["about", "id", "index", "post", "post_id", "postId", "number", "nth", "item", "item_id", "context", "custom_id"];

/// Values of one answer that are changed, one after the other.
const PLACES: usize = 24;

/// The answer with other identities: `said` where there is none, and in place of each that may be one. What is no JSON, or
/// holds JSON in no text of its own, says none.
pub(super) fn claimed(body: &str, said: &[Value]) -> Vec<String> {
    let Ok(answer) = serde_json::from_str::<Value>(body) else { return Vec::new() };
    let mut all = Vec::new();
    for value in said {
        let mut named = answer.clone();
        name(&mut named, value);
        all.push(named.to_string());
        for nth in 0..PLACES {
            let mut other = answer.clone();
            let mut left = nth;
            if !replace(&mut other, value, &mut left) {
                break;
            }
            all.push(other.to_string());
        }
    }
    let mut seen = HashSet::new();
    all.retain(|body| seen.insert(body.clone()));
    all
}

/// The JSON in a text of an answer, as models give it.
fn within(text: &str) -> Option<Value> {
    text.trim_start().starts_with(['{', '[']).then(|| serde_json::from_str(text).ok()).flatten()
}

/// Puts `said` under each of the names into every object.
fn name(value: &mut Value, said: &Value) {
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(|value| name(value, said));
            for own in NAMES {
                fields.entry(own).or_insert_with(|| said.clone());
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| name(value, said)),
        Value::String(text) => {
            if let Some(mut inner) = within(text) {
                name(&mut inner, said);
                *text = inner.to_string();
            }
        }
        _ => {}
    }
}

/// Puts `said` in place of the value number `left` that may say which post is meant; whether there is one.
fn replace(value: &mut Value, said: &Value, left: &mut usize) -> bool {
    match value {
        Value::Object(fields) => fields.iter_mut().any(|(key, value)| {
            let is_identity = value.is_u64() || value.is_string() && NAMES.contains(&key.as_str());
            if is_identity { taken(value, said, left) } else { replace(value, said, left) }
        }),
        Value::Array(values) => values.iter_mut().any(|value| replace(value, said, left)),
        Value::String(text) => {
            let Some(mut inner) = within(text) else { return false };
            let replaced = replace(&mut inner, said, left);
            if replaced {
                *text = inner.to_string();
            }
            replaced
        }
        _ => false,
    }
}

fn taken(value: &mut Value, said: &Value, left: &mut usize) -> bool {
    let own = *left == 0;
    if own {
        *value = said.clone();
    } else {
        *left -= 1;
    }
    own
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_identity_of_an_answer_is_another_once() {
        let body = json!({ "n": 0, "labels": [{ "name": "x", "id": "a", "score": 0.5 }], "text": "{\"about\":3}" })
            .to_string();
        let all = claimed(&body, &[json!(7)]);
        let holds = |part: &str| all.iter().filter(|body| body.contains(part)).count();
        assert_eq!(all.len(), 4, "{all:#?}");
        assert_eq!((holds("\"n\":7"), holds("\\\"about\\\":7"), holds("\"about\":7")), (1, 1, 1), "{all:#?}");
        assert!(all.iter().all(|body| body.contains("\"name\":\"x\"") && body.contains("0.5")));
        assert_eq!(claimed("<html>", &[json!(7)]), Vec::<String>::new());
    }
}
