//! What may happen to a case, and who may do it.
//!
//! ```text
//! draft ──check──▶ checked ──release──▶ released
//!   ▲                 │
//!   └──── correct ────┘        what is released is not changed: make another
//! ```
//!
//! Whoever made a case neither checks nor releases it. A check is of the case as it stands, and any correction after it takes
//! it back. Nothing but a released case leaves the room: no export, no search, no drill.

use caifeng_plugin_host::contract::Timestamp;
use serde::{Deserialize, Serialize};

use crate::incident::event::{Actor, Role};
use crate::user::right::Act;

/// Where a case stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// 待核对.
    #[default]
    Draft,
    /// 已核对.
    Checked,
    /// 已入库.
    Released,
}

impl Standing {
    /// The name that the command line and the database use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Checked => "checked",
            Self::Released => "released",
        }
    }
}

/// One thing that happened to a case. Its JSON form is hashed and stored; a variant or field may be added, never
/// changed. No word of a case stands in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum CaseEvent {
    /// It was made of a closed incident.
    Made {
        /// So many words were hidden.
        hidden: u64,
    },
    /// Words were hidden, put back or added.
    Corrected {
        /// So many are hidden now.
        hidden: u64,
    },
    /// Somebody else read it, and it names nobody.
    Checked {
        /// SHA-256 of what was read, in hex.
        seal: String,
    },
    /// It may be shown.
    Released {
        /// SHA-256 of what may, in hex.
        seal: String,
    },
}

/// The life of a case: the fold of its events.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Life {
    /// How much has happened to it: what a command says that it saw.
    pub version: u64,
    /// Where it stands.
    pub standing: Standing,
    /// Who made it: a user's identifier.
    pub maker: String,
    /// When.
    pub made: Timestamp,
    /// Who checked it as it stands.
    pub checker: Option<String>,
    /// When it was released.
    pub released: Option<Timestamp>,
}

/// What somebody wants to happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaseCommand {
    /// Make it; so many words are hidden.
    Make(u64),
    /// Correct it; so many are hidden then.
    Correct(u64),
    /// It names nobody. What the rules still find in it, one line each; and its seal.
    Check(Vec<String>, String),
    /// It may be shown: its seal.
    Release(String),
}

/// Why a command is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CaseRefusal {
    /// A machine made, checked or released.
    #[error("only a person may do this")]
    PersonOnly,
    /// The role does not include this.
    #[error("the role {} may not do this: {} may", .role.as_str(), names(.may))]
    Role {
        /// The role that acted.
        role: Role,
        /// Those that may.
        may: Vec<Role>,
    },
    /// The incident is not over.
    #[error("incident {0} is not closed: a case is made of what is over")]
    Open(i64),
    /// It was checked or released by whoever made it.
    #[error("you made this case: a second person must check and release it")]
    Own,
    /// The rules still find somebody.
    #[error(
        "it still names somebody: {}; hide each (caifeng case hide … --word W), or say that it is nobody (--harmless W)",
        .0.join("; ")
    )]
    Names(Vec<String>),
    /// It stands where this cannot be done.
    #[error("the case is {}: {}", .0.as_str(), next(*.0))]
    Standing(Standing),
    /// It is asked for before it may be shown.
    #[error("the case is {} and may still name somebody: a second person must check and release it first", .0.as_str())]
    Unchecked(Standing),
}

fn names(roles: &[Role]) -> String {
    roles.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(", ")
}

const fn next(standing: Standing) -> &'static str {
    match standing {
        Standing::Draft => "it must be checked first",
        Standing::Checked => "it can be released or corrected",
        Standing::Released => "what is released is not changed: make another case of the incident",
    }
}

/// What `command` by `actor` does to a case.
///
/// # Errors
/// The refusal, in terms of what must happen first or who must act instead.
pub fn decide(life: &Life, command: CaseCommand, actor: &Actor) -> Result<CaseEvent, CaseRefusal> {
    let Actor::Person { user, role, .. } = actor else { return Err(CaseRefusal::PersonOnly) };
    let may = |act: Act| {
        if act.is_for(*role) { Ok(()) } else { Err(CaseRefusal::Role { role: *role, may: act.roles() }) }
    };
    let another = || if life.maker == *user { Err(CaseRefusal::Own) } else { Ok(()) };
    match command {
        CaseCommand::Make(hidden) => {
            may(Act::MakeCase)?;
            Ok(CaseEvent::Made { hidden })
        }
        CaseCommand::Correct(hidden) => {
            may(Act::MakeCase)?;
            not(life, Standing::Released)?;
            Ok(CaseEvent::Corrected { hidden })
        }
        CaseCommand::Check(found, seal) => {
            may(Act::CheckCase)?;
            another()?;
            not(life, Standing::Released)?;
            if found.is_empty() { Ok(CaseEvent::Checked { seal }) } else { Err(CaseRefusal::Names(found)) }
        }
        CaseCommand::Release(seal) => {
            may(Act::CheckCase)?;
            another()?;
            match life.standing {
                Standing::Checked => Ok(CaseEvent::Released { seal }),
                standing => Err(CaseRefusal::Standing(standing)),
            }
        }
    }
}

