//! `caifeng plugin install` and `upgrade`: what is offered, what it asks for, and whether it may run.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use caifeng::clock::{Clock as _, SystemClock};
use caifeng::fetch::live::Kept;
use caifeng::plugins::offer::{Allowed, Known, Pin, Refused, Why, judge};
use caifeng::plugins::shelf::{Package, Shelf};
use caifeng::plugins::wishes::Wish;
use caifeng::plugins::{Origin, PluginError};
use caifeng::signature::{self, Signer};
use caifeng_plugin_host::address::HostPattern;
use caifeng_plugin_host::artifact::Artifact;
use caifeng_plugin_host::laws::{Laws, Verdict};
use serde_json::json;

use super::super::output::{Lines, note};
use super::super::workplace::{self, DataArgs};
use super::super::{Exit, Failed, OrExit, Outcome};
use super::folder::{PluginArgs, inside};
use super::pack::{beside, packed};
use super::registry::RegistryArgs;

/// Bytes of a plugin's file that are read.
const LARGEST: u64 = 256 << 20;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Nothing of a plugin runs for real before what it asks for was allowed: by --grant, or later by caifeng plugin grant. An upgrade that asks for no more than the version before is allowed as that one was; otherwise the version before keeps running. Every law of caifeng plugin check must be kept. Exit code 1: refused, and by whom it can be put right; 3: it is no plugin, or breaks a law."
)]
pub(super) struct InstallArgs {
    /// A packed .wasm file, with its signature beside it, a plugin's source folder, or a place in a registry
    #[arg(value_name = "FILE|DIR|oci://…")]
    from: String,
    #[command(flatten)]
    data: DataArgs,
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

/// Whether a plugin of the name is expected to be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// No.
    Install,
    /// Yes.
    Upgrade,
}

/// Runs `caifeng plugin install` and `caifeng plugin upgrade`.
pub(super) fn run(args: &InstallArgs, way: Way) -> Outcome {
    let directory = args.data.directory()?;
    directory.not_in_a_drill("its plugins are those of the real thing: install it there").or_exit(Exit::Refused)?;
    let shelf = Shelf::of(&directory);
    let package = offered(args)?;
    let id = package.artifact.manifest().id.clone();
    let installed = shelf.installed(&id).or_exit(Exit::Internal)?;
    // A broken file may be replaced, and says nothing of versions.
    let before = installed.as_ref().and_then(|found| found.artifact.as_ref().ok());
    let pin = shelf.pin(&id).or_exit(Exit::Internal)?;
    let refused = |why| Failed { exit: Exit::Refused, error: Refused::of(&package.artifact, why).into() };
    match (way, before) {
        (Way::Install, Some(old)) => return Err(refused(Why::Installed(old.manifest().version.clone()))),
        (Way::Upgrade, None) if installed.is_none() => return Err(refused(Why::NotInstalled)),
        _ => {}
    }
    let known = Known { installed: before, shipped: is_shipped(&id)?, pin: pin.as_ref() };
    let allowed = Allowed { signer: args.new_signer, downgrade: args.downgrade, shipped: args.replace_shipped };
    let named = args.signer.as_deref().map(named).transpose()?;
    let signer = judge(&package.artifact, package.signature.as_deref(), named.as_ref(), &known, allowed);
    let signer = signer.or_exit(Exit::Refused)?;
    let fixtures = lawful(&package.artifact)?;
    let granted = match before {
        Some(old) => shelf.grants().or_exit(Exit::Usage)?.network(old).map(<[HostPattern]>::to_vec),
        None => None,
    };
    let offer = Offer { package: &package, before, granted, signer, pin: pin.as_ref(), fixtures };
    let runs = offer.carry_out(&shelf, args.grant)?;
    offer.print(runs, args)
}

/// A file that was found in order, and what it would take the place of.
struct Offer<'a> {
    package: &'a Package,
    before: Option<&'a Artifact>,
    /// What the version before may reach; `None` where it was allowed nothing.
    granted: Option<Vec<HostPattern>>,
    signer: Option<Signer>,
    pin: Option<&'a Pin>,
    /// How many fixtures were tried.
    fixtures: usize,
}

