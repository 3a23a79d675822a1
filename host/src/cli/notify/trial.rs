//! `caifeng notify test`: does a channel work?

use std::sync::Arc;

use anyhow::anyhow;
use caifeng::current::Current;
use caifeng::daemon;
use caifeng::fetch::live::{Live, Settings};
use caifeng::fetch::secrets::Secrets;
use caifeng::notify::Carried;
use caifeng::notify::channel::Channel;
use caifeng::notify::courier::{self, Carrier, Courier};
use caifeng::notify::trial::{self, Unsent};
use serde_json::json;

use super::{Desk, PlaceArgs};
use crate::cli::output::Lines;
use crate::cli::serve::runtime;
use crate::cli::{Exit, Failed, OrExit, Outcome, workplace};

#[derive(Debug, clap::Args)]
#[command(
    after_long_help = "Sends one short message on the channel, past the outbox: it counts towards the vendor's limit and leaves no record. Exit codes: 0 the channel took it, 1 it refused, 2 there is no such channel or its secret is missing, 4 it could not be reached, did not answer or wants it later."
)]
pub(super) struct Args {
    /// The channel, by its id in the configuration
    channel: String,
    /// Of a mail channel: send it there [default: the channel's own recipients]
    #[arg(long, value_name = "ADDRESS")]
    to: Option<String>,
    #[command(flatten)]
    place: PlaceArgs,
}

/// Runs `caifeng notify test`.
pub(super) fn run(args: &Args) -> Outcome {
    let desk = Desk::open(&args.place)?;
    desk.directory.not_in_a_drill("who would be told is written down and nobody is").or_exit(Exit::Refused)?;
    let channel = desk.channel(&args.channel)?;
    let secrets = secrets(&desk, channel)?;
    let addresses = trial::addresses(channel, args.to.as_deref()).map_err(|unsent| match unsent {
        Unsent::Nobody => anyhow!("{unsent} with --to"),
        Unsent::Addressless(_) => anyhow!("--to: {unsent}"),
    });
    let addresses = addresses.or_exit(Exit::Usage)?;
    let clock = workplace::clock(&desk.directory)?;
    let now = clock.now();
    let settings = Settings { limits: courier::limits(), ..daemon::settings(&desk.config) };
    let live = Live::new(settings, Arc::new(move || clock.now())).or_exit(Exit::Internal)?;
    let carrier = Courier::Live(Box::new(Carrier { live, secrets: Current::sharing(secrets) }));
    let notify = &desk.config.notify;
    let came = runtime()?.block_on(trial::send(&carrier, (notify, channel), &addresses, now));
    let mut lines = Lines::new();
    let mut worst = Exit::Done;
    for (address, carried) in &came {
        let (told, exit) = told(carried);
        let why = carried.why();
        let printed = if args.place.json {
            lines.json(&json!({ "channel": channel.id, "address": address, "outcome": told, "why": why }))
        } else {
            let to = if address.is_empty() { String::new() } else { format!(" {address}") };
            let why = if why.is_empty() { String::new() } else { format!(": {why}") };
            lines.text(format!("{}{to} {told}{why}", channel.id))
        };
        printed.or_exit(Exit::Internal)?;
        worst = if worst == Exit::Done { exit } else { worst };
    }
    lines.flush().or_exit(Exit::Internal)?;
    Ok(worst)
}

/// The secrets, if the channel's are among them.
fn secrets(desk: &Desk, channel: &Channel) -> Result<Arc<Secrets>, Failed> {
    let path = desk.directory.secrets();
    let secrets = Secrets::read(&path).or_exit(Exit::Usage)?;
    let own = secrets.channel(&channel.id);
    let missing = channel.kind.secrets().iter().find(|(name, needed)| *needed && own.get(name).is_none());
    match missing {
        None => Ok(Arc::new(secrets)),
        Some((name, _)) => {
            let what = format!("write [notify.{}] and {name} = \"…\" into {}", channel.id, path.display());
            Err(anyhow!("no {name} is set for this channel: {what}")).or_exit(Exit::Usage)
        }
    }
}

const fn told(carried: &Carried) -> (&'static str, Exit) {
    match carried {
        Carried::Delivered => ("sent", Exit::Done),
        Carried::Refused { .. } => ("refused", Exit::Refused),
        Carried::Later { .. } => ("not now", Exit::Network),
        Carried::Unsure { .. } => ("no answer", Exit::Network),
    }
}
