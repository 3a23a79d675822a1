//! `caifeng notify own add|remove`: at which addresses somebody is told in person.

use anyhow::anyhow;
use caifeng::handling::{Outcome as Done, What};
use caifeng::notify::channel::{Channel, Kind};
use caifeng::store::{AddressChange, OwnAddress};
use clap::Subcommand;

use crate::cli::deed::{PersonArgs, act};
use crate::cli::output::Lines;
use crate::cli::{Exit, OrExit, Outcome, workplace};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Own,
}

#[derive(Debug, Subcommand)]
enum Own {
    /// Tell me there too
    Add(AddressArgs),
    /// Do not tell me there any more
    Remove(AddressArgs),
}

#[derive(Debug, clap::Args)]
#[command(
    after_long_help = "Notices for your roles and for incidents that are yours are then sent there too. The address can be deleted; the record says that you changed it and not what it is. Prints all addresses of yours."
)]
struct AddressArgs {
    /// A mail channel of the configuration
    channel: String,
    /// Your address there
    address: String,
    #[command(flatten)]
    person: PersonArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs `caifeng notify own …`.
pub(super) fn run(args: Args) -> Outcome {
    match args.command {
        Own::Add(args) => own(&args, AddressChange::Add),
        Own::Remove(args) => own(&args, AddressChange::Remove),
    }
}

fn own(args: &AddressArgs, change: fn(OwnAddress) -> AddressChange) -> Outcome {
    let directory = args.person.data.directory()?;
    let config = workplace::config(None, &directory)?.unwrap_or_default();
    let channels = &config.notify.channels;
    let added = change(OwnAddress { channel: args.channel.clone(), address: args.address.clone() });
    let mail = |channel: &&Channel| channel.kind == Kind::Mail;
    if matches!(added, AddressChange::Add(_)) && !channels.iter().filter(mail).any(|one| one.id == args.channel) {
        let known: Vec<&str> = channels.iter().filter(mail).map(|channel| channel.id.as_str()).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        return Err(anyhow!("no mail channel is called {:?} (there are: {known})", args.channel)).or_exit(Exit::Usage);
    }
    if let Done::Addresses(own) = act(&args.person, What::Address(added))? {
        let mut lines = Lines::new();
        if args.json {
            lines.json(&own).or_exit(Exit::Internal)?;
        } else {
            for OwnAddress { channel, address } in &own {
                lines.text(format!("{channel} {address}")).or_exit(Exit::Internal)?;
            }
        }
        lines.flush().or_exit(Exit::Internal)?;
    }
    Ok(Exit::Done)
}
