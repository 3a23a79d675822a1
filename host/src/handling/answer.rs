//! An answer as a person looks at it: with its text, what it is for, what to paste, what came of it, and what they may do
//! with it next. Commands and pages read it here.

use std::sync::Arc;

use caifeng_plugin_host::contract::Timestamp;

use crate::endorsement::Unfit;
use crate::incident::IncidentId;
use crate::incident::event::Note;
use crate::incident::life::Incident;
use crate::plan::Plan;
use crate::reply::aid::Purpose;
use crate::reply::effect::Effect;
use crate::reply::life::{self, Around, ReplyCommand, ReplyRefusal};
use crate::reply::{ReplyId, prepare};
use crate::store::{Reader, ReplyRow, StoreError};
use crate::user::Person;

/// An answer, and what belongs to it.
#[derive(Clone, Debug)]
pub struct Answer {
    /// How it stands.
    pub row: ReplyRow,
    /// Its text; `None` once it has been deleted.
    pub text: Option<String>,
    /// How its incident stands.
    pub incident: Incident,
    /// The plan that governs it.
    pub plan: Arc<Plan>,
    /// Where the captured page of its receipt came from.
    pub page: Option<String>,
    /// What has changed since it was published.
    pub effect: Option<Effect>,
}

/// What a person may do with an answer next; a refusal says who must act, or what must happen first.
#[derive(Clone, Debug)]
pub struct Open {
    /// Write it anew.
    pub draft: Result<(), ReplyRefusal>,
    /// Find it right.
    pub review: Result<(), ReplyRefusal>,
    /// Stand behind it.
    pub approve: Result<(), ReplyRefusal>,
    /// Give it back.
    pub give_back: Result<(), ReplyRefusal>,
    /// Say that it was published.
    pub publish: Result<(), ReplyRefusal>,
    /// Show that it was.
    pub receipt: Result<(), ReplyRefusal>,
}

impl Answer {
    /// The answer of a number as it stands at `now`; `plan_of` knows which plan governs an incident.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn read<E: From<StoreError>>(
        reader: &Reader,
        id: ReplyId,
        plan_of: impl FnOnce(IncidentId) -> Result<Arc<Plan>, E>,
        now: Timestamp,
    ) -> Result<Option<Self>, E> {
        let Some(row) = reader.reply(id)? else { return Ok(None) };
        let plan = plan_of(row.incident)?;
        let receipt = row.reply.receipt.as_ref().map(|receipt| reader.receipt_of(&receipt.capture)).transpose()?;
        let effect = reader.effect(&row, now)?;
        Ok(Some(Self { page: receipt.flatten().map(|(url, _)| url), effect, ..Self::of(reader, row, plan)? }))
    }

    /// The answer of a row without what came of it: what a list shows.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn of(reader: &Reader, row: ReplyRow, plan: Arc<Plan>) -> Result<Self, StoreError> {
        let text = row.reply.text.as_ref().map(|note| reader.note(note.id)).transpose()?.flatten();
        let incident = reader.standing(row.incident)?.unwrap_or_default();
        Ok(Self { row, text, incident, plan, page: None, effect: None })
    }

    /// What it is for, as the drafting aid asks.
    #[must_use]
    pub fn purpose(&self) -> Purpose {
        let cause_established = self.incident.steps.contains_key("cause");
        Purpose { category: self.incident.decided(), form: self.row.reply.form, cause_established }
    }

    /// What to paste.
    ///
    /// # Errors
    /// Why it cannot be, in words.
    pub fn parts(&self) -> Result<Vec<String>, String> {
        let channel = self.plan.channel(&self.row.reply.channel).ok_or("the plan has no such channel")?;
        prepare::prepare(self.text.as_deref().unwrap_or_default(), channel).map_err(|error| error.to_string())
    }

    /// What `person` may do with it; `accounts` are the organisation's registered ones.
    #[must_use]
    pub fn open_to(&self, person: &Person, accounts: &[String]) -> Open {
        let around = Around {
            plan: &self.plan,
            category: self.incident.decided(),
            major: self.plan.is_major(self.incident.level()),
            open: self.incident.state.is_open(),
            accounts,
        };
        // Whether a text may be written does not depend on the text.
        let note = || Note { id: 0, seal: String::new() };
        let reply = &self.row.reply;
        let of_role = |refusal: &ReplyRefusal| matches!(refusal, ReplyRefusal::Unfit(Unfit::Role { .. }));
        let may = |command: ReplyCommand| {
            let asked = person.in_a_role(of_role, |actor| life::decide(reply, command.clone(), actor, &around));
            asked.map(drop).map_err(|refused| refused.unwrap_or(ReplyRefusal::Unfit(Unfit::PersonOnly)))
        };
        let account = accounts.first().cloned().unwrap_or_default();
        let shown = crate::reply::Receipt { capture: String::new(), document: true, found: false };
        Open {
            draft: may(ReplyCommand::Draft { form: reply.form, channel: reply.channel.clone(), text: note() }),
            review: may(ReplyCommand::Review),
            approve: may(ReplyCommand::Approve),
            give_back: may(ReplyCommand::Return { note: note() }),
            publish: may(ReplyCommand::Publish { account }),
            receipt: may(ReplyCommand::Receipt(shown)),
        }
    }
}
