//! What labels must be before anybody reads them, whoever gives them.
//!
//! One list per post, labels that the manifest declares, each once, scores that are chances, evidence that stands verbatim in
//! the post. Who breaks one of these has not given an opinion but an error, because a quotation that nobody wrote
//! must never reach the person who decides.

use crate::contract::{Label, Post};
use crate::engine::Trap;
use crate::manifest::Manifest;

/// The lists, if they are in order; `limit` bounds the labels of one post.
pub(crate) fn check(
    manifest: &Manifest,
    limit: usize,
    posts: &[Post],
    lists: Vec<Vec<Label>>,
) -> Result<Vec<Vec<Label>>, Trap> {
    if lists.len() != posts.len() {
        return Err(Trap::Contract(format!("{} lists of labels for {} posts", lists.len(), posts.len())));
    }
    for (post, labels) in posts.iter().zip(&lists) {
        if labels.len() > limit {
            return Err(Trap::TooLarge(format!("{} labels for one post", labels.len())));
        }
        for (nth, label) in labels.iter().enumerate() {
            check_label(manifest, post, label)?;
            if labels[..nth].iter().any(|other| other.name == label.name) {
                // Each would be a vote.
                return Err(Trap::Contract(format!("label {} twice for one post", label.name)));
            }
        }
    }
    Ok(lists)
}

fn check_label(manifest: &Manifest, post: &Post, label: &Label) -> Result<(), Trap> {
    let name = || label.name.chars().take(80).collect::<String>();
    if !manifest.has_label(&label.name) {
        return Err(Trap::Contract(format!("a label that the manifest does not declare: {:?}", name())));
    }
    // Not-a-number is in no range.
    if !(0.0..=1.0).contains(&label.score) {
        let score = label.score;
        return Err(Trap::Contract(format!("label {} with a score that is not between 0 and 1: {score}", name())));
    }
    let said = |excerpt: &String| {
        !excerpt.is_empty()
            && (holds(&post.text, excerpt) || post.title.as_ref().is_some_and(|title| holds(title, excerpt)))
    };
    match label.evidence.iter().find(|excerpt| !said(excerpt)) {
        Some(invented) => {
            let (name, invented) = (name(), invented.chars().take(80).collect::<String>());
            Err(Trap::Contract(format!("label {name} with evidence that the post does not hold: {invented:?}")))
        }
        None => Ok(()),
    }
}

/// Bytes by which a place is found where an excerpt may stand.
const HEAD: usize = 8;

/// Places that begin like an excerpt and are not it, before the search is left to one that takes linear time.
const DOUBTS: usize = 16;

/// Whether a text holds an excerpt. Looked for at every place by its first bytes: for the few clauses of a post that is
/// far less than a search costs that prepares itself for each.
fn holds(text: &str, excerpt: &str) -> bool {
    let Some(head) = excerpt.as_bytes().first_chunk::<HEAD>() else { return text.contains(excerpt) };
    let mut alike = text.as_bytes().windows(HEAD).enumerate().filter(|(_, window)| window == head);
    let found = alike.by_ref().take(DOUBTS).any(|(at, _)| text.as_bytes()[at..].starts_with(excerpt.as_bytes()));
    found || (alike.next().is_some() && text.contains(excerpt))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_held_where_it_stands() {
        let text = "停水通知：停水停水停水三天";
        for (excerpt, held) in [
            ("停水", true),
            ("停水三天", true),
            ("停水停水停水三天", true),
            ("停水停水停水停水", false),
            ("停水三天了", false),
            (text, true),
        ] {
            assert_eq!(holds(text, excerpt), held, "{excerpt}");
        }
        assert!(!holds("", "停水三天"));
    }

    #[test]
    fn a_text_that_begins_like_it_all_over_is_searched_in_linear_time() {
        let (text, last) = ("停".repeat(400_000), "停".repeat(200_000));
        assert!(holds(&format!("{text}水"), &format!("{last}水")));
        assert!(!holds(&text, &format!("{last}水")));
    }
}
