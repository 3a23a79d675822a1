//! The clauses that are shown for a label, verbatim.

use caifeng_plugin_sdk::clause;

use crate::cues::{self, Sign};
use crate::model;
use crate::reading::Reading;
use crate::severity::{self, Level};
use crate::{decide, ngrams};

/// How many clauses are shown.
const SHOWN: usize = 3;

/// The most characters of a clause shown on either side of its cue.
const AROUND: usize = 20;

/// The most characters of a clause that no cue is in.
const WIDE: usize = 2 * AROUND;

impl Reading<'_> {
    /// Clauses that hold the strongest cues of these signs, in reading order.
    pub(crate) fn clauses(&self, shown: &[Sign]) -> Vec<String> {
        let wanted = shown.iter().fold(0_u32, |all, sign| all | 1 << *sign as u32);
        let strength = |hit: &cues::Hit| {
            cues::signs(hit.term)
                .iter()
                .filter(|(sign, _)| wanted >> *sign as u32 & 1 == 1 && !(hit.taken_back && cues::silenced(*sign)))
                .map(|(_, weight)| *weight)
                .max()
                .unwrap_or(0)
        };
        let weighed = self.hits.iter().enumerate().map(|(nth, (_, hit))| (nth, strength(hit)));
        let mut strong: Vec<(usize, u8)> = weighed.filter(|(_, weight)| *weight > 0).collect();
        // Of equals the first.
        strong.sort_by_key(|(_, weight)| std::cmp::Reverse(*weight));
        let mut clauses: Vec<(usize, &str)> = Vec::with_capacity(SHOWN);
        for (nth, _) in strong {
            let (part, hit) = &self.hits[nth];
            let clause = self.clause(*part, hit.start, hit.end);
            if !clause.is_empty() && !clauses.iter().any(|(_, seen)| *seen == clause) {
                let before = clauses.partition_point(|(seen, _)| *seen < nth);
                clauses.insert(before, (nth, clause));
            }
            if clauses.len() == SHOWN {
                break;
            }
        }
        clauses.into_iter().map(|(_, clause)| clause.to_owned()).collect()
    }

    /// The clause around codes `from` to before `to` of a part: to the nearest punctuation, or `AROUND` characters.
    fn clause(&self, part: usize, from: usize, to: usize) -> &str {
        let source = self.sources[part];
        let (start, end) = self.folded[part].bytes(source, from, to);
        clause::around(source, start, end, AROUND)
    }

    /// The level of the heaviest toll, and the clause that tells it.
    pub(crate) fn toll(&self) -> Option<(Level, String)> {
        let tolls = (0..2).filter_map(|part| Some((part, severity::toll(&self.folded[part].codes)?)));
        let (part, toll) = tolls.max_by_key(|(part, toll)| (toll.level, std::cmp::Reverse(*part)))?;
        let clause = self.clause(part, toll.start, toll.end);
        (!clause.is_empty()).then(|| (toll.level, clause.to_owned()))
    }

    /// The clause whose runs speak most for a category; none where nothing does.
    pub(crate) fn loudest(&self, class: usize) -> Option<String> {
        let weigh = |row: model::Row| i32::from(row[class].cast_signed()) - i32::from(row[decide::NONE].cast_signed());
        let mut best: Option<(i32, &str)> = None;
        for part in 0..2 {
            for (from, to, weight) in self.pieces(part, weigh) {
                let (start, end) = self.folded[part].bytes(self.sources[part], from, to);
                let piece = self.sources[part][start..end].trim();
                if !piece.is_empty() && best.is_none_or(|(most, _)| weight > most) {
                    best = Some((weight, piece));
                }
            }
        }
        best.map(|(_, piece)| piece.to_owned())
    }

    /// The pieces between marks with what their runs weigh: the codes from, to before.
    fn pieces(&self, part: usize, weigh: impl Fn(model::Row) -> i32) -> Vec<(usize, usize, i32)> {
        let codes = &self.folded[part].codes;
        let read = codes.len().min(ngrams::READ);
        let mut weights = vec![0; read];
        ngrams::places(self.folded[part], part == 0, |hash, at| {
            if let Some(row) = model::row(hash) {
                weights[at] += weigh(row);
            }
        });
        let mut pieces = Vec::new();
        let mut from = 0;
        for at in 0..=read {
            let ends = at == read || char::from_u32(codes[at]).is_none_or(clause::ends);
            if (ends || at - from == WIDE) && at > from {
                pieces.push((from, at, weights[from..at].iter().sum()));
            }
            if ends {
                from = at + 1;
            } else if at - from == WIDE {
                from = at;
            }
        }
        pieces
    }
}
