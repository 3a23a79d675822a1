//! Warnings in words: pure. Every sentence comes from the catalogues.

use jiff::tz::TimeZone;

use super::backtest::{Peak, Replay, Score, Told};
use super::media::Tier;
use super::{Alert, Reason, Severity, Stage};
use crate::coverage::words::{length, moment};
use crate::lang::{Lang, grouped};

/// A stage.
#[must_use]
pub fn stage(lang: Lang, stage: Stage) -> String {
    lang.t(match stage {
        Stage::Quiet => "warning.quiet",
        Stage::Emerging => "warning.emerging",
        Stage::Growing => "warning.growing",
        Stage::Peaking => "warning.peaking",
        Stage::Fading => "warning.fading",
    })
}

/// A severity.
#[must_use]
pub fn severity(lang: Lang, severity: Severity) -> String {
    lang.t(match severity {
        Severity::Notice => "warning.notice",
        Severity::Warning => "warning.warning",
        Severity::Alarm => "warning.alarm",
    })
}

/// The level of a medium.
#[must_use]
pub fn tier(lang: Lang, tier: Tier) -> String {
    lang.t(match tier {
        Tier::Local => "warning.local",
        Tier::Provincial => "warning.provincial",
        Tier::Central => "warning.central",
    })
}

/// What the cap of a topic left out of the two days that are shown; nothing where it left out nothing.
#[must_use]
pub fn over(lang: Lang, posts: u64) -> Option<String> {
    (posts > 0).then(|| lang.count("growing.over", posts))
}

/// One reason.
#[must_use]
pub fn reason(lang: Lang, reason: &Reason) -> String {
    let within = |hours: u64| length(lang, seconds(hours.saturating_mul(60)));
    match reason {
        Reason::Returned => lang.t("warning.returned"),
        Reason::Rate { posts, minutes, usual } => lang.with(
            "warning.rate",
            &[
                ("posts", &lang.count("count.posts", *posts)),
                ("length", &length(lang, seconds(*minutes))),
                ("usual", &decimal(*usual)),
            ],
        ),
        Reason::Spread { places, hours } => {
            lang.with("warning.spread", &[("places", &lang.count("count.sites", *places)), ("length", &within(*hours))])
        }
        Reason::Media { tier: level, name } => {
            lang.with("warning.media", &[("tier", &tier(lang, *level)), ("name", name)])
        }
        Reason::Reach { views, shares, hours } => lang.with(
            "warning.reach",
            &[("views", &grouped(*views)), ("shares", &grouped(*shares)), ("length", &within(*hours))],
        ),
        Reason::Reactions { gained, before, hours } => lang.with(
            "warning.reactions",
            &[("gained", &grouped(*gained)), ("before", &grouped(*before)), ("length", &within(*hours))],
        ),
    }
}

/// All reasons, one after another.
#[must_use]
pub fn reasons(lang: Lang, alert: &Alert) -> String {
    let told: Vec<String> = alert.why.iter().map(|why| reason(lang, why)).collect();
    told.join(&lang.t("warning.join"))
}

/// An alert: how severe, how far, and why.
#[must_use]
pub fn alert(lang: Lang, alert: &Alert) -> String {
    lang.with(
        "warning.alert",
        &[
            ("severity", &severity(lang, alert.severity)),
            ("stage", &stage(lang, alert.stage)),
            ("why", &reasons(lang, alert)),
        ],
    )
}

/// How much was replayed.
#[must_use]
pub fn span(lang: Lang, replay: &Replay, zone: &TimeZone) -> String {
    let posts = lang.count("count.posts", replay.posts as u64);
    let Some((from, until)) = replay.span else { return posts };
    lang.with("warning.span", &[("posts", &posts), ("from", &moment(from, zone)), ("until", &moment(until, zone))])
}

/// A warning of a replay.
#[must_use]
pub fn told(lang: Lang, told: &Told, alone: bool, zone: &TimeZone) -> String {
    let words = format!("{} {}", moment(told.at, zone), alert(lang, &told.alert));
    if alone { words + &lang.t("warning.alone") } else { words }
}

/// A peak of a replay, and when it was warned of.
#[must_use]
pub fn peak(lang: Lang, replay: &Replay, peak: &Peak, zone: &TimeZone) -> String {
    let lead = match replay.lead(peak) {
        None => lang.t("warning.missed"),
        Some(lead) if lead >= 0 => lang.with("warning.before", &[("length", &length(lang, lead))]),
        Some(lead) => lang.with("warning.late", &[("length", &length(lang, -lead))]),
    };
    lang.with(
        "warning.peak",
        &[
            ("from", &moment(peak.from, zone)),
            ("until", &moment(peak.until, zone)),
            ("posts", &lang.count("count.posts", peak.posts as u64)),
            ("lead", &lead),
        ],
    )
}

/// What many replays came to.
#[must_use]
pub fn score(lang: Lang, score: &Score) -> String {
    let n = |n: usize| grouped(n as u64);
    let median = score.median().map_or_else(|| "–".to_owned(), |lead| length(lang, lead));
    lang.with(
        "warning.score",
        &[
            ("subjects", &n(score.subjects)),
            ("posts", &lang.count("count.posts", score.posts as u64)),
            ("peaks", &n(score.peaks)),
            ("before", &n(score.before)),
            ("late", &n(score.late)),
            ("missed", &n(score.missed)),
            ("median", &median),
            ("warnings", &n(score.warnings)),
            ("alone", &n(score.false_alarms)),
        ],
    )
}

fn seconds(minutes: u64) -> i64 {
    i64::try_from(minutes.saturating_mul(60)).unwrap_or(i64::MAX)
}

/// Hundredths as a number with at most two digits that say something.
fn decimal(hundredths: u64) -> String {
    let (whole, part) = (hundredths / 100, hundredths % 100);
    match (whole, part) {
        (10.., _) | (_, 0) => grouped(whole + u64::from(part >= 50)),
        (1.., _) => format!("{whole}.{}", part / 10),
        (0, _) => format!("0.{part:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_a_sentence_in_both_languages() {
        let all = [
            Reason::Returned,
            Reason::Rate { posts: 12, minutes: 80, usual: 35 },
            Reason::Spread { places: 4, hours: 24 },
            Reason::Media { tier: Tier::Central, name: "人民日报".into() },
            Reason::Reach { views: 12_000, shares: 31, hours: 24 },
            Reason::Reactions { gained: 260, before: 40, hours: 6 },
        ];
        let alert = Alert { stage: Stage::Growing, severity: Severity::Alarm, why: all.to_vec() };
        assert_eq!(
            reasons(Lang::En, &alert),
            "it had faded and comes back; 12 posts within 1 h 20 min, where 0.35 are usual; carried by 4 sites more \
             within 1 d; carried by a central medium, 人民日报; 12,000 views and 31 shares gained within 1 d; \
             260 replies and shares gained within 6 h, 40 in the same time before"
        );
        assert_eq!(
            reasons(Lang::Zh, &alert),
            "回落后再起；1 小时 20 分钟内有 12 条信息，通常为 0.35 条；1 天内新增 4 个站点传播；中央媒体人民日报参与传播；\
             1 天内新增浏览 12,000 次、转发 31 次；6 小时内新增回复和转发 260 次，此前同样时间为 40 次"
        );
    }

    #[test]
    fn numbers_say_no_more_than_is_known() {
        let told = [0, 3, 35, 100, 230, 1_000, 1_260, 123_456].map(decimal);
        assert_eq!(told, ["0", "0.03", "0.35", "1", "2.3", "10", "13", "1,235"]);
    }
}
