//! `caifeng evidence`: what the posts of an incident came from.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use caifeng::clock::rfc3339;
use caifeng::control::NOBODY;
use caifeng::handling::{What, document, handout};
use caifeng::hex::hex;
use caifeng::store::{Proof, Reader};
use clap::Subcommand;
use serde_json::json;

use super::deed::{PersonArgs, act};
use super::output::{Lines, note};
use super::workplace::{self, DataArgs};
use super::{Exit, Failed, OrExit, Outcome};

/// `caifeng evidence …`
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print what the posts of an incident came from: when, from where, which hash, which file
    List(ListArgs),
    /// Hand out the evidence of an incident: one WARC file, its events, an index and a SHA-256 manifest
    Export(ExportArgs),
}

#[derive(Debug, clap::Args)]
struct ListArgs {
    /// The incident
    incident: i64,
    #[command(flatten)]
    data: DataArgs,
    /// Print JSON Lines
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
#[command(
    long_about = "Writes FILE (a WARC with every exchange that a post of the incident came from), and beside it its events (.events.jsonl), an index to read (.html) and a manifest (FILE.sha256). `warcio check FILE` and `sha256sum -c FILE.sha256` check them. Names stand on captured pages, so that each export is an event of the incident, with the hash of the file; once there are users it takes a monitor, the leading group, its head or the legal officer. Ends with 1 when an exchange is missing or was changed: the others are written all the same."
)]
struct ExportArgs {
    /// The incident
    incident: i64,
    /// The WARC file, or a folder for it [default: incident-N.warc.gz]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    person: PersonArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs `caifeng evidence …`.
pub(crate) fn run(args: &Args) -> Outcome {
    match &args.command {
        Command::List(args) => list(args),
        Command::Export(args) => export(args),
    }
}

fn list(args: &ListArgs) -> Outcome {
    let reader = Reader::open(args.data.directory()?.path()).or_exit(Exit::Usage)?;
    known(&reader, args.incident)?;
    let mut lines = Lines::new();
    for proof in reader.proofs(args.incident).or_exit(Exit::Internal)? {
        let printed = if args.json { lines.json(&proof_json(&proof)) } else { lines.text(proof_line(&proof)) };
        printed.or_exit(Exit::Internal)?;
    }
    lines.flush().or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

fn known(reader: &Reader, incident: i64) -> Result<caifeng::store::model::IncidentRow, Failed> {
    let found = reader.incident(incident).or_exit(Exit::Internal)?;
    found.ok_or_else(|| anyhow!("no such incident: {incident} (caifeng incident list lists them)")).or_exit(Exit::Usage)
}

fn proof_json(proof: &Proof) -> serde_json::Value {
    let capture = &proof.capture;
    json!({
        "url": capture.url, "captured": rfc3339(proof.at), "date": rfc3339(capture.date), "status": capture.status,
        "sha256": hex(&capture.digest), "file": capture.file, "offset": capture.offset, "length": capture.length,
        "sweep": proof.sweep, "watch": proof.watch, "post": proof.row, "version": proof.version, "look": proof.look,
    })
}

fn proof_line(proof: &Proof) -> String {
    let capture = &proof.capture;
    let sum: String = hex(&capture.digest).chars().take(16).collect();
    let (url, file, offset) = (&capture.url, &capture.file, capture.offset);
    let what =
        proof.look.as_ref().map_or_else(|| format!("version {}", proof.version), |found| format!("look: {found}"));
    format!("{}  {sum}…  {what}  {url}  {file}:{offset}", rfc3339(proof.at))
}

/// Writes what is handed out, has the record say so, and leaves nothing behind when it refuses.
fn export(args: &ExportArgs) -> Outcome {
    let directory = args.person.data.directory()?;
    directory.not_in_a_drill("what its sites showed is no evidence of anything").or_exit(Exit::Refused)?;
    let reader = Reader::open(directory.path()).or_exit(Exit::Usage)?;
    let incident = known(&reader, args.incident)?;
    let name = format!("incident-{}.warc.gz", incident.id);
    let out = match &args.output {
        None => PathBuf::from(name),
        Some(folder) if folder.is_dir() => folder.join(name),
        Some(file) => file.clone(),
    };
    let now = workplace::clock(&directory)?.now();
    let exported = handout::incident(&reader, &directory, incident.id, &out, now).or_exit(Exit::Usage)?;
    if exported.captures == 0 && exported.missing.is_empty() {
        note(
            "no exchange is kept of this incident: its posts were stored before evidence was, or handed in by a person",
        );
    }
    if let Err(refused) = record(args, &out) {
        exported.files.iter().for_each(|file| drop(std::fs::remove_file(file)));
        return Err(refused);
    }
    if reader.users().or_exit(Exit::Internal)?.is_empty() {
        note(NOBODY);
    }
    exported.missing.iter().for_each(|line| note(format_args!("missing: {line}")));
    let mut lines = Lines::new();
    let files: Vec<String> = exported.files.iter().map(|path| path.display().to_string()).collect();
    if args.json {
        let sum = json!({
            "incident": incident.id, "captures": exported.captures, "missing": exported.missing, "files": files,
        });
        lines.json(&sum).or_exit(Exit::Internal)?;
    } else {
        lines.text(format_args!("{} exchanges: {}", exported.captures, files.join(", "))).or_exit(Exit::Internal)?;
    }
    lines.flush().or_exit(Exit::Internal)?;
    Ok(if exported.missing.is_empty() { Exit::Done } else { Exit::Refused })
}

fn record(args: &ExportArgs, out: &Path) -> Result<(), Failed> {
    let sha256 = document::digest(out).with_context(|| format!("{}: cannot be read", out.display()));
    act(&args.person, What::HandOut(args.incident, sha256.or_exit(Exit::Internal)?)).map(drop)
}
