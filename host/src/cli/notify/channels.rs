//! `caifeng notify channels`: how each channel stands.

use caifeng::clock::rfc3339;
use caifeng::fetch::secrets::Secrets;
use caifeng::notify::channel::Channel;
use caifeng::notify::pace::Limits;
use caifeng::store::ChannelStanding;
use serde_json::{Value, json};

use super::{Desk, PlaceArgs};
use crate::cli::output::Lines;
use crate::cli::{Exit, OrExit, Outcome, workplace};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    place: PlaceArgs,
}

pub(super) fn run(args: &Args) -> Outcome {
    let desk = Desk::open(&args.place)?;
    let (reader, now) = (desk.reader()?, workplace::clock(&desk.directory)?.now());
    let secrets = Secrets::read(&desk.directory.secrets()).or_exit(Exit::Usage)?;
    let mut lines = Lines::new();
    for channel in &desk.config.notify.channels {
        let own = secrets.channel(&channel.id);
        let missing = channel.kind.secrets().iter().filter(|(name, needed)| *needed && own.get(name).is_none());
        let missing: Vec<&str> = missing.map(|(name, _)| *name).collect();
        let standing = reader.channel_standing(&channel.id, now).or_exit(Exit::Internal)?;
        let printed = if args.place.json {
            lines.json(&channel_json(channel, &standing, &missing, now))
        } else {
            lines.text(channel_line(channel, &standing, &missing, now))
        };
        printed.or_exit(Exit::Internal)?;
    }
    lines.flush().or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

fn channel_json(channel: &Channel, standing: &ChannelStanding, missing: &[&str], now: i64) -> Value {
    let ChannelStanding { waiting, oldest, held, sent, lost, rest, why } = standing;
    json!({
        "channel": channel.id, "kind": channel.kind, "tell": channel.tell, "next": channel.next,
        "per_minute": Limits::of(channel).messages, "missing_secrets": missing,
        "waiting": waiting, "oldest_waiting_seconds": oldest.map(|oldest| now - oldest), "held_by_quiet_hours": held,
        "sent_in_a_day": sent, "not_taken_in_a_day": lost, "rests_until": rest.map(rfc3339), "why": why,
    })
}

fn channel_line(channel: &Channel, standing: &ChannelStanding, missing: &[&str], now: i64) -> String {
    let ChannelStanding { waiting, oldest, held, sent, lost, rest, why } = standing;
    let oldest = oldest.map_or_else(String::new, |oldest| format!(" (the oldest for {} s)", now - oldest));
    let mut line = format!(
        "{:<16} {:<8} {waiting} wait{oldest}, {held} held by quiet hours, {sent} sent in a day, {lost} not taken",
        channel.id,
        channel.kind.as_str()
    );
    if let Some(rest) = rest {
        line.push_str(&format!("; wants nothing until {}", rfc3339(*rest)));
    }
    if !missing.is_empty() {
        line.push_str(&format!("; secrets.toml lacks [notify.{}] {}", channel.id, missing.join(", ")));
    }
    if let Some(why) = why {
        line.push_str(&format!("; last: {why}"));
    }
    line
}
