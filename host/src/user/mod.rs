//! Users: who may act here, in which roles, and how they are known. Pure.
//!
//! Every command acts as the user of a personal [`Token`](token::Token), with that user's rights and no
//! others; there is no way to act for somebody else. What a role may do is one table ([`right`]).
//!
//! The three administrators (等保2.0: system, security, audit) are kept apart from each other and from those who
//! handle incidents: from the first role on a user belongs to one [`Realm`], and the store refuses a role of another. The system
//! administrator adds people, the security administrator gives them roles, the audit administrator
//! holds the record against checkpoints; nobody can do two of these, so nobody can make themselves powerful unseen.
//!
//! A person at a browser is known by a [session], which begins with a [password] and, where there is one, a
//! [second factor](factor); a [brake](throttle) makes whoever guesses wait. A command is known by a token: it has 256 random bits, so
//! that a fast hash of it is as good as a slow one.
//!
//! | question | module |
//! | --- | --- |
//! | which role may do what | [`right`] |
//! | what may a program do with its token | [`scope`] |
//! | which password may be chosen, and what is kept of it | [`password`] |
//! | what is shown once and typed once | [`code`] |
//! | which six digits | [`factor`] |
//! | who vouches for somebody in place of a password | [`provider`] |
//! | who must wait | [`throttle`] |
//! | what a browser keeps for us | [`seal`] |
//! | what the record says of users and of what they do to the machine | [`UserEvent`] |

pub mod code;
mod event;
pub mod factor;
pub mod password;
pub mod provider;
pub mod right;
pub mod scope;
pub mod seal;
pub mod session;
pub mod throttle;
pub mod token;

use caifeng_plugin_host::contract::Timestamp;
use serde::{Deserialize, Serialize};

use crate::incident::event::{Actor, Role};
pub use event::{PluginChange, PluginStep, Shown, UserEvent, Voucher};
use right::Act;
use scope::Scope;
use token::TokenId;

/// Roles that exclude each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Realm {
    /// Those who hear and answer.
    Work,
    /// The system administrator.
    System,
    /// The security administrator.
    Security,
    /// The audit administrator.
    Audit,
}

impl Realm {
    /// The realm that a role belongs to.
    #[must_use]
    pub const fn of(role: Role) -> Self {
        match role {
            Role::System => Self::System,
            Role::Security => Self::Security,
            Role::Audit => Self::Audit,
            _ => Self::Work,
        }
    }

    /// The name that the store uses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Work => "work",
            Self::System => "system",
            Self::Security => "security",
            Self::Audit => "audit",
        }
    }
}

/// A user as lists show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct User {
    /// What events name: `u1`.
    pub id: String,
    /// What colleagues call the user; `None` once it has been deleted.
    pub name: Option<String>,
    /// In the order of [`Role::ALL`].
    pub roles: Vec<Role>,
    /// When the user was added.
    pub added: Timestamp,
    /// Since when the user may do nothing.
    pub revoked: Option<Timestamp>,
    /// When one of the user's tokens was last used.
    pub used: Option<Timestamp>,
    /// Tokens that are valid.
    pub tokens: Vec<TokenId>,
    /// The unit that the user belongs to.
    pub unit: Option<String>,
    /// The user has chosen a password, and can sign in at a browser.
    pub password: bool,
    /// The user signs in with a second factor.
    pub factor: bool,
    /// The user is known to the provider of sign-in.
    pub provider: bool,
}

/// Who acts: the user of a token, with all of the user's roles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Identifier of the user.
    pub user: String,
    /// What the user may act as, in the order of [`Role::ALL`].
    pub roles: Vec<Role>,
    /// The token by which the user is known; `None` only before there are users.
    pub token: Option<TokenId>,
    /// What a program may do of that; `None` for everybody else.
    pub scopes: Option<Vec<Scope>>,
}

impl Person {
    /// The person in one of their roles.
    #[must_use]
    pub fn in_role(&self, role: Role) -> Actor {
        Actor::Person { user: self.user.clone(), role, token: self.token }
    }

    /// What comes of asking in each role in turn; a refusal that another role might not meet (`of_role`) is passed over while
    /// there is one.
    ///
    /// # Errors
    /// The refusal; `None` for a person without any role.
    pub fn in_a_role<T, E>(
        &self,
        of_role: impl Fn(&E) -> bool,
        mut ask: impl FnMut(&Actor) -> Result<T, E>,
    ) -> Result<(T, Actor), Option<E>> {
        let mut refused = None;
        for role in &self.roles {
            let actor = self.in_role(*role);
            match ask(&actor) {
                Ok(done) => return Ok((done, actor)),
                Err(refusal) if of_role(&refusal) => {
                    refused.get_or_insert(refusal);
                }
                Err(refusal) => return Err(Some(refusal)),
            }
        }
        Err(refused)
    }