fn not(life: &Life, standing: Standing) -> Result<(), CaseRefusal> {
    if life.standing == standing { Err(CaseRefusal::Standing(standing)) } else { Ok(()) }
}

/// Folds an event in.
pub fn apply(life: &mut Life, event: &CaseEvent, actor: &Actor, at: Timestamp) {
    life.version += 1;
    match event {
        CaseEvent::Made { .. } => (life.maker, life.made) = (actor.user().to_owned(), at),
        CaseEvent::Corrected { .. } => (life.standing, life.checker) = (Standing::Draft, None),
        CaseEvent::Checked { .. } => {
            (life.standing, life.checker) = (Standing::Checked, Some(actor.user().to_owned()));
        }
        CaseEvent::Released { .. } => (life.standing, life.released) = (Standing::Released, Some(at)),
    }
}

/// Lets only what was released out.
///
/// # Errors
/// It was not.
pub fn may_leave(life: &Life) -> Result<(), CaseRefusal> {
    match life.standing {
        Standing::Released => Ok(()),
        standing => Err(CaseRefusal::Unchecked(standing)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(user: &str, role: Role) -> Actor {
        Actor::Person { user: user.to_owned(), role, token: None }
    }

    fn does(life: &mut Life, command: CaseCommand, actor: &Actor) -> Result<(), CaseRefusal> {
        let event = decide(life, command, actor)?;
        apply(life, &event, actor, 9);
        Ok(())
    }

    #[test]
    fn a_second_person_checks_what_stands_and_releases_it() {
        let (maker, second) = (person("u1", Role::Trainer), person("u2", Role::Trainer));
        let mut life = Life::default();
        does(&mut life, CaseCommand::Make(3), &maker).unwrap();
        let check = || CaseCommand::Check(Vec::new(), "s".to_owned());
        let release = || CaseCommand::Release("s".to_owned());
        assert_eq!(does(&mut life, check(), &maker), Err(CaseRefusal::Own));
        assert_eq!(does(&mut life, release(), &second), Err(CaseRefusal::Standing(Standing::Draft)));
        assert_eq!(may_leave(&life), Err(CaseRefusal::Unchecked(Standing::Draft)));
        let found = CaseCommand::Check(vec!["刘大山".to_owned()], "s".to_owned());
        assert!(matches!(does(&mut life, found, &second), Err(CaseRefusal::Names(_))));
        does(&mut life, check(), &second).unwrap();
        does(&mut life, CaseCommand::Correct(4), &second).unwrap();
        assert_eq!((life.standing, &life.checker), (Standing::Draft, &None), "a correction takes the check back");
        does(&mut life, check(), &second).unwrap();
        assert_eq!(does(&mut life, release(), &maker), Err(CaseRefusal::Own));
        assert_eq!(may_leave(&life), Err(CaseRefusal::Unchecked(Standing::Checked)));
        does(&mut life, release(), &second).unwrap();
        assert_eq!(may_leave(&life), Ok(()));
        assert_eq!(does(&mut life, CaseCommand::Correct(1), &second), Err(CaseRefusal::Standing(Standing::Released)));
        assert_eq!((life.version, life.released), (5, Some(9)));
    }

    #[test]
    fn neither_machines_nor_other_roles_make_cases() {
        let life = Life::default();
        let machine = Actor::Machine { by: "x@1".to_owned() };
        assert_eq!(decide(&life, CaseCommand::Make(0), &machine), Err(CaseRefusal::PersonOnly));
        let admin = decide(&life, CaseCommand::Make(0), &person("u1", Role::Audit));
        assert!(matches!(admin, Err(CaseRefusal::Role { role: Role::Audit, .. })));
    }

    #[test]
    fn stored_form_is_frozen() {
        let event = CaseEvent::Checked { seal: "ab".to_owned() };
        assert_eq!(serde_json::to_string(&event).unwrap(), r#"{"what":"checked","seal":"ab"}"#);
    }
}
