//! The lines of a file of vCards: which card, which property, where it stands.
//!
//! Made for files of any program, and for hostile ones: versions 2.1, 3.0 and 4.0, folded lines (RFC 6350 §3.2), lines that
//! quoted-printable continues, cards within cards. Only what may be kept of a contact is copied, and of that no more than a
//! line of it; a photograph of any size costs the time to pass over it. What a value means is [`vcard`](super::vcard)'s.

use std::collections::BTreeSet;

/// Most lines of one card; a card with a large photograph in short lines has some ten thousand.
const MOST_LINES: usize = 200_000;
/// Longest value that is kept, in bytes.
const LONGEST: usize = 4_096;
/// Properties that a contact is made of; all others belong to the person, or to a program.
const KEPT: [&str; 10] = ["N", "FN", "ORG", "TITLE", "ROLE", "TEL", "EMAIL", "URL", "UID", "CATEGORIES"];
/// Names of properties that are told to have been left out.
const TOLD: usize = 32;

/// A property of a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Line of the file on which it begins, from 1.
    pub number: u64,
    /// Character of that line with which its value begins, from 1.
    pub column: u64,
    /// Its name in capital letters, without its group.
    pub name: String,
    /// Its parameters in capital letters: `TYPE=WORK`, or `WORK` as version 2.1 has it.
    pub parameters: Vec<String>,
    /// Its value as it is written, unfolded.
    pub value: String,
    /// More of it was there than is kept.
    pub cut: bool,
}

impl Line {
    /// Whether a parameter says this, by itself or as one of its values.
    #[must_use]
    pub fn says(&self, word: &str) -> bool {
        let values = |parameter: &String| {
            let (_, values) = parameter.split_once('=').unwrap_or(("", parameter));
            values.split(',').any(|value| value.trim_matches('"') == word)
        };
        self.parameters.iter().any(values)
    }

    /// The value of a parameter.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let named = |parameter: &String| parameter.split_once('=').is_some_and(|(known, _)| known == name);
        self.parameters.iter().find(|parameter| named(parameter))?.split_once('=').map(|(_, value)| value)
    }
}

/// One card of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Card {
    /// Line on which it begins, from 1.
    pub number: u64,
    /// What a contact could be made of, in its order.
    pub lines: Vec<Line>,
}

/// Something that is no card, or not a whole one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Line, from 1.
    pub number: u64,
    /// What is wrong there.
    pub message: &'static str,
}

/// What a file has in it.
#[derive(Debug, Default)]
pub struct Cards {
    /// Whole cards.
    pub cards: Vec<Card>,
    /// What is no card.
    pub faults: Vec<Fault>,
    /// Names of properties that were left out.
    pub left_out: BTreeSet<String>,
}

/// Reads the lines of a file.
#[must_use]
pub fn read(text: &str) -> Cards {
    let mut reading = Reading::default();
    for (line, number) in text.split('\n').zip(1..) {
        reading.line(line.strip_suffix('\r').unwrap_or(line), number);
    }
    reading.end()
}

/// What the next line may belong to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Open {
    /// Nothing: a property ended with its line.
    #[default]
    Nothing,
    /// A line that folding or quoted-printable may continue.
    Text,
    /// Lines without a name, until one has one.
    Binary,
}

#[derive(Debug, Default)]
struct Reading {
    found: Cards,
    card: Option<Card>,
    /// Cards within the card.
    inner: usize,
    lines: usize,
    open: Open,
    /// The open property is one that is kept: the last of the card.
    kept: bool,
    /// It is in quoted-printable.
    quoted: bool,
    /// It continues on the next line, whatever that looks like.
    soft: bool,
    /// Text between cards was told.
    strayed: bool,
    /// A line of this card that is no property was told.
    malformed: bool,
}

