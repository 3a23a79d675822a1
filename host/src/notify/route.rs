//! Which ways lead to these people.
//!
//! Roles are told by the channels that name them, and by the own addresses of whoever has the role. Somebody who is told
//! in person (the owner of an incident) and has no address of their own is told by the channels of their roles.

use caifeng_plugin_host::contract::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::Tell;
use super::channel::{Channel, Kind, Quiet};
use super::pace::{LAST, PATIENCE};
use crate::incident::event::Role;

/// Where a message can be sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Destination {
    /// The channel.
    pub channel: String,
    /// An address of mail; empty for a robot or a webhook.
    pub address: String,
    /// Whose own address it is.
    pub user: Option<String>,
}

/// A user who may be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// The identifier.
    pub user: String,
    /// In the order of [`Role::ALL`].
    pub roles: Vec<Role>,
    /// The user's own addresses: channel and address.
    pub own: Vec<(String, String)>,
}

/// The ways of the configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Routes {
    /// All channels.
    pub channels: Vec<Channel>,
    /// Quiet hours of those that have none of their own.
    pub quiet: Option<Quiet>,
    /// The organisation's zone.
    pub zone: TimeZone,
}

impl Routes {
    /// The channel of this id.
    #[must_use]
    pub fn channel(&self, id: &str) -> Option<&Channel> {
        self.channels.iter().find(|channel| channel.id == id)
    }

    /// Where those are told first whom a notice is for; nowhere when no channel leads to any of them.
    #[must_use]
    pub fn first(&self, tell: &Tell, people: &[Recipient]) -> Vec<Destination> {
        let mut found = Vec::new();
        let mut roles = tell.roles.clone();
        for person in people {
            let named = tell.users.contains(&person.user);
            let own = self.own(person);
            if named && own.is_empty() {
                roles.extend(&person.roles);
            }
            if named || person.roles.iter().any(|role| tell.roles.contains(role)) {
                found.extend(own);
            }
        }
        let told = |channel: &&Channel| channel.tell.all().iter().any(|role| roles.contains(role));
        found.extend(self.channels.iter().filter(told).flat_map(shared));
        each_once(found)
    }

    /// Where a notice goes that this destination has not taken.
    #[must_use]
    pub fn next(&self, passed: &Destination) -> Vec<Destination> {
        let next = self.channel(&passed.channel).and_then(|channel| self.channel(channel.next.as_deref()?));
        next.map(shared).unwrap_or_default()
    }

    /// How long a notice waits for a channel before it goes elsewhere, or is given up where there is no other; not at
    /// all for one that is not configured any more.
    #[must_use]
    pub fn patience(&self, channel: &str) -> i64 {
        let here = Destination { channel: channel.to_owned(), ..Destination::default() };
        match (self.channel(channel).is_some(), self.next(&here).is_empty()) {
            (false, _) => 0,
            (true, false) => PATIENCE,
            (true, true) => LAST,
        }
    }

    /// From when on a notice may go there: now, or when quiet hours end that it does not break.
    #[must_use]
    pub fn from(&self, to: &Destination, urgent: bool, now: Timestamp) -> Timestamp {
        let own = self.channel(&to.channel).and_then(|channel| channel.quiet);
        let quiet = own.or(self.quiet).filter(|_| !urgent);
        quiet.and_then(|quiet| quiet.until(now, &self.zone)).unwrap_or(now)
    }

    fn own(&self, person: &Recipient) -> Vec<Destination> {
        let mail = |channel: &str| self.channel(channel).is_some_and(|channel| channel.kind == Kind::Mail);
        let own = person.own.iter().filter(|(channel, _)| mail(channel));
        own.map(|(channel, address)| Destination {
            channel: channel.clone(),
            address: address.clone(),
            user: Some(person.user.clone()),
        })
        .collect()
    }
}

/// The destinations of a channel that are nobody's own.
fn shared(channel: &Channel) -> Vec<Destination> {
    let at = |address: &str| Destination { channel: channel.id.clone(), address: address.to_owned(), user: None };
    if channel.kind == Kind::Mail { channel.to.iter().map(|to| at(to)).collect() } else { vec![at("")] }
}

