//! Pages as pure functions: rows and a moment in, HTML out.
//!
//! Nothing here reads a store, a clock or a request, so each page is held by a
//! snapshot. Templates hold structure only; sentences are put together here from
//! the catalogues. A template escapes every value; the only types that write
//! markup are [`Stamp`] and [`Marked`], templates themselves.
//! Addresses become links only when they are http or https.

mod account;
mod acting;
mod admin;
mod around;
mod audit;
mod backups;
mod cases;
mod channels;
mod contacts;
mod coverage;
mod disclose;
mod disclosures;
mod draft;
mod duties;
mod fare;
mod fault;
mod growing;
mod home;
mod inbox;
mod incident;
mod incidents;
mod keeping;
mod life;
mod month;
mod overtaken;
mod plan;
mod plugins;
mod post;
mod posts;
mod public;
mod record;
mod reference;
mod referral;
mod replies;
mod reports;
mod searches;
mod service;
mod sign_in;
mod sources;
mod spread;
mod submit;
mod summaries;
mod sweeps;
mod told;
mod topics;
mod trouble;
mod votes;
mod watch;
mod welcome;

use std::sync::Arc;

use askama::Template;
use askama::filters::HtmlSafe;
use jiff::tz::TimeZone;

use caifeng_plugin_host::contract::Timestamp;

use super::coverage::Coverage;
use super::lang::{Lang, grouped};
use super::mark::Piece;
use super::presence::{Place, Writer};
use super::when::{Clockface, Stamp};
use crate::incident::event::Role;
use crate::incident::{Category, State};
use crate::plan::show::role_key;
use crate::plan::{Decision, Plan};
use crate::store::model::{Figures, WatchRow};
use crate::user::right::Act;
use crate::user::session::Known;

pub(crate) use account::{AccountRows, Form as AccountForm, account, factor, recovery};
pub(crate) use acting::Acting;
pub(crate) use admin::people;
pub(crate) use around::Around;
pub(crate) use audit::{AuditAsked, Walked, audit};
pub(crate) use backups::backups;
pub(crate) use cases::{
    CaseAsked, CaseRows, CasesRows, DrillLine, DrillRows, DrillsRows, case, case_form, cases, drill, drills,
};
pub(crate) use channels::{Came, ChannelAsked, ChannelRow, channel_form, channels};
pub(crate) use contacts::{
    ContactAsked, ContactRows, ContactsRows, ImportRows, contact, contact_form, contacts, import,
};
pub(crate) use coverage::{CoverageRows, coverage};
pub(crate) use disclose::{
    DisclosureRows, DisclosuresRows, PlanRows, Planned, disclosure, disclosures, plan_disclosure,
};
pub(crate) use draft::{Draft, DraftRows, draft};
pub(crate) use duties::{Duties, ESCALATED};
pub(crate) use home::{HomeRows, home, wall};
pub(crate) use inbox::{Alike, InboxRows, Judging, Slip, Slipped, inbox};
pub(crate) use incident::{IncidentRows, incident};
use incidents::link_to;
pub(crate) use incidents::{ListRows, asked_for, incidents};
pub(crate) use keeping::{KeepingRows, Wanted as WantedRules, YearRow, keeping, rules};
pub(crate) use overtaken::{OvertakenRows, overtaken};
pub(crate) use plan::{Checked as CheckedPlan, Proposed as ProposedPlan, plan};
pub(crate) use plugins::{Described, OfferRows, OnePlugin, PluginRow, plugin, plugin_offer, plugins, wish};
pub(crate) use posts::{KeptRow, PostsAsked, PostsRows, asked_of, place_of, posts};
pub(crate) use public::public;
pub(crate) use record::{RecordRows, record};
pub(crate) use reference::{Operation, Parameter, reference};
pub(crate) use referral::{ReferralRows, ReferralTold, referral};
pub(crate) use replies::{Ground, RepliesRows, ReplyRows, Version, replies, reply};
pub(crate) use reports::{ReportAsked, ReportsRows, ShelvedReport, report, reports};
pub(crate) use searches::{SearchesRows, searches};
pub(crate) use sign_in::{Resend, SetUp, SignIn, code, resend, set_up, sign_in, unfit};
pub(crate) use sources::{Ground as Standing, Looked, Repair, WatchRows, new_watch, preview, repairs, watch};
pub(crate) use submit::submit;
pub(crate) use summaries::{SummariesRows, SummaryAsked, summaries, summary_form};
pub(crate) use sweeps::{SweepsAsked, SweepsRows, sweeps};
pub(crate) use told::ToldRows;
pub(crate) use topics::{CountedTopic, TopicAsked, Tried, topic_form, topics};
pub(crate) use trouble::{Alone, Trouble, refusal, trouble};
pub(crate) use watch::{SWEEPS, SweptWatch, order, watches};
pub(crate) use welcome::{Step, welcome};

