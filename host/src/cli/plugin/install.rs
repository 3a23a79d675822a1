//! `caifeng plugin install` and `upgrade`: what is offered, what it asks for, and whether it may run.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use caifeng::clock::{Clock as _, SystemClock};
use caifeng::fetch::live::Kept;
use caifeng::handling::What;
use caifeng::plugins::card::{self, Unlawful};
use caifeng::plugins::install::{InstallError, Offer, Wanted, Way};
use caifeng::plugins::offer::Allowed;
use caifeng::plugins::shelf::{Package, Shelf, ShelfError};
use caifeng::plugins::wishes::Wish;
use caifeng::signature::{self, Signer};
use caifeng::user::PluginChange;
use caifeng_plugin_host::artifact::Artifact;
use caifeng_plugin_host::laws::ScoreCard;
use serde_json::json;

use super::super::deed::{self, PersonArgs, TokenArgs};
use super::super::output::{Lines, note, waiting};
use super::super::workplace::{self, DataArgs};
use super::super::{Exit, Failed, OrExit, Outcome};
use super::check::{counted, trying};
use super::folder::PluginArgs;
use super::pack::{beside, packed};
use super::registry::RegistryArgs;

/// Bytes of a plugin's file that are read.
const LARGEST: u64 = 256 << 20;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Nothing of a plugin runs for real before what it asks for was allowed: by --grant, or later by caifeng plugin grant. An upgrade that asks for no more than the version before is allowed as that one was; otherwise the version before keeps running. Every law of caifeng plugin check must be kept. It takes the system administrator, once there are users, and each change is in the record. Exit code 1: refused, and by whom it can be put right; 3: it is no plugin, or breaks a law."
)]
pub(super) struct InstallArgs {
    /// A packed .wasm file, with its signature beside it, a plugin's source folder, or a place in a registry
    #[arg(value_name = "FILE|DIR|oci://…")]
    from: String,
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    token: TokenArgs,
    /// Allow what it asks for
    #[arg(long)]
    grant: bool,
    /// The key that must have signed it: a public key of minisign, or a file that holds one
    #[arg(long, value_name = "KEY|F")]
    signer: Option<String>,
    /// Take it although another key signed it than before, or none
    #[arg(long)]
    new_signer: bool,
    /// Take it although it is older than what was let run here
    #[arg(long)]
    downgrade: bool,
    /// Take it although the release has a plugin of its name
    #[arg(long)]
    replace_shipped: bool,
    #[command(flatten)]
    registry: RegistryArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs `caifeng plugin install` and `caifeng plugin upgrade`.
pub(super) fn run(args: &InstallArgs, way: Way) -> Outcome {
    let directory = args.data.directory()?;
    directory.not_in_a_drill("its plugins are those of the real thing: install it there").or_exit(Exit::Refused)?;
    let shelf = Shelf::of(&directory);
    let package = offered(args)?;
    let wanted = Wanted {
        way,
        signer: args.signer.as_deref().map(named).transpose()?,
        allowed: Allowed { signer: args.new_signer, downgrade: args.downgrade, shipped: args.replace_shipped },
        shipped: workplace::registry(None)?.ships(&package.artifact.manifest().id),
    };
    let offer = Offer::of(&shelf, package, wanted)?;
    let offer = Tried { fixtures: lawful(offer.artifact())?.fixtures, offer };
    let allow = args.grant.then(|| offer.offer.artifact().manifest().network.allow.clone());
    let note = |change| written_down(&args.data, &args.token, change);
    let runs = offer.offer.take(&shelf, allow.as_deref(), note)?;
    offer.print(runs, args)
}

/// Writes into the record what is being done to a plugin, when whoever asks may do it.
pub(super) fn written_down(data: &DataArgs, token: &TokenArgs, change: PluginChange) -> Result<(), Failed> {
    let person = PersonArgs { data: data.clone(), token: token.clone() };
    deed::act(&person, What::Plugin(change)).map(drop)
}

impl From<InstallError> for Failed {
    fn from(error: InstallError) -> Self {
        let exit = match &error {
            InstallError::Refused(_) | InstallError::Meanwhile(_) => Exit::Refused,
            InstallError::Missing(_)
            | InstallError::Awake(_)
            | InstallError::Beyond { .. }
            | InstallError::Shelf(ShelfError::Grants(_)) => Exit::Usage,
            InstallError::Shelf(ShelfError::Plugin(_)) => Exit::Plugin,
            InstallError::Shelf(_) => Exit::Internal,
        };
        Self { exit, error: error.into() }
    }
}

/// A file that keeps every law.
struct Tried {
    offer: Offer,
    /// How many fixtures were tried.
    fixtures: usize,
}

impl Tried {
    fn print(&self, runs: bool, args: &InstallArgs) -> Outcome {
        let offer = &self.offer;
        let artifact = offer.artifact();
        let manifest = artifact.manifest();
        let before = offer.before.as_ref().map(|old| old.manifest().version.as_str());
        let mut lines = Lines::new();
        if args.json {
            let words = |wishes: Vec<Wish>| wishes.iter().map(ToString::to_string).collect::<Vec<_>>();
            let value = json!({
                "plugin": manifest.id, "version": manifest.version, "digest": artifact.digest(), "before": before,
                "signer": offer.signer, "signer_known": offer.signer.is_some() && offer.signer_is_known(),
                "asks": words(Wish::all(manifest)), "asks_more": words(offer.more()), "runs": runs,
            });
            lines.json(&value).and_then(|()| lines.flush()).or_exit(Exit::Internal)?;
            return Ok(Exit::Done);
        }
        for line in self.text(runs) {
            lines.text(line).or_exit(Exit::Internal)?;
        }
        lines.flush().or_exit(Exit::Internal)?;
        Ok(Exit::Done)
    }

