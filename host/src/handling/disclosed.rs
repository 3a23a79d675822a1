//! A disclosure as a person looks at it: what it is for, whom it may name, what to paste where, and what they may do with it
//! next. Commands and pages read it here.

use std::sync::Arc;

use caifeng_plugin_host::contract::Timestamp;

use crate::config::Organisation;
use crate::disclosure::life::{self, Answered, Around, DisclosureCommand, DisclosureRefusal};
use crate::disclosure::prepare::{self, Imprint, Prepared};
use crate::disclosure::{DisclosureId, Text};
use crate::endorsement::Unfit;
use crate::incident::IncidentId;
use crate::incident::event::{Actor, Note};
use crate::incident::life::Incident;
use crate::plan::Plan;
use crate::plan::answer::Form;
use crate::privacy::private::private;
use crate::privacy::{Found, Gazetteer};
use crate::reply::aid::Purpose;
use crate::store::{DisclosureRow, Reader, StoreError};
use crate::text::tokens::Tokeniser;
use crate::user::Person;

/// A disclosure, and what belongs to it.
#[derive(Clone, Debug)]
pub struct Disclosed {
    /// How it stands.
    pub row: DisclosureRow,
    /// The plan in force.
    pub plan: Arc<Plan>,
    /// How the incidents stand that it answers, each with its plan.
    pub answered: Vec<(IncidentId, Incident, Arc<Plan>)>,
}

/// What a person may do with a disclosure next; a refusal says who must act, or what must happen first.
#[derive(Clone, Debug)]
pub struct Open {
    /// Change it.
    pub draft: Result<(), DisclosureRefusal>,
    /// Find it right.
    pub review: Result<(), DisclosureRefusal>,
    /// Stand behind it.
    pub approve: Result<(), DisclosureRefusal>,
    /// Give it back.
    pub give_back: Result<(), DisclosureRefusal>,
    /// Give it up.
    pub give_up: Result<(), DisclosureRefusal>,
}

impl Disclosed {
    /// The disclosure of a number; `plan` is in force, `plan_of` knows which one governs an incident.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn read<E: From<StoreError>>(
        reader: &Reader,
        id: DisclosureId,
        plan: Arc<Plan>,
        mut plan_of: impl FnMut(IncidentId) -> Result<Arc<Plan>, E>,
    ) -> Result<Option<Self>, E> {
        let Some(row) = reader.disclosure(id)? else { return Ok(None) };
        let of = |id: &IncidentId| Ok((*id, reader.standing(*id)?.unwrap_or_default(), plan_of(*id)?));
        let answered = row.disclosure.answers.iter().map(of).collect::<Result<_, E>>()?;
        Ok(Some(Self { row, plan, answered }))
    }

    /// Its text; nothing once it has been deleted.
    #[must_use]
    pub fn text(&self) -> Text {
        self.row.text.clone().unwrap_or_default()
    }

    /// What the drafting aid looks at it as: as an answer to the first incident that it answers.
    #[must_use]
    pub fn purpose(&self) -> Purpose {
        let first = self.answered.first().map(|(_, incident, _)| incident);
        let cause_established = first.is_none_or(|incident| incident.steps.contains_key("cause"));
        Purpose { category: first.and_then(Incident::decided), form: Form::Article, cause_established }
    }

    /// By what private persons may be known in `text`; the organisation itself is none.
    #[must_use]
    pub fn private(text: &str, own: &Organisation) -> Vec<Found> {
        let organisation = std::iter::once(&own.name).chain(&own.aliases).cloned().collect();
        private(text, &Gazetteer { organisation, ..Gazetteer::default() }, &Tokeniser::new())
    }

    /// What to paste on each of its channels, or why it cannot be.
    #[must_use]
    pub fn prepared(&self, own: &Organisation, now: Timestamp) -> Vec<(&str, Result<Prepared, String>)> {
        let disclosure = &self.row.disclosure;
        let at = disclosure.planned.filter(|planned| *planned > now).unwrap_or(now);
        let published = jiff::Timestamp::from_second(at).unwrap_or_default().to_zoned(own.zone());
        let published = published.strftime("%Y-%m-%d %H:%M").to_string();
        let imprint = Imprint { organisation: own.name.clone(), published };
        let of = |id: &str| {
            let channel = self.plan.channel(id).ok_or("the plan has no such channel any more")?;
            prepare::prepare(&self.text(), channel, &imprint).map_err(|error| error.to_string())
        };
        disclosure.channels.iter().map(|id| (id.as_str(), of(id))).collect()
    }

    fn may(
        &self,
        person: &Person,
        accounts: &[String],
        command: &DisclosureCommand,
        now: Timestamp,
    ) -> Result<(), DisclosureRefusal> {
        let answered: Vec<Answered<'_>> = self
            .answered
            .iter()
            .map(|(id, incident, plan)| Answered {
                incident: *id,
                plan,
                category: incident.decided(),
                major: plan.is_major(incident.level()),
            })
            .collect();
        let around = Around { plan: &self.plan, answered: &answered, accounts };
        let of_role = |refusal: &DisclosureRefusal| matches!(refusal, DisclosureRefusal::Unfit(Unfit::Role { .. }));
        let ask = |actor: &Actor| life::decide(&self.row.disclosure, command.clone(), actor, &around, now);
        let asked = person.in_a_role(of_role, ask);
        asked.map(drop).map_err(|refused| refused.unwrap_or(DisclosureRefusal::Unfit(Unfit::PersonOnly)))
    }

    /// What `person` may do with it; `accounts` are the organisation's registered ones.
    #[must_use]
    pub fn open_to(&self, person: &Person, accounts: &[String], now: Timestamp) -> Open {
        // Whether a text may be written does not depend on the text.
        let note = || Note { id: 0, seal: String::new() };
        let may = |command: &DisclosureCommand| self.may(person, accounts, command, now);
        let disclosure = &self.row.disclosure;
        let (kind, channels) = (disclosure.kind, disclosure.channels.clone());
        Open {
            draft: may(&DisclosureCommand::Draft { kind, channels, text: note(), whole: true }),
            review: may(&DisclosureCommand::Review),
            approve: may(&DisclosureCommand::Approve),
            give_back: may(&DisclosureCommand::Return { note: note() }),
            give_up: may(&DisclosureCommand::Drop { note: note() }),
        }
    }

    /// Whether `person` may say that they published it on `channel`.
    ///
    /// # Errors
    /// Why not.
    pub fn publishable(
        &self,
        person: &Person,
        accounts: &[String],
        channel: &str,
        now: Timestamp,
    ) -> Result<(), DisclosureRefusal> {
        let account = accounts.first().cloned().unwrap_or_default();
        self.may(person, accounts, &DisclosureCommand::Publish { channel: channel.to_owned(), account }, now)
    }

    /// Whether `person` may show that it was published on `channel`.
    #[must_use]
    pub fn receiptable(&self, person: &Person, channel: &str, now: Timestamp) -> bool {
        let shown = crate::reply::Receipt { capture: String::new(), document: true, found: false };
        self.may(person, &[], &DisclosureCommand::Receipt { channel: channel.to_owned(), shown }, now).is_ok()
    }
}
