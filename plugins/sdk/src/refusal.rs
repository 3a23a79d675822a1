//! What stands where an answer should be: a login, a captcha, a refusal.
//!
//! Which words tell depends on what was asked for, so each reader brings its own; looking for them is the same.

/// How much of a page is looked at: what refuses says so early.
const ENOUGH: usize = 64 * 1024;

/// The part of a page in which a refusal would be said.
pub fn head(page: &str) -> &str {
    &page[..page.floor_char_boundary(ENOUGH)]
}

/// The first of `words` (in lower case, each with what it tells of) that stands in the [`head`] of a page.
pub fn find<'a>(page: &str, words: &'a [(&'a str, &'a str)]) -> Option<&'a (&'a str, &'a str)> {
    let page = head(page).to_lowercase();
    words.iter().find(|(word, _)| page.contains(word))
}

/// The first sixty characters on one line, for a message.
pub fn excerpt(text: &str) -> String {
    let line: String = text.trim().chars().take(60).collect();
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_word_of_the_list_is_told_whatever_its_case_and_only_early_in_a_page() {
        let words = [("captcha", "captcha"), ("请登录", "login")];
        assert_eq!(find("<p>请登录</p><i>CAPTCHA</i>", &words), Some(&words[0]));
        assert_eq!(find(&format!("{}请登录", "水".repeat(ENOUGH)), &words), None);
        assert_eq!(head(&"水".repeat(ENOUGH)).len(), ENOUGH / 3 * 3);
    }

    #[test]
    fn an_excerpt_is_one_short_line() {
        assert_eq!(excerpt(" a\n  b "), "a b");
        assert_eq!(excerpt(&"水".repeat(100)).chars().count(), 60);
    }
}
