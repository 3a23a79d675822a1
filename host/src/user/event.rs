//! What the record says of users, and of what they do to the machine. It belongs to no incident, and names nobody.

use serde::{Deserialize, Serialize};

use super::scope::Scope;
use super::throttle::Guess;
use super::token::TokenId;
use crate::incident::event::Role;
use caifeng_plugin_host::contract::Timestamp;

/// An entry of the record about users; it belongs to no incident. Its JSON form is hashed: a variant or
/// field may be added, never changed. A name stands in none of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum UserEvent {
    /// Somebody may act from now on.
    UserAdded {
        /// The user.
        user: String,
        /// In these roles.
        roles: Vec<Role>,
        /// Known by this token.
        token: TokenId,
    },
    /// The roles are these now.
    RolesChanged {
        /// The user.
        user: String,
        /// All of them.
        roles: Vec<Role>,
    },
    /// The user has a new token and no other.
    TokenReplaced {
        /// The user.
        user: String,
        /// The new one.
        token: TokenId,
    },
    /// The user may do nothing any more.
    UserRevoked {
        /// The user.
        user: String,
    },
    /// The user is told at another address of theirs, or at one less; which one is not said.
    AddressChanged {
        /// The user.
        user: String,
        /// On which channel.
        channel: String,
        /// One more.
        added: bool,
    },
    /// The user was given a code with which to choose a password.
    SetUpCodeGiven {
        /// The user.
        user: String,
        /// Until when it works.
        ends: Timestamp,
    },
    /// The user chose a password; whatever sessions there were ended, but for the one in which it was done.
    PasswordChosen {
        /// The user.
        user: String,
    },
    /// The user signed in at a browser.
    SignedIn {
        /// The user.
        user: String,
        /// The session.
        token: TokenId,
        /// What was shown after the password.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<Shown>,
        /// Who vouched for the user in place of a password.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<Voucher>,
    },
    /// Somebody failed many times to sign in as the user, or as nobody who is known here.
    SignInsFailed {
        /// The user.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user: Option<String>,
        /// What was guessed.
        guess: Guess,
        /// How often in a row.
        times: u32,
    },
    /// The user is known to the provider of sign-in from now on; by what is not said.
    IdentityLinked {
        /// The user.
        user: String,
    },
    /// The user is not known to the provider of sign-in any more.
    IdentityEnded {
        /// The user.
        user: String,
    },
    /// All sessions of the user ended because the user said so, but for the one in which it was done.
    SessionsEnded {
        /// The user.
        user: String,
    },
    /// The user signs in with a second factor from now on.
    FactorAdded {
        /// The user.
        user: String,
    },
    /// The user has no second factor any more.
    FactorEnded {
        /// The user.
        user: String,
    },
    /// A session or a program's token of the user ended because somebody said so.
    TokenEnded {
        /// The user.
        user: String,
        /// Which.
        token: TokenId,
    },
    /// The user gave a program a token.
    ProgramTokenMade {
        /// The user.
        user: String,
        /// The token.
        token: TokenId,
        /// What the program may do.
        scopes: Vec<Scope>,
        /// When it ends.
        ends: Timestamp,
    },
    /// The user belongs to this unit now, or to none.
    UnitChanged {
        /// The user.
        user: String,
        /// The unit.
        unit: Option<String>,
    },
    /// A person changed the configuration at a page.
    ConfigurationChanged {
        /// What was done: `watch-added`, `topic-changed`.
        change: String,
        /// What it is about: a watch, a topic, the organisation.
        name: String,
        /// SHA-256 of the file as it is now, in hex.
        sha256: String,
    },
    /// A person gave secrets of a channel, or took them away; what they are is nowhere.
    SecretsChanged {
        /// The channel.
        channel: String,
        /// The names of the secrets.
        names: Vec<String>,
    },
    /// A person changed which plugins there are, or what one may do.
    PluginChanged(PluginChange),
    /// A person wrote another plan, which somebody else may put into force.
    PlanProposed {
        /// SHA-256 of its text, in hex.
        plan: String,
        /// That of the plan that it would take the place of.
        before: String,
    },
    /// A plan is in force from now on.
    PlanAdopted {
        /// SHA-256 of its text, in hex.
        plan: String,
        /// That of the plan that was in force.
        before: String,
    },
    /// A proposed plan is not put into force.
    PlanDropped {
        /// SHA-256 of its text, in hex.
        plan: String,
    },
    /// A person made a copy of everything, without keys.
    BackupMade {
        /// The name of the file.
        file: String,
        /// Its length.
        bytes: u64,
    },
    /// A person took a copy elsewhere.
    BackupTaken {
        /// The name of the file.
        file: String,
    },
    /// A person removed a copy.
    BackupRemoved {
        /// The name of the file.
        file: String,
    },
    /// What is kept no longer was let go of because a person said so.
    RetentionOrdered,
    /// The record up to here says nothing of what time it is: a person believes the machine's clock instead.
    ClockTrusted {
        /// The latest moment on record.
        record: Timestamp,
    },
    /// Where the record stands was signed, and handed out.
    CheckpointSigned {
        /// The public key, in hex.
        key: String,
    },
}

/// Who vouches for somebody in place of a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Voucher {
    /// The provider of sign-in.
    Provider,
}

/// What a person did to a plugin, and to exactly which file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PluginChange {
    /// What was done.
    pub change: PluginStep,
    /// The plugin's id.
    pub plugin: String,
    /// Its version; empty where its file cannot be read.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// SHA-256 of its file, in hex; empty likewise.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sha256: String,
    /// Whose signature it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer: Option<String>,
    /// The hosts that it may reach from now on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub network: Vec<String>,
}

/// What can be done to a plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PluginStep {
    /// It runs, where none of its id ran.
    Installed,
    /// It runs in place of another version.
    Upgraded,
    /// It waits to be allowed.
    PutAside,
    /// It was allowed, and runs.
    Granted,
    /// It is here no more.
    Removed,
    /// It goes on after faults.
    Resumed,
}

/// What somebody showed after the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shown {
    /// A code of the second factor.
    Factor,
    /// A recovery code, which is used up.
    Recovery,
}
