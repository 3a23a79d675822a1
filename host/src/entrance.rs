//! The entrance: how somebody at a browser comes to be known.
//!
//! A password is compared here and not by the store, because it takes memory and time ([`password`]). Before that comes the
//! brake ([`throttle`](crate::user::throttle)), and after it, where there is one, the second factor: between the two the browser
//! holds a sealed word ([`seal`]) that is no session. What was proven is told to the store, which begins the session if
//! it still holds, and writes it into the record.
//!
//! Names that nobody has take as long as those that somebody has, and are told the same: nobody learns here who works here.
//!
//! Every call blocks; those that hash take 19 MiB each, so that whoever serves them lets in only a few at a time.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use caifeng_plugin_host::contract::Timestamp;

use crate::directory::{Directory, DirectoryError};
use crate::handling::Clerk;
use crate::hex::hex;
use crate::incident::event::Role;
use crate::store::{Caller, Credential, Entering, FactorKept, First, Proven, StoreError, random};
use crate::user::code::Code;
use crate::user::factor::{RECOVERY, Secret};
use crate::user::password::{self, Password, Unfit};
use crate::user::provider::Flow;
use crate::user::provider::claims::Vouched;
use crate::user::seal::{self, Purpose, Seal};
use crate::user::session::Known;
use crate::user::throttle::{Guess, Pass, Place, Throttle, Wait};
use crate::user::token::Token;
use crate::user::{Denied, LONGEST};
use crate::vouching::Provider;

/// Seconds that a browser may take between password and code.
const HALFWAY: i64 = 5 * 60;
/// Seconds that a person may take at the provider.
pub const AWAY: i64 = 10 * 60;
/// Ways to the provider that are remembered as used.
const USED: usize = 20_000;
/// Seconds for which a browser is known again: half a year.
pub const BROWSER: i64 = 180 * 86_400;
/// Users that one browser is known for: an office shares a machine.
const SHARING: usize = 8;

/// Why somebody does not come in.
#[derive(Debug)]
pub enum Turned {
    /// Not now: so many seconds.
    Away(Wait),
    /// Name, password or code is wrong; which is not said.
    Wrong,
    /// The password was right, and the time for the code has run out: begin again.
    Late,
    /// The provider vouches for somebody who is not known here by what it says: this.
    Stranger(String),
    /// The new password is not taken.
    Unfit(Unfit),
    /// The store refuses, or does not answer.
    Store(StoreError),
}

impl From<StoreError> for Turned {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// How far somebody has come.
#[derive(Debug)]
pub enum Step {
    /// The session.
    In(Token),
    /// The code must follow: what the browser keeps until then.
    Halfway(String),
}

/// The brake, the seal, and who must show more than a password.
pub struct Entrance {
    seal: Seal,
    throttle: Mutex<Throttle>,
    /// Roles that must have a second factor.
    required: Vec<Role>,
    /// With what the first user is made, while there is none, and until when.
    first: Option<(Code, Timestamp)>,
    /// Who vouches for people, where somebody does.
    provider: Option<Provider>,
    /// Words with which somebody has come back from there, and until when they could come again.
    used: Mutex<HashMap<String, Timestamp>>,
}

/// Whose turn it is to show a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Halfway {
    /// Identifier of the user.
    pub user: String,
    /// What has proven them so far.
    first: First,
}

/// Somebody on their way to the provider.
#[derive(Debug)]
pub struct Departure {
    /// What the provider must answer.
    pub flow: Flow,
    /// What the browser keeps until then.
    pub sealed: String,
}

impl fmt::Debug for Entrance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entrance").field("required", &self.required).finish_non_exhaustive()
    }
}

/// What a factor's owner types into an app.
#[derive(Clone, Debug)]
pub struct Offer {
    /// As text, in groups of four.
    pub secret: String,
    /// As an address, for a picture.
    pub address: String,
}

impl Entrance {
    /// Opens with the key of a data directory. `first`: the code with which the first user is made, and until when it works.
    ///
    /// # Errors
    /// The key cannot be read.
    pub fn open(
        directory: &Directory,
        required: Vec<Role>,
        first: Option<(Code, Timestamp)>,
    ) -> Result<Self, DirectoryError> {
        let seal = Seal::new(directory.key(seal::KEY)?);
        Ok(Self { seal, throttle: Mutex::default(), required, first, provider: None, used: Mutex::default() })
    }

