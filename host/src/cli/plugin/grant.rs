//! `caifeng plugin grant`: what a plugin asks for is allowed, and it runs.

use std::fs;

use anyhow::anyhow;
use caifeng::plugins::offer::{Allowed, Known, Pin, judge};
use caifeng::plugins::shelf::{Package, Shelf};
use caifeng_plugin_host::address::HostPattern;

use super::super::output::Lines;
use super::super::workplace::DataArgs;
use super::super::{Exit, Failed, OrExit, Outcome};
use super::install::NEXT_START;
use super::pack::beside;

#[derive(Debug, clap::Args)]
#[command(after_help = "caifeng plugin inspect ID shows what is installed; caifeng plugin list shows what waits.")]
pub(super) struct GrantArgs {
    /// The plugin's id
    id: String,
    /// Allow only these of the hosts that it asks for; may be repeated [default: all that it asks for]
    #[arg(long, value_name = "HOST")]
    network: Vec<HostPattern>,
    #[command(flatten)]
    data: DataArgs,
}

/// Runs `caifeng plugin grant`.
pub(super) fn run(args: &GrantArgs) -> Outcome {
    let directory = args.data.directory()?;
    directory.not_in_a_drill("its plugins are those of the real thing: allow it there").or_exit(Exit::Refused)?;
    let shelf = Shelf::of(&directory);
    let package = subject(&shelf, &args.id)?;
    let manifest = package.artifact.manifest();
    let asked = &manifest.network.allow;
    if let Some(beyond) = args.network.iter().find(|host| !asked.iter().any(|asked| host.within(asked))) {
        let all: Vec<String> = asked.iter().map(ToString::to_string).collect();
        let what = format!(
            "plugin {} {} does not ask for {beyond}: name hosts of {}",
            manifest.id,
            manifest.version,
            all.join(", ")
        );
        return Err(anyhow!(what)).or_exit(Exit::Usage);
    }
    let network = if args.network.is_empty() { asked } else { &args.network };
    shelf.let_run(&package, network).or_exit(Exit::Internal)?;
    let hosts: Vec<String> = network.iter().map(ToString::to_string).collect();
    let may = if hosts.is_empty() { "nobody".to_owned() } else { hosts.join(", ") };
    let mut lines = Lines::new();
    let line = format!("{} {} may reach {may}: {NEXT_START}", manifest.id, manifest.version);
    lines.text(line).and_then(|()| lines.flush()).or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

/// What waits, looked at again, for it has lain about; else what is installed.
fn subject(shelf: &Shelf, id: &str) -> Result<Package, Failed> {
    if let Some(package) = shelf.waiting(id).or_exit(Exit::Plugin)? {
        let pin = shelf.pin(id).or_exit(Exit::Internal)?;
        let known = Known { pin: pin.as_ref(), ..Known::default() };
        // An older version waits only where somebody wanted it, and so does one by another key.
        let another = pin.as_ref().is_some_and(|pin| pin.waiting.is_some());
        let allowed = Allowed { downgrade: true, signer: another, ..Allowed::default() };
        let signer = pin.as_ref().and_then(Pin::expected).filter(|_| another);
        judge(&package.artifact, package.signature.as_deref(), signer, &known, allowed).or_exit(Exit::Refused)?;
        return Ok(package);
    }
    let Some(found) = shelf.installed(id).or_exit(Exit::Internal)? else {
        let what = "neither waits nor is installed: see caifeng plugin list";
        return Err(anyhow!("plugin {id:?} {what}")).or_exit(Exit::Usage);
    };
    let signature = fs::read_to_string(beside(&found.path)).ok();
    let artifact = found.artifact.or_exit(Exit::Plugin)?;
    Ok(Package { artifact, signature })
}
