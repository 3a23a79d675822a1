//! Calm pasts, bursts and silences, simulated.

use jiff::tz::TimeZone;

use super::backtest::{Replay, Said, replay};
use super::known::{Deaf, HOUR, Hearing, Hour, Kind, Known};
use super::stage::{Standing, judge};
use super::usual::{Memory, Usual};
use super::{Reason, Severity, Stage};
use crate::pasts::{DAY, Dice, each_hour};

/// False alarms a month that warnings are made for, as for silence in `coverage::drift`: one in ten months.
const FALSE_ALARMS: f64 = 0.1;

/// How a topic is spoken of while nothing happens.
#[derive(Clone, Copy)]
struct Calm {
    /// Posts a day, of working days.
    daily: f64,
    /// Days differ: three in ten are four times as lively as the others.
    uneven: bool,
    /// Posts that follow one within a few hours, on average.
    echoes: f64,
}

/// Times of posts over so many days, with their echoes.
fn times(dice: &mut Dice, calm: Calm, days: i64) -> Vec<i64> {
    let mut all = Vec::new();
    each_hour(dice, calm.daily / (1.0 + calm.echoes), calm.uneven, days, |dice, hour, posts| {
        for _ in 0..posts {
            let at = hour + dice.within(3600.0);
            all.push(at);
            for _ in 0..dice.poisson(calm.echoes) {
                let later = -(1.0 - dice.fraction()).ln() * 3.0 * 3600.0;
                all.push(at + later.clamp(0.0, 1e6).round() as i64);
            }
        }
    });
    all.sort_unstable();
    all
}

fn replayed(times: &[i64], kind: Kind, every: i64) -> Replay {
    let said = times.iter().map(|at| Said { at: *at, place: "a".to_owned(), ..Said::default() }).collect();
    replay(said, kind, &Hearing::default(), &TimeZone::UTC, every)
}

/// The promise of the module: what was measured is printed.
#[test]
fn a_calm_topic_warns_at_most_once_in_ten_months() {
    let mut dice = Dice(7);
    let quiet = [0.3, 2.0, 12.0, 60.0].map(|daily| Calm { daily, uneven: false, echoes: 0.0 });
    let lively = [2.0, 12.0, 60.0].map(|daily| Calm { daily, uneven: true, echoes: 0.5 });
    for calm in quiet.into_iter().chain(lively) {
        let (mut alarms, mut months) = (0, 0.0);
        for _ in 0..5 {
            let times = times(&mut dice, calm, 120);
            alarms += replayed(&times, Kind::Topic, 3600).told.len();
            months += 4.0;
        }
        #[expect(clippy::cast_precision_loss, reason = "a few alarms")]
        let rate = alarms as f64 / months;
        println!(
            "{} posts a day, uneven {}, echoes {}: {rate:.3} false alarms a month",
            calm.daily, calm.uneven, calm.echoes
        );
        assert!(rate <= FALSE_ALARMS, "{} a day: {rate} a month", calm.daily);
    }
}

/// An incident that gets a handful of posts over two days, as most do.
#[test]
fn of_calm_incidents_at_most_one_in_a_hundred_warns() {
    let mut dice = Dice(11);
    let mut warned = 0;
    for n in 0..1_000 {
        let mut times = vec![0];
        // The mean number of posts that follow: one to six, most of them within hours.
        for _ in 0..dice.poisson(f64::from(1 + n % 6)) {
            times.push((-(1.0 - dice.fraction()).ln() * 10.0 * 3600.0).clamp(0.0, 1e6).round() as i64);
        }
        warned += usize::from(!replayed(&times, Kind::Incident, 300).told.is_empty());
    }
    println!("{warned} of 1000 calm incidents warn");
    assert!(warned <= 10, "{warned} of 1000");
}

/// Bursts that double every hour or faster, on top of a calm topic.
#[test]
fn a_burst_is_told_before_its_peak() {
    let mut dice = Dice(13);
    for (daily, doubling, within) in [(2.0, 3600.0, 0), (12.0, 3600.0, 0), (60.0, 3600.0, 0), (12.0, 14_400.0, 0)] {
        let (mut leads, mut missed) = (Vec::new(), 0);
        for _ in 0..4 {
            let mut times = times(&mut dice, Calm { daily, uneven: false, echoes: 0.3 }, 60);
            let peak = 45 * DAY + 14 * HOUR;
            // 60 posts an hour at its height, growing and falling by half in the same time.
            for back in 0..12_i64 {
                #[expect(clippy::cast_precision_loss, reason = "a few hours")]
                let rate = 60.0 * 0.5_f64.powf(back as f64 * 3600.0 / doubling);
                for hour in [-1 - back, back] {
                    times.extend((0..dice.poisson(rate)).map(|_| peak + hour * HOUR + dice.within(3600.0)));
                }
            }
            let replay = replayed(&times, Kind::Topic, 600);
            let first = replay.told.iter().map(|told| told.at).find(|at| *at > peak - DAY && *at < peak + DAY);
            match first {
                Some(at) => leads.push((peak - at) / 60),
                None => missed += 1,
            }
        }
        leads.sort_unstable();
        println!("{daily} a day, doubling in {doubling} s: {missed} of 4 missed, told {leads:?} minutes before");
        assert!(missed == 0 && leads[0] >= within, "{daily} a day: {missed} missed, {leads:?}");
    }
}

