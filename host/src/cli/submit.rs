//! `caifeng submit`: a page or a text that somebody hands in.

use std::io::Read as _;

use anyhow::anyhow;
use caifeng::clock::parse_time;
use caifeng::hand::submit::{Receipt, Submission, What};
use caifeng::hand::{Handing, Told};
use caifeng_plugin_host::contract::Timestamp;

use super::hand::{PlaceArgs, hand_in};
use super::output::{Lines, note};
use super::{Exit, Failed, OrExit, Outcome};

/// Longest text that is read from standard input, in bytes.
const LONGEST: u64 = 1 << 20;

/// `caifeng submit URL|--text T`
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Hands in a page or a text. A page is read once, by the plugin that fits its address best, within the same rules as a sweep. It opens or joins an incident whether or not it mentions a topic, and its clock starts now. A page that cannot be read is kept as what it is: an address, a note, and why; that ends with 0 too, and the reason is printed."
)]
#[group(id = "what", required = true, multiple = true, args = ["page", "text"])]
pub(crate) struct Args {
    /// The page to read
    #[arg(value_name = "URL", conflicts_with = "text")]
    page: Option<String>,
    /// The text itself; - reads it from standard input
    #[arg(long, value_name = "T")]
    text: Option<String>,
    /// Headline of the text
    #[arg(long, value_name = "T", requires = "text")]
    title: Option<String>,
    /// Where the text can be read
    #[arg(long, value_name = "URL", requires = "text")]
    url: Option<String>,
    /// Who carried the text: a paper, a programme, a hotline
    #[arg(long, value_name = "S", requires = "text")]
    source: Option<String>,
    /// When the text was published: 2026-07-01, RFC 3339 or seconds since 1970
    #[arg(long, value_name = "T", requires = "text", value_parser = parse_time)]
    published: Option<Timestamp>,
    /// What you want to say with it
    #[arg(long, value_name = "N")]
    note: Option<String>,
    #[command(flatten)]
    place: PlaceArgs,
}

/// Runs `caifeng submit`.
pub(crate) fn run(args: Args) -> Outcome {
    let what = match (args.page, args.text) {
        (Some(page), _) => What::Page(page),
        (None, text) => {
            let text = match text.as_deref() {
                Some("-") => standard_input()?,
                text => text.unwrap_or_default().to_owned(),
            };
            What::Text { text, title: args.title, url: args.url, source: args.source, published: args.published }
        }
    };
    let directory = args.place.data.directory()?;
    let handing = Handing::Submission(Submission { what, note: args.note });
    let json = args.place.json;
    let mut lines = Lines::new();
    let mut printed = Ok(());
    hand_in(&args.place, &directory, handing, |told| {
        if let Told::Receipt(receipt) = told {
            printed = if json { lines.json(&receipt) } else { lines.text(receipt_line(&receipt)) };
            if let (false, Some(failure)) = (json, &receipt.failure) {
                note(format_args!("the page could not be read, the submission is kept: {failure}"));
            }
        }
    })?;
    printed.and_then(|()| lines.flush()).or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

fn receipt_line(receipt: &Receipt) -> String {
    let Receipt { incident, opened, title, .. } = receipt;
    let how = if *opened { "opened" } else { "joined" };
    let head: String = title.chars().map(|c| if c.is_control() { ' ' } else { c }).take(80).collect();
    format!("incident {incident} {how}: {head}")
}

fn standard_input() -> Result<String, Failed> {
    let mut text = String::new();
    std::io::stdin().lock().take(LONGEST + 1).read_to_string(&mut text).or_exit(Exit::Usage)?;
    if text.len() as u64 > LONGEST {
        return Err(anyhow!("longer than 1 MiB: hand in the part that matters")).or_exit(Exit::Usage);
    }
    Ok(text)
}
