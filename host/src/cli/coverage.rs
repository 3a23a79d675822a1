//! `caifeng coverage`: what was heard, and what was not.

use anyhow::anyhow;
use caifeng::clock::{Clock, SystemClock, parse_time, rfc3339};
use caifeng::coverage::statement::Statement;
use caifeng::coverage::{Gap, words};
use caifeng::lang::Lang;
use caifeng::notify;
use caifeng::store::{OutboxHealth, Reader};
use caifeng_plugin_host::contract::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::output::Lines;
use super::workplace::{self, DataArgs};
use super::{Exit, Failed, OrExit, Outcome};

/// `caifeng coverage`
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Prints the statement that reports carry: for each watch the share of the time in which it was heard and the share that is covered after back-filling, and each gap with its cause, its span, what to do and what was back-filled. A watch that was never swept is named as such."
)]
pub(crate) struct Args {
    #[command(flatten)]
    data: DataArgs,
    /// From then on: 2026-07-01, RFC 3339 or seconds since 1970 [default: a week ago]
    #[arg(long, value_name = "WHEN", value_parser = parse_time)]
    since: Option<Timestamp>,
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

/// Text for people or JSON Lines for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// For people
    Text,
    /// One JSON object a line
    Jsonl,
}

/// Runs `caifeng coverage`.
pub(crate) fn run(args: &Args) -> Outcome {
    let lang = Lang::of_tag(&args.lang);
    let lang = lang.ok_or_else(|| anyhow!("--lang {:?}: write zh-CN or en", args.lang)).or_exit(Exit::Usage)?;
    let now = SystemClock.now();
    let directory = args.data.directory()?;
    let config = workplace::config(args.config.as_ref(), &directory)?.unwrap_or_default();
    let (zone, tells) = (config.organisation.zone(), !config.notify.channels.is_empty());
    let reader = Reader::open(directory.path()).or_exit(Exit::Usage)?;
    let since = args.since.unwrap_or(now - 7 * 86_400);
    if since >= now {
        return Err(anyhow!("--since lies in the future: name a time that is over")).or_exit(Exit::Usage);
    }
    let statement = reader.coverage(since, now).or_exit(Exit::Internal)?;
    let outbox = reader.outbox_health(now).or_exit(Exit::Internal)?;
    let mut lines = Lines::new();
    let printed = match args.format {
        Format::Text => text(&mut lines, &statement, lang, &zone)
            .and_then(|()| if tells { waiting(&mut lines, outbox, lang, now) } else { Ok(()) }),
        Format::Jsonl => jsonl(&mut lines, &statement, outbox, &zone),
    };
    printed.and_then(|()| lines.flush()).or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

/// The organisation's zone, where a configuration names it.
pub(crate) fn zone(
    named: Option<&std::path::PathBuf>,
    directory: &caifeng::directory::Directory,
) -> Result<TimeZone, Failed> {
    Ok(workplace::organisation(named, directory)?.zone())
}

fn text(lines: &mut Lines, statement: &Statement, lang: Lang, zone: &TimeZone) -> std::io::Result<()> {
    lines.text(words::sentence(lang, statement, zone))?;
    for watch in &statement.watches {
        lines.text(format_args!("{}: {}", watch.watch, words::shares(lang, watch)))?;
        for gap in &watch.gaps {
            lines.text(format_args!("  {}", gap_line(lang, gap, zone, statement.span.until)))?;
        }
    }
    Ok(())
}

/// What is heard helps nobody who is not told.
fn waiting(lines: &mut Lines, outbox: OutboxHealth, lang: Lang, now: Timestamp) -> std::io::Result<()> {
    outbox.oldest.map_or(Ok(()), |oldest| lines.text(notify::words::waiting(lang, outbox.waiting, now - oldest)))
}

fn gap_line(lang: Lang, gap: &Gap, zone: &TimeZone, now: Timestamp) -> String {
    let (cause, step) = words::keys(gap.cause);
    let until = gap.until.map_or_else(String::new, |until| words::moment(until, zone));
    let length = words::length(lang, gap.end(now) - gap.from);
    let mut line = format!(
        "{} – {until} ({length}) {}: {}; {}",
        words::moment(gap.from, zone),
        gap.cause.as_str(),
        lang.t(cause),
        words::filled(lang, gap, zone, now)
    );
    if gap.closed.is_none() {
        line.push_str("; → ");
        line.push_str(&lang.t(step));
    }
    line
}

fn jsonl(lines: &mut Lines, statement: &Statement, outbox: OutboxHealth, zone: &TimeZone) -> std::io::Result<()> {
    let now = statement.span.until;
    for watch in &statement.watches {
        let gaps: Vec<Value> = watch.gaps.iter().map(|gap| gap_json(gap, now)).collect();
        lines.json(&json!({
            "watch": watch.watch, "from": watch.from.map(rfc3339), "heard": watch.heard, "covered": watch.covered,
            "gaps": gaps,
        }))?;
    }
    let shares = statement.shares();
    lines.json(&json!({
        "since": rfc3339(statement.span.since), "until": rfc3339(now),
        "heard": shares.map(|shares| shares.0), "covered": shares.map(|shares| shares.1),
        "never_swept": statement.never().collect::<Vec<_>>(),
        "notices_waiting": outbox.waiting, "oldest_notice_waiting_seconds": outbox.oldest.map(|oldest| now - oldest),
        "statement": { "zh-CN": words::sentence(Lang::Zh, statement, zone), "en": words::sentence(Lang::En, statement, zone) },
    }))
}

fn gap_json(gap: &Gap, now: Timestamp) -> Value {
    let (cause, step) = words::keys(gap.cause);
    let both = |key: &str| json!({ "zh-CN": Lang::Zh.t(key), "en": Lang::En.t(key) });
    json!({
        "cause": gap.cause, "words": both(cause), "next_step": both(step), "detail": gap.detail, "partial": gap.partial,
        "from": rfc3339(gap.from), "until": gap.until.map(rfc3339), "closed": gap.closed.map(rfc3339),
        "filled_from": gap.filled.map(rfc3339), "found": gap.found,
        "missing": gap.lost(now).map(|(from, until)| [rfc3339(from), rfc3339(until)]),
    })
}
