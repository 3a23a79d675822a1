//! What a plugin may say of a damaged page. The rules stand in the table of the
//! module `laws`.

use super::damage::{Damage, Kind};
use crate::contract::{Failure, Page, Post};
use crate::engine::Trap;
use crate::fixture::Answer;
use crate::source::brief;
use std::collections::HashSet;
use std::mem::discriminant;

/// What a page says when it is whole.
pub(super) struct Own<'a> {
    page: Option<&'a Page>,
    failure: Option<&'a Failure>,
    ids: HashSet<&'a str>,
}

impl<'a> Own<'a> {
    pub(super) fn of(outcome: &'a Result<Answer, Trap>) -> Self {
        let (page, failure) = match outcome {
            Ok(Answer::Page(page)) => (Some(page), None),
            Ok(Answer::Failure(failure)) => (None, Some(failure)),
            _ => (None, None),
        };
        let ids = page.iter().flat_map(|page| &page.posts).map(|post| post.id.as_str()).collect();
        Self { page, failure, ids }
    }

    fn speaks(&self) -> bool {
        self.page.is_some_and(|page| !silent(page))
    }

    /// Whether one of its posts says the same.
    fn says(&self, post: &Post) -> bool {
        let same = |own: &&Post| own.title == post.title && own.text == post.text;
        !is_wordless(post) && self.page.is_some_and(|page| page.posts.iter().find(same).is_some())
    }
}

/// What is wrong with an answer to a damaged page; `whole` is the page's body
/// before, `other` what the body says where it belongs.
pub(super) fn judge(
    damage: &Damage,
    own: &Own<'_>,
    other: Option<&Own<'_>>,
    whole: &str,
    answer: &Result<Answer, Trap>,
) -> Vec<String> {
    match answer {
        Err(trap) => vec![format!("no answer: {trap}")],
        Ok(Answer::Failure(failure)) => refusal(damage, own, other, failure).into_iter().collect(),
        Ok(Answer::Page(page)) => {
            let mut problems = invented(damage, own, other, whole, page);
            if problems.is_empty() {
                problems.extend(silence(damage, own, other, page));
            }
            problems
        }
        Ok(Answer::Requests(_) | Answer::Labels(_)) => Vec::new(),
    }
}

/// Nothing is gone or unsupported because its page is broken.
fn refusal(damage: &Damage, own: &Own<'_>, other: Option<&Own<'_>>, failure: &Failure) -> Option<String> {
    let honest = matches!(failure, Failure::Blocked(_) | Failure::Unexpected(_));
    let same = |own: &Own<'_>| own.failure.is_some_and(|own| discriminant(own) == discriminant(failure));
    let known = same(own) || other.is_some_and(same);
    let wrong = !honest && !known;
    wrong.then(|| format!("says {:?} {}: say `blocked` or `unexpected`", failure.to_string(), damage.kind.of_what()))
}

fn invented(damage: &Damage, own: &Own<'_>, other: Option<&Own<'_>>, whole: &str, page: &Page) -> Vec<String> {
    // Made only where it is asked for.
    let mut said: Option<Words<'_>> = None;
    let mut is_invented = |post: &Post| match damage.kind {
        Kind::Emptied | Kind::Refusal => true,
        Kind::Cut | Kind::Elements => !own.ids.contains(post.id.as_str()),
        Kind::Lines => {
            let words = said.get_or_insert_with(|| Words::of(whole, own));
            !own.ids.contains(post.id.as_str()) && (is_wordless(post) || !words.hold(post))
        }
        Kind::Swapped { .. } => {
            let known = |own: &Own<'_>| own.ids.contains(post.id.as_str()) || own.says(post);
            !known(own) && !other.is_some_and(known)
        }
    };
    let posts: Vec<_> = page.posts.iter().filter(|post| is_invented(post)).collect();
    let Some(first) = posts.first() else { return Vec::new() };
    let more = if posts.len() > 1 { format!(" and {} more", posts.len() - 1) } else { String::new() };
    let title = first.title.as_deref().filter(|title| !title.is_empty()).unwrap_or(&first.text);
    vec![format!("invents a post {}: {} {:?}{more}", damage.kind.of_what(), brief(&first.id), brief(title))]
}

fn silence(damage: &Damage, own: &Own<'_>, other: Option<&Own<'_>>, page: &Page) -> Option<String> {
    let must_fail = matches!(damage.kind, Kind::Emptied | Kind::Refusal);
    let said = "say `unexpected`, or `blocked` where the site refuses";
    match damage.kind {
        _ if must_fail => Some(format!("takes {} for a page: {said}", damage.kind.what())),
        Kind::Cut | Kind::Elements | Kind::Lines if own.speaks() && silent(page) => {
            Some(format!("an empty page {}: {said}, or add a line to skipped", damage.kind.of_what()))
        }
        Kind::Swapped { same_step: false } if silent(page) => {
            let lists = |own: &Own<'_>| own.page.is_some_and(|page| !page.posts.is_empty());
            let deaf = own.speaks() && other.is_some_and(lists);
            deaf.then(|| format!("an empty page, where another step reads posts: {said}"))
        }
        _ => None,
    }
}

/// Whether nobody would look at it again.
fn silent(page: &Page) -> bool {
    page.posts.is_empty() && page.follow.is_empty() && page.skipped.is_empty()
}

fn is_wordless(post: &Post) -> bool {
    words(post.title.as_deref().unwrap_or_default()).chain(words(&post.text)).next().is_none()
}

/// The words of a page: of its body as it stands, and of the posts that it has
/// when it is whole, in which what was escaped is spelled out.
struct Words<'a>(HashSet<&'a str>);

impl<'a> Words<'a> {
    fn of(body: &'a str, own: &Own<'a>) -> Self {
        let mut all: HashSet<&str> = words(body).collect();
        for post in own.page.iter().flat_map(|page| &page.posts) {
            all.extend(words(post.title.as_deref().unwrap_or_default()).chain(words(&post.text)));
        }
        Self(all)
    }

    fn hold(&self, post: &Post) -> bool {
        let mut own = words(post.title.as_deref().unwrap_or_default()).chain(words(&post.text));
        own.all(|word| self.0.contains(word))
    }
}

/// Runs of ASCII letters and digits, and every other letter by itself, since
/// Chinese has no spaces.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).flat_map(|run| {
        let mut rest = run;
        std::iter::from_fn(move || {
            let first = rest.chars().next()?;
            let end = if first.is_ascii() {
                rest.find(|c: char| !c.is_ascii()).unwrap_or(rest.len())
            } else {
                first.len_utf8()
            };
            let (word, further) = rest.split_at(end);
            rest = further;
            Some(word)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_is_split_by_letter_and_the_rest_by_word() {
        assert_eq!(words("第12路, bus-stop路灯").collect::<Vec<_>>(), ["第", "12", "路", "bus", "stop", "路", "灯"]);
        assert_eq!(words(" …！").count(), 0);
    }
}
