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
    let name: String = label.name.chars().take(80).collect();
    if !manifest.has_label(&label.name) {
        return Err(Trap::Contract(format!("a label that the manifest does not declare: {name:?}")));
    }
    // Not-a-number is in no range.
    if !(0.0..=1.0).contains(&label.score) {
        return Err(Trap::Contract(format!("label {name} with a score that is not between 0 and 1: {}", label.score)));
    }
    let said = |excerpt: &String| {
        !excerpt.is_empty()
            && (post.text.contains(excerpt.as_str())
                || post.title.as_ref().is_some_and(|title| title.contains(excerpt.as_str())))
    };
    match label.evidence.iter().find(|excerpt| !said(excerpt)) {
        Some(invented) => {
            let invented: String = invented.chars().take(80).collect();
            Err(Trap::Contract(format!("label {name} with evidence that the post does not hold: {invented:?}")))
        }
        None => Ok(()),
    }
}
