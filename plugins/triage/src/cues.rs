//! Finds cue terms: one pass, longest term first, no table to build.
//!
//! Work is bounded by the text's characters times the longest bucket, a constant
//! of the table; so it is linear in the text.

include!(concat!(env!("OUT_DIR"), "/table.rs"));

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
}

/// How many signs there are.
pub(crate) const SIGNS: usize = 14;

/// Words before a cue that take an event, a crime or an appeal back, or make it
/// something that might happen.
const TAKEN_BACK: [&str; 17] = [
    "没有",
    "未发生",
    "无",
    "不",
    "并非",
    "防",
    "防止",
    "避免",
    "预防",
    "杜绝",
    "以防",
    "如果",
    "万一",
    "谨防",
    "可能",
    "容易",
    "引发",
];

/// A cue at its place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hit {
    /// Which term, an index into the table.
    pub(crate) term: usize,
    /// Byte offset of its first character.
    pub(crate) start: usize,
    /// Byte offset behind its last character.
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
    matches!(sign, Sign::Event | Sign::Harm | Sign::Sensitive | Sign::Urge)
}

/// Every cue of the text, left to right, not overlapping.
pub(crate) fn hits(text: &str) -> impl Iterator<Item = Hit> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let rest = text.get(at..)?;
            let first = rest.chars().next()?;
            let start = at;
            match longest(rest, first) {
                Some((term, len)) => {
                    at += len;
                    let before = &text[..start];
                    return Some(Hit { term, start, end: at, taken_back: taken_back(before) });
                }
                None => at += first.len_utf8(),
            }
        }
    })
}

/// Whether the text ends with a word that takes back what follows.
fn taken_back(before: &str) -> bool {
    let last = before.chars().next_back();
    // A pattern, since searching a string for a character beyond ASCII sets up a whole string search.
    let may_be = matches!(
        last,
        Some('有' | '生' | '无' | '不' | '非' | '防' | '止' | '免' | '绝' | '果' | '一' | '能' | '易' | '发')
    );
    may_be && TAKEN_BACK.iter().any(|word| before.ends_with(word))
}

/// The longest term that the text begins with, and its bytes.
fn longest(rest: &str, first: char) -> Option<(usize, usize)> {
    let bucket = first as usize % BUCKETS;
    let (from, to) = (HEADS[bucket] as usize, HEADS[bucket + 1] as usize);
    if from == to {
        return None;
    }
    let next = rest[first.len_utf8()..].chars().next().map_or(0, u32::from);
    (from..to).find_map(|nth| {
        let term = TERMS[nth].0;
        let may_be = NEXT[nth] == next || NEXT[nth] == 0;
        (may_be && rest.as_bytes().starts_with(term.as_bytes())).then_some((nth, term.len()))
    })
}
