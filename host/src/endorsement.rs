//! 审签: who stands behind a text that goes out under the official name. Pure.
//!
//! Whatever the text is called, a [`reply`](crate::reply) or a [`disclosure`](crate::disclosure), it takes these steps to the
//! public, and the same people are missing or one too many. The plan says which roles review and approve, and how many
//! people there must be; that who wrote a word of a text stands behind it through no door is not the plan's to change.

use crate::incident::event::{Actor, Role};
use crate::plan::answer::Approval;

/// Why somebody may not do this with a text, by who must act instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// A machine wrote, approved or published.
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
    /// There is no text yet.
    #[error("there is no text yet: draft it first")]
    NoText,
    /// An author stands behind their own text.
    #[error("you wrote this text or a version of it: another person must review and approve it")]
    OwnText,
    /// Too few people.
    #[error(
        "at least {0} different people must stand behind this text: somebody who did not review it must approve it"
    )]
    TooFew(u8),
    /// The account is not registered.
    #[error("{0:?} is no registered official account: list it under accounts in [organisation] of caifeng.toml first")]
    Account(String),
}

fn names(roles: &[Role]) -> String {
    roles.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(", ")
}

/// A person who does something with a text.
#[derive(Clone, Copy, Debug)]
pub struct By<'a> {
    /// Identifier of the user.
    pub user: &'a str,
    /// The role in which they act.
    pub role: Role,
}

impl<'a> By<'a> {
    /// The person who acts.
    ///
    /// # Errors
    /// It is a machine.
    pub fn of(actor: &'a Actor) -> Result<Self, Unfit> {
        match actor {
            Actor::Person { user, role, .. } => Ok(Self { user, role: *role }),
            Actor::Machine { .. } => Err(Unfit::PersonOnly),
        }
    }

    /// Whether the role is one of those that may.
    ///
    /// # Errors
    /// It is not.
    pub fn must_be(self, may: &[Role]) -> Result<(), Unfit> {
        if may.contains(&self.role) { Ok(()) } else { Err(Unfit::Role { role: self.role, may: may.to_vec() }) }
    }
}

/// Those who stand behind a text so far.
#[derive(Clone, Copy, Debug)]
pub struct Behind<'a> {
    /// Identifiers of all who wrote any version of it.
    pub authors: &'a [String],
    /// Who reviewed it as it stands.
    pub reviewer: Option<&'a str>,
    /// Who approved it.
    pub approver: Option<&'a str>,
}

impl Behind<'_> {
    /// Whether `by` may find the text right.
    ///
    /// # Errors
    /// The role may not, or the person wrote a word of it.
    pub fn may_review(&self, by: By<'_>, rule: &Approval) -> Result<(), Unfit> {
        by.must_be(rule.review.all())?;
        self.is_not_by(by)
    }

    /// Whether `by` may approve it.
    ///
    /// # Errors
    /// As for [`may_review`](Self::may_review), or one more person is needed.
    pub fn may_approve(&self, by: By<'_>, rule: &Approval) -> Result<(), Unfit> {
        by.must_be(rule.approve.all())?;
        self.is_not_by(by)?;
        Behind { approver: Some(by.user), ..*self }.suffices(rule)
    }

    /// Whether enough people stand behind it; a rule that holds by now may need more than it had.
    ///
    /// # Errors
    /// Too few.
    pub fn suffices(&self, rule: &Approval) -> Result<(), Unfit> {
        // Author, reviewer and approver: an author is neither of the others, so that three need those to differ.
        if rule.people > 2 && self.reviewer == self.approver { Err(Unfit::TooFew(rule.people)) } else { Ok(()) }
    }

    fn is_not_by(&self, by: By<'_>) -> Result<(), Unfit> {
        if self.authors.iter().any(|author| author == by.user) { Err(Unfit::OwnText) } else { Ok(()) }
    }
}

/// Whether it may be published under `account`.
///
/// # Errors
/// The account is none of the organisation's.
pub fn is_registered(account: &str, accounts: &[String]) -> Result<(), Unfit> {
    if accounts.iter().any(|known| known == account) { Ok(()) } else { Err(Unfit::Account(account.to_owned())) }
}
