//! The brake on sign-ins: whoever guesses waits, and nobody else does. Pure.
//!
//! Each attempt runs in lanes. In each the wait grows, and a wait in one lane is nobody's in another:
//!
//! - **a browser in which this user has signed in before** (a sealed cookie says so), or an address from which they have:
//!   only its own mistakes count. So a right password gets in while somebody elsewhere is guessing (OWASP, "Slow down
//!   online guessing attacks with device cookies").
//! - **any other place**: the wait for one user at one address doubles with each mistake; besides there are budgets, which
//!   run full again with time, for all guesses at one user and for all guesses from one address. Many addresses do not help against
//!   one user, nor many names from one address.
//!
//! An attempt counts as a mistake from the moment it begins, so that a thousand at once are a thousand; it is taken back when it
//! was right. Names that nobody has are treated alike. What is remembered is bounded; it is kept in memory only, because a
//! restart is not something that a guesser can bring about.

use std::collections::HashMap;
use std::net::IpAddr;

use caifeng_plugin_host::contract::Timestamp;
use serde::{Deserialize, Serialize};

/// What is guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Guess {
    /// A password, or a one-time code in its place.
    Password,
    /// The six digits of a second factor: few, so that far fewer guesses are let through.
    Factor,
    /// A token, which nobody guesses: all that is counted is the noise.
    Token,
    /// What somebody brings from a provider: each answer is asked about there, so that one address cannot have us ask for ever.
    Answer,
}

impl Guess {
    /// Guesses at one user from places that are not known, before it takes time; and the seconds that each takes to be
    /// forgotten.
    const fn budget(self) -> (f64, f64) {
        match self {
            Self::Password | Self::Token | Self::Answer => (100.0, 36.0),
            Self::Factor => (10.0, 360.0),
        }
    }
}

/// Guesses from one address, and the seconds that each takes to be forgotten: an office behind one address mistypes too.
const ADDRESS: (f64, f64) = (60.0, 20.0);
/// Mistakes in a row that cost no time.
const FREE: u32 = 4;
/// The longest wait between two attempts, in seconds.
const LONGEST: i64 = 15 * 60;
/// Seconds after which a row of mistakes is forgotten.
const FORGOTTEN: i64 = 24 * 3600;
/// Most lanes that are remembered.
const LANES: usize = 20_000;
/// Mistakes at one user after which it is told; and then each time they have doubled.
const BURST: u32 = 5;

/// Where somebody tries to sign in from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The address of the network.
    pub address: IpAddr,
    /// The browser, when somebody has signed in there before.
    pub browser: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Lane {
    Browser(Guess, String, String),
    Here(Guess, String, IpAddr),
    User(Guess, String),
    Address(Guess, IpAddr),
}

/// What is remembered of a lane.
#[derive(Clone, Copy, Debug)]
struct Strain {
    /// Mistakes in a row, or how full the budget's count is.
    count: f64,
    /// The latest.
    last: Timestamp,
}

/// An attempt that was let through.
#[derive(Debug)]
#[must_use = "it counts as a mistake until it is taken back"]
pub struct Pass {
    user: String,
    own: Lane,
    others: Vec<Lane>,
    place: (Guess, IpAddr),
}

impl Pass {
    /// At whom a mistake is made.
    fn at(&self) -> Option<String> {
        (self.place.0 != Guess::Answer).then(|| self.user.clone())
    }
}

/// Not now: so many seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait(pub i64);

/// What is remembered of all attempts.
#[derive(Debug, Default)]
pub struct Throttle {
    lanes: HashMap<Lane, Strain>,
    /// Where users have signed in.
    known: HashMap<(String, IpAddr), Timestamp>,
    /// Mistakes at a user since the last right attempt. What a provider answers is at nobody: each is an attempt of its own.
    mistakes: HashMap<Option<String>, u32>,
}

impl Throttle {
    /// Lets an attempt at `user` (a name as it was typed) through, or says how long to wait.
    ///
    /// # Errors
    /// How long to wait.
    pub fn admit(&mut self, guess: Guess, user: &str, place: &Place, now: Timestamp) -> Result<Pass, Wait> {
        self.forget(now);
        let address = network(place.address);
        let user = user.to_owned();
        let known = self.known.contains_key(&(user.clone(), address));
        let (own, others) = match &place.browser {
            Some(browser) => (Lane::Browser(guess, user.clone(), browser.clone()), Vec::new()),
            None if known => (Lane::Here(guess, user.clone(), address), Vec::new()),
            None => (
                Lane::Here(guess, user.clone(), address),
                vec![Lane::User(guess, user.clone()), Lane::Address(guess, address)],
            ),
        };
        let waits = std::iter::once(&own).chain(&others).map(|lane| self.wait(lane, now));
        let longest = waits.max().unwrap_or(0);
        if longest > 0 {
            return Err(Wait(longest));
        }
        for lane in std::iter::once(&own).chain(&others) {
            self.count(lane.clone(), now);
        }
        Ok(Pass { user, own, others, place: (guess, address) })
    }

