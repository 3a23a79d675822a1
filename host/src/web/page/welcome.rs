//! The first steps, one screen each.

use askama::Template;

use super::channels::{ChannelRow, ChannelView, channel_view};
use super::sources::Ground;
use super::{Frame, Rendered, Visit};
use crate::config::Config;
use crate::topic::TopicConfig;
use crate::user::right::Act;
use crate::web::mark::line;

/// One of the five.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Who we are.
    Organisation,
    /// What we listen to first.
    Source,
    /// For what.
    Topics,
    /// How people are told.
    Channels,
    /// What comes next.
    Done,
}

impl Step {
    const ALL: [Self; 5] = [Self::Organisation, Self::Source, Self::Topics, Self::Channels, Self::Done];

    const fn place(self) -> (&'static str, &'static str) {
        match self {
            Self::Organisation => ("/welcome", "welcome.organisation"),
            Self::Source => ("/welcome/source", "welcome.source"),
            Self::Topics => ("/welcome/topics", "welcome.topics"),
            Self::Channels => ("/welcome/channels", "welcome.channels"),
            Self::Done => ("/welcome/done", "welcome.done"),
        }
    }
}

struct StepView {
    href: &'static str,
    name: String,
    here: bool,
}

struct TopicBox {
    name: String,
    reading: String,
    there: bool,
    first: bool,
}

#[derive(Template)]
#[template(path = "welcome.html")]
struct WelcomePage<'a> {
    frame: Frame,
    steps: Vec<StepView>,
    step: Step,
    config: &'a Config,
    aliases: String,
    places: String,
    accounts: String,
    contact: &'a str,
    topics: Vec<TopicBox>,
    channels: Vec<ChannelView>,
    stands: Vec<String>,
    may_try: bool,
    may_change: bool,
}

/// Topics of the plan (P4), which everybody needs, stand first in the file.
const NEEDED: usize = 3;

/// One screen.
pub(crate) fn welcome(
    visit: &Visit,
    ground: &Ground,
    step: Step,
    (config, suggested, channels): (&Config, &[TopicConfig], &[ChannelRow]),
) -> Rendered {
    let lang = visit.lang;
    let title = lang.t(step.place().1);
    let own = &config.organisation;
    let boxed = |(at, topic): (usize, &TopicConfig)| TopicBox {
        name: topic.name.clone(),
        reading: line(&topic.reading(), 160),
        there: config.topics.iter().any(|other| other.name == topic.name),
        first: at < NEEDED,
    };
    let counts = [
        ("welcome.has-watches", config.watches.len()),
        ("topics.count", config.topics.len()),
        ("admin.channel-count", config.notify.channels.len()),
    ];
    WelcomePage {
        frame: Frame::new(visit, None, title, ground.figures, &ground.watches),
        steps: Step::ALL
            .into_iter()
            .map(|one| StepView { href: one.place().0, name: lang.t(one.place().1), here: one == step })
            .collect(),
        step,
        aliases: own.aliases.join("\n"),
        places: own.places.join("\n"),
        accounts: own.accounts.join("\n"),
        contact: own.contact.as_deref().unwrap_or_default(),
        topics: suggested.iter().enumerate().map(boxed).collect(),
        channels: channels.iter().map(|row| channel_view(row, lang)).collect(),
        stands: counts.into_iter().map(|(key, n)| lang.count(key, n as u64)).collect(),
        may_try: visit.may(Act::Configure),
        may_change: visit.may(Act::Configure),
        config,
    }
    .render()
}