/// A page that could not be put together: only memory can be the cause.
pub(crate) type Rendered = Result<String, askama::Error>;

/// What a page is told about the one who asks and the house that answers.
#[derive(Clone, Debug)]
pub(crate) struct Visit {
    /// The language.
    pub(crate) lang: Lang,
    /// Path and query without `lang`, for the language switch.
    pub(crate) path: String,
    /// Whose desk it is.
    pub(crate) organisation: String,
    /// The organisation's time zone: of days, and of what is typed.
    pub(crate) zone: TimeZone,
    /// The reader's, where the browser has said it: of moments that are told.
    pub(crate) reader: TimeZone,
    /// Now.
    pub(crate) now: Timestamp,
    /// Everything shown is from the bundled recording.
    pub(crate) demo: bool,
    /// Names clocks.
    pub(crate) plan: Arc<Plan>,
    /// This is a drill.
    pub(crate) drill: bool,
    /// Who is signed in.
    pub(crate) person: Option<Known>,
    /// What was done just before, in words.
    pub(crate) said: Option<String>,
    /// The rooms that are open to them, in the order of the rail.
    pub(crate) rooms: Vec<Room>,
    /// Who is writing anywhere.
    pub(crate) writers: Vec<Writer>,
}

impl Visit {
    /// The identifier of whoever is signed in.
    pub(crate) fn user(&self) -> Option<&str> {
        self.person.as_ref().map(|known| known.user.as_str())
    }

    /// Tells moments and days.
    pub(crate) fn face(&self) -> Clockface {
        Clockface::new(self.now, &self.zone, self.lang).read_in(self.reader.clone())
    }

    /// Whether a person is signed in whose roles include `act`: what they cannot do is not offered.
    pub(crate) fn may(&self, act: Act) -> bool {
        self.person.as_ref().is_some_and(|known| known.may(act))
    }

    /// Likewise for what `plan` gives to some of those whose roles include it.
    pub(crate) fn may_by(&self, plan: &Plan, act: Act, decision: Decision) -> bool {
        let roles = self.person.as_ref().map_or(&[][..], |known| &known.roles);
        self.may(act) && roles.iter().any(|role| act.is_for(*role) && plan.may(*role, decision))
    }
}

/// A room of the desk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    /// 态势: the situation.
    Situation,
    /// 研判: new incidents, one by one.
    Inbox,
    /// 上报: what staff hand in.
    Submit,
    /// 事件: incidents.
    Incidents,
    /// 信息: posts.
    Posts,
    /// 回应: answers.
    Replies,
    /// 公开: disclosures, and what the public reads.
    Disclosures,
    /// 报告: reports.
    Reports,
    /// 案例演练: cases and drills.
    Cases,
    /// 监测: watches.
    Watches,
    /// 联络: contacts.
    Contacts,
    /// 插件: plugins.
    Plugins,
    /// 管理: administration.
    Administration,
}