impl Offer<'_> {
    /// What nobody has allowed yet.
    fn more(&self) -> Vec<Wish> {
        let manifest = self.package.artifact.manifest();
        match (self.before, &self.granted) {
            (Some(old), Some(_)) => Wish::more(old.manifest(), manifest),
            _ => Wish::all(manifest),
        }
    }

    /// Lets it run or puts it aside; `true`: it runs.
    fn carry_out(&self, shelf: &Shelf, grant: bool) -> Result<bool, Failed> {
        let manifest = self.package.artifact.manifest();
        let waits = !grant && !self.more().is_empty();
        let pin = Pin::next(self.pin, &manifest.id, self.signer.as_ref(), waits);
        shelf.remember(pin).or_exit(Exit::Internal)?;
        if waits {
            shelf.put_aside(self.package).or_exit(Exit::Internal)?;
            return Ok(false);
        }
        let asked = &manifest.network.allow;
        // Nothing more was asked: what the operator has left out before stays left out.
        let network = self.granted.as_ref().filter(|_| !grant).unwrap_or(asked);
        shelf.let_run(self.package, network).or_exit(Exit::Internal)?;
        Ok(true)
    }

    fn print(&self, runs: bool, args: &InstallArgs) -> Outcome {
        let artifact = &self.package.artifact;
        let manifest = artifact.manifest();
        let before = self.before.map(|old| old.manifest().version.as_str());
        let mut lines = Lines::new();
        if args.json {
            let words = |wishes: Vec<Wish>| wishes.iter().map(ToString::to_string).collect::<Vec<_>>();
            let value = json!({
                "plugin": manifest.id, "version": manifest.version, "digest": artifact.digest(), "before": before,
                "signer": self.signer, "signer_known": self.signer.is_some() && self.known(),
                "asks": words(Wish::all(manifest)), "asks_more": words(self.more()), "runs": runs,
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

    /// Whether the same key signed what was there before.
    fn known(&self) -> bool {
        self.pin.is_some_and(|pin| pin.signer == self.signer)
    }

    fn text(&self, runs: bool) -> Vec<String> {
        let artifact = &self.package.artifact;
        let manifest = artifact.manifest();
        let (id, version) = (&manifest.id, &manifest.version);
        let mut lines = vec![
            format!("{id} {version} ({}): {}", artifact.kind(), manifest.name),
            format!("sha256 {}", artifact.digest()),
            match &self.signer {
                Some(signer) if self.known() => format!("signed by {signer}, as before"),
                Some(signer) if !runs && self.pin.is_some() => format!(
                    "signed by {signer}, another key than before: trusted once it is allowed, and not earlier. Compare it with what its author shows elsewhere"
                ),
                Some(signer) => format!(
                    "signed by {signer}, a key that was not known here: trusted from now on. Compare it with what its author shows elsewhere"
                ),
                None => "NOT SIGNED: nobody can say whose it is, or whether it was changed on its way".to_owned(),
            },
            format!("keeps every law, tried on {} fixtures", self.fixtures),
        ];
        let (all, more) = (Wish::all(manifest), self.more());
        let upgrade = self.before.filter(|_| self.granted.is_some());
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
        let before = self.before.map(|old| old.manifest().version.as_str());
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

/// Whether the release has a plugin of this id.
fn is_shipped(id: &str) -> Result<bool, Failed> {
    match workplace::registry(None)?.find(id) {
        Ok((found, _)) => Ok(found.origin == Origin::Shipped),
        Err(PluginError::Missing { .. }) => Ok(false),
        Err(error) => Err(workplace::plugin_fault(error)),
    }
}

/// Holds a packed plugin against the laws, on the fixtures that it carries; how many those were.
pub(super) fn lawful(artifact: &Artifact) -> Result<usize, Failed> {
    let manifest = artifact.manifest();
    let who = format!("plugin {} {}", manifest.id, manifest.version);
    let fixtures = inside(artifact.bytes()).with_context(|| who.clone()).or_exit(Exit::Plugin)?;
    if fixtures.is_empty() {
        let what = "it carries no fixtures, on which its laws could be tried: its author must pack it with caifeng plugin pack";
        return Err(anyhow!("{who}: {what}")).or_exit(Exit::Plugin);
    }
    let laws = Laws::new(workplace::compiled(None)).or_exit(Exit::Internal)?;
    let card = laws.check(artifact.bytes(), &fixtures, SystemClock.now());
    if card.passes() {
        return Ok(fixtures.len());
    }
    let broken: Vec<_> =
        card.laws.iter().filter(|law| law.verdict == Verdict::Fail).map(|law| law.law.as_str()).collect();
    note(card.to_string().trim_end());
    Err(anyhow!("{who}: it breaks the law of {}: its author must mend it", broken.join(", "))).or_exit(Exit::Plugin)
}
