//! From shares to labels: the one place where the statistical model and the rules meet.
//!
//! The model gives each category and none a share. Then, in this order:
//!
//! 1. An event that is only rehearsed, remembered, filmed or prevented is no emergency.
//! 2. A rumour needs a checkable factual claim, no denial of it, and must not be someone's own
//!    grievance, unless it names an uncheckable source or presses to forward besides; a petition is none. Where the model
//!    is not sure of a rumour it is none: calling criticism a rumour is the worst mistake there is.
//! 3. On doubt between nothing and a problem it is a problem: who reads a post too many loses a
//!    minute, who misses one loses trust.
//!
//! A category that a rule takes away leaves its share to the others in proportion.

use crate::cues::Sign;
use crate::model::CLASSES;
use crate::{Reading, claim};

/// Places of the categories in the shares; the last is none.
pub(crate) const PROBLEM: usize = 0;
pub(crate) const EMERGENCY: usize = 1;
pub(crate) const SENSITIVE: usize = 2;
pub(crate) const RUMOUR: usize = 4;
pub(crate) const NONE: usize = 5;

/// The least share of a rumour that is suggested.
const SURE_OF_RUMOUR: f32 = 0.3;

/// Part of every share that is spread evenly: two careful readers differ on some texts, so none is surer than that. That
/// the model knows other people's words less well is in its sharpness already.
const DISAGREE: f32 = 0.03;

/// A problem stands from this part of what none has.
const DOUBT: f32 = 0.7;

/// From this sum of its cues a matter is the writer's own.
const OWN: f32 = 2.0;

/// From this sum of the cues of what goes wrong a text with a heading is a petition.
const GRIEVANCE: f32 = 3.0;

/// Whether the text is someone's own grievance.
pub(crate) fn own_grievance(reading: &Reading<'_>) -> bool {
    reading.sum(Sign::Own) >= OWN
}

/// The shares after the rules; they sum to 1.
pub(crate) fn shares(reading: &Reading<'_>, sums: [f32; CLASSES]) -> [f32; CLASSES] {
    let mut sums = sums;
    if rehearsed(reading) {
        sums[EMERGENCY] = f32::NEG_INFINITY;
    }
    let mut shares = softmax(sums);
    let unsure = shares[RUMOUR] < SURE_OF_RUMOUR && (0..CLASSES).all(|class| shares[class] <= shares[RUMOUR]);
    // Only a rumour that would be said has to be checked, which costs as much as the rest.
    let said = shares[RUMOUR] >= SURE_OF_RUMOUR / 2.0;
    if unsure || (said && !may_be_rumour(reading)) {
        sums[RUMOUR] = f32::NEG_INFINITY;
        shares = softmax(sums);
    }
    #[expect(clippy::cast_precision_loss, reason = "six")]
    let even = DISAGREE / CLASSES as f32;
    shares.map(|share| share * (1.0 - DISAGREE) + even)
}

/// The categories that stand, the most likely first; a second one needs a quarter.
pub(crate) fn standing(shares: [f32; CLASSES]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..NONE).collect();
    order.sort_by(|a, b| shares[*b].total_cmp(&shares[*a]));
    let needed = |class: usize| if class == PROBLEM { shares[NONE] * DOUBT } else { shares[NONE] };
    // Rumour is never a second thought.
    let stands = |rank: usize, class: usize| {
        shares[class] > needed(class) && (rank == 0 || (shares[class] >= 0.25 && class != RUMOUR))
    };
    let Some(first) = order.iter().position(|class| stands(0, *class)) else { return Vec::new() };
    order.rotate_left(first);
    order.truncate(NONE - first);
    order.into_iter().enumerate().filter(|(rank, class)| stands(*rank, *class)).map(|(_, class)| class).collect()
}

fn softmax(sums: [f32; CLASSES]) -> [f32; CLASSES] {
    let most = sums.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let shares = sums.map(|sum| (sum - most).exp());
    let all: f32 = shares.iter().sum();
    shares.map(|share| share / all)
}

/// An event spoken of, and nobody hurt by it now.
fn rehearsed(reading: &Reading<'_>) -> bool {
    reading.sum(Sign::Rehearsed) > 0.0 && reading.sum(Sign::Harm) < 6.0
}

fn may_be_rumour(reading: &Reading<'_>) -> bool {
    let kinds = [Sign::Vague, Sign::Urge, Sign::Shock].iter().filter(|sign| reading.sum(**sign) > 0.0).count();
    let told = kinds >= 2 && (reading.sum(Sign::Vague) > 0.0 || reading.sum(Sign::Urge) > 0.0);
    let [title, text] = reading.sources;
    reading.sum(Sign::Debunk) <= 0.0
        && !petition(reading)
        && (told || !own_grievance(reading))
        && (claim::checkable(text) || claim::checkable(title))
}

/// What is sent to an office has a heading and a grievance; what is passed on has none.
fn petition(reading: &Reading<'_>) -> bool {
    let grievance = reading.sum(Sign::Own) + reading.sum(Sign::Problem) + reading.sum(Sign::Sensitive);
    !reading.sources[0].is_empty() && grievance >= GRIEVANCE
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fold::Folded;

    /// The share of a rumour when the model is as good as sure of one.
    fn rumour(title: &str, text: &str) -> f32 {
        let (mut folded_title, mut folded_text) = (Folded::default(), Folded::default());
        folded_title.read(title);
        folded_text.read(text);
        let reading = Reading::of([title, text], [&folded_title, &folded_text]);
        shares(&reading, [0.0, 0.0, 0.0, 0.0, 9.0, 0.0])[RUMOUR]
    }

    #[test]
    fn only_a_checkable_claim_that_is_no_grievance_is_a_rumour() {
        assert!(rumour("", "昨天医院门口有人被车撞死了") > 0.9);
        assert!(rumour("", "这简直太过分了，没有天理可言！") < 0.1, "nothing to check");
        assert!(rumour("", "我们小区物业公司把维修基金花了三百万，业主去问没有回音") < 0.1, "the writer's own matter");
        assert!(rumour("举报村委会", "听说村干部贪污三百万，转给大家看看") < 0.1, "a petition");
        assert!(rumour("", "网传医院死了七个孩子，经核实为不实信息") < 0.1, "a denial");
    }

    #[test]
    fn on_doubt_it_is_a_problem_and_never_a_rumour_second() {
        assert_eq!(standing([0.36, 0.0, 0.0, 0.0, 0.14, 0.5]), [PROBLEM]);
        assert!(standing([0.14, 0.0, 0.36, 0.0, 0.0, 0.5]).is_empty());
        assert_eq!(standing([0.4, 0.0, 0.0, 0.0, 0.38, 0.2]), [PROBLEM]);
    }
}
