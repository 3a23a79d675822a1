//! A post as a list shows it.

use caifeng_plugin_host::contract::Reactions;
use caifeng_plugin_host::manifest::LabelGroup;

use super::life::LifeView;
use super::{Marked, link, votes};
use crate::incident::group::Why;
use crate::plan::Plan;
use crate::store::model::{LabelBy, PostRow};
use crate::text::snippet::Snippet;
use crate::topic::{Hit, Part};
use crate::web::Became;
use crate::web::lang::{Lang, grouped};
use crate::web::mark::{Piece, Said, line, pieces};
use crate::web::when::{Clockface, Stamp};

/// A post, told.
pub(super) struct PostView {
    pub(super) key: i64,
    pub(super) site: String,
    pub(super) kind: String,
    pub(super) author: Option<String>,
    pub(super) at: Stamp,
    pub(super) facts: Vec<String>,
    pub(super) title: Option<Marked>,
    pub(super) text: Option<Marked>,
    pub(super) rest: Option<Marked>,
    pub(super) href: Option<String>,
    pub(super) address: String,
    pub(super) whispers: Vec<Whisper>,
    pub(super) why: Option<WhyView>,
    pub(super) incident: Option<i64>,
    /// Why its page could not be read.
    pub(super) failure: Option<String>,
    /// What was said with it by those who handed it in.
    pub(super) notes: Vec<String>,
    /// What became of it.
    pub(super) life: Option<LifeView>,
}

/// What a classifier suggests, in one line.
pub(super) struct Whisper {
    pub(super) words: String,
    pub(super) by: String,
    /// A service was asked: a machine model suggests it.
    pub(super) asked: bool,
}

/// Why a post belongs to its incident.
pub(super) struct WhyView {
    pub(super) words: String,
    pub(super) href: Option<String>,
    pub(super) address: String,
}

/// Characters of a post shown before "show all".
const HEAD: usize = 220;
/// Characters of a post shown at all: a page of hundreds of posts stays one that a browser opens.
const MOST: usize = 20_000;

impl PostView {
    /// `inside` the page of an incident, which a plan governs, the incident is not named again and every label is
    /// told, levels as the plan calls them.
    pub(super) fn new(row: &PostRow, face: &Clockface, lang: Lang, inside: Option<&Plan>) -> Self {
        let excerpts: Vec<&str> = row.labels.iter().flat_map(|l| l.label.evidence.iter().map(String::as_str)).collect();
        // A microblog's headline is often the head of its text: say it once.
        let title = row.title.as_deref().map(str::trim).filter(|t| !t.is_empty());
        let repeated = title.is_some_and(|t| row.text.trim() == t);
        let text = match row.text.char_indices().nth(MOST) {
            Some((end, _)) => &format!("{}…", &row.text[..end]),
            None => &row.text,
        };
        let said = Said::new(if repeated { "" } else { text }, &excerpts, HEAD);
        let at = row.published.unwrap_or(row.captured);
        Self {
            key: row.row,
            site: row.site.clone(),
            kind: lang.kind(row.kind),
            author: row.author.as_deref().map(|a| line(a, 8)),
            at: if row.day_only && row.published.is_some() { face.day(at) } else { face.stamp(at) },
            facts: facts(lang, row),
            title: title.and_then(|t| Marked::some(pieces(&line(t, 160), &excerpts))),
            text: Marked::some(said.head),
            rest: Marked::some(said.rest),
            href: link(&row.url),
            address: line(&row.url, 120),
            whispers: inside.map_or_else(Vec::new, |plan| row.labels.iter().map(|l| told(lang, plan, l)).collect()),
            why: row.why.as_ref().filter(|_| inside.is_some()).map(|w| why(lang, w)),
            incident: row.incident.filter(|_| inside.is_none()),
            failure: row.failure.as_deref().map(|failure| line(failure, 500)),
            // Of a page that could not be read the note is the text.
            notes: row
                .notes
                .iter()
                .filter(|note| note.trim() != row.text.trim())
                .map(|note| line(note, 1_000))
                .collect(),
            life: None,
        }
    }

    /// With what a search found in it marked, and in sight.
    pub(super) fn found(self, row: &PostRow, hits: &[Hit]) -> Self {
        if hits.is_empty() {
            return self;
        }
        let of = |part| hits.iter().filter(move |hit| hit.part == part).map(|hit| hit.range.clone());
        let title = row.title.as_deref().unwrap_or_default();
        let said = |part, text| of(part).filter_map(move |range| str::get(text, range));
        let words: Vec<&str> = said(Part::Title, title).chain(said(Part::Text, &row.text)).collect();
        let title = self.title.map(|_| Marked { pieces: pieces(&line(title, 160), &words) });
        let snippet = Snippet::of(&row.text, &of(Part::Text).collect::<Vec<_>>(), HEAD);
        let shown = row.text.char_indices().nth(MOST).map_or(&*row.text, |(end, _)| &row.text[..end]);
        let (head, rest) = if snippet.cut_before {
            (around(&snippet), pieces(shown.trim(), &words))
        } else {
            let said = Said::new(shown, &words, HEAD);
            (said.head, said.rest)
        };
        // Where the text only repeats the headline it is not shown.
        let text = self.text.and_then(|_| Marked::some(head));
        Self { title, rest: text.as_ref().and_then(|_| Marked::some(rest)), text, ..self }
    }