/// What is known of hours with these counts, ending in the hour that is judged.
struct Case {
    hours: Vec<Hour>,
    kind: Kind,
    since: i64,
    hearing: Hearing,
}

impl Case {
    fn incident(posts: &[u64]) -> Self {
        let hours = (1000..).zip(posts).map(|(hour, posts)| Hour { hour, posts: *posts, ..Hour::default() }).collect();
        Self { hours, kind: Kind::Incident, since: 1000 * HOUR, hearing: Hearing::default() }
    }

    /// The stage and what was told in each half hour from the first post on.
    fn run(&self, until: i64) -> Vec<(i64, Stage, Option<Severity>)> {
        let (mut standing, mut seen) = (Standing::default(), Vec::new());
        for half in 1..=(until * 2) {
            let now = self.since + half * HOUR / 2 - 1;
            let hours: Vec<Hour> = self.hours.iter().copied().filter(|h| h.hour * HOUR <= now).collect();
            let known = Known {
                kind: self.kind,
                hours: &hours,
                since: self.since,
                hearing: &self.hearing,
                carriers: &[],
                zone: &TimeZone::UTC,
            };
            let judged = judge(&standing, &known, &mut Memory::default(), now);
            let told = judged.alert.map(|alert| alert.severity);
            if judged.standing.stage != standing.stage || told.is_some() {
                seen.push((half, judged.standing.stage, told));
            }
            standing = judged.standing;
        }
        seen
    }
}

#[test]
fn an_episode_goes_through_its_stages_and_tells_each_step_once() {
    let mut posts = vec![3, 6, 20, 40, 38, 25, 10, 5, 2, 1];
    posts.resize(120, 0);
    let seen = Case::incident(&posts).run(120);
    let stages: Vec<Stage> = seen.iter().map(|step| step.1).collect();
    assert_eq!(stages, [Stage::Growing, Stage::Growing, Stage::Peaking, Stage::Fading, Stage::Quiet], "{seen:?}");
    let told: Vec<_> = seen.iter().filter_map(|step| step.2).collect();
    assert_eq!(told, [Severity::Warning, Severity::Alarm], "each step once: {seen:?}");
}

#[test]
fn what_comes_back_is_told_again_and_says_so() {
    let mut posts = vec![1, 12, 20, 8, 2, 1];
    posts.resize(16, 0);
    posts.extend([15, 25, 3]);
    posts.resize(200, 0);
    let seen = Case::incident(&posts).run(200);
    let told: Vec<_> = seen.iter().filter_map(|step| Some((step.0 / 2, step.2?))).collect();
    assert_eq!(told.len(), 2, "{seen:?}");
    assert!((16..18).contains(&told[1].0), "{seen:?}");
    assert_eq!(seen.last().map(|step| step.1), Some(Stage::Quiet), "{seen:?}");
}

#[test]
fn nothing_falls_while_it_is_not_heard() {
    let mut case = Case::incident(&[1, 12, 30, 33]);
    case.hearing = Hearing::but_for(vec![Deaf { from: 1004 * HOUR, until: 1030 * HOUR, share: 0.9 }]);
    let seen = case.run(60);
    let fell = seen.iter().find(|step| matches!(step.1, Stage::Fading | Stage::Quiet)).map(|step| step.0 / 2);
    assert!(fell.is_some_and(|hour| hour >= 30), "{seen:?}");
    case.hearing = Hearing::default();
    let fell = case.run(60).iter().find(|step| step.1 == Stage::Fading).map(|step| step.0 / 2);
    assert!(fell.is_some_and(|hour| hour <= 7), "the same, heard: {fell:?}");
}

#[test]
fn an_episode_ends_also_where_sweeps_are_a_day_apart() {
    let mut standing = Standing::default();
    let case = Case::incident(&[1, 8, 9]);
    for day in 0..6 {
        // Swept once a day: what came after the last sweep is not heard.
        let now = (1003 + 24 * day) * HOUR;
        for wait in 0..24 {
            let silent = Deaf { from: now, until: i64::MAX / 2, share: 1.0 };
            let hearing = Hearing::but_for(vec![silent]);
            let (hours, zone) = (&case.hours, TimeZone::UTC);
            let known =
                Known { kind: Kind::Incident, hours, since: case.since, hearing: &hearing, carriers: &[], zone: &zone };
            standing = judge(&standing, &known, &mut Memory::default(), now + wait * HOUR).standing;
        }
        assert_eq!(standing.stage == Stage::Quiet, day >= 2, "day {day}: {standing:?}");
    }
}

