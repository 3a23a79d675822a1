//! `caifeng notify …`: what was told to whom, and how.

mod channels;
mod list;
mod own;
mod trial;

use std::path::PathBuf;

use anyhow::anyhow;
use caifeng::config::Config;
use caifeng::directory::Directory;
use caifeng::lang::Lang;
use caifeng::notify::channel::Channel;
use caifeng::plan::Plan;
use caifeng::store::Reader;
use clap::Subcommand;
use jiff::tz::TimeZone;

use super::workplace::{self, DataArgs};
use super::{Exit, Failed, OrExit, Outcome};

/// `caifeng notify …`
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print notices, newest first
    List(list::ListArgs),
    /// Print one notice, and what became of it on each way
    Show(list::ShowArgs),
    /// Print how channels stand: what waits and since when, what was taken today, what was not and why
    Channels(channels::Args),
    /// Send a test message on a channel now
    Test(trial::Args),
    /// Your own addresses, at which you are told in person
    Own(own::Args),
}

#[derive(Debug, clap::Args)]
struct PlaceArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Configuration [default: caifeng.toml in the data directory]
    #[arg(long, value_name = "F")]
    config: Option<PathBuf>,
    /// Print JSON Lines
    #[arg(long)]
    json: bool,
    /// Language of the text: zh-CN or en
    #[arg(long, value_name = "TAG", default_value = "en")]
    lang: String,
}

/// Runs `caifeng notify …`.
pub(crate) fn run(args: Args) -> Outcome {
    match args.command {
        Command::List(args) => list::list(&args),
        Command::Show(args) => list::show(&args),
        Command::Channels(args) => channels::run(&args),
        Command::Test(args) => trial::run(&args),
        Command::Own(args) => own::run(args),
    }
}

/// What every command here works with.
struct Desk {
    directory: Directory,
    config: Config,
    plan: Plan,
    lang: Lang,
    zone: TimeZone,
}

impl Desk {
    fn open(args: &PlaceArgs) -> Result<Self, Failed> {
        let lang = Lang::of_tag(&args.lang);
        let lang = lang.ok_or_else(|| anyhow!("--lang {:?}: write zh-CN or en", args.lang)).or_exit(Exit::Usage)?;
        let directory = args.data.directory()?;
        let config = workplace::config(args.config.as_ref(), &directory)?.unwrap_or_default();
        let plan = caifeng::config::plan_beside(&directory.config()).or_exit(Exit::Usage)?;
        let zone = config.organisation.zone();
        Ok(Self { directory, config, plan, lang, zone })
    }

    fn reader(&self) -> Result<Reader, Failed> {
        Reader::open(self.directory.path()).or_exit(Exit::Usage)
    }

    fn channel(&self, id: &str) -> Result<&Channel, Failed> {
        let channels = &self.config.notify.channels;
        let known = || channels.iter().map(|channel| channel.id.as_str()).collect::<Vec<_>>().join(", ");
        let missing = || match channels.is_empty() {
            true => anyhow!("no channel is configured: add [[notify.channel]] to caifeng.toml"),
            false => anyhow!("no such channel: {id} (there are: {})", known()),
        };
        channels.iter().find(|channel| channel.id == id).ok_or_else(missing).or_exit(Exit::Usage)
    }
}