    fn text(&self, runs: bool) -> Vec<String> {
        let offer = &self.offer;
        let artifact = offer.artifact();
        let manifest = artifact.manifest();
        let (id, version) = (&manifest.id, &manifest.version);
        let mut lines = vec![
            format!("{id} {version} ({}): {}", artifact.kind(), manifest.name),
            format!("sha256 {}", artifact.digest()),
            match &offer.signer {
                Some(signer) if offer.signer_is_known() => format!("signed by {signer}, as before"),
                Some(signer) if offer.was_unsigned() => format!(
                    "signed by {signer}; the version before was not signed: trusted {}. Compare it with what its author shows elsewhere",
                    if runs { "from now on" } else { "once it is allowed, and not earlier" }
                ),
                Some(signer) if !runs && offer.pinned() => format!(
                    "signed by {signer}, another key than before: trusted once it is allowed, and not earlier. Compare it with what its author shows elsewhere"
                ),
                Some(signer) => format!(
                    "signed by {signer}, a key that was not known here: trusted from now on. Compare it with what its author shows elsewhere"
                ),
                None => "NOT SIGNED: nobody can say whose it is, or whether it was changed on its way".to_owned(),
            },
            format!("keeps every law, tried on {}", counted(self.fixtures)),
        ];
        let (all, more) = (Wish::all(manifest), offer.more());
        let upgrade = offer.before.as_ref().filter(|_| offer.upgrades());
        match upgrade {
            _ if all.is_empty() => {
                lines.push("it asks for nothing: it reads what it is given and reaches nobody".into());
            }
            Some(old) if more.is_empty() => {
                lines.push(format!("it asks for no more than {} did", old.manifest().version));
            }
            Some(old) => {
                lines.push(format!("it asks for what {} did not, to", old.manifest().version));
                lines.extend(more.iter().map(|wish| format!("  + {wish}")));
            }
            None => {
                lines.push("it asks to".to_owned());
                lines.extend(all.iter().map(|wish| format!("  - {wish}")));
            }
        }
        let before = offer.before.as_ref().map(|old| old.manifest().version.as_str());
        lines.push(match (runs, before) {
            (true, Some(old)) => format!("installed in place of {old}: {NEXT_START}"),
            (true, None) => format!("installed: {NEXT_START}"),
            (false, Some(old)) => {
                format!("it waits, and {old} keeps running. To allow what it asks for: caifeng plugin grant {id}")
            }
            (false, None) => {
                format!("it waits, and nothing of it runs. To allow what it asks for: caifeng plugin grant {id}")
            }
        });
        lines
    }
}

/// When a change of what is installed takes effect.
pub(super) const NEXT_START: &str = "it runs from the next sweep on, or from the next round of questions";

/// The file that was named, packed where it is a folder, and its signature.
fn offered(args: &InstallArgs) -> Result<Package, Failed> {
    if args.from.starts_with("oci://") {
        let Kept { file, signature } = args.registry.pull(&args.from, &args.data)?;
        let artifact = Artifact::read(file).with_context(|| args.from.clone()).or_exit(Exit::Plugin)?;
        return Ok(Package { artifact, signature });
    }
    let path = Path::new(&args.from);
    if path.is_dir() {
        let (_, artifact) = packed(&PluginArgs::of(&args.from, &args.data))?;
        return Ok(Package { artifact, signature: None });
    }
    let bytes = bounded(path, LARGEST)?;
    let artifact = Artifact::read(bytes).with_context(|| args.from.clone()).or_exit(Exit::Plugin)?;
    let beside = beside(path);
    let signature = if beside.exists() {
        let text = String::from_utf8(bounded(&beside, signature::LONGEST)?);
        Some(text.map_err(|_| anyhow!("{}: no signature of minisign", beside.display())).or_exit(Exit::Refused)?)
    } else {
        None
    };
    Ok(Package { artifact, signature })
}

/// A file that is not larger than that.
pub(super) fn bounded(path: &Path, most: u64) -> Result<Vec<u8>, Failed> {
    let mut bytes = Vec::new();
    let read = fs::File::open(path).and_then(|file| file.take(most + 1).read_to_end(&mut bytes));
    read.with_context(|| format!("{}: cannot be read", path.display())).or_exit(Exit::Usage)?;
    if bytes.len() as u64 > most {
        return Err(anyhow!("{}: larger than {most} bytes, which no such file is", path.display()))
            .or_exit(Exit::Usage);
    }
    Ok(bytes)
}

/// A key, or the file of one.
fn named(text: &str) -> Result<Signer, Failed> {
    if let Ok(signer) = text.parse() {
        return Ok(signer);
    }
    let path = PathBuf::from(text);
    let written =
        fs::read_to_string(&path).with_context(|| format!("--signer: neither a public key nor a file: {text}"));
    written.or_exit(Exit::Usage)?.parse::<Signer>().with_context(|| text.to_owned()).or_exit(Exit::Usage)
}

/// Holds a packed plugin against the laws, on the fixtures that it carries; its card.
pub(super) fn lawful(artifact: &Artifact) -> Result<ScoreCard, Failed> {
    let fixtures = card::fixtures(artifact.bytes()).map_or(0, |fixtures| fixtures.len());
    let bar = waiting(trying(fixtures));
    let card = card::tried(artifact, workplace::compiled(None), SystemClock.now());
    bar.finish_and_clear();
    card.map_err(|error| {
        if let Unlawful::Broken { card, .. } = &error {
            note(card.to_string().trim_end());
        }
        let exit = if matches!(error, Unlawful::Machine(_)) { Exit::Internal } else { Exit::Plugin };
        Failed { exit, error: error.into() }
    })
}
