//! Sessions: tokens that a browser keeps and that end by themselves. Pure.
//!
//! A session ends [`LONGEST`] after it began, and earlier when nothing was done with it for [`IDLE`]: a computer that somebody
//! left in an office acts for nobody the next morning.

use caifeng_plugin_host::contract::Timestamp;
use serde::{Deserialize, Serialize};

use super::Person;
use super::right::Act;
use super::scope::Scope;
use super::token::TokenId;
use crate::incident::event::Role;

/// Seconds after which a session ends in which nothing was done.
pub const IDLE: i64 = 2 * 3600;
/// Seconds after which a session ends whatever was done in it: a working day.
pub const LONGEST: i64 = 12 * 3600;

/// Who keeps a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Keeper {
    /// A person, in a file: commands.
    Person,
    /// A browser: a session.
    Browser,
    /// A program that asks the API.
    Program,
}

impl Keeper {
    /// The name that the store uses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Browser => "browser",
            Self::Program => "program",
        }
    }

    /// The keeper of this name in the store.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Person, Self::Browser, Self::Program].into_iter().find(|keeper| keeper.as_str() == name)
    }

    /// Whether a token kept so has ended by `now`. `used`: when something was last done with it, or it was made.
    #[must_use]
    pub fn over(self, used: Timestamp, ends: Option<Timestamp>, now: Timestamp) -> bool {
        let idle = self == Self::Browser && now.saturating_sub(used) >= IDLE;
        idle || ends.is_some_and(|ends| ends <= now)
    }
}

/// Who is known by a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Identifier of the user.
    pub user: String,
    /// What colleagues call the user.
    pub name: Option<String>,
    /// In the order of [`Role::ALL`].
    pub roles: Vec<Role>,
    /// The token.
    pub token: TokenId,
    /// Who keeps it.
    pub keeper: Keeper,
    /// When something was last done with it, or it was made.
    pub used: Timestamp,
    /// What a program may do with it; `None` for everybody else.
    pub scopes: Option<Vec<Scope>>,
    /// The unit that the user belongs to.
    pub unit: Option<String>,
    /// Whether the user signs in with a second factor.
    pub factor: bool,
    /// Whether the session began at a provider whose second factor is taken for ours.
    pub vouched: bool,
}

impl Known {
    /// Whether one of the roles includes `act`, and a program's token does too.
    #[must_use]
    pub fn may(&self, act: Act) -> bool {
        Scope::allows(self.scopes.as_deref(), act) && self.roles.iter().any(|role| act.is_for(*role))
    }

    /// Whether it may be used to read what the user may read.
    #[must_use]
    pub fn reads(&self) -> bool {
        self.scopes.as_ref().is_none_or(|scopes| scopes.contains(&Scope::Read))
    }
}

/// Whose a token is that somebody sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// Somebody's who is known by it.
    Known(Box<Known>),
    /// It was one, and has ended.
    Over,
    /// Nobody's: it was made up.
    Nobody,
}

impl Known {
    /// Who acts.
    #[must_use]
    pub fn person(&self) -> Person {
        Person {
            user: self.user.clone(),
            roles: self.roles.clone(),
            token: Some(self.token),
            scopes: self.scopes.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_when_nobody_uses_it_and_at_the_end_of_the_day() {
        let ends = Some(LONGEST);
        assert!(!Keeper::Browser.over(0, ends, IDLE - 1));
        assert!(Keeper::Browser.over(0, ends, IDLE));
        assert!(!Keeper::Browser.over(LONGEST - 2, ends, LONGEST - 1));
        assert!(Keeper::Browser.over(LONGEST - 1, ends, LONGEST));
    }

    #[test]
    fn what_a_person_or_a_program_keeps_ends_only_when_it_says_so() {
        for keeper in [Keeper::Person, Keeper::Program] {
            assert!(!keeper.over(0, None, i64::MAX));
            assert!(keeper.over(0, Some(5), 5) && !keeper.over(0, Some(5), 4));
        }
    }

    #[test]
    fn names_lead_back() {
        for keeper in [Keeper::Person, Keeper::Browser, Keeper::Program] {
            assert_eq!(Keeper::named(keeper.as_str()), Some(keeper));
        }
        assert_eq!(Keeper::named("nobody"), None);
    }
}