    /// It was right: nothing of it is held against anybody.
    pub fn right(&mut self, pass: Pass, now: Timestamp) {
        self.lanes.remove(&pass.own);
        for lane in &pass.others {
            if let Some(strain) = self.lanes.get_mut(lane) {
                strain.count = (strain.count - 1.0).max(0.0);
            }
        }
        self.mistakes.remove(&pass.at());
        if !matches!(pass.place.0, Guess::Token | Guess::Answer) {
            self.known.insert((pass.user, pass.place.1), now);
        }
    }

    /// It did not take place.
    pub fn undone(&mut self, pass: &Pass) {
        for lane in std::iter::once(&pass.own).chain(&pass.others) {
            if let Some(strain) = self.lanes.get_mut(lane) {
                strain.count = (strain.count - 1.0).max(0.0);
            }
        }
    }

    /// It was wrong. Says how many there have been at this user, when that is to be written down: few times, however
    /// many there are.
    pub fn wrong(&mut self, pass: &Pass) -> Option<u32> {
        let mistakes = self.mistakes.entry(pass.at()).or_default();
        *mistakes = mistakes.saturating_add(1);
        let times = *mistakes / BURST;
        (mistakes.is_multiple_of(BURST) && times.is_power_of_two()).then_some(*mistakes)
    }

    /// Seconds until a lane is free.
    fn wait(&self, lane: &Lane, now: Timestamp) -> i64 {
        let Some(strain) = self.lanes.get(lane) else { return 0 };
        match lane {
            Lane::Browser(..) | Lane::Here(..) => {
                let over = (strain.count as u32).saturating_sub(FREE);
                if over == 0 {
                    return 0;
                }
                let wait = 1_i64.checked_shl(over.min(32)).unwrap_or(LONGEST).min(LONGEST);
                (strain.last.saturating_add(wait) - now).max(0)
            }
            Lane::User(guess, _) => full(*strain, guess.budget(), now),
            Lane::Address(..) => full(*strain, ADDRESS, now),
        }
    }

    fn count(&mut self, lane: Lane, now: Timestamp) {
        let each = match &lane {
            Lane::Browser(..) | Lane::Here(..) => None,
            Lane::User(guess, _) => Some(guess.budget().1),
            Lane::Address(..) => Some(ADDRESS.1),
        };
        let strain = self.lanes.entry(lane).or_insert(Strain { count: 0.0, last: now });
        match each {
            Some(each) => strain.count = left(*strain, each, now),
            None if now.saturating_sub(strain.last) >= FORGOTTEN => strain.count = 0.0,
            None => {}
        }
        strain.count += 1.0;
        strain.last = now;
    }

    /// Lets go of what weighs nothing any more, and of the oldest when there is too much.
    fn forget(&mut self, now: Timestamp) {
        if self.lanes.len() >= LANES {
            self.lanes.retain(|_, strain| now.saturating_sub(strain.last) < FORGOTTEN);
            while self.lanes.len() >= LANES {
                let mut ages: Vec<Timestamp> = self.lanes.values().map(|strain| strain.last).collect();
                let middle = ages.len() / 2;
                let (_, median, _) = ages.select_nth_unstable(middle);
                let median = *median;
                let before = self.lanes.len();
                self.lanes.retain(|_, strain| strain.last > median);
                // All of one second: which of them go does not matter.
                if self.lanes.len() == before {
                    self.lanes.clear();
                }
            }
        }
        if self.known.len() >= LANES {
            self.known.retain(|_, at| now.saturating_sub(*at) < FORGOTTEN);
        }
        if self.known.len() >= LANES {
            self.known.clear();
        }
        if self.mistakes.len() >= LANES {
            self.mistakes.clear();
        }
    }
}

/// How much of a count that has run down since its last is left.
fn left(strain: Strain, each: f64, now: Timestamp) -> f64 {
    let passed = now.saturating_sub(strain.last).max(0) as f64;
    (strain.count - passed / each).max(0.0)
}

/// Seconds until a budget has room for one more.
fn full(strain: Strain, (most, each): (f64, f64), now: Timestamp) -> i64 {
    let over = left(strain, each, now) + 1.0 - most;
    if over > 0.0 { (over * each).ceil() as i64 } else { 0 }
}

