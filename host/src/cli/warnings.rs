//! `caifeng warnings`: what grows, and what was told of it.

use anyhow::anyhow;
use caifeng::clock::{Clock, SystemClock, parse_time, rfc3339};
use caifeng::coverage::words::moment;
use caifeng::lang::Lang;
use caifeng::store::{Reader, Risen, Subject, Warned, WarningQuery};
use caifeng::warning::{Alert, Severity, words};
use caifeng_plugin_host::contract::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::coverage::{Format, zone};
use super::output::Lines;
use super::workplace::DataArgs;
use super::{Exit, OrExit, Outcome};

/// `caifeng warnings`
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = "Prints warnings, newest first: what an incident or a topic had come to, how much that asks of a person (notice, warning, alarm), and why. Each step of an episode is told once. With --now, prints instead what is not quiet at present."
)]
pub(crate) struct Args {
    #[command(flatten)]
    data: DataArgs,
    /// What is not quiet now, instead of what was told
    #[arg(long, conflicts_with_all = ["since", "least", "after"])]
    now: bool,
    /// From then on: 2026-07-01, RFC 3339 or seconds since 1970
    #[arg(long, value_name = "WHEN", value_parser = parse_time)]
    since: Option<Timestamp>,
    /// At least as severe: notice, warning or alarm
    #[arg(long, value_name = "SEVERITY", value_parser = severity)]
    least: Option<Severity>,
    /// Only those after the warning of this number: what is new since it
    #[arg(long, value_name = "ID")]
    after: Option<i64>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: usize,
    /// How it is printed
    #[arg(long, value_name = "F", default_value = "text")]
    format: Format,
    /// Language of the text: zh-CN or en
    #[arg(long, value_name = "TAG", default_value = "en")]
    lang: String,
    /// Configuration, for the time zone [default: caifeng.toml in the data directory]
    #[arg(long, value_name = "F")]
    config: Option<std::path::PathBuf>,
}

fn severity(name: &str) -> Result<Severity, String> {
    Severity::of_name(name).ok_or_else(|| format!("not a severity: {name:?}; write notice, warning or alarm"))
}

/// Runs `caifeng warnings`.
pub(crate) fn run(args: &Args) -> Outcome {
    let lang = Lang::of_tag(&args.lang);
    let lang = lang.ok_or_else(|| anyhow!("--lang {:?}: write zh-CN or en", args.lang)).or_exit(Exit::Usage)?;
    let directory = args.data.directory()?;
    let zone = zone(args.config.as_ref(), &directory)?;
    let reader = Reader::open(directory.path()).or_exit(Exit::Usage)?;
    let mut lines = Lines::new();
    let text = args.format == Format::Text;
    if args.now {
        for risen in reader.risen(SystemClock.now(), args.limit).or_exit(Exit::Internal)? {
            let printed =
                if text { lines.text(standing_line(lang, &risen, &zone)) } else { lines.json(&standing_json(&risen)) };
            printed.or_exit(Exit::Internal)?;
        }
    } else {
        let Args { since, least, after, limit, .. } = *args;
        for warned in
            reader.warnings(&WarningQuery { since, least, after, limit, before: None }).or_exit(Exit::Internal)?
        {
            let printed =
                if text { lines.text(warned_line(lang, &warned, &zone)) } else { lines.json(&warned_json(&warned)) };
            printed.or_exit(Exit::Internal)?;
        }
    }
    lines.flush().or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

fn named(subject: &Subject) -> String {
    format!("{} {} {}", subject.kind.as_str(), subject.id, subject.name).trim_end().to_owned()
}

fn warned_line(lang: Lang, warned: &Warned, zone: &TimeZone) -> String {
    format!("{} {}: {}", moment(warned.at, zone), named(&warned.subject), words::alert(lang, &warned.alert))
}

fn standing_line(lang: Lang, risen: &Risen, zone: &TimeZone) -> String {
    let stage = words::stage(lang, risen.stage);
    let told =
        risen.latest.as_ref().map(|(at, alert)| format!(": {} {}", moment(*at, zone), words::alert(lang, alert)));
    let over = words::over(lang, risen.over).map(|over| format!(" ({over})")).unwrap_or_default();
    format!("{} {stage} {}{}{over}", moment(risen.since, zone), named(&risen.subject), told.unwrap_or_default())
}

/// An alert with its words in both languages.
pub(crate) fn alert_json(alert: &Alert) -> Value {
    json!({
        "stage": alert.stage, "severity": alert.severity, "why": alert.why,
        "words": { "zh-CN": words::alert(Lang::Zh, alert), "en": words::alert(Lang::En, alert) },
    })
}

fn warned_json(warned: &Warned) -> Value {
    json!({
        "id": warned.id, "at": rfc3339(warned.at), "subject": warned.subject, "alert": alert_json(&warned.alert),
    })
}

fn standing_json(risen: &Risen) -> Value {
    json!({
        "subject": risen.subject, "stage": risen.stage, "since": rfc3339(risen.since), "told": risen.told,
        "latest": risen.latest.as_ref().map(|(at, alert)| json!({ "at": rfc3339(*at), "alert": alert_json(alert) })),
        "over": risen.over,
        "hours": risen.hours.iter().map(|h| json!([rfc3339(h.hour * 3600), h.posts])).collect::<Vec<_>>(),
    })
}
