//! `caifeng user …`: who may act here, and as what.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use caifeng::clock::rfc3339;
use caifeng::handling::{Outcome as Done, What};
use caifeng::incident::event::Role;
use caifeng::store::{Reader, UserChange};
use caifeng::user::User;
use caifeng::user::right::RIGHTS;
use caifeng::user::token::Token;
use clap::Subcommand;
use serde_json::json;

use super::deed::{PersonArgs, act};
use super::output::{Lines, note};
use super::workplace::ListArgs;
use super::{Exit, OrExit, Outcome};

/// `caifeng user …`
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Add a user and print the personal token, once
    Add(AddArgs),
    /// List users, their roles and when each last acted
    List(ListArgs),
    /// Give a user these roles, in place of those before
    Role(RoleArgs),
    /// Replace a user's token and print the new one, once
    Token(ReplaceArgs),
    /// Print a code, once, with which a user chooses a password for the browser
    Code(CodeArgs),
    /// Say to which unit a user belongs: of restricted incidents they see those of colleagues of the same one
    Unit(UnitArgs),
    /// Say by what the provider of sign-in names a user, who then signs in with it
    Identity(IdentityArgs),
    /// Take away a second factor that its user has lost
    EndFactor(RevokeArgs),
    /// Let a user do nothing any more
    Revoke(RevokeArgs),
    /// Print which role may do what
    Rights(RightsArgs),
}

#[derive(Debug, clap::Args)]
#[command(
    long_about = "Adds a user. The first one is the system administrator (--role system) and needs no token; the system administrator adds the first security and the first audit administrator and everybody else, and the security administrator gives roles. The token is printed once and stored nowhere: keep it in a file that only its owner can read."
)]
struct AddArgs {
    /// What colleagues call the user: letters, digits, '.', '_' and '-'
    name: String,
    /// Only for the first administrators: system, security, audit
    #[arg(long = "role", value_name = "ROLE", value_parser = role)]
    roles: Vec<Role>,
    #[command(flatten)]
    out: OutArgs,
    #[command(flatten)]
    person: PersonArgs,
}