    /// With somebody who vouches for people.
    #[must_use]
    pub fn with_provider(self, provider: Option<Provider>) -> Self {
        Self { provider, ..self }
    }

    /// Who vouches for people, where somebody does.
    #[must_use]
    pub fn provider(&self) -> Option<&Provider> {
        self.provider.as_ref()
    }

    /// The code with which the first user is made; shown once by whoever starts the daemon.
    #[must_use]
    pub fn first(&self) -> Option<&Code> {
        self.first.as_ref().map(|(code, _)| code)
    }

    /// Whether somebody must add a second factor before anything else.
    #[must_use]
    pub fn wants_more(&self, known: &Known) -> bool {
        !known.factor && !known.vouched && self.requires(known)
    }

    /// Whether one of somebody's roles must have a second factor.
    #[must_use]
    pub fn requires(&self, known: &Known) -> bool {
        known.roles.iter().any(|role| self.required.contains(role))
    }

    fn throttle(&self) -> MutexGuard<'_, Throttle> {
        self.throttle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets an attempt at the user of this name begin. Cheap; comes before anything that is not.
    ///
    /// # Errors
    /// How long to wait.
    pub fn admit(&self, guess: Guess, name: &str, place: &Place, now: Timestamp) -> Result<Pass, Wait> {
        // What is longer than a name is nobody's, and is not remembered whole.
        let name: String = name.chars().take(LONGEST + 1).collect();
        self.throttle().admit(guess, &name, place, now)
    }

    /// The attempt did not take place.
    pub fn undone(&self, pass: &Pass) {
        self.throttle().undone(pass);
    }

    fn right(&self, pass: Pass, now: Timestamp) {
        self.throttle().right(pass, now);
    }

    /// Counts a mistake, and writes a burst of them down.
    fn wrong(
        &self,
        clerk: &Clerk,
        (guess, user): (Guess, Option<String>),
        pass: &Pass,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let burst = self.throttle().wrong(pass);
        burst.map_or(Ok(()), |times| clerk.store.note_failures(user, guess, times, now))
    }

    /// A token that somebody made up: counted, and told off when there are many from one address. A right one is never looked
    /// at by this.
    ///
    /// # Errors
    /// How long to wait.
    pub fn forged(&self, clerk: &Clerk, place: &Place, now: Timestamp) -> Result<(), Wait> {
        let pass = self.admit(Guess::Token, "", &Place { browser: None, ..place.clone() }, now)?;
        if let Err(error) = self.wrong(clerk, (Guess::Token, None), &pass, now) {
            tracing::error!(%error, "a burst of forged tokens is not in the record");
        }
        Ok(())
    }

    /// The first of two steps: a name and a password.
    ///
    /// # Errors
    /// Why not.
    pub fn sign_in(
        &self,
        clerk: &Clerk,
        pass: Pass,
        (name, typed, browser): (&str, &str, &str),
        now: Timestamp,
    ) -> Result<Step, Turned> {
        let found = clerk.reader.credential(name)?;
        let hash = found.as_ref().and_then(|found| found.hash.as_deref());
        let typed = Password::typed(typed);
        let proven = typed.proves(hash.unwrap_or_else(|| password::nobodys()));
        let (Some(Credential { user, hash: Some(hash), factor }), true) = (found.clone(), proven) else {
            self.wrong(clerk, (Guess::Password, found.map(|found| found.user)), &pass, now)?;
            return Err(Turned::Wrong);
        };
        let hash = self.hashed_anew(clerk, &user, hash, &typed)?;
        if factor.is_some_and(|factor| factor.since.is_some()) {
            // Not yet right: whoever has only the password does not clear the way for guesses.
            self.undone(&pass);
            let words = format!("{user} {hash}");
            return Ok(Step::Halfway(self.seal.close(Purpose::Halfway, &words, now.saturating_add(HALFWAY))));
        }
        let entering =
            Entering { user, first: First::Password(hash), proven: Proven::First, browser: browser.to_owned() };
        let token = clerk.store.enter(entering, now)?.ok_or(Turned::Wrong)?;
        self.right(pass, now);
        Ok(Step::In(token))
    }