    /// The person in the first of their roles that includes `act`.
    ///
    /// # Errors
    /// None of the roles does, and the error names those that do; or the token of a program does not include it.
    pub fn doing(&self, act: Act) -> Result<Actor, Denied> {
        if !Scope::allows(self.scopes.as_deref(), act) {
            return Err(Denied::Scope(act));
        }
        let able = self.roles.iter().find(|role| act.is_for(**role));
        able.map(|role| self.in_role(*role)).ok_or(Denied::Role { act, needs: act.roles() })
    }
}

/// Why somebody may not act, by who must act instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// No token came with the command.
    #[error(
        "this needs your personal token: ask the system administrator for one, and keep it in the file that --token or CAIFENG_TOKEN names"
    )]
    NoToken,
    /// Nobody has been added yet.
    #[error("nobody can act here yet: whoever set this up adds the first user: caifeng user add NAME --role system")]
    NobodyYet,
    /// No user has this token.
    #[error("the token is not valid here: the system administrator can replace it: caifeng user token NAME")]
    Unknown,
    /// It was replaced or revoked.
    #[error("the token {0} is no longer valid: the system administrator can replace it: caifeng user token NAME")]
    Revoked(TokenId),
    /// A session that nobody used for long, or that is too old.
    #[error("the session is over: sign in again")]
    Over,
    /// Somebody else's account of the machine uses it.
    #[error(
        "the token {token} belongs to another account of this machine (first used by account {first}, now by {now}): whoever lost it must have it replaced: caifeng user token NAME"
    )]
    OtherAccount {
        /// The token.
        token: TokenId,
        /// The account that used it first.
        first: u32,
        /// The account that uses it now.
        now: u32,
    },
    /// No role of the user includes it.
    #[error("your roles do not include this ({}): it takes {}", act.as_str(), names(needs))]
    Role {
        /// What was to be done.
        act: Act,
        /// Roles that may.
        needs: Vec<Role>,
    },
    /// A program's token is for something else.
    #[error("the token of this program does not include this ({}): its owner can make another one", .0.as_str())]
    Scope(Act),
    /// It takes the person, in a session of theirs.
    #[error("this takes you yourself at a browser: sign in there")]
    AtABrowser,
    /// The code is wrong, was used, or has ended.
    #[error("the code is wrong, was used before or has ended: ask the system administrator for a new one")]
    Code,
    /// Not what a provider says of somebody.
    #[error("not what a provider says of somebody: at most 255 characters in one line")]
    Identity,
    /// What a provider says of somebody else.
    #[error("{0} is linked to this account of the provider already: take it away there first")]
    Linked(String),
    /// Not a name of a unit.
    #[error("not a unit: at most {LONGEST_UNIT} characters in one line")]
    Unit,
    /// The user has no role.
    #[error("you have no role here: the security administrator gives roles: caifeng user role")]
    NoRole,
    /// The first user is the system administrator.
    #[error("the first user is the system administrator: caifeng user add NAME --role system")]
    FirstIsSystem,
    /// The system administrator gives no roles once there is somebody who does.
    #[error(
        "the security administrator gives roles: add the user without --role, then the security administrator runs caifeng user role {0} ROLE…"
    )]
    RolesAreGiven(String),
    /// Roles of two realms.
    #[error("an administrator has that one role and no other, for ever: add another user for {}", names(.0))]
    Apart(Vec<Role>),
    /// A name that exists, or is none.
    #[error("{0}")]
    Name(String),
    /// Nobody could administer any more.
    #[error("this is the last {} administrator: add another one first", .0.as_str())]
    Last(Role),
    /// Administrators do not change themselves.
    #[error("nobody changes their own roles: another security administrator must")]
    Oneself,
}

fn names(roles: &[Role]) -> String {
    roles.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(", ")
}

/// Longest name, in characters.
pub const LONGEST: usize = 40;
/// Longest name of a unit, in characters.
const LONGEST_UNIT: usize = 60;

/// A unit, in the organisation's own words.
///
/// # Errors
/// It is empty, too long or more than one line.
pub fn unit(text: &str) -> Result<String, Denied> {
    let text = text.trim();
    let fine = !text.is_empty() && text.chars().count() <= LONGEST_UNIT && !text.chars().any(char::is_control);
    if fine { Ok(text.to_owned()) } else { Err(Denied::Unit) }
}

