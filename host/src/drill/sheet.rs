//! 演练评分表: the score of a drill as a document. Pure; it says on its first line that it is of a drill.

use crate::case::words::Speech;
use crate::document::{Block, Cell, Column, Document, Field, Form, Run, Table};
use crate::incident::Category;

use super::score::{ClockScore, Decided, DecisionScore, Outcome, Score};

/// What a sheet tells besides the score.
#[derive(Clone, Debug)]
pub struct About {
    /// What the case is about.
    pub title: String,
    /// Its number.
    pub case: i64,
    /// When the drill began, on its own clock.
    pub begins: i64,
    /// What the trainer said: when, and what.
    pub injected: Vec<(i64, String)>,
    /// Notices that were kept instead of being sent.
    pub notices: u64,
}

/// The sheet of a score.
#[must_use]
pub fn sheet(score: &Score, about: &About, speech: &Speech<'_>) -> Document {
    let lang = speech.lang;
    let mut paper = Document::new(lang, lang.with("drill.sheet", &[("n", &about.case), ("title", &about.title)]));
    paper.subtitle = Some(format!("{} – {}", speech.moment(about.begins), speech.moment(score.at)).into());
    paper.push(Block::Summary(vec![Run::strong(lang.t("drill.mark")), Run::text(lang.t("drill.mark-note"))]));
    paper.heading(1, lang.t("drill.result"));
    paper.push(Block::Form(result(score, about, speech)));
    paper.heading(1, lang.t("drill.clocks"));
    paper.push(Block::Table(clocks(score, speech)));
    paper.heading(1, lang.t("drill.decisions"));
    paper.push(Block::Table(decisions(score, speech)));
    if !about.injected.is_empty() {
        paper.heading(1, lang.t("drill.injected"));
        let told = |(at, text): &(i64, String)| vec![Run::text(format!("{}  {text}", speech.moment(*at)))];
        paper.push(Block::List { ordered: false, items: about.injected.iter().map(told).collect() });
    }
    paper.push(Block::Note(vec![Run::text(lang.t("drill.how"))]));
    paper
}

fn result(score: &Score, about: &About, speech: &Speech<'_>) -> Form {
    let lang = speech.lang;
    let field = |key: &str, value: String| Field::new(lang.t(key), vec![Run::text(value)]);
    let of = |n: usize, all: usize| lang.with("drill.of", &[("n", &n), ("all", &all)]);
    let mut form = Form::default();
    let over = lang.t(if score.over { "drill.over" } else { "drill.goes-on" });
    form.row([field("drill.kept", of(score.kept, score.kept + score.missed)), field("drill.state", over)]);
    let right = of(score.right, score.right + score.other);
    form.row([field("drill.right", right), field("drill.notices", about.notices.to_string())]);
    form
}

fn clocks(score: &Score, speech: &Speech<'_>) -> Table {
    let lang = speech.lang;
    let columns = vec![
        Column::new(lang.t("drill.incident"), 10),
        Column::new(lang.t("drill.clock"), 30),
        Column::new(lang.t("drill.due"), 22),
        Column::new(lang.t("drill.outcome"), 23),
        Column::new(lang.t("drill.then"), 15),
    ];
    let row = |clock: &ClockScore| {
        let name = clock.name.as_ref().map_or_else(|| clock.clock.clone(), |name| speech.words(name));
        let then = match clock.then {
            None => "—".to_owned(),
            Some(0) => lang.t("drill.kept-then"),
            Some(late) => lang.with("drill.late", &[("time", &speech.length(late))]),
        };
        vec![
            Cell::text(format!("#{}", clock.incident)),
            Cell::text(name),
            Cell::text(speech.moment(clock.due)),
            Cell::Words(vec![outcome(clock.outcome, speech)]),
            Cell::text(then),
        ]
    };
    Table { caption: lang.t("drill.clocks-table").into(), columns, rows: score.clocks.iter().map(row).collect() }
}

fn outcome(outcome: Outcome, speech: &Speech<'_>) -> Run {
    let (key, seconds) = match outcome {
        Outcome::Kept(seconds) => ("drill.in-time", seconds),
        Outcome::Late(seconds) => ("drill.late", seconds),
        Outcome::Overdue(seconds) => ("drill.overdue", seconds),
        Outcome::Running(seconds) => ("drill.running", seconds),
        Outcome::Void(seconds) => ("drill.void", seconds),
    };
    let words = speech.lang.with(key, &[("time", &speech.length(seconds))]);
    if outcome.counts() == Some(false) { Run::strong(words) } else { Run::text(words) }
}

fn decisions(score: &Score, speech: &Speech<'_>) -> Table {
    let lang = speech.lang;
    let columns = vec![
        Column::new(lang.t("drill.about"), 24),
        Column::new(lang.t("drill.decided"), 20),
        Column::new(lang.t("drill.after"), 18),
        Column::new(lang.t("drill.decided-then"), 20),
        Column::new(lang.t("drill.after-then"), 18),
    ];
    let row = |decision: &DecisionScore| {
        let value = value(decision, decision.value.as_deref(), speech);
        let value = if decision.same == Some(false) { Run::strong(value) } else { Run::text(value) };
        let after = |seconds: Option<i64>, missing: String| seconds.map_or(missing, |seconds| speech.length(seconds));
        vec![
            Cell::text(about(decision, speech)),
            Cell::Words(vec![value]),
            Cell::text(after(decision.after, lang.t("drill.not-done"))),
            Cell::text(self::value(decision, decision.then.as_deref(), speech)),
            Cell::text(after(decision.then_after, "—".to_owned())),
        ]
    };
    Table { caption: lang.t("drill.decisions-table").into(), columns, rows: score.decisions.iter().map(row).collect() }
}

fn about(decision: &DecisionScore, speech: &Speech<'_>) -> String {
    match &decision.about {
        Decided::Category => speech.lang.t("drill.category"),
        Decided::Level => speech.lang.t("drill.level"),
        Decided::Owner => speech.lang.t("drill.owner"),
        Decided::Step(id) => speech.step(id),
        Decided::Reply => speech.lang.t("drill.reply"),
        Decided::Close => speech.lang.t("drill.close"),
    }
}

fn value(decision: &DecisionScore, value: Option<&str>, speech: &Speech<'_>) -> String {
    let Some(value) = value else { return "—".to_owned() };
    match &decision.about {
        Decided::Category => {
            Category::from_name(value).map_or_else(|| value.to_owned(), |category| speech.category(category))
        }
        Decided::Level => speech.level(value),
        _ => value.to_owned(),
    }
}