impl Reading {
    fn line(&mut self, line: &str, number: u64) {
        let trimmed = line.trim();
        if trimmed.eq_ignore_ascii_case("BEGIN:VCARD") {
            return self.begin(number);
        }
        let Some(card) = &self.card else {
            if !trimmed.is_empty() && !std::mem::replace(&mut self.strayed, true) {
                self.fault(number, "no card: a card begins with BEGIN:VCARD");
            }
            return;
        };
        let began = card.number;
        self.lines += 1;
        if self.lines > MOST_LINES {
            self.fault(began, "this card has no end: more than 200,000 lines");
            (self.card, self.strayed) = (None, true);
        } else if trimmed.eq_ignore_ascii_case("END:VCARD") {
            self.close();
        } else if self.inner == 0 {
            self.property(line, number);
        }
    }

    fn begin(&mut self, number: u64) {
        match self.card {
            Some(_) => self.inner += 1,
            None => self.card = Some(Card { number, ..Card::default() }),
        }
        (self.open, self.soft) = (Open::Nothing, false);
        if self.inner == 0 {
            (self.lines, self.strayed, self.malformed) = (0, false, false);
        }
    }

    fn close(&mut self) {
        self.open = Open::Nothing;
        if self.inner > 0 {
            self.inner -= 1;
        } else {
            self.found.cards.extend(self.card.take());
        }
    }

    fn property(&mut self, line: &str, number: u64) {
        let folded = line.strip_prefix([' ', '\t']);
        match (self.open, folded) {
            (Open::Text, Some(more)) => return self.more(more),
            (Open::Text, None) if self.soft => return self.more(line),
            (Open::Binary, _) if folded.is_some() || !line.contains(':') => return,
            _ => {}
        }
        self.open = Open::Nothing;
        if line.trim().is_empty() {
            return;
        }
        let Some((head, value)) = divided(line) else {
            if !std::mem::replace(&mut self.malformed, true) {
                let what = "no property: write NAME:value, or begin the line with a space to continue the one before";
                self.fault(number, what);
            }
            return;
        };
        let mut parts = head.split(';').map(|part| part.trim().to_uppercase());
        let name = parts.next().unwrap_or_default();
        // A group joins properties of one program: item1.TEL.
        let name = name.rsplit_once('.').map_or(name.as_str(), |(_, name)| name).to_owned();
        let column = head.chars().count() as u64 + 2;
        let kept = Line { number, column, name, parameters: parts.collect(), value: String::new(), cut: false };
        let binary = kept.says("BASE64") || kept.says("B");
        self.open = if binary { Open::Binary } else { Open::Text };
        (self.quoted, self.soft) = (kept.says("QUOTED-PRINTABLE"), false);
        self.kept = self.keep(kept, binary);
        if self.open == Open::Text {
            self.more(value);
        }
    }

    /// Takes a property into the card, if one may be made a contact of.
    fn keep(&mut self, line: Line, binary: bool) -> bool {
        let at_home = line.says("HOME") && !line.says("WORK");
        let kept = KEPT.contains(&line.name.as_str()) && !at_home && !binary;
        if kept {
            self.card.iter_mut().for_each(|card| card.lines.push(line.clone()));
        } else if self.found.left_out.len() < TOLD && !matches!(line.name.as_str(), "VERSION" | "PRODID" | "REV") {
            let name: String = line.name.chars().take(32).collect();
            self.found.left_out.insert(if at_home { format!("{name} (home)") } else { name });
        }
        kept
    }

    /// More of the open property.
    fn more(&mut self, text: &str) {
        self.soft = self.quoted && text.ends_with('=');
        let text = if self.soft { &text[..text.len() - 1] } else { text };
        let Some(line) = self.card.as_mut().filter(|_| self.kept).and_then(|card| card.lines.last_mut()) else {
            return;
        };
        let room = LONGEST.saturating_sub(line.value.len());
        let end = text.floor_char_boundary(room.min(text.len()));
        line.value.push_str(&text[..end]);
        line.cut |= end < text.len();
    }

    fn fault(&mut self, number: u64, message: &'static str) {
        self.found.faults.push(Fault { number, message });
    }

    fn end(mut self) -> Cards {
        if let Some(card) = self.card.take() {
            self.fault(card.number, "this card is not whole: END:VCARD is missing");
        }
        self.found
    }
}

