//! Who voted for what on an incident, and with which weight.
//!
//! The rules by which votes come together are those of [`opinion`](crate::incident::opinion); here
//! they are only shown, so that a person can see what a suggestion rests on before deciding.

use caifeng_plugin_host::manifest::LabelGroup;

use super::category;
use crate::incident::Category;
use crate::incident::opinion::Opinion;
use crate::plan::Plan;
use crate::plan::level::Level;
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
    /// `None` while nobody has said anything. Levels are told as `plan` calls them.
    pub(super) fn new(opinion: &Opinion, plan: &Plan, lang: Lang) -> Option<Self> {
        let mut rows = Vec::new();
        for (group, said) in opinion.in_words_of(plan).groups() {
            let mut labels: Vec<_> = said.labels.iter().collect();
            labels.sort_by_key(|(_, tally)| std::cmp::Reverse(tally.points));
            for (name, tally) in labels {
                rows.extend(tally.by.iter().map(|share| VoteRow {
                    label: label(lang, plan, group, name),
                    by: line(&share.by, 60),
                    posts: grouped(share.posts),
                    weight: f64::from(share.weight).to_string(),
                    points: points(share.points),
                }));
            }
        }
        (!rows.is_empty()).then(|| Self { sentence: sentence(opinion, plan, lang), rows })
    }
}

fn sentence(opinion: &Opinion, plan: &Plan, lang: Lang) -> String {
    let category = opinion.suggestion().map(|suggestion| category(lang, suggestion.category));
    let level = opinion.level(plan).map(|level| level_words(lang, level));
    let mood = opinion.mood().map(|name| label(lang, plan, LabelGroup::Sentiment, name));
    let parts: Vec<String> = [category, level, mood].into_iter().flatten().collect();
    if parts.is_empty() {
        return lang.t("votes.nothing");
    }
    lang.with("votes.comes-to", &[("what", &lang.list(&parts))])
}

/// Points are thousandths of a sure vote.
fn points(points: u64) -> String {
    format!("{}.{:02}", grouped(points / 1000), points % 1000 / 10)
}

/// A level as its plan calls it.
pub(super) fn level_words(lang: Lang, level: &Level) -> String {
    line(level.name.in_lang(lang), 40)
}

/// A label in words; one that no plugin of the release gives, or that the plan has no level for, stands as its plugin
/// wrote it.
pub(super) fn label(lang: Lang, plan: &Plan, group: LabelGroup, name: &str) -> String {
    let known = match (group, name) {
        (LabelGroup::Category, name) => {
            return Category::from_name(name).map_or_else(|| line(name, 40), |c| category(lang, c));
        }
        (LabelGroup::Level, name) => {
            let unknown = || lang.with("votes.no-such-level", &[("name", &line(name, 40))]);
            return plan.level_meant_by(name).map_or_else(unknown, |level| level_words(lang, level));
        }
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
        let plan = Plan::built_in();
        assert!(VotesView::new(&opinion, plan, Lang::Zh).is_none());
        for post in fixed::posts() {
            opinion.add(&LabelBy::ballot(&post.labels));
        }
        let mut level = fixed::posts().into_iter().find_map(|mut post| post.labels.pop()).unwrap();
        (level.group, level.label.name) = ("level".into(), "major".into());
        opinion.add(&LabelBy::ballot(&[level]));
        let view = VotesView::new(&opinion, plan, Lang::Zh).unwrap();
        assert!(view.sentence.contains("问题") && view.sentence.contains("Ⅱ级（重大）"), "{}", view.sentence);
        assert!(view.rows.iter().any(|row| row.label == "Ⅱ级（重大）"), "levels are told as the plan calls them");
        let first = &view.rows[0];
        assert_eq!((&*first.by, &*first.weight), ("triage@0.1.0", "1"));
        assert!(first.points.contains('.'), "{}", first.points);
    }

    #[test]
    fn a_label_of_a_foreign_plugin_is_shown_as_text() {
        let label = |lang, group, name: &str| label(lang, Plan::built_in(), group, name);
        assert_eq!(label(Lang::En, LabelGroup::Urgency, "flood"), "flood");
        assert_eq!(label(Lang::En, LabelGroup::Level, "code red"), "code red (no level of the plan)");
        assert_eq!(label(Lang::Zh, LabelGroup::Category, "x".repeat(99).as_str()).chars().count(), 41);
    }
}
