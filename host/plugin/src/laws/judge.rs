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
    /// What the page says where it is read without a context.
    bare: Option<&'a Page>,
}

impl<'a> Own<'a> {
    pub(super) fn of(outcome: &'a Result<Answer, Trap>) -> Self {
        let (page, failure) = match outcome {
            Ok(Answer::Page(page)) => (Some(page), None),
            Ok(Answer::Failure(failure)) => (None, Some(failure)),
            _ => (None, None),
        };
        let ids = page.iter().flat_map(|page| &page.posts).map(|post| post.id.as_str()).collect();
        Self { page, failure, ids, bare: None }
    }

    /// With what the same page says when it is read without a context: a list that a crawl only follows has posts too.
    pub(super) fn beside(mut self, bare: Option<&'a Answer>) -> Self {
        if let Some(Answer::Page(page)) = bare {
            self.ids.extend(page.posts.iter().map(|post| post.id.as_str()));
            self.bare = Some(page);
        }
        self
    }

    fn speaks(&self) -> bool {
        self.page.is_some_and(|page| !silent(page))
    }

    /// Whether one of its posts says the same.
    fn says(&self, post: &Post) -> bool {
        let same = |own: &&Post| own.title == post.title && own.text == post.text;
        let mut pages = self.page.iter().chain(&self.bare);
        !is_wordless(post) && pages.any(|page| page.posts.iter().find(same).is_some())
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
            problems.extend(mistaken(damage, own, page));
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
    let gone = damage.kind == Kind::Missing && *failure == Failure::Gone;
    let honest = gone || matches!(failure, Failure::Blocked(_) | Failure::Unexpected(_));
    let same = |own: &Own<'_>| own.failure.is_some_and(|own| discriminant(own) == discriminant(failure));
    let known = same(own) || other.is_some_and(same);
    let wrong = !honest && !known;
    wrong.then(|| format!("says {:?} {}: say `blocked` or `unexpected`", failure.to_string(), damage.kind.of_what()))
}

fn invented(damage: &Damage, own: &Own<'_>, other: Option<&Own<'_>>, whole: &str, page: &Page) -> Vec<String> {
    // Made only where it is asked for.
    let mut said: Option<Words<'_>> = None;
    let mut is_invented = |post: &Post| match damage.kind {
        Kind::Emptied | Kind::Refusal | Kind::Hollow | Kind::Missing => true,
        Kind::Cut | Kind::Elements | Kind::Renamed => !own.ids.contains(post.id.as_str()),
        // An address may be what an id is made of, and noise may be a part of the page.
        Kind::Elsewhere | Kind::Noise => false,
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

/// A post under its own id that says what it never said: one that has another's place, or has lost its words.
fn mistaken(damage: &Damage, own: &Own<'_>, page: &Page) -> Option<String> {
    let posts = &own.page?.posts;
    let before = |post: &Post| posts.iter().find(|own| own.id == post.id);
    let same = |one: &Post, other: &Post| one.title == other.title && one.text == other.text;
    match damage.kind {
        Kind::Elements => page.posts.iter().find_map(|post| {
            let first = before(post).filter(|first| !same(first, post) && !is_wordless(post))?;
            let mut under = posts.iter().filter(|other| same(other, post));
            let whose = under.next().filter(|_| !posts.iter().any(|other| other.id == first.id && same(other, post)))?;
            Some(format!(
                "the id of a post is its place on the page: {} is now {}; make ids of what the site calls the post",
                brief(&whose.id),
                brief(&post.id)
            ))
        }),
        Kind::Renamed => page.posts.iter().find_map(|post| {
            let lost = before(post).is_some_and(|first| !is_wordless(first)) && is_wordless(post);
            lost.then(|| {
                format!(
                    "post {} has lost its words {}, and would be stored as an edit: say `unexpected`, or add a line to skipped",
                    brief(&post.id),
                    damage.kind.of_what()
                )
            })
        }),
        _ => None,
    }
}

fn silence(damage: &Damage, own: &Own<'_>, other: Option<&Own<'_>>, page: &Page) -> Option<String> {
    // Where one thing was wanted and is not there, a line in skipped is looked at and another request goes on.
    let hollow = damage.kind == Kind::Hollow && silent(page);
    let must_fail = hollow || matches!(damage.kind, Kind::Emptied | Kind::Refusal | Kind::Missing);
    let said = "say `unexpected`, or `blocked` where the site refuses";
    match damage.kind {
        _ if must_fail => Some(format!("takes {} for a page: {said}", damage.kind.what())),
        Kind::Cut | Kind::Elements | Kind::Lines | Kind::Renamed if own.speaks() && silent(page) => {
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
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
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
