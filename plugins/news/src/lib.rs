//! The plugin `news`: articles of any news or government site, without a rule for any.
mod body;
mod markup;
mod meta;
mod tag;
mod text;
mod tree;
mod words;

/// Reads the text of an article.
pub fn read(page: &str) -> (String, String, Option<String>) {
    let tree = tree::Tree::parse(page);
    let meta = meta::Meta::of(&tree);
    let measured = body::Measured::of(&tree);
    let mut best = String::new();
    for (unlikely, weight) in [(true, true), (false, true), (false, false)] {
        let mut attempt = body::Attempt::new(&measured, body::Strictness { unlikely, weight });
        let roots = attempt.roots();
        for root in &roots {
            attempt.clean(*root);
        }
        let text = text::lines(&tree, &roots, &attempt.dropped);
        if text.len() > best.len() {
            best = text;
        }
        if body::measure(&best).len > 250 {
            break;
        }
    }
    (meta.title.clone(), best, meta.published().next().map(str::to_owned))
}
