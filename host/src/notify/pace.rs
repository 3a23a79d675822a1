//! May something be sent now, alone or together with others, and when again.
//!
//! A channel's limit counts messages, not notices. As long as it is far away each notice is a message of its own; when
//! what waits would use it up, as many notices as fit go into one message. The window is longer than the minute that
//! vendors speak of, because their clock and the way there are not ours: 钉钉 answers one message too many with
//! ten minutes of silence.

use caifeng_plugin_host::contract::Timestamp;

use super::channel::{Channel, Kind};

/// Seconds in which the messages of a limit are counted.
pub const WINDOW: i64 = 65;
/// Seconds after which a notice goes to the next channel (P7).
pub const PATIENCE: i64 = 60;
/// Seconds after which the last channel of a chain is given up.
pub const LAST: i64 = 24 * 3_600;
/// Times that something is sent of which nobody knows whether it arrived.
pub const TWICE: u32 = 2;
/// From a failure to the next try: this many seconds, then twice as many each time, up to [`SLOWEST`].
const FIRST: i64 = 5;
const SLOWEST: i64 = 600;

/// What a channel takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Messages within [`WINDOW`].
    pub messages: u32,
    /// Bytes of the text of one message.
    pub bytes: usize,
}

impl Limits {
    /// Those of a channel: what its vendor says (WeCom 20 a minute and 2,048 bytes, DingTalk 20 a minute, Feishu 100 a
    /// minute and 20 kB with everything around the text), or less where the operator says so.
    #[must_use]
    pub fn of(channel: &Channel) -> Self {
        let (messages, bytes) = match channel.kind {
            Kind::Wecom => (20, 2_048),
            Kind::Dingtalk => (20, 14_000),
            Kind::Feishu => (100, 14_000),
            Kind::Mail => (60, 64_000),
            Kind::Webhook => (600, 64_000),
        };
        Self { messages: channel.per_minute.map_or(messages, |own| own.min(messages)), bytes }
    }
}

/// What may be done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// The first notice that waits is a message of its own.
    Alone,
    /// As many as fit go into one.
    Together,
    /// Nothing before this moment.
    Wait(Timestamp),
}

/// Whose turn it is when `waiting` notices wait; `sent` are the moments of the latest messages, in any order, and
/// `rest` the moment until which the channel wants none.
#[must_use]
pub fn turn(limits: Limits, sent: &[Timestamp], rest: Option<Timestamp>, waiting: usize, now: Timestamp) -> Turn {
    if let Some(rest) = rest.filter(|rest| *rest > now) {
        return Turn::Wait(rest);
    }
    let mut recent: Vec<Timestamp> = sent.iter().copied().filter(|at| now.saturating_sub(*at) < WINDOW).collect();
    recent.sort_unstable();
    let messages = usize::try_from(limits.messages).unwrap_or(usize::MAX).max(1);
    let Some(free) = messages.checked_sub(recent.len()).filter(|free| *free > 0) else {
        let first_to_go = recent[recent.len() - messages];
        return Turn::Wait(first_to_go.saturating_add(WINDOW));
    };
    // A quarter is kept for what comes next.
    let spare = messages.div_ceil(4).min(messages - 1);
    if waiting > free.saturating_sub(spare) && waiting > 1 { Turn::Together } else { Turn::Alone }
}

/// When to try again after `tries` failures; `rest`: seconds that the channel asked for.
#[must_use]
pub fn again(tries: u32, rest: Option<i64>, now: Timestamp) -> Timestamp {
    let pause = FIRST.saturating_mul(1_i64 << tries.min(20)).min(SLOWEST);
    now.saturating_add(pause.max(rest.unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROBOT: Limits = Limits { messages: 20, bytes: 2_048 };

    #[test]
    fn a_few_are_sent_one_by_one_and_many_together() {
        assert_eq!(turn(ROBOT, &[], None, 1, 0), Turn::Alone);
        assert_eq!(turn(ROBOT, &[], None, 15, 0), Turn::Alone);
        assert_eq!(turn(ROBOT, &[], None, 16, 0), Turn::Together);
        assert_eq!(turn(ROBOT, &[0; 10], None, 6, 1), Turn::Together);
        assert_eq!(turn(ROBOT, &[0; 19], None, 1, 1), Turn::Alone, "one alone is no digest");
        assert_eq!(turn(Limits { messages: 1, ..ROBOT }, &[], None, 2, 1), Turn::Together);
    }

    #[test]
    fn no_window_ever_holds_more_than_the_limit() {
        let mut sent = Vec::new();
        for now in 0..1_000 {
            while !matches!(turn(ROBOT, &sent, None, 1_000, now), Turn::Wait(_)) {
                sent.push(now);
            }
        }
        for start in 0..1_000 {
            let within = sent.iter().filter(|at| (start..start + 60).contains(*at)).count();
            assert!(within <= 20, "{within} in the minute from {start}");
        }
        assert!(sent.len() >= 20 * (1_000 / 65), "the limit is used: {}", sent.len());
    }

    #[test]
    fn it_is_said_until_when_to_wait_and_that_is_enough() {
        let sent: Vec<i64> = (0..20).collect();
        assert_eq!(turn(ROBOT, &sent, None, 5, 30), Turn::Wait(65));
        assert_ne!(turn(ROBOT, &sent, None, 5, 65), Turn::Wait(65));
        assert_eq!(turn(ROBOT, &[], Some(600), 5, 30), Turn::Wait(600));
        assert_eq!(turn(ROBOT, &[], Some(600), 5, 600), Turn::Alone);
        // A limit that the operator lowered while more had been sent.
        let lowered = Limits { messages: 2, ..ROBOT };
        assert_eq!(turn(lowered, &sent, None, 5, 30), Turn::Wait(18 + WINDOW));
    }

    #[test]
    fn tries_come_slower_and_never_before_the_channel_wants_them() {
        let tries: Vec<i64> = (0..9).map(|tries| again(tries, None, 0)).collect();
        assert_eq!(tries, [5, 10, 20, 40, 80, 160, 320, 600, 600]);
        assert_eq!(again(0, Some(600), 7), 607);
        assert_eq!(again(u32::MAX, None, 0), 600);
    }
}
