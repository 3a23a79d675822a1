//! Classifies JSON Lines from standard input, natively:
//! `{"id", "title"?, "text"}` in, `{"id", "category", "label", "labels"}` out.
//! `label` is `category` with `none` for null, which is what scorers read.

use std::io::{self, BufRead as _, Write as _};

use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
struct Line {
    id: String,
    title: Option<String>,
    text: String,
}

fn main() -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut desk = caifeng_triage::Desk::default();
    for line in io::stdin().lock().lines() {
        let post: Line = serde_json::from_str(&line?)?;
        let labels = desk.classify(post.title.as_deref(), &post.text);
        let categories = ["problem", "emergency", "sensitive", "suggestion", "rumour"];
        let category = labels.first().map(|label| label.name).filter(|name| categories.contains(name));
        let labels: Vec<_> =
            labels.iter().map(|l| json!({"name": l.name, "score": l.score, "evidence": l.evidence})).collect();
        let row = json!({
            "id": post.id,
            "category": category,
            "label": category.unwrap_or("none"),
            "labels": labels,
        });
        writeln!(out, "{row}")?;
    }
    out.flush()
}
