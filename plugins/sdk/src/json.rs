//! JSON as sites write it: ids as numbers here and as strings there, counts as
//! "1.2万", a login page where the answer should be.
//!
//! Read into a tree and looked at field by field instead of derived types, so
//! that one odd element costs itself and not the page.

pub use serde_json::Value;

use crate::{Failure, count, html, refusal};

/// Words of pages that stand where an answer should be, in lower case, and what
/// such a page is.
const REFUSALS: [(&str, &str); 23] = [
    ("visitor system", "visitor check"),
    ("passport.", "login"),
    ("type=\"password\"", "login"),
    ("type='password'", "login"),
    ("type=password", "login"),
    ("请登录", "login"),
    ("请先登录", "login"),
    ("需要登录", "login"),
    ("用户登录", "login"),
    ("log in", "login"),
    ("sign in", "login"),
    ("captcha", "captcha"),
    ("验证码", "captcha"),
    ("安全验证", "captcha"),
    ("滑块", "captcha"),
    ("cf-challenge", "captcha"),
    ("just a moment", "captcha"),
    ("频繁", "refusal"),
    ("没有权限", "refusal"),
    ("无权访问", "refusal"),
    ("访问被拒绝", "refusal"),
    ("access denied", "refusal"),
    ("forbidden", "refusal"),
];

/// Reads a body that should be a JSON object or array.
///
/// # Errors
/// [`Failure::Blocked`] for a page that asks for a login, shows a captcha or
/// refuses; [`Failure::Unexpected`] for anything else, also JSON that was cut off.
pub fn read(body: &str) -> Result<Value, Failure> {
    let body = body.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    if body.starts_with(['{', '[']) {
        return Ok(serde_json::from_str(body)?);
    }
    if body.is_empty() {
        return Err(Failure::unexpected("the answer is empty"));
    }
    if let Some((word, what)) = refusal::find(body, &REFUSALS) {
        return Err(Failure::blocked(format!("a {what} page in place of the answer: {word}")));
    }
    Err(Failure::unexpected(format!("no JSON but: {}", refusal::excerpt(&html::text(refusal::head(body))))))
}

/// The field as text: a string without white space at its ends, or a number as
/// one, because ids are written either way. Nothing if it is empty.
pub fn text(value: &Value, name: &str) -> Option<String> {
    match value.get(name)? {
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The field as the string that it is, empty if it is none.
pub fn string<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// The field as a count: a number, or a text such as "1.2万" or "100万+".
pub fn count(value: &Value, name: &str) -> Option<u64> {
    match value.get(name)? {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => count::parse(text),
        _ => None,
    }
}

/// Whether the field says yes: `true`, a number other than zero, "1", "true".
pub fn flag(value: &Value, name: &str) -> bool {
    match value.get(name) {
        Some(Value::Bool(yes)) => *yes,
        Some(Value::Number(number)) => number.as_f64() != Some(0.0),
        Some(Value::String(text)) => matches!(text.as_str(), "1" | "true"),
        _ => false,
    }
}

/// The elements of the field; none if it is no array.
pub fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_answer_is_named() {
        assert!(read(" \u{feff}{\"a\": 1}").is_ok());
        assert!(matches!(read("<form><INPUT TYPE=\"password\"></form>"), Err(Failure::Blocked(_))));
        assert!(matches!(read("<title>Sina Visitor System</title>"), Err(Failure::Blocked(_))));
        assert_eq!(read("<p>首页\n 县</p>"), Err(Failure::unexpected("no JSON but: 首页 县")));
        assert_eq!(read(" "), Err(Failure::unexpected("the answer is empty")));
        assert!(matches!(read("{\"a\": "), Err(Failure::Unexpected(_))));
        let deep = "[".repeat(100_000);
        assert!(matches!(read(&deep), Err(Failure::Unexpected(_))));
    }

    #[test]
    fn fields_are_taken_as_they_are_written() {
        let value = read(r#"{"id": 4383183661430868, "n": "1.2万", "m": -1, "s": " x ", "e": "", "y": 1, "l": [1]}"#);
        let value = value.unwrap();
        assert_eq!(text(&value, "id").as_deref(), Some("4383183661430868"));
        assert_eq!(text(&value, "s").as_deref(), Some("x"));
        assert_eq!(text(&value, "e"), None);
        assert_eq!(
            (count(&value, "n"), count(&value, "m"), count(&value, "id")),
            (Some(12_000), None, Some(4_383_183_661_430_868))
        );
        assert!(flag(&value, "y") && !flag(&value, "e") && !flag(&value, "none"));
        assert_eq!((list(&value, "l").len(), list(&value, "id").len()), (1, 0));
    }
}