/// A name that people can type: letters, digits, `.`, `_` and `-`; never one that could be taken for an identifier.
///
/// # Errors
/// Says what a name looks like.
pub fn name(text: &str) -> Result<String, Denied> {
    let typed = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-');
    let fine = !text.is_empty() && text.chars().count() <= LONGEST && text.chars().all(typed);
    let like_an_id = text.strip_prefix('u').is_some_and(|n| !n.is_empty() && n.chars().all(|c| c.is_ascii_digit()));
    if fine && !like_an_id {
        return Ok(text.to_owned());
    }
    Err(Denied::Name(format!(
        "not a name for a user: {text:?}: at most {LONGEST} letters, digits, '.', '_' and '-', and not u with a number"
    )))
}

/// Brings roles into order and checks that one user can have them; without roles there is no realm yet.
///
/// # Errors
/// They belong to different realms.
pub fn together(roles: &[Role]) -> Result<(Option<Realm>, Vec<Role>), Denied> {
    let ordered: Vec<Role> = Role::ALL.into_iter().filter(|role| roles.contains(role)).collect();
    let realm = ordered.first().map(|role| Realm::of(*role));
    if ordered.iter().all(|role| Some(Realm::of(*role)) == realm) {
        return Ok((realm, ordered));
    }
    Err(Denied::Apart(ordered.into_iter().filter(|role| Realm::of(*role) != Realm::Work).collect()))
}

/// What a new user may be added as. `known`: whether anybody was ever added; `administered`: realms that have, or
/// had, an administrator.
///
/// # Errors
/// The first user is the system administrator; later roles are given by the security administrator, but
/// for the first of each administrator.
pub fn may_be_added(name: &str, roles: &[Role], administered: &[Realm]) -> Result<(Option<Realm>, Vec<Role>), Denied> {
    let (realm, roles) = together(roles)?;
    match realm {
        Some(Realm::System) if administered.is_empty() => Ok((realm, roles)),
        _ if administered.is_empty() => Err(Denied::FirstIsSystem),
        None => Ok((realm, roles)),
        Some(first) if first != Realm::Work && !administered.contains(&first) => Ok((realm, roles)),
        Some(_) => Err(Denied::RolesAreGiven(name.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn administrators_are_kept_apart_from_each_other_and_from_the_work() {
        for a in Role::ALL {
            for b in Role::ALL {
                let both_work = Realm::of(a) == Realm::Work && Realm::of(b) == Realm::Work;
                assert_eq!(together(&[a, b]).is_ok(), a == b || both_work, "{a:?} {b:?}");
            }
        }
        assert_eq!(together(&[Role::Head, Role::Monitor, Role::Head]).unwrap().1, [Role::Monitor, Role::Head]);
    }

    #[test]
    fn the_first_of_each_administrator_can_be_added_and_nobody_else_with_a_role() {
        let first = may_be_added("a", &[Role::System], &[]).unwrap();
        assert_eq!(first, (Some(Realm::System), vec![Role::System]));
        for role in Role::ALL.into_iter().filter(|role| *role != Role::System) {
            assert_eq!(may_be_added("a", &[role], &[]), Err(Denied::FirstIsSystem));
        }
        assert_eq!(may_be_added("a", &[], &[]), Err(Denied::FirstIsSystem));
        let administered = [Realm::System, Realm::Security];
        assert!(may_be_added("b", &[], &administered).is_ok());
        for role in Role::ALL {
            let answer = may_be_added("b", &[role], &administered);
            match role {
                Role::Audit => assert!(answer.is_ok()),
                _ => assert_eq!(answer, Err(Denied::RolesAreGiven("b".into())), "{role:?}"),
            }
        }
    }

    #[test]
    fn a_name_is_no_identifier() {
        for good in ["li.wei", "王芳", "ui7", "u"] {
            assert_eq!(name(good).unwrap(), good);
        }
        for bad in ["", "u7", "a b", "x\n", &"长".repeat(41)] {
            assert!(name(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_person_acts_in_the_role_that_may() {
        let person = Person { user: "u1".into(), roles: vec![Role::Staff, Role::Head], token: Some(3), scopes: None };
        assert_eq!(person.doing(Act::Assess).unwrap(), person.in_role(Role::Head));
        assert_eq!(person.doing(Act::Submit).unwrap(), person.in_role(Role::Staff));
        let refused = person.doing(Act::AddUser).unwrap_err();
        assert_eq!(refused, Denied::Role { act: Act::AddUser, needs: vec![Role::System] });
        assert!(refused.to_string().contains("it takes system"), "{refused}");
        let program = Person { scopes: Some(vec![Scope::Submit]), ..person };
        assert!(program.doing(Act::Submit).is_ok());
        assert_eq!(program.doing(Act::Assess), Err(Denied::Scope(Act::Assess)));
    }
}