impl Room {
    /// In the order of the rail: the work, what is told, what is listened to.
    pub(crate) const ALL: [Self; 13] = [
        Self::Situation,
        Self::Inbox,
        Self::Submit,
        Self::Incidents,
        Self::Posts,
        Self::Replies,
        Self::Disclosures,
        Self::Reports,
        Self::Cases,
        Self::Watches,
        Self::Contacts,
        Self::Plugins,
        Self::Administration,
    ];

    /// Where it is.
    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::Situation => "/",
            Self::Inbox => "/inbox",
            Self::Submit => "/submit",
            Self::Incidents => "/incidents",
            Self::Posts => "/posts",
            Self::Replies => "/replies",
            Self::Disclosures => "/disclosures",
            Self::Reports => "/reports",
            Self::Cases => "/cases",
            Self::Watches => "/watches",
            Self::Contacts => "/contacts",
            Self::Plugins => "/plugins",
            Self::Administration => "/admin",
        }
    }

    const fn key(self) -> &'static str {
        match self {
            Self::Situation => "rooms.situation",
            Self::Inbox => "rooms.inbox",
            Self::Submit => "rooms.submit",
            Self::Incidents => "rooms.incidents",
            Self::Posts => "rooms.posts",
            Self::Replies => "rooms.replies",
            Self::Disclosures => "rooms.disclosures",
            Self::Reports => "rooms.reports",
            Self::Cases => "rooms.cases",
            Self::Watches => "rooms.watches",
            Self::Contacts => "rooms.contacts",
            Self::Plugins => "rooms.plugins",
            Self::Administration => "rooms.administration",
        }
    }

    /// Whether a phone shows it before "more" is pressed.
    const fn is_first(self) -> bool {
        matches!(self, Self::Situation | Self::Inbox | Self::Submit | Self::Incidents | Self::Replies)
    }

    /// Whether a line stands before it in the rail.
    const fn begins(self) -> bool {
        matches!(self, Self::Disclosures | Self::Watches)
    }
}

/// Others who write that are named.
const BESIDE: usize = 3;

/// Rooms that a phone shows beside "more", or in all.
const FIRST: usize = 5;

/// What stands around every page.
pub(crate) struct Frame {
    lang: Lang,
    title: String,
    organisation: String,
    demo: bool,
    drill: bool,
    path: String,
    /// `None`: in no room of the rail.
    here: Option<Room>,
    coverage: String,
    silent: bool,
    face: Clockface,
    all: Coverage,
    figures: Figures,
    person: Option<Known>,
    said: Option<String>,
    rooms: Vec<Room>,
    /// What is written about here.
    place: Option<Place>,
    writers: Vec<Writer>,
}

/// A link beside others of its kind.
struct Tab {
    name: String,
    href: &'static str,
    here: bool,
}

/// The pages of the room of watches.
fn tabs(lang: Lang, here: &'static str) -> Vec<Tab> {
    let tab = |href, key| Tab { name: lang.t(key), href, here: href == here };
    vec![
        tab("/watches", "watches.title"),
        tab("/topics", "topics.title"),
        tab("/repairs", "repairs.title"),
        tab("/coverage", "covered.title"),
        tab("/sweeps", "sweeps.title"),
    ]
}

/// A line of the rail.
struct RoomLink {
    href: &'static str,
    name: String,
    note: Option<String>,
    warn: bool,
    here: bool,
    begins: bool,
    first: bool,
}

impl Frame {
    fn new(
        visit: &Visit,
        here: impl Into<Option<Room>>,
        title: String,
        figures: Figures,
        watches: &[WatchRow],
    ) -> Self {
        Self::covering(visit, here.into(), title, figures, Coverage::of(watches, visit.now))
    }

