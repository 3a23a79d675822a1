//! Who voted for what on an incident, and with which weight.
//!
//! The rules by which votes come together are those of [`opinion`](crate::incident::opinion); here
//! they are only shown, so that a person can see what a suggestion rests on before deciding.

use caifeng_plugin_host::manifest::LabelGroup;

use super::category;
use crate::incident::Category;
use crate::incident::opinion::Opinion;
use crate::web::lang::{Lang, grouped};
use crate::web::mark::line;

/// The votes of an incident.
pub(super) struct VotesView {
    /// What they come to, in a sentence.
    pub(super) sentence: String,
    pub(super) rows: Vec<VoteRow>,
}

/// What one classifier says, as a line of the table.
pub(super) struct VoteRow {
    pub(super) label: String,
    pub(super) by: String,
    pub(super) posts: String,
    pub(super) weight: String,
    pub(super) points: String,
}

impl VotesView {
    /// `None` while nobody has said anything.
    pub(super) fn new(opinion: &Opinion, lang: Lang) -> Option<Self> {
        let mut rows = Vec::new();
        for (group, said) in opinion.groups() {
            let mut labels: Vec<_> = said.labels.iter().collect();
            labels.sort_by_key(|(_, tally)| std::cmp::Reverse(tally.points));
            for (name, tally) in labels {
                rows.extend(tally.by.iter().map(|share| VoteRow {
                    label: label(lang, group, name),
                    by: line(&share.by, 60),
                    posts: grouped(share.posts),
                    weight: f64::from(share.weight).to_string(),
                    points: points(share.points),
                }));
            }
        }
        (!rows.is_empty()).then(|| Self { sentence: sentence(opinion, lang), rows })
    }
}

fn sentence(opinion: &Opinion, lang: Lang) -> String {
    let leading = |group| opinion.leading(group).map(|name| label(lang, group, name));
    let category = opinion.suggestion().map(|suggestion| category(lang, suggestion.category));
    let parts: Vec<String> = category
        .into_iter()
        .chain([LabelGroup::Level, LabelGroup::Sentiment].into_iter().filter_map(leading))
        .collect();
    if parts.is_empty() {
        return lang.t("votes.nothing");
    }
    lang.with("votes.comes-to", &[("what", &lang.list(&parts))])
}

/// Points are thousandths of a sure vote.
fn points(points: u64) -> String {
    format!("{}.{:02}", grouped(points / 1000), points % 1000 / 10)
}

/// A label in words; one that no plugin of the release gives stands as its plugin wrote it.
pub(super) fn label(lang: Lang, group: LabelGroup, name: &str) -> String {
    let known = match (group, name) {
        (LabelGroup::Category, name) => {
            return Category::from_name(name).map_or_else(|| line(name, 40), |c| category(lang, c));
        }
        (LabelGroup::Level, "ordinary") => "votes.ordinary",
        (LabelGroup::Level, "larger") => "votes.larger",
        (LabelGroup::Level, "major") => "votes.major",
        (LabelGroup::Level, "extreme") => "votes.extreme",
        (LabelGroup::Sentiment, "negative") => "votes.negative",
        (LabelGroup::Sentiment, "neutral") => "votes.neutral",
        (LabelGroup::Sentiment, "positive") => "votes.positive",
        (LabelGroup::Urgency, "urgent") => "votes.urgent",
        (LabelGroup::Urgency, "soon") => "votes.soon",
        _ => return line(name, 40),
    };
    lang.t(known)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::model::LabelBy;
    use crate::web::fixed;

    #[test]
    fn who_voted_is_told_with_weight_and_points() {
        let mut opinion = Opinion::default();
        assert!(VotesView::new(&opinion, Lang::Zh).is_none());
        for post in fixed::posts() {
            opinion.add(&LabelBy::ballot(&post.labels));
        }
        let mut level = fixed::posts().into_iter().find_map(|mut post| post.labels.pop()).unwrap();
        (level.group, level.label.name) = ("level".into(), "major".into());
        opinion.add(&LabelBy::ballot(&[level]));
        let view = VotesView::new(&opinion, Lang::Zh).unwrap();
        assert!(view.sentence.contains("问题") && view.sentence.contains("重大"), "{}", view.sentence);
        let first = &view.rows[0];
        assert_eq!((&*first.by, &*first.weight), ("triage@0.1.0", "1"));
        assert!(first.points.contains('.'), "{}", first.points);
    }

    #[test]
    fn a_label_of_a_foreign_plugin_is_shown_as_text() {
        assert_eq!(label(Lang::En, LabelGroup::Urgency, "flood"), "flood");
        assert_eq!(label(Lang::En, LabelGroup::Level, "code red"), "code red");
        assert_eq!(label(Lang::Zh, LabelGroup::Category, "x".repeat(99).as_str()).chars().count(), 41);
    }
}