#[test]
fn what_is_filled_in_late_is_no_burst() {
    // Sixty posts of a day three days ago, all read just now.
    let (zone, hearing) = (TimeZone::UTC, Hearing::default());
    let late: Vec<Hour> = (0..12).map(|n| Hour { hour: 1000 + n, posts: 5, ..Hour::default() }).collect();
    for kind in [Kind::Incident, Kind::Topic] {
        let known = Known { kind, hours: &late, since: 0, hearing: &hearing, carriers: &[], zone: &zone };
        let judged = judge(&Standing::default(), &known, &mut Memory::default(), 1090 * HOUR);
        assert_eq!((judged.standing.stage, judged.alert), (Stage::Quiet, None));
    }
}

#[test]
fn a_gap_is_no_quiet_past() {
    // Twelve a day for a month; in the second half nobody heard for all but one hour in six.
    let mut dice = Dice(17);
    let calm = Calm { daily: 48.0, uneven: false, echoes: 0.0 };
    let heard = |at: i64| !(14 * DAY..=29 * DAY).contains(&at) || at / HOUR % 6 == 0;
    let times: Vec<i64> = times(&mut dice, calm, 30).into_iter().filter(|at| heard(*at)).collect();
    let mut hours: Vec<Hour> = Vec::new();
    for at in times {
        match hours.last_mut() {
            Some(last) if last.hour == at / HOUR => last.posts += 1,
            _ => hours.push(Hour { hour: at / HOUR, posts: 1, ..Hour::default() }),
        }
    }
    let deaf = (14 * 24..=29 * 24).filter(|hour| hour % 6 != 0);
    let deaf = deaf.map(|hour| Deaf { from: hour * HOUR, until: (hour + 1) * HOUR, share: 1.0 }).collect();
    let hearing = Hearing::but_for(deaf);
    let usual = |hearing: &Hearing| {
        let known = Known { kind: Kind::Topic, hours: &hours, since: 0, hearing, carriers: &[], zone: &TimeZone::UTC };
        let usual = Usual::learn(&known, 30 * DAY).unwrap();
        usual.expected(&known, 29 * DAY + 2 * HOUR, 30 * DAY).0
    };
    let (told, blind) = (usual(&hearing), usual(&Hearing::default()));
    assert!(told > 36.0 && blind < 34.0, "{told} where gaps are known, {blind} where they are not");
}

#[test]
fn media_places_and_reach_are_signs_of_their_own() {
    use super::known::Carrier;
    use super::media::Tier;
    let (zone, hearing) = (TimeZone::UTC, Hearing::default());
    let now = 1010 * HOUR;
    let judged = |hours: &[Hour], carriers: &[Carrier]| {
        let known = Known { kind: Kind::Incident, hours, since: 1000 * HOUR, hearing: &hearing, carriers, zone: &zone };
        judge(&Standing::default(), &known, &mut Memory::default(), now)
    };
    let one = [Hour { hour: 1000, posts: 1, ..Hour::default() }];
    let carrier = |tier, name: &str, first| Carrier { tier, name: name.to_owned(), first };
    assert_eq!(judged(&one, &[carrier(Some(Tier::Local), "a", now - 9 * HOUR)]).alert, None);
    let central = judged(&one, &[carrier(Some(Tier::Central), "人民日报", now - HOUR)]).alert.unwrap();
    assert_eq!((central.stage, central.severity), (Stage::Emerging, Severity::Warning));
    assert_eq!(central.why, [Reason::Media { tier: Tier::Central, name: "人民日报".into() }]);
    assert_eq!(judged(&one, &[carrier(Some(Tier::Central), "人民日报", now - 30 * HOUR)]).alert, None, "long known");
    let places: Vec<_> = (0..4).map(|n| carrier(None, &n.to_string(), now - 9 * HOUR + n)).collect();
    assert_eq!(judged(&one, &places[..3]).alert, None);
    assert_eq!(judged(&one, &places).alert.unwrap().why, [Reason::Spread { places: 3, hours: 24 }]);
    let seen = [Hour { hour: 1000, posts: 1, views: 60_000, ..Hour::default() }];
    assert_eq!(judged(&seen, &[]).alert.unwrap().severity, Severity::Warning);
    let answered = [Hour { hour: 1009, posts: 1, replies: 300, ..Hour::default() }];
    assert_eq!(judged(&answered, &[]).alert.unwrap().why, [Reason::Reactions { gained: 300, before: 0, hours: 6 }]);
}