    fn covering(visit: &Visit, here: Option<Room>, title: String, figures: Figures, all: Coverage) -> Self {
        Self {
            lang: visit.lang,
            title,
            organisation: visit.organisation.clone(),
            demo: visit.demo,
            drill: visit.drill,
            path: visit.path.clone(),
            here,
            coverage: coverage_line(visit.lang, &all),
            silent: !all.silent.is_empty(),
            face: visit.face(),
            all,
            figures,
            person: visit.person.clone(),
            said: visit.said.clone(),
            rooms: visit.rooms.clone(),
            place: Place::of_path(&visit.path),
            writers: visit.writers.clone(),
        }
    }

    /// That moments are told in another zone than the organisation's, in words.
    fn elsewhere(&self) -> Option<String> {
        self.face.elsewhere().map(|zone| self.lang.with("account.elsewhere", &[("zone", &zone)]))
    }

    /// On a page whose address does not say what it is about.
    fn at(self, place: Option<Place>) -> Self {
        Self { place, ..self }
    }

    /// Where whoever is signed in may be writing, and who else is.
    fn writing(&self) -> Option<(Place, Vec<(String, Stamp)>)> {
        let (own, place) = (self.person.as_ref()?, self.place?);
        let others = self.writers.iter().filter(|writer| writer.place == place && writer.user != own.user);
        let told = |writer: &Writer| (super::mark::line(&writer.name, 40), self.face.stamp(writer.since));
        Some((place, others.take(BESIDE).map(told).collect()))
    }

    /// Who is signed in: a name, and the roles.
    fn who(&self) -> Option<(String, String)> {
        let known = self.person.as_ref()?;
        let roles: Vec<String> = known.roles.iter().map(|role| self.lang.t(role_key(*role))).collect();
        Some((known.name.clone().unwrap_or_else(|| known.user.clone()), self.lang.list(&roles)))
    }

    /// The roles as whom somebody can look at a demo.
    fn rehearsable(&self) -> Vec<(&'static str, String)> {
        if !self.demo || self.person.is_some() {
            return Vec::new();
        }
        let roles =
            [Role::Head, Role::Monitor, Role::Staff, Role::Spokesperson, Role::Legal, Role::Trainer, Role::System];
        roles.into_iter().map(|role| (role.as_str(), self.lang.t(role_key(role)))).collect()
    }

    /// Whether the reader may end the demo: whoever sets Caifeng up, and whoever is nobody in particular.
    fn ends_demo(&self) -> bool {
        self.demo && self.person.as_ref().is_none_or(|known| known.may(Act::Configure))
    }

    fn rooms(&self) -> Vec<RoomLink> {
        self.rooms.iter().map(|room| self.link(*room)).collect()
    }

    /// Whether a phone has no place for all of them at once.
    fn has_more(&self) -> bool {
        self.rooms.len() > FIRST
    }

    fn link(&self, room: Room) -> RoomLink {
        let silent = u64::try_from(self.all.silent.len()).unwrap_or(u64::MAX);
        let (n, warn) = match room {
            Room::Incidents => (self.figures.open, false),
            Room::Posts => (self.figures.posts, false),
            Room::Watches => (silent, true),
            _ => (0, false),
        };
        RoomLink {
            href: room.path(),
            name: self.lang.t(room.key()),
            note: (n > 0).then(|| if warn { self.lang.count("rooms.silent", n) } else { grouped(n) }),
            warn,
            here: self.here == Some(room),
            begins: room.begins(),
            first: !self.has_more() || room.is_first(),
        }
    }

    fn others(&self) -> Vec<Lang> {
        Lang::ALL.into_iter().filter(|l| *l != self.lang).collect()
    }

    /// What joins `lang=` to the path.
    fn join(&self) -> char {
        if self.path.contains('?') { '&' } else { '?' }
    }

    #[expect(clippy::unused_self, reason = "askama reaches it through the frame")]
    fn version(&self) -> &'static str {
        super::asset::version()
    }
}

/// Ingested text with its evidence marked.
#[derive(Clone, Debug, Template)]
#[template(path = "said.html")]
pub(crate) struct Marked {
    pieces: Vec<Piece>,
}

/// The template above escapes each piece itself.
impl HtmlSafe for Marked {}

