//! Finds cue terms: one pass, longest term first, no table to build.
//!
//! Work is bounded by the text's characters times the longest bucket, a constant
//! of the table; so it is linear in the text.

include!(concat!(env!("OUT_DIR"), "/cues.rs"));

/// What a cue is a sign of: the sections of `cues.txt`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Sign {
    /// Harm by conduct or service.
    Problem,
    /// A proposal.
    Suggestion,
    /// A dangerous event.
    Event,
    /// What an event did to people.
    Harm,
    /// That it is recent.
    Now,
    /// Crime, threat, self-harm, harm to the weak.
    Sensitive,
    /// A source that nobody can check.
    Vague,
    /// Pressure to forward.
    Urge,
    /// A sensational claim.
    Shock,
    /// Says that a claim is false.
    Debunk,
    /// A question of procedure.
    Ask,
    /// Praise.
    Thanks,
    /// An office or a newsroom speaks.
    News,
    /// No matter of anyone's duty.
    Chat,
    /// Someone writes of a matter of their own, or to an office.
    Own,
    /// An event that did not happen now: rehearsed, remembered, filmed, prevented.
    Rehearsed,
    /// A life or many people in danger at this moment.
    Peril,
    /// Children, the old, the sick, the pregnant, the disabled.
    Frail,
    /// A good mood.
    Good,
    /// A bad mood.
    Bad,
}

/// How many signs there are.
pub(crate) const SIGNS: usize = 20;

/// A cue at its place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hit {
    /// Which term, an index into the table.
    pub(crate) term: usize,
    /// Its first code.
    pub(crate) start: usize,
    /// Behind its last code.
    pub(crate) end: usize,
    /// A word before it takes it back.
    pub(crate) taken_back: bool,
}

/// How many terms the table has.
pub(crate) const COUNT: usize = TERMS.len();

/// What the term is a sign of, with weights.
pub(crate) fn signs(term: usize) -> &'static [(Sign, u8)] {
    TERMS.get(term).map_or(&[], |(_, signs)| *signs)
}

/// Whether a word that takes it back also silences this sign. A problem denied
/// is still talked about; an event denied did not happen.
pub(crate) fn silenced(sign: Sign) -> bool {
    matches!(
        sign,
        Sign::Event | Sign::Harm | Sign::Sensitive | Sign::Urge | Sign::Peril | Sign::Good | Sign::Bad | Sign::Thanks
    )
}

/// Every cue of the text, left to right, not overlapping.
pub(crate) fn hits(codes: &[u32]) -> impl Iterator<Item = Hit> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < codes.len() {
            let start = at;
            match longest(&codes[start..]) {
                Some((term, len)) => {
                    at += len;
                    return Some(Hit { term, start, end: at, taken_back: taken_back(&codes[..start]) });
                }
                None => at += 1,
            }
        }
        None
    })
}

/// Whether the text ends with a word that takes back an event, a crime or an appeal, or makes it something that might
/// happen.
fn taken_back(before: &[u32]) -> bool {
    let back = |nth: usize| before.len().checked_sub(nth).and_then(|at| char::from_u32(before[at])).unwrap_or(' ');
    match (back(2), back(1)) {
        (_, '没' | '无' | '不' | '防') => true,
        ('没', '有') | ('并', '非') | ('防', '止') | ('避', '免') | ('杜', '绝') => true,
        ('如', '果') | ('万', '一') | ('可', '能') | ('容', '易') | ('引', '发') => true,
        ('发', '生') => back(3) == '未',
        _ => false,
    }
}

/// The longest term that the text begins with, and its codes.
fn longest(rest: &[u32]) -> Option<(usize, usize)> {
    let bucket = *rest.first()? as usize % BUCKETS;
    let next = rest.get(1).copied().unwrap_or(0);
    if MAY[bucket] >> (next % 64) & 1 == 0 {
        return None;
    }
    let (from, to) = (HEADS[bucket] as usize, HEADS[bucket + 1] as usize);
    (from..to).find_map(|nth| {
        let term = TERMS[nth].0;
        // Code by code: these are short, and to call for a comparison of memory costs a guest more.
        let may_be = (NEXT[nth] == next || NEXT[nth] == 0) && term.len() <= rest.len();
        (may_be && term.iter().zip(rest).all(|(wanted, code)| wanted == code)).then_some((nth, term.len()))
    })
}
