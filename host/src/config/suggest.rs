//! "Did you mean …": the known word that is nearest to what was written.

/// Least likeness (Jaro–Winkler, 0 to 1) of a word that is worth suggesting.
/// `nmae`/`name` has 0.93, `feeed`/`feed` 0.96, `weibo`/`feed` 0.47.
const LIKE: f64 = 0.7;

/// The one of `known` that is most like `written`; `None` when none is like it.
pub(crate) fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Likeness takes time in proportion to the product of both lengths.
    if written.chars().nth(64).is_some() {
        return None;
    }
    let written = written.to_lowercase().replace('_', "-");
    let likeness = |word: &&str| strsim::jaro_winkler(&written, &word.to_lowercase().replace('_', "-"));
    let best = known.into_iter().map(|word| (likeness(&word), word)).max_by(|(a, _), (b, _)| a.total_cmp(b));
    best.filter(|(like, _)| *like >= LIKE).map(|(_, word)| word)
}

/// ``: did you mean `name`?`` or nothing, to put behind a message.
pub(crate) fn did_you_mean<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(written, known).map_or_else(String::new, |word| format!(": did you mean `{word}`?"))
}

/// The most of `known` that a message lists.
const LISTED: usize = 20;

/// `a, b, c`, not without end; `none` when there is nothing to list.
pub(crate) fn listed<'a>(known: impl IntoIterator<Item = &'a str>) -> String {
    let mut words: Vec<&str> = known.into_iter().take(LISTED + 1).collect();
    if words.len() > LISTED {
        words[LISTED] = "…";
    }
    if words.is_empty() { "none".to_owned() } else { words.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_meant_is_found_and_what_was_not_is_not_made_up() {
        assert_eq!(nearest("nmae", ["aliases", "name", "places"]), Some("name"));
        assert_eq!(nearest("fed", ["triage", "feed"]), Some("feed"));
        assert_eq!(nearest("time-zone", ["time_zone", "contact"]), Some("time_zone"));
        assert_eq!(nearest("weibo", ["feed", "triage"]), None);
        assert_eq!(nearest("x", []), None);
        assert_eq!(nearest(&"name".repeat(1_000), ["name"]), None);
        assert_eq!(did_you_mean("nmae", ["name"]), ": did you mean `name`?");
    }

    #[test]
    fn a_list_ends() {
        let many: Vec<String> = (0..100).map(|n| n.to_string()).collect();
        assert!(listed(many.iter().map(String::as_str)).ends_with("19, …"));
        assert_eq!(listed([]), "none");
    }
}