    /// A password whose hash is of yesterday's parameters is hashed with those of today.
    fn hashed_anew(&self, clerk: &Clerk, user: &str, hash: String, typed: &Password) -> Result<String, StoreError> {
        if !password::is_outdated(&hash) {
            return Ok(hash);
        }
        let new = typed.hash(random()?);
        clerk.store.hash_anew(user, &hash, new.clone())?;
        Ok(new)
    }

    /// Whose turn it is to show a code.
    #[must_use]
    pub fn halfway(&self, sealed: &str, now: Timestamp) -> Option<Halfway> {
        if let Some(words) = self.seal.open(Purpose::Halfway, sealed, now) {
            let (user, hash) = words.split_once(' ')?;
            return Some(Halfway { user: user.to_owned(), first: First::Password(hash.to_owned()) });
        }
        let words = self.seal.open(Purpose::Vouched, sealed, now)?;
        let (user, rest) = words.split_once(' ')?;
        let (issuer, subject) = rest.split_once(' ')?;
        let (issuer, subject) = (issuer.to_owned(), subject.to_owned());
        // Whose second factor is taken for ours is not asked for one.
        let first = First::Provider { issuer, subject, trusted: false };
        Some(Halfway { user: user.to_owned(), first })
    }

    /// Sends somebody to the provider, to come back to a path of ours.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub fn depart(&self, to: &str, now: Timestamp) -> Result<Departure, StoreError> {
        let flow = Flow::of(&self.seal, &hex(&random::<32>()?));
        let sealed = self.seal.close(Purpose::Away, &format!("{} {to}", flow.state), now.saturating_add(AWAY));
        Ok(Departure { flow, sealed })
    }

    /// Takes somebody back who comes with the word that their browser was given, for the first time and in time: what the
    /// provider was asked, and where they wanted to go.
    #[must_use]
    pub fn arrive(&self, sealed: &str, state: &str, now: Timestamp) -> Option<(Flow, String)> {
        let words = self.seal.open(Purpose::Away, sealed, now)?;
        let (kept, to) = words.split_once(' ').filter(|(kept, _)| *kept == state)?;
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if used.len() >= USED {
            used.retain(|_, ends| *ends > now);
        }
        // So many within ten minutes are a flood; what is let go of here no provider takes twice either.
        if used.len() >= USED {
            used.clear();
        }
        let first = used.insert(kept.to_owned(), now.saturating_add(AWAY)).is_none();
        first.then(|| (Flow::of(&self.seal, kept), to.to_owned()))
    }

    /// Somebody whom the provider vouches for.
    ///
    /// # Errors
    /// Nobody is known here by what it says, or the store does not answer.
    pub fn vouched(
        &self,
        clerk: &Clerk,
        pass: Pass,
        (vouched, trusted): (Vouched, bool),
        browser: &str,
        now: Timestamp,
    ) -> Result<Step, Turned> {
        let Vouched { issuer, subject, name } = vouched.clone();
        let Some(user) = clerk.store.recognise(vouched)? else {
            self.wrong(clerk, (Guess::Answer, None), &pass, now)?;
            return Err(Turned::Stranger(name));
        };
        self.right(pass, now);
        let factor = clerk.reader.credential_of(&user)?.and_then(|found| found.factor);
        if !trusted && factor.is_some_and(|factor| factor.since.is_some()) {
            let words = format!("{user} {issuer} {subject}");
            return Ok(Step::Halfway(self.seal.close(Purpose::Vouched, &words, now.saturating_add(HALFWAY))));
        }
        let first = First::Provider { issuer, subject, trusted };
        let entering = Entering { user, first, proven: Proven::First, browser: browser.to_owned() };
        Ok(Step::In(clerk.store.enter(entering, now)?.ok_or(Turned::Late)?))
    }

    /// What a provider answered was nothing: it counts against where it came from.
    ///
    /// # Errors
    /// The store cannot write.
    pub fn nothing_came(&self, clerk: &Clerk, pass: &Pass, now: Timestamp) -> Result<(), StoreError> {
        self.wrong(clerk, (Guess::Answer, None), pass, now)
    }

    /// The second of two steps: a code of the second factor, or a recovery code.
    ///
    /// # Errors
    /// Why not.
    pub fn show(
        &self,
        clerk: &Clerk,
        pass: Pass,
        (sealed, typed, browser): (&str, &str, &str),
        now: Timestamp,
    ) -> Result<Token, Turned> {
        let Halfway { user, first } = self.halfway(sealed, now).ok_or(Turned::Late)?;
        let kept = clerk.reader.credential_of(&user)?.and_then(|found| found.factor);
        let proven = kept.and_then(|kept| self.proven(&user, &kept, typed, now));
        let token = match proven {
            Some(proven) => {
                let entering = Entering { user: user.clone(), first, proven, browser: browser.to_owned() };
                clerk.store.enter(entering, now)?
            }
            None => None,
        };
        let Some(token) = token else {
            self.wrong(clerk, (Guess::Factor, Some(user)), &pass, now)?;
            return Err(Turned::Wrong);
        };
        self.right(pass, now);
        Ok(token)
    }

    fn proven(&self, user: &str, kept: &FactorKept, typed: &str, now: Timestamp) -> Option<Proven> {
        if let Ok(code) = typed.parse::<Code>() {
            return Some(Proven::Recovery(code));
        }
        self.secret(user, &kept.salt).step_of(typed, now, kept.step).map(Proven::Factor)
    }

    fn secret(&self, user: &str, salt: &[u8]) -> Secret {
        Secret::new(self.seal.derive(&[b"second factor", user.as_bytes(), salt]))
    }

    /// A user chooses a password with a code. While there is nobody, the code is the one that was shown at the start, the name
    /// is new, and there is a session at once: the first user's.
    ///
    /// # Errors
    /// Why not.
    pub fn set_up(
        &self,
        clerk: &Clerk,
        pass: Pass,
        (name, code): (&str, &str),
        (chosen, again): (&str, &str),
        (browser, now): (&str, Timestamp),
    ) -> Result<Option<Token>, Turned> {
        // What is wrong with the password says nothing about the code.
        let chosen = Password::chosen(chosen, again, name).map_err(|unfit| {
            self.undone(&pass);
            Turned::Unfit(unfit)
        })?;
        let code = code.parse::<Code>().ok();
        let founding = !clerk.reader.anybody()?;
        let fits = match (&code, &self.first) {
            (Some(code), Some((first, ends))) if founding => *ends > now && code.proves("", &first.proof("")),
            (Some(_), _) => !founding,
            (None, _) => false,
        };
        let hash = chosen.hash(random()?);
        let done = match code.filter(|_| fits) {
            None => Err(Denied::Code.into()),
            Some(_) if founding => clerk.store.found(name, hash, browser, now).map(Some),
            Some(code) => clerk.store.set_up(name, &code, hash, now).map(|()| None),
        };
        match done {
            Ok(token) => {
                self.right(pass, now);
                Ok(token)
            }
            Err(StoreError::Denied(Denied::Code)) => {
                let user = clerk.reader.credential(name)?.map(|found| found.user);
                self.wrong(clerk, (Guess::Password, user), &pass, now)?;
                Err(Turned::Wrong)
            }
            Err(error) => {
                self.undone(&pass);
                Err(error.into())
            }
        }
    }

    /// Whether a person at a browser has typed their own password; what it was compared with.
    fn own_password(
        &self,
        clerk: &Clerk,
        known: &Known,
        pass: &Pass,
        typed: &str,
        now: Timestamp,
    ) -> Result<String, Turned> {
        let hash = clerk.reader.credential_of(&known.user)?.and_then(|found| found.hash);
        match hash {
            Some(hash) if Password::typed(typed).proves(&hash) => Ok(hash),
            _ => {
                self.wrong(clerk, (Guess::Password, Some(known.user.clone())), pass, now)?;
                Err(Turned::Wrong)
            }
        }
    }

    /// Somebody who is signed in changes their password; their other sessions end.
    ///
    /// # Errors
    /// Why not.
    pub fn change_password(
        &self,
        clerk: &Clerk,
        (known, caller, pass): (&Known, &Caller, Pass),
        (old, chosen, again): (&str, &str, &str),
        now: Timestamp,
    ) -> Result<(), Turned> {
        let name = known.name.as_deref().unwrap_or_default();
        let chosen = Password::chosen(chosen, again, name).map_err(|unfit| {
            self.undone(&pass);
            Turned::Unfit(unfit)
        })?;
        let hash = self.own_password(clerk, known, &pass, old, now)?;
        clerk.store.change_password(caller, &hash, chosen.hash(random()?), now)?;
        self.right(pass, now);
        Ok(())
    }

    /// Somebody who is signed in begins to add a second factor.
    ///
    /// # Errors
    /// They have one, or the store does not answer.
    pub fn offer(
        &self,
        clerk: &Clerk,
        (known, caller): (&Known, &Caller),
        now: Timestamp,
    ) -> Result<Offer, StoreError> {
        let salt = clerk.store.offer_factor(caller, now)?;
        let secret = self.secret(&known.user, &salt);
        let name = known.name.as_deref().unwrap_or(&known.user);
        Ok(Offer { secret: secret.written(), address: secret.address(&clerk.organisation.get().name, name) })
    }

    /// They show a code of it: it is asked for from now on. Codes for when it is lost, told this once.
    ///
    /// # Errors
    /// Why not.
    pub fn add_factor(
        &self,
        clerk: &Clerk,
        (known, caller, pass): (&Known, &Caller, Pass),
        typed: &str,
        now: Timestamp,
    ) -> Result<Vec<Code>, Turned> {
        let begun = clerk.reader.credential_of(&known.user)?.and_then(|found| found.factor);
        let begun = begun.filter(|factor| factor.since.is_none());
        let step = begun.and_then(|factor| self.secret(&known.user, &factor.salt).step_of(typed, now, None));
        let Some(step) = step else {
            self.wrong(clerk, (Guess::Factor, Some(known.user.clone())), &pass, now)?;
            return Err(Turned::Wrong);
        };
        let codes = (0..RECOVERY).map(|_| random().map(Code::new)).collect::<Result<Vec<_>, _>>()?;
        clerk.store.add_factor(caller, step, codes.clone(), now)?;
        self.right(pass, now);
        Ok(codes)
    }

    /// They take their second factor away, with their password.
    ///
    /// # Errors
    /// Why not.
    pub fn end_factor(
        &self,
        clerk: &Clerk,
        (known, caller, pass): (&Known, &Caller, Pass),
        typed: &str,
        now: Timestamp,
    ) -> Result<(), Turned> {
        self.own_password(clerk, known, &pass, typed, now)?;
        clerk.store.end_own_factor(caller, now)?;
        self.right(pass, now);
        Ok(())
    }

    /// What a browser keeps to be known again for the users who have signed in there.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub fn known_browser(&self, kept: Option<&str>, user: &str, now: Timestamp) -> Result<String, StoreError> {
        let (browser, mut users) = match kept.and_then(|kept| self.browser(kept, now)) {
            Some(known) => known,
            None => (hex(&random::<16>()?), Vec::new()),
        };
        users.retain(|other| other != user);
        users.insert(0, user.to_owned());
        users.truncate(SHARING);
        let words = format!("{browser} {}", users.join(" "));
        Ok(self.seal.close(Purpose::Browser, &words, now.saturating_add(BROWSER)))
    }

    fn browser(&self, kept: &str, now: Timestamp) -> Option<(String, Vec<String>)> {
        let words = self.seal.open(Purpose::Browser, kept, now)?;
        let mut words = words.split(' ').map(str::to_owned);
        Some((words.next()?, words.collect()))
    }

    /// The browser that `kept` proves, if the user of this name has signed in there.
    ///
    /// # Errors
    /// The store does not answer.
    pub fn recognised(
        &self,
        clerk: &Clerk,
        (kept, name): (Option<&str>, &str),
        now: Timestamp,
    ) -> Result<Option<String>, StoreError> {
        let Some((browser, users)) = kept.and_then(|kept| self.browser(kept, now)) else { return Ok(None) };
        let user = clerk.reader.credential(name)?.map(|found| found.user);
        Ok(user.filter(|user| users.contains(user)).map(|_| browser))
    }
}
