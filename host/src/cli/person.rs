//! `caifeng person …`: what a person who asks has a right to (个人信息保护法 §§ 45, 47).
//!
//! Whoever asks names what they said, by its address: there is no search for a person, and none is made possible here.

use anyhow::anyhow;
use caifeng::clock::rfc3339;
use caifeng::handling::{Outcome as Done, What};
use caifeng::store::model::PostRow;
use caifeng::store::{Erased, Proof, Reader};
use clap::Subcommand;
use serde_json::{Value, json};

use super::deed::{PersonArgs, act};
use super::output::Lines;
use super::workplace::DataArgs;
use super::{Exit, Failed, OrExit, Outcome};

/// `caifeng person …`
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print everything that is kept of these posts, as JSON Lines
    Export(ExportArgs),
    /// Delete these posts with everything that is kept of them
    Erase(EraseArgs),
}

#[derive(Debug, clap::Args)]
struct ExportArgs {
    /// The address of a post, as the person names it
    #[arg(value_name = "URL", required = true)]
    urls: Vec<String>,
    #[command(flatten)]
    data: DataArgs,
    /// Print JSON Lines (the only form; accepted for symmetry)
    #[arg(long, hide = true)]
    json: bool,
}

#[derive(Debug, clap::Args)]
#[command(
    long_about = "Deletes posts, in all versions, with counts, looks, notes and search entries, also while an incident is open: the legal officer answers a person who asks. The incident's record keeps that a post was erased, when, by whom and a seal of the reason. Captured pages on which the post stands go with the next `caifeng retain`, which the daemon does once a day; a page on which a post of somebody else rests stays until that goes, and the answer says how many do."
)]
struct EraseArgs {
    /// The address of a post, as the person names it
    #[arg(value_name = "URL", required = true)]
    urls: Vec<String>,
    /// Why
    #[arg(long, value_name = "R")]
    reason: String,
    #[command(flatten)]
    person: PersonArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs `caifeng person …`.
pub(crate) fn run(args: Args) -> Outcome {
    match args.command {
        Command::Export(args) => export(&args),
        Command::Erase(args) => erase(args),
    }
}

/// The posts of all addresses; an address without any is a mistake that the caller must know of.
fn named(data: &DataArgs, urls: &[String]) -> Result<(Reader, Vec<PostRow>), Failed> {
    let reader = Reader::open(data.directory()?.path()).or_exit(Exit::Usage)?;
    let mut posts = Vec::new();
    for url in urls {
        let found = reader.posts_at(url).or_exit(Exit::Internal)?;
        if found.is_empty() {
            return Err(anyhow!("nothing is kept from {url}: name the address of a post as the site shows it"))
                .or_exit(Exit::Usage);
        }
        posts.extend(found);
    }
    Ok((reader, posts))
}

fn export(args: &ExportArgs) -> Outcome {
    let (reader, posts) = named(&args.data, &args.urls)?;
    let mut lines = Lines::new();
    for post in &posts {
        lines.json(&kept(&reader, post).or_exit(Exit::Internal)?).or_exit(Exit::Internal)?;
    }
    lines.flush().or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

/// All that is kept of a post.
fn kept(reader: &Reader, post: &PostRow) -> Result<Value, caifeng::store::StoreError> {
    let life = reader.life(post.row)?;
    let captures = match post.incident {
        Some(incident) => reader.proofs(incident)?.into_iter().filter(|proof| proof.row == post.row).collect(),
        None => Vec::<Proof>::new(),
    };
    let versions = life
        .versions
        .iter()
        .map(|v| json!({"version": v.version, "captured": rfc3339(v.captured), "title": v.title, "text": v.text}));
    let counts = life.readings.iter().map(|r| json!({"at": rfc3339(r.at), "reactions": r.counts}));
    let looks = life.looks.iter().map(|l| json!({"at": rfc3339(l.at), "found": l.found}));
    Ok(json!({
        "post": post, "versions": versions.collect::<Vec<_>>(), "counts": counts.collect::<Vec<_>>(),
        "looks": looks.collect::<Vec<_>>(), "captures": captures.iter().map(|c| rfc3339(c.at)).collect::<Vec<_>>(),
    }))
}

fn erase(args: EraseArgs) -> Outcome {
    let (_, posts) = named(&args.person.data, &args.urls)?;
    let rows = posts.iter().map(|post| post.row).collect();
    let Done::Erased(erased) = act(&args.person, What::Erase(rows, args.reason))? else {
        return Err(anyhow!("nothing came of it")).or_exit(Exit::Internal);
    };
    let mut lines = Lines::new();
    let printed = if args.json { lines.json(&erased_json(erased)) } else { lines.text(erased_line(erased)) };
    printed.and_then(|()| lines.flush()).or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

/// What of it is still to be done, and by what: whoever asked must be told.
fn erased_json(Erased { posts, pages, shared }: Erased) -> Value {
    json!({"erased": posts, "pages_go_with_next_retain": pages, "pages_that_others_rest_on": shared})
}

fn erased_line(Erased { posts, pages, shared }: Erased) -> String {
    let mut told = format!("{posts} posts erased");
    if pages > 0 {
        told.push_str(&format!(
            "; {pages} captured pages go with the next `caifeng retain`: the daemon's, within a day, or yours, now"
        ));
    }
    if shared > 0 {
        told.push_str(&format!(
            "; {shared} captured pages stay, because posts of somebody else rest on them, until these go"
        ));
    }
    told
}