    /// With what became of it.
    pub(super) fn living(self, became: Option<&Became>, face: &Clockface, lang: Lang) -> Self {
        Self { life: became.map(|became| LifeView::new(became, face, lang)), ..self }
    }

    /// The link of a post without a headline to carry it.
    pub(super) fn original(&self) -> Option<&str> {
        self.href.as_deref().filter(|_| self.title.is_none())
    }
}

/// A part of a text, with an ellipsis where something was left out.
fn around(snippet: &Snippet) -> Vec<Piece> {
    let cut = |cut: bool| cut.then_some((false, "…"));
    let pieces = cut(snippet.cut_before).into_iter().chain(snippet.pieces()).chain(cut(snippet.cut_after));
    pieces.map(|(marked, text)| Piece { marked, text: text.to_owned() }).collect()
}

/// Small facts of the by-line: origin, reactions, version.
fn facts(lang: Lang, row: &PostRow) -> Vec<String> {
    let mut facts = Vec::new();
    if let Some(origin) = row.publisher.as_deref().map(str::trim).filter(|p| !p.is_empty()) {
        facts.push(lang.with("post.from", &[("origin", &line(origin, 40))]));
    }
    if row.submitted.is_some() {
        facts.push(lang.t("post.submitted"));
    }
    let Reactions { views, likes, replies, shares } = row.reactions;
    let told = [
        ("reactions.views", views),
        ("reactions.shares", shares),
        ("reactions.replies", replies),
        ("reactions.likes", likes),
    ];
    for (key, n) in told {
        if let Some(n) = n.filter(|n| *n > 0) {
            facts.push(lang.with(key, &[("n", &grouped(n))]));
        }
    }
    if row.version > 1 {
        facts.push(lang.with("post.version", &[("n", &row.version)]));
    }
    facts
}

fn told(lang: Lang, plan: &Plan, by: &LabelBy) -> Whisper {
    let name = match LabelGroup::from_name(&by.group) {
        Some(group) => votes::label(lang, plan, group, &by.label.name),
        None => line(&by.label.name, 40),
    };
    whisper(lang, &name, by)
}

/// A label in words: what it is called, its score and evidence.
pub(super) fn whisper(lang: Lang, name: &str, by: &LabelBy) -> Whisper {
    let label = &by.label;
    let quoted: Vec<String> =
        label.evidence.iter().take(4).map(|e| lang.with("post.quoted", &[("text", &line(e, 40))])).collect();
    let score = format!("{:.2}", label.score);
    let words = if quoted.is_empty() {
        lang.with("post.label", &[("name", &name), ("score", &score)])
    } else {
        let evidence = lang.list(&quoted);
        lang.with("post.label-evidence", &[("name", &name), ("score", &score), ("evidence", &evidence)])
    };
    Whisper { words, by: line(&by.by, 60), asked: by.asked }
}

fn why(lang: Lang, why: &Why) -> WhyView {
    let (words, address) = match why {
        Why::Near { similarity, to } => {
            let percent = format!("{:.0}", similarity.clamp(0.0, 1.0) * 100.0);
            (lang.with("why.near", &[("percent", &percent)]), to)
        }
        Why::Quote { similarity, to } => {
            let percent = format!("{:.0}", similarity.clamp(0.0, 1.0) * 100.0);
            (lang.with("why.quote", &[("percent", &percent)]), to)
        }
        Why::Words { words, likeness } => {
            let percent = format!("{:.0}", likeness.clamp(0.0, 1.0) * 100.0);
            let quoted: Vec<String> =
                words.iter().take(5).map(|word| lang.with("post.quoted", &[("text", &line(word, 20))])).collect();
            let words = lang.with("why.words", &[("percent", &percent), ("words", &lang.list(&quoted))]);
            return WhyView { words, href: None, address: String::new() };
        }
        Why::Link { url } => (lang.t("why.link"), url),
        Why::Parent { to } => (lang.t("why.parent"), to),
        Why::Submitted => (lang.t("why.submitted"), &String::new()),
    };
    WhyView { words, href: link(address), address: line(address, 90) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::fixed;

    #[test]
    fn what_was_said_with_a_post_is_shown_once() {
        let face = Clockface::new(fixed::NOW, &jiff::tz::TimeZone::UTC, Lang::Zh);
        let notes = vec!["群里转来的".to_owned(), "又有人转".to_owned()];
        let failure = Some("feed: robots.txt forbids it".to_owned());
        let row = PostRow { text: notes[0].clone(), notes, failure: failure.clone(), ..fixed::posts().remove(0) };
        let view = PostView::new(&row, &face, Lang::Zh, Some(Plan::built_in()));
        assert_eq!((view.failure, view.notes), (failure, vec!["又有人转".to_owned()]), "the text is not said twice");
    }

    #[test]
    fn a_text_without_end_does_not_make_a_page_without_end() {
        let face = Clockface::new(fixed::NOW, &jiff::tz::TimeZone::UTC, Lang::Zh);
        let row = PostRow { text: "水".repeat(1_000_000), ..fixed::posts().remove(0) };
        let view = PostView::new(&row, &face, Lang::Zh, Some(Plan::built_in()));
        let shown: usize =
            [view.text, view.rest].iter().flatten().flat_map(|m| &m.pieces).map(|p| p.text.chars().count()).sum();
        assert!((MOST..MOST * 2).contains(&shown), "{shown}");
    }
}