/// Name with parameters, and value: divided at the first colon that is not quoted.
fn divided(line: &str) -> Option<(&str, &str)> {
    let mut quoted = false;
    let at = line.char_indices().find(|(_, c)| {
        quoted ^= *c == '"';
        *c == ':' && !quoted
    });
    at.map(|(at, _)| (&line[..at], &line[at + 1..])).filter(|(head, _)| !head.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_unfolded_and_known_by_where_they_begin() {
        let text = "BEGIN:VCARD\r\nVERSION:3.0\r\nORG:河北\r\n 日报\r\nitem1.TEL;type=WORK;type=pref:+86\r\n\t 311\r\nEND:VCARD\r\n";
        let cards = read(text);
        assert_eq!(cards.faults, []);
        let [card] = &cards.cards[..] else { panic!("{cards:?}") };
        let told: Vec<_> = card.lines.iter().map(|l| (l.number, l.column, l.name.as_str(), l.value.as_str())).collect();
        assert_eq!(told, [(3, 5, "ORG", "河北日报"), (5, 31, "TEL", "+86 311")]);
        assert!(card.lines[1].says("WORK") && card.lines[1].says("PREF") && !card.lines[1].says("HOME"));
    }

    #[test]
    fn quoted_printable_continues_lines_and_is_left_out_with_its_property() {
        let text = "BEGIN:VCARD\nORG;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=E6=B2=B3=\n=E5=8C=97\nNOTE;ENCODING=QUOTED-PRINTABLE:a=\nTEL=3A1=\nb\nX-KEY:abc=\nTEL:110\nEND:VCARD\n";
        let cards = read(text);
        let told: Vec<_> = cards.cards[0].lines.iter().map(|l| (l.name.as_str(), l.value.as_str())).collect();
        assert_eq!(told, [("ORG", "=E6=B2=B3=E5=8C=97"), ("TEL", "110")], "{cards:?}");
        assert_eq!(cards.cards[0].lines[0].parameter("CHARSET"), Some("UTF-8"));
    }

    #[test]
    fn what_belongs_to_the_person_is_passed_over_whatever_its_size() {
        let photo = "/9j/4AAQ".repeat(8).replace("8/", "8+");
        let lines: String = (0..20_000).map(|_| format!(" {photo}\n")).collect();
        let unfolded: String = (0..100).map(|_| format!("{photo}\n")).collect();
        let text = format!(
            "BEGIN:VCARD\nPHOTO;ENCODING=b;TYPE=JPEG:{photo}\n{lines}LOGO;BASE64:\n{unfolded}\nBDAY:1990-01-01\nTEL;HOME:1\n\
             AGENT:\nBEGIN:VCARD\nORG:inner\nEND:VCARD\nORG:outer\nEND:VCARD\n"
        );
        let cards = read(&text);
        assert_eq!(cards.faults, []);
        let told: Vec<_> = cards.cards[0].lines.iter().map(|l| l.value.as_str()).collect();
        assert_eq!(told, ["outer"]);
        let left: Vec<_> = cards.left_out.iter().map(String::as_str).collect();
        assert_eq!(left, ["AGENT", "BDAY", "LOGO", "PHOTO", "TEL (home)"]);
    }

    #[test]
    fn what_has_no_end_is_cut_and_what_is_no_card_is_told() {
        let long = format!("BEGIN:VCARD\nORG:{}\nTEL:1\nEND:VCARD\n", "长".repeat(100_000));
        let line = &read(&long).cards[0].lines[0];
        assert!(line.cut && line.value.len() <= LONGEST);
        let faults = |text: &str| read(text).faults.iter().map(|f| (f.number, f.message)).collect::<Vec<_>>();
        assert_eq!(faults("\n\nname,org\na,b\n")[0].0, 3);
        assert_eq!(faults("x\ny\nz").len(), 1, "told once");
        assert!(faults("BEGIN:VCARD\nORG:a\n")[0].1.contains("END:VCARD is missing"));
        assert!(faults("BEGIN:VCARD\nORG a\nEND:VCARD")[0].1.contains("no property"));
        assert!(faults(&format!("BEGIN:VCARD\nNOTE:\n{}", " x\n".repeat(MOST_LINES + 1)))[0].1.contains("no end"));
    }
}