impl Marked {
    fn some(pieces: Vec<Piece>) -> Option<Self> {
        (!pieces.is_empty()).then_some(Self { pieces })
    }
}

/// How much is heard, in one line. At most three of the silent are named.
fn coverage_line(lang: Lang, all: &Coverage) -> String {
    let silent = u64::try_from(all.silent.len()).unwrap_or(u64::MAX);
    let mut parts = Vec::new();
    if all.heard > 0 {
        parts.push(lang.count("coverage.heard", all.heard));
    }
    if silent > 0 {
        let names = named(lang, &all.silent);
        let counted = lang.count("coverage.silent", silent);
        parts.push(lang.with("coverage.named", &[("silent", &counted), ("names", &names)]));
    }
    if all.waiting > 0 {
        parts.push(lang.count("coverage.waiting", all.waiting));
    }
    if parts.is_empty() {
        return lang.t("coverage.none");
    }
    parts.join(" · ")
}

/// At most three names, and how many more.
fn named(lang: Lang, names: &[String]) -> String {
    let shown: Vec<&str> = names.iter().take(3).map(String::as_str).collect();
    let listed = lang.list(&shown);
    match names.len() - shown.len() {
        0 => listed,
        more => lang.with("list.and-more", &[("names", &listed), ("n", &more)]),
    }
}

fn category(lang: Lang, category: Category) -> String {
    lang.t(match category {
        Category::Problem => "category.problem",
        Category::Emergency => "category.emergency",
        Category::Sensitive => "category.sensitive",
        Category::Suggestion => "category.suggestion",
        Category::Rumour => "category.rumour",
    })
}

fn state(lang: Lang, state: State) -> String {
    lang.t(match state {
        State::New => "state.new",
        State::Handling => "state.handling",
        State::Watching => "state.watching",
        State::Closed => "state.closed",
        State::Dismissed => "state.dismissed",
        State::Merged => "state.merged",
    })
}

/// A sentence of ours without the spaces that stand between two Han characters once a day
/// such as 今天 has taken the place of a date that begins or ends with a figure.
fn tight(sentence: &str) -> String {
    let han = |c: Option<char>| c.is_some_and(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    let mut out = String::with_capacity(sentence.len());
    for (at, c) in sentence.char_indices() {
        let between = c == ' ' && han(out.chars().next_back()) && han(sentence[at + 1..].chars().next());
        if !between {
            out.push(c);
        }
    }
    out
}

/// An address as a link: only http and https, everything else stays text.
fn link(address: &str) -> Option<String> {
    let url = url::Url::parse(address).ok()?;
    (matches!(url.scheme(), "http" | "https") && url.has_host()).then(|| url.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_addresses_become_links() {
        assert_eq!(link("https://a.example/b?c").as_deref(), Some("https://a.example/b?c"));
        for hostile in
            ["javascript:alert(1)", " JaVaScRiPt:alert(1)", "data:text/html,x", "//a.example", "", "file:///etc/passwd"]
        {
            assert_eq!(link(hostile), None, "{hostile}");
        }
    }

    #[test]
    fn only_spaces_between_han_characters_are_dropped() {
        assert_eq!(tight("10 月 25 日 至 今天 共 2 条"), "10 月 25 日至今天共 2 条");
        assert_eq!(tight("From 25 Oct to today "), "From 25 Oct to today ");
    }

    #[test]
    fn the_coverage_line_names_the_silent() {
        let mut all = Coverage { heard: 6, waiting: 0, silent: vec![], last: None };
        assert_eq!(coverage_line(Lang::Zh, &all), "听到 6 处");
        all.silent = ["a", "b", "c", "d"].map(str::to_owned).to_vec();
        assert_eq!(coverage_line(Lang::En, &all), "6 watches heard · 4 silent: a, b, c and 1 more");
        assert_eq!(coverage_line(Lang::En, &Coverage::default()), "nothing is watched");
    }
}