#[derive(Debug, clap::Args)]
struct OutArgs {
    /// Write the token into this new file, readable by its owner only, instead of printing it
    #[arg(long, value_name = "F")]
    out: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct RightsArgs {
    /// Print JSON Lines
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct RoleArgs {
    /// The user: name or identifier
    user: String,
    /// The roles: monitor, staff, leading-group, head, spokesperson, legal, trainer, system, security, audit; none takes all away
    #[arg(value_name = "ROLE", value_parser = role)]
    roles: Vec<Role>,
    #[command(flatten)]
    person: PersonArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct ReplaceArgs {
    /// The user: name or identifier
    user: String,
    #[command(flatten)]
    out: OutArgs,
    #[command(flatten)]
    person: PersonArgs,
}

#[derive(Debug, clap::Args)]
#[command(
    long_about = "Prints a code with which a user chooses a password at the browser: at /set-up-password, with the user's name. It works once and for a day; a code that was given before works no longer. The sessions that the user has end when it is used; a second factor stays."
)]
struct CodeArgs {
    /// The user: name or identifier
    user: String,
    #[command(flatten)]
    person: PersonArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct UnitArgs {
    /// The user: name or identifier
    user: String,
    /// The unit, in the organisation's own words; none takes the user out of theirs
    unit: Option<String>,
    #[command(flatten)]
    person: PersonArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
#[command(
    long_about = "Links a user to an account of the provider that [sign_in.oidc] names: what its claim says of the person (by default sub, its own identifier; whoever signs in there without being linked is shown what it is). The first sign-in keeps the provider's identifier too, so that a name which is given to somebody else later opens nothing; linking anew forgets it. Without --is the link is taken away and the user's sessions end."
)]
struct IdentityArgs {
    /// The user: name or identifier
    user: String,
    /// What the claim says of the user, exactly
    #[arg(long, value_name = "WHAT")]
    is: Option<String>,
    #[command(flatten)]
    person: PersonArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct RevokeArgs {
    /// The user: name or identifier
    user: String,
    #[command(flatten)]
    person: PersonArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn role(text: &str) -> Result<Role, String> {
    let known = || Role::ALL.map(Role::as_str).join(", ");
    Role::from_name(text).ok_or_else(|| format!("no such role: one of {}", known()))
}

/// Runs `caifeng user …`.
pub(crate) fn run(args: Args) -> Outcome {
    match args.command {
        Command::Add(args) => {
            let change = UserChange::Add { name: args.name, roles: args.roles };
            with_token(&args.person, change, &args.out)
        }
        Command::Token(args) => with_token(&args.person, UserChange::Token { user: args.user }, &args.out),
        Command::Role(args) => {
            changed(&args.person, UserChange::Roles { user: args.user, roles: args.roles }, args.json)
        }
        Command::Code(args) => code(&args),
        Command::Unit(args) => changed(&args.person, UserChange::Unit { user: args.user, unit: args.unit }, args.json),
        Command::Identity(args) => {
            changed(&args.person, UserChange::Identity { user: args.user, name: args.is }, args.json)
        }
        Command::EndFactor(args) => changed(&args.person, UserChange::EndFactor { user: args.user }, args.json),
        Command::Revoke(args) => changed(&args.person, UserChange::Revoke { user: args.user }, args.json),
        Command::List(args) => list(&args),
        Command::Rights(args) => rights(&args),
    }
}

/// A change that comes with a new token. The file for it is made first: a token that cannot be kept is not made.
fn with_token(person: &PersonArgs, change: UserChange, out: &OutArgs) -> Outcome {
    let file = out.out.as_deref().map(private).transpose()?;
    let done = act(person, What::User(change));
    let (user, token) = match done {
        Ok(Done::User(user, Some(token))) => (user, token),
        other => {
            if let Some((path, _)) = &file {
                let _ = std::fs::remove_file(path);
            }
            return match other {
                Err(failed) => Err(failed),
                Ok(_) => Err(anyhow!("no token came of it")).or_exit(Exit::Internal),
            };
        }
    };
    let kept = file.is_some();
    if let Some((path, mut file)) = file {
        let written = writeln!(file, "{}", token.written()).and_then(|()| file.sync_all());
        written.with_context(|| path.display().to_string()).or_exit(Exit::Internal)?;
    }
    show(&user, (!kept).then_some(&token), out.json)?;
    if !kept {
        note("the token is shown this once: its owner keeps it in a file that nobody else can read (chmod 600)");
    }
    Ok(Exit::Done)
}

fn private(path: &Path) -> Result<(&Path, std::fs::File), super::Failed> {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let file = file.with_context(|| format!("{}: cannot be made", path.display())).or_exit(Exit::Usage)?;
    Ok((path, file))
}

fn changed(person: &PersonArgs, change: UserChange, json: bool) -> Outcome {
    if let Done::User(user, _) = act(person, What::User(change))? {
        show(&user, None, json)?;
    }
    Ok(Exit::Done)
}

fn code(args: &CodeArgs) -> Outcome {
    let Done::Code(user, code) = act(&args.person, What::Code(args.user.clone()))? else {
        return Err(anyhow!("no code came of it")).or_exit(Exit::Internal);
    };
    let mut lines = Lines::new();
    if args.json {
        let shown = json!({ "user": object(&user), "code": code.written() });
        lines.json(&shown).or_exit(Exit::Internal)?;
    } else {
        lines.text(code.written()).or_exit(Exit::Internal)?;
    }
    lines.flush().or_exit(Exit::Internal)?;
    if !args.json {
        note("the code works once and for a day, at /set-up-password: hand it to the user in person");
    }
    Ok(Exit::Done)
}

fn show(user: &User, token: Option<&Token>, json: bool) -> Result<(), super::Failed> {
    let mut lines = Lines::new();
    let token = token.map(Token::written);
    if json {
        let mut shown = object(user);
        shown["token"] = token.into();
        lines.json(&shown).or_exit(Exit::Internal)?;
    } else {
        lines.text(line(user)).or_exit(Exit::Internal)?;
        if let Some(token) = token {
            lines.text(token).or_exit(Exit::Internal)?;
        }
    }
    lines.flush().or_exit(Exit::Internal)
}

fn list(args: &ListArgs) -> Outcome {
    let reader = Reader::open(args.data.directory()?.path()).or_exit(Exit::Usage)?;
    let mut lines = Lines::new();
    for user in reader.users().or_exit(Exit::Internal)? {
        let printed = if args.json { lines.json(&object(&user)) } else { lines.text(line(&user)) };
        printed.or_exit(Exit::Internal)?;
    }
    lines.flush().or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

fn rights(args: &RightsArgs) -> Outcome {
    let mut lines = Lines::new();
    for (act, _) in RIGHTS {
        let roles: Vec<_> = act.roles().into_iter().map(Role::as_str).collect();
        let printed = if args.json {
            lines.json(&json!({"act": act, "roles": roles}))
        } else {
            lines.text(format_args!("{:<26}  {}", act.as_str(), roles.join(", ")))
        };
        printed.or_exit(Exit::Internal)?;
    }
    lines.flush().or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

fn names(user: &User) -> Vec<&'static str> {
    user.roles.iter().map(|role| role.as_str()).collect()
}

fn line(user: &User) -> String {
    let name = user.name.as_deref().unwrap_or("(deleted)");
    let roles = if user.roles.is_empty() { "no role".to_owned() } else { names(user).join(", ") };
    let used = user.used.map_or_else(|| "never used".to_owned(), |at| format!("last used {}", rfc3339(at)));
    let revoked = user.revoked.map_or_else(String::new, |at| format!("  revoked {}", rfc3339(at)));
    let unit = user.unit.as_ref().map_or_else(String::new, |unit| format!("  [{unit}]"));
    let signs = match (user.password, user.factor) {
        (false, _) => "",
        (true, false) => "  password",
        (true, true) => "  password and second factor",
    };
    let linked = if user.provider { "  provider" } else { "" };
    format!("{}  {name}{unit}  {roles}{signs}{linked}  {used}{revoked}", user.id)
}

fn object(user: &User) -> serde_json::Value {
    json!({
        "id": user.id, "name": user.name, "roles": names(user), "added": rfc3339(user.added),
        "used": user.used.map(rfc3339), "revoked": user.revoked.map(rfc3339), "tokens": user.tokens,
        "unit": user.unit, "password": user.password, "factor": user.factor, "provider": user.provider,
    })
}