/// Whoever has one address of IPv6 has all of its network (RFC 6177).
#[must_use]
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let mut segments = v6.segments();
            segments[4..].fill(0);
            IpAddr::from(segments)
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(address: &str) -> Place {
        Place { address: address.parse().unwrap(), browser: None }
    }

    fn browser(address: &str) -> Place {
        Place { browser: Some("b7".into()), ..at(address) }
    }

    /// Wrong attempts that get through within `seconds`, one each second.
    fn guesses(throttle: &mut Throttle, guess: Guess, user: &str, place: &Place, seconds: i64) -> usize {
        (0..seconds)
            .filter(|now| throttle.admit(guess, user, place, *now).map(|pass| throttle.wrong(&pass)).is_ok())
            .count()
    }

    #[test]
    fn each_further_mistake_at_one_place_waits_twice_as_long() {
        let mut throttle = Throttle::default();
        let place = at("192.0.2.1");
        for _ in 0..=FREE {
            let pass = throttle.admit(Guess::Password, "li", &place, 0).unwrap();
            throttle.wrong(&pass);
        }
        assert_eq!(throttle.admit(Guess::Password, "li", &place, 0).unwrap_err(), Wait(2));
        let pass = throttle.admit(Guess::Password, "li", &place, 2).unwrap();
        throttle.wrong(&pass);
        assert_eq!(throttle.admit(Guess::Password, "li", &place, 2).unwrap_err(), Wait(4));
        assert!(guesses(&mut Throttle::default(), Guess::Password, "li", &place, 86_400) < 110);
        // A day later the row has ended.
        throttle.admit(Guess::Password, "li", &place, 2 + FORGOTTEN).map(|pass| throttle.wrong(&pass)).unwrap();
        assert!(throttle.admit(Guess::Password, "li", &place, 2 + FORGOTTEN).is_ok());
    }

    #[test]
    fn attempts_that_have_not_ended_count() {
        let mut throttle = Throttle::default();
        let place = at("192.0.2.1");
        let through = (0..1000).filter(|_| throttle.admit(Guess::Password, "li", &place, 0).is_ok()).count();
        assert_eq!(through, FREE as usize + 1);
    }

    #[test]
    fn a_right_password_from_a_known_browser_or_address_gets_in_while_others_guess() {
        let mut throttle = Throttle::default();
        let pass = throttle.admit(Guess::Password, "li", &at("198.51.100.7"), 0).unwrap();
        throttle.right(pass, 0);
        for n in 0..250_u8 {
            guesses(&mut throttle, Guess::Password, "li", &at(&format!("192.0.2.{n}")), 4);
        }
        let elsewhere = throttle.admit(Guess::Password, "li", &at("203.0.113.9"), 5);
        assert!(elsewhere.is_err(), "the budget of guesses at one user is spent");
        assert!(throttle.admit(Guess::Password, "li", &at("198.51.100.7"), 5).is_ok(), "known address");
        assert!(throttle.admit(Guess::Password, "li", &browser("192.0.2.1"), 5).is_ok(), "known browser");
        assert!(throttle.admit(Guess::Password, "wang", &at("203.0.113.9"), 5).is_ok(), "another user");
    }

    #[test]
    fn many_names_from_one_address_spend_its_budget_and_nobody_elses() {
        let mut throttle = Throttle::default();
        let place = at("2001:db8::1");
        let through = (0..500).filter(|n| throttle.admit(Guess::Password, &format!("n{n}"), &place, 0).is_ok()).count();
        assert_eq!(through, 60);
        assert!(throttle.admit(Guess::Password, "li", &at("2001:db8::2"), 0).is_err(), "the same network");
        assert!(throttle.admit(Guess::Password, "li", &at("2001:db8:0:1::2"), 0).is_ok());
        assert!(throttle.admit(Guess::Password, "li", &browser("2001:db8::1"), 0).is_ok());
    }

    #[test]
    fn few_guesses_at_a_second_factor_get_through_from_everywhere_together() {
        let mut throttle = Throttle::default();
        let through: usize = (0..10_000_u32)
            .map(|n| {
                let place = at(&std::net::Ipv4Addr::from(0x0a00_0000 + n).to_string());
                usize::from(throttle.admit(Guess::Factor, "li", &place, i64::from(n)).is_ok())
            })
            .sum();
        // Ten at once, and one more each six minutes.
        assert!(through <= 10 + 10_000 / 360 + 1, "{through}");
    }

    #[test]
    fn bursts_are_told_few_times() {
        let mut throttle = Throttle::default();
        let told: Vec<u32> = (0..200_u32)
            .filter_map(|n| {
                let pass = throttle
                    .admit(Guess::Token, "", &at(&format!("192.0.{}.{}", n / 50, n)), i64::from(n) * 60)
                    .unwrap();
                throttle.wrong(&pass)
            })
            .collect();
        assert_eq!(told, [5, 10, 20, 40, 80, 160]);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut throttle = Throttle::default();
        for n in 0..60_000_u32 {
            let place = at(&std::net::Ipv4Addr::from(n).to_string());
            if let Ok(pass) = throttle.admit(Guess::Password, &format!("n{n}"), &place, i64::from(n / 100)) {
                throttle.wrong(&pass);
            }
        }
        assert!(throttle.lanes.len() <= LANES + 3 && throttle.mistakes.len() <= LANES, "{}", throttle.lanes.len());
    }
}