/// One place is told once, whoever reads there.
fn each_once(destinations: Vec<Destination>) -> Vec<Destination> {
    let mut found: Vec<Destination> = Vec::new();
    for one in destinations {
        if !found.iter().any(|other| other.channel == one.channel && other.address == one.address) {
            found.push(one);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::channel::Notify;

    fn routes() -> Routes {
        let text = r#"
[[channel]]
id = "duty"
kind = "wecom"
tell = ["monitor"]
next = "office"
[[channel]]
id = "heads"
kind = "dingtalk"
tell = ["head", "leading-group"]
[[channel]]
id = "office"
kind = "mail"
server = "a:465"
from = "a@b.cn"
to = ["x@b.cn", "y@b.cn"]
"#;
        let channels = toml::from_str::<Notify>(text).unwrap().channels;
        Routes { channels, quiet: None, zone: TimeZone::UTC }
    }

    fn person(user: &str, roles: &[Role], own: &[(&str, &str)]) -> Recipient {
        let own = own.iter().map(|(channel, address)| ((*channel).to_owned(), (*address).to_owned())).collect();
        Recipient { user: user.into(), roles: roles.to_vec(), own }
    }

    fn told(roles: &[Role], users: &[&str], people: &[Recipient]) -> Vec<String> {
        let tell = Tell { roles: roles.to_vec(), users: users.iter().map(|u| (*u).to_owned()).collect() };
        let found = routes().first(&tell, people);
        found.into_iter().map(|d| format!("{} {} {}", d.channel, d.address, d.user.unwrap_or_default())).collect()
    }

    #[test]
    fn a_role_is_told_by_its_channels_and_by_the_own_addresses_of_those_who_have_it() {
        let people = [
            person("u4", &[Role::Monitor], &[("office", "li@b.cn")]),
            person("u5", &[Role::Head], &[("office", "zhou@b.cn")]),
            person("u6", &[Role::Monitor], &[("gone", "old@b.cn"), ("duty", "x")]),
        ];
        assert_eq!(told(&[Role::Monitor], &[], &people), ["office li@b.cn u4", "duty  "]);
        assert_eq!(told(&[Role::Head, Role::LeadingGroup], &[], &people), ["office zhou@b.cn u5", "heads  "], "once");
        assert_eq!(told(&[Role::Legal], &[], &people), Vec::<String>::new());
        let twice = [person("u7", &[Role::Monitor], &[("office", "x@b.cn"), ("office", "x@b.cn")])];
        assert_eq!(told(&[Role::Monitor], &[], &twice), ["office x@b.cn u7", "duty  "], "one place is told once");
    }

    #[test]
    fn somebody_named_is_told_in_person_or_where_their_roles_are_told() {
        let people = [person("u4", &[Role::Monitor], &[("office", "li@b.cn")]), person("u5", &[Role::Head], &[])];
        assert_eq!(told(&[], &["u4"], &people), ["office li@b.cn u4"]);
        assert_eq!(told(&[], &["u5"], &people), ["heads  "]);
        assert_eq!(told(&[], &["u9"], &people), Vec::<String>::new());
    }

    #[test]
    fn only_what_is_urgent_breaks_quiet_hours_and_a_channel_may_have_its_own() {
        let quiet = |text: &str| toml::from_str::<Notify>(&format!("quiet = \"{text}\"")).unwrap().quiet;
        let mut routes = Routes { quiet: quiet("22:00-07:00"), ..routes() };
        let duty = Destination { channel: "duty".into(), ..Destination::default() };
        let eleven = 23 * 3_600;
        assert_eq!(routes.from(&duty, false, eleven), eleven + 8 * 3_600);
        assert_eq!(routes.from(&duty, true, eleven), eleven);
        routes.channels[0].quiet = quiet("12:00-13:00");
        assert_eq!(routes.from(&duty, false, eleven), eleven);
    }

    #[test]
    fn what_was_not_taken_goes_to_the_next_channel_and_to_everybody_there() {
        let duty = Destination { channel: "duty".into(), ..Destination::default() };
        let next = routes().next(&duty);
        assert_eq!(next.iter().map(|d| d.address.as_str()).collect::<Vec<_>>(), ["x@b.cn", "y@b.cn"]);
        assert_eq!(routes().next(&next[0]), []);
    }
}
