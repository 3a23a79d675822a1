//! How a case is put right by whoever reads it: words hidden that the rules did not find, words put back that are nobody.

use serde::{Deserialize, Serialize};

use super::hiding::{self, Hider};
use super::{Case, Place, tag};
use crate::privacy::{Gazetteer, Kind, find};
use crate::text::tokens::Tokeniser;

/// What is to be put right.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Correction {
    /// Words to be hidden wherever they stand, and as what.
    pub hide: Vec<(String, Kind)>,
    /// Words that are nobody: put back where they were hidden, and found no more.
    pub harmless: Vec<String>,
    /// Lessons to be added.
    pub lessons: Vec<String>,
    /// Tags to be added.
    pub tags: Vec<String>,
}

/// What came of a correction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Corrected {
    /// Places at which words were hidden.
    pub hidden: usize,
    /// Places at which words were put back.
    pub restored: usize,
}

/// Puts a case right. `original` gives the text that a passage was made from, as long as it is kept in that version.
pub fn correct(
    case: &mut Case,
    correction: &Correction,
    original: impl Fn(Place) -> Option<String>,
    about: &Gazetteer,
    tokeniser: &Tokeniser,
) -> Corrected {
    let mut done = Corrected::default();
    for word in correction.harmless.iter().filter(|word| !case.harmless.contains(word)).cloned().collect::<Vec<_>>() {
        case.harmless.push(word);
    }
    if !correction.harmless.is_empty() {
        let nobody = |words: &str| correction.harmless.iter().any(|word| word == words);
        for (place, passage) in case.passages_mut() {
            if let Some(text) = original(place) {
                done.restored += passage.restore(&text, nobody);
            }
        }
    }
    add(case, correction, about, tokeniser);
    for (word, kind) in correction.hide.iter().filter(|(word, _)| !word.is_empty()) {
        case.harmless.retain(|harmless| harmless != word);
        let mut count = case.count;
        let shown = hiding::replacement(*kind, word, &mut count);
        let found = |_, text: &str| {
            let places = text.match_indices(word.as_str());
            places.map(|(at, it)| (at..at + it.len(), *kind, shown.clone())).collect()
        };
        let hidden: usize = case.passages_mut().map(|(_, passage)| passage.hide(found)).sum();
        if hidden > 0 {
            case.count = count;
        }
        done.hidden += hidden;
    }
    done
}

/// Adds what is to be learnt, with everybody in it hidden.
fn add(case: &mut Case, correction: &Correction, about: &Gazetteer, tokeniser: &Tokeniser) {
    let mut hider = Hider::new(about, tokeniser);
    hider.count = case.count;
    let lessons: Vec<&str> =
        correction.lessons.iter().map(|lesson| lesson.trim()).filter(|it| !it.is_empty()).collect();
    case.lessons.extend(hider.hide_all(&lessons));
    case.count = hider.count;
    for tag in correction.tags.iter().filter_map(|text| tag(text)) {
        if !case.tags.contains(&tag) {
            case.tags.push(tag);
        }
    }
}

/// What the rules still find in a case, one line each: where, and in which words. Lessons and tags are read too.
#[must_use]
pub fn still(case: &Case, about: &Gazetteer, tokeniser: &Tokeniser) -> Vec<String> {
    let about = Gazetteer { harmless: case.harmless.clone(), ..about.clone() };
    let mut lines = Vec::new();
    for (place, passage) in case.passages() {
        let shown = passage.shown();
        for found in hiding::still(passage, &about, tokeniser) {
            lines.push(format!("{}: {} ({})", told(place), &shown[found.range], found.kind.as_str()));
        }
    }
    for tag in &case.tags {
        for found in find(tag, &about, tokeniser) {
            lines.push(format!("tag: {} ({})", &tag[found.range], found.kind.as_str()));
        }
    }
    lines
}

/// Where a passage stands, in words.
#[must_use]
pub fn told(place: Place) -> String {
    match place {
        Place::Title => "title".to_owned(),
        Place::Headline(row, _) => format!("headline of post {row}"),
        Place::Text(row, _) => format!("post {row}"),
        Place::Note(id) => format!("note {id}"),
        Place::Lesson(n) => format!("lesson {}", n + 1),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::OnceLock;

    use super::super::passage::Passage;
    use super::*;
    use crate::incident::Category;

    fn tokeniser() -> &'static Tokeniser {
        static ONE: OnceLock<Tokeniser> = OnceLock::new();
        ONE.get_or_init(Tokeniser::new)
    }

    const TITLE: &str = "翠花说中心小学门口的井盖松了";

    fn case(about: &Gazetteer) -> Case {
        let mut hider = Hider::new(about, tokeniser());
        let title = hider.hide_all(&[TITLE]).remove(0);
        Case {
            incident: 1,
            title,
            category: Category::Problem,
            level: None,
            plan: String::new(),
            opened: 0,
            ended: 1,
            posts: Vec::new(),
            left_out: 0,
            course: Vec::new(),
            clocks: Vec::new(),
            lessons: Vec::new(),
            tags: Vec::new(),
            count: hider.count,
            harmless: Vec::new(),
        }
    }

    #[test]
    fn a_reader_hides_what_was_missed_and_puts_back_what_is_nobody() {
        let about = Gazetteer { organisation: vec!["云溪县发改局".to_owned()], ..Gazetteer::default() };
        let mut case = case(&about);
        assert_eq!(case.title.shown(), "翠花说甲小学门口的井盖松了", "a given name alone is missed");
        let original = |place| (place == Place::Title).then(|| TITLE.to_owned());
        let correction = Correction {
            hide: vec![("翠花".to_owned(), Kind::Name)],
            harmless: vec!["中心小学".to_owned()],
            ..Correction::default()
        };
        let done = correct(&mut case, &correction, original, &about, tokeniser());
        assert_eq!((done.hidden, done.restored), (1, 1));
        assert_eq!(case.title.shown(), "某甲说中心小学门口的井盖松了");
        assert_eq!(still(&case, &about, tokeniser()), [""; 0]);
    }

    #[test]
    fn what_was_written_in_afterwards_is_hidden_or_found() {
        let about = Gazetteer { organisation: vec!["云溪县发改局".to_owned()], ..Gazetteer::default() };
        let mut case = case(&about);
        let correction = Correction {
            lessons: vec!["以后先找刘局长".to_owned()],
            tags: vec!["井盖".to_owned(), "13812345678".to_owned()],
            ..Correction::default()
        };
        correct(&mut case, &correction, |_| None, &about, tokeniser());
        assert_eq!(case.lessons[0].shown(), "以后先找某甲局长");
        assert_eq!(still(&case, &about, tokeniser()), ["tag: 13812345678 (phone)"]);
        case.title = Passage::open("村民刘大山说");
        assert!(still(&case, &about, tokeniser())[0].starts_with("title: 刘大山"));
    }

    #[test]
    fn without_the_original_nothing_is_put_back() {
        let about = Gazetteer { organisation: vec!["云溪县发改局".to_owned()], ..Gazetteer::default() };
        let mut case = case(&about);
        let correction = Correction { harmless: vec!["中心小学".to_owned()], ..Correction::default() };
        let done = correct(&mut case, &correction, |_| None, &about, tokeniser());
        assert_eq!((done.restored, case.title.shown().contains("甲小学")), (0, true));
    }
}
