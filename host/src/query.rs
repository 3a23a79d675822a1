//! The query language of topics and searches, from a person's line to an expression: pure, and every error points at a
//! character.
//!
//! It is what people know from search boxes: words side by side must all be there, `|` (or `或`, `OR`) means either, a
//! leading `-` (or `!`, `非`, `NOT`) means not, parentheses group, `"quotes"` keep a phrase as it stands. Added to that:
//! `@name` for a set of names, `place:故城县` for a place that is not its namesake, `/…/` for a regular expression.
//!
//! A query of several lines is read as hot-topic monitors read their lists: each plain line is one of which any must
//! be there, a line that begins with `+` must be there, one that begins with `!` or `-` must not.
//!
//! ```text
//! query  = all { ("|" | "或" | "OR") all }
//! all    = { not }
//! not    = ("-" | "!" | "非" | "NOT") not | "+" not | leaf
//! leaf   = "(" query ")" | "\"" phrase "\"" | "/" expression "/" | "@" name | "place:" place | word
//! ```

use std::fmt;
use std::ops::Range;

/// Deepest nesting of parentheses and negations; nobody writes more by hand.
const DEEPEST: usize = 32;
/// Longest query in bytes.
const LONGEST: usize = 16 * 1024;

/// What a query says, with each leaf where it stands in the query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Expr {
    Leaf(Leaf, Range<usize>),
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
}

/// The smallest part of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Leaf {
    /// A word without quotes: a topic takes it as it stands, a search may cut it into words.
    Word(String),
    /// `"…"`, taken as it stands.
    Phrase(String),
    /// `@name`, without the `@`.
    Name(String),
    /// `place:…`, the place.
    Place(String),
    /// `/…/`, the expression.
    Pattern(String),
}

/// As it was understood, with every parenthesis.
impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Leaf(leaf, _) => leaf.fmt(f),
            Self::All(parts) => joined(f, parts, " & "),
            Self::Any(parts) => joined(f, parts, " | "),
            Self::Not(inside) => write!(f, "-{inside}"),
        }
    }
}

impl fmt::Display for Leaf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(word) => f.write_str(word),
            Self::Phrase(phrase) => write!(f, "“{phrase}”"),
            Self::Name(name) => write!(f, "@{name}"),
            Self::Place(place) => write!(f, "place:{place}"),
            Self::Pattern(pattern) => write!(f, "/{pattern}/"),
        }
    }
}

fn joined(f: &mut fmt::Formatter<'_>, parts: &[Expr], by: &str) -> fmt::Result {
    for (number, part) in parts.iter().enumerate() {
        write!(f, "{}{part}", if number == 0 { "(" } else { by })?;
    }
    f.write_str(")")
}

/// What is wrong with a query or a term, in the words of who wrote it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Longer than anybody writes.
    #[error("a query of more than {0} bytes: split it into topics")]
    Long(usize),
    /// A `)` too many.
    #[error("a \")\" without its \"(\"")]
    Unopened,
    /// A pair of marks of which the second is missing.
    #[error("a {0} without its {1}")]
    Unclosed(char, char),
    /// An operator with nothing to work on.
    #[error("a word is missing here")]
    Missing,
    /// A mark that belongs behind a word.
    #[error("a {0} with nothing before it")]
    Stray(char),
    /// Deeper than anybody writes.
    #[error("nested more than {0} deep: write it in several topics")]
    Deep(usize),
    /// Nothing in it can be looked for.
    #[error("a term needs a letter or a digit")]
    Empty,
    /// An `@name` that is not known.
    #[error("unknown name @{name}: there is {known}, or put it in quotes")]
    Unknown {
        /// Without its `@`.
        name: String,
        /// Those that are known.
        known: String,
    },
    /// An `@name` that stands for nothing.
    #[error("@{name} is used, but {table} gives none: add them there or name them here")]
    Nameless {
        /// Without its `@`.
        name: String,
        /// The table of the configuration.
        table: &'static str,
    },
    /// Not a regular expression, or too large.
    #[error("not a regular expression: {0}")]
    Pattern(String),
    /// An expression that is found in every text.
    #[error("an expression that matches the empty text matches every post: ask for a character")]
    Everything,
    /// A search that nothing limits to some posts.
    #[error(
        "a search needs a word that must be there, on each side of a \"|\": an expression or a \"-\" alone would read every post"
    )]
    Unlimited,
    /// More words than a search looks up.
    #[error("more than {0} words: ask for fewer at once")]
    Many(usize),
}

/// What is wrong, and at which byte of the query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(crate) at: usize,
    pub(crate) fault: Fault,
}

/// Where in a query something is: for a message that draws a mark under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pointer {
    /// From 1, in characters of the whole query.
    pub column: usize,
    /// The line of the query that it is in.
    pub line: String,
    /// What stands before the mark: as wide as what stands before the character.
    pub mark: String,
}

impl Pointer {
    /// Of the character at a byte of a query.
    pub(crate) fn at(query: &str, at: usize) -> Self {
        let before = &query[..at];
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        let line = query[line_start..].lines().next().unwrap_or_default();
        let mark = before[line_start..].chars().map(|c| if c.is_ascii() { ' ' } else { '\u{3000}' }).collect();
        Self { column: before.chars().count() + 1, line: line.to_owned(), mark }
    }
}

/// Reads a query; `None` when nothing is written.
pub(crate) fn parse(query: &str) -> Result<Option<Expr>, Wrong> {
    if query.len() > LONGEST {
        return Err(Wrong { at: query.floor_char_boundary(LONGEST), fault: Fault::Long(LONGEST) });
    }
    let mut lines = Vec::new();
    let mut at = 0;
    for line in query.split_inclusive('\n') {
        if !line.trim().is_empty() {
            lines.push((at, line));
        }
        at += line.len();
    }
    match lines.as_slice() {
        [] => Ok(None),
        [(at, line)] => Parser { text: line, base: *at, at: 0 }.whole().map(Some),
        lines => list(lines).map(Some),
    }
}

/// One written term of a list: a leaf with nothing around it, which may hold spaces.
pub(crate) fn term(written: &str) -> Leaf {
    let word = written.trim();
    let marked = |prefix: &str| word.strip_prefix(prefix).map(str::to_owned);
    if let Some(inside) = unquoted(word) {
        return Leaf::Phrase(inside.to_owned());
    }
    if let Some(expression) = marked("/").and_then(|rest| rest.strip_suffix('/').map(str::to_owned)) {
        return Leaf::Pattern(expression);
    }
    marked("@")
        .map(Leaf::Name)
        .or_else(|| marked("place:").map(Leaf::Place))
        .or_else(|| marked("地名:").map(Leaf::Place))
        .unwrap_or_else(|| Leaf::Word(word.to_owned()))
}

/// Lines as hot-topic monitors have them.
fn list(lines: &[(usize, &str)]) -> Result<Expr, Wrong> {
    let (mut must, mut any) = (Vec::new(), Vec::new());
    for &(base, line) in lines {
        let lead = line.len() - line.trim_start().len();
        let rest = &line[lead..];
        let sign = rest.chars().next().filter(|c| "+＋-－!！".contains(*c));
        let skip = lead + sign.map_or(0, char::len_utf8);
        let expr = Parser { text: &line[skip..], base: base + skip, at: 0 }.whole()?;
        match sign {
            Some('+' | '＋') => must.push(expr),
            Some(_) => must.push(Expr::Not(Box::new(expr))),
            None => any.push(expr),
        }
    }
    if !any.is_empty() {
        must.push(Expr::Any(any));
    }
    Ok(Expr::All(must))
}

struct Parser<'a> {
    text: &'a str,
    /// Where the text begins in the query.
    base: usize,
    at: usize,
}

impl<'a> Parser<'a> {
    fn whole(mut self) -> Result<Expr, Wrong> {
        let expr = self.either(0)?;
        match self.peek() {
            None => Ok(expr),
            Some(_) => Err(self.wrong(self.at, Fault::Unopened)),
        }
    }

    fn either(&mut self, depth: usize) -> Result<Expr, Wrong> {
        let mut sides = vec![self.all(depth)?];
        while self.eat_or() {
            sides.push(self.all(depth)?);
        }
        Ok(one_or(sides, Expr::Any))
    }

    fn all(&mut self, depth: usize) -> Result<Expr, Wrong> {
        let mut parts = Vec::new();
        loop {
            self.space();
            let rest = self.rest();
            if rest.is_empty() || rest.starts_with([')', '）']) || self.sees_or() {
                break;
            }
            parts.push(self.not(depth)?);
        }
        if parts.is_empty() {
            return Err(self.wrong(self.at, Fault::Missing));
        }
        Ok(one_or(parts, Expr::All))
    }

    fn not(&mut self, depth: usize) -> Result<Expr, Wrong> {
        if depth > DEEPEST {
            return Err(self.wrong(self.at, Fault::Deep(DEEPEST)));
        }
        self.space();
        let negated = self.eat_char(&['-', '－', '!', '！']) || self.eat_word(&["非", "NOT"]);
        if negated {
            return Ok(Expr::Not(Box::new(self.not(depth + 1)?)));
        }
        if self.eat_char(&['+', '＋']) {
            return self.not(depth + 1);
        }
        self.leaf(depth)
    }

    fn leaf(&mut self, depth: usize) -> Result<Expr, Wrong> {
        let start = self.at;
        let leaf = match self.peek() {
            None => return Err(self.wrong(self.at, Fault::Missing)),
            Some('(' | '（') => return self.group(depth),
            Some('"') => Leaf::Phrase(self.until('"', '"')?),
            Some('“') => Leaf::Phrase(self.until('“', '”')?),
            Some('「') => Leaf::Phrase(self.until('「', '」')?),
            Some('/') => Leaf::Pattern(self.until('/', '/')?),
            Some(_) => self.word()?,
        };
        Ok(Expr::Leaf(leaf, self.base + start..self.base + self.at))
    }

    fn group(&mut self, depth: usize) -> Result<Expr, Wrong> {
        let open = self.at;
        self.eat_char(&['(', '（']);
        let inside = self.either(depth + 1)?;
        if self.eat_char(&[')', '）']) { Ok(inside) } else { Err(self.wrong(open, Fault::Unclosed('(', ')'))) }
    }

    /// The inside of a pair of marks; in an expression `\/` is a slash.
    fn until(&mut self, open: char, close: char) -> Result<String, Wrong> {
        let start = self.at;
        self.at += open.len_utf8();
        let mut inside = String::new();
        let mut escaped = false;
        for (offset, c) in self.rest().char_indices() {
            if c == close && !escaped {
                self.at += offset + c.len_utf8();
                return Ok(inside);
            }
            if escaped && c == '/' {
                inside.pop();
            }
            escaped = close == '/' && c == '\\' && !escaped;
            inside.push(c);
        }
        Err(self.wrong(start, Fault::Unclosed(open, close)))
    }

    fn word(&mut self) -> Result<Leaf, Wrong> {
        let rest = self.rest();
        let ends = |c: char| c.is_whitespace() || "()（）|｜\"“「".contains(c);
        let word = &rest[..rest.find(ends).unwrap_or(rest.len())];
        let start = self.at;
        self.at += word.len();
        if word.is_empty() {
            let found = rest.chars().next().unwrap_or_default();
            return Err(self.wrong(start, Fault::Stray(found)));
        }
        for prefix in ["place:", "地名:"] {
            // The place may stand in quotes: place:"故城县".
            if word == prefix && matches!(self.peek(), Some('"')) {
                return self.until('"', '"').map(Leaf::Place);
            }
        }
        Ok(term(word))
    }

    fn eat_or(&mut self) -> bool {
        self.space();
        self.eat_char(&['|', '｜']) || self.eat_word(&["或", "OR"])
    }

    fn sees_or(&self) -> bool {
        let rest = self.rest();
        rest.starts_with(['|', '｜']) || ["或", "OR"].iter().any(|word| stands_alone(rest, word))
    }

    fn eat_char(&mut self, marks: &[char]) -> bool {
        let found = self.peek().filter(|c| marks.contains(c));
        self.at += found.map_or(0, char::len_utf8);
        found.is_some()
    }

    /// A word that is an operator only when it stands alone: `非遗` is a word.
    fn eat_word(&mut self, words: &[&str]) -> bool {
        let found = words.iter().find(|word| stands_alone(self.rest(), word));
        self.at += found.map_or(0, |word| word.len());
        found.is_some()
    }

    fn space(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn wrong(&self, at: usize, fault: Fault) -> Wrong {
        Wrong { at: self.base + at, fault }
    }
}

fn stands_alone(rest: &str, word: &str) -> bool {
    rest.strip_prefix(word)
        .is_some_and(|after| after.chars().next().is_none_or(|c| c.is_whitespace() || "()（）".contains(c)))
}

fn one_or(mut parts: Vec<Expr>, many: fn(Vec<Expr>) -> Expr) -> Expr {
    match parts.len() {
        1 => parts.remove(0),
        _ => many(parts),
    }
}

/// The inside of "…", “…” or 「…」.
fn unquoted(word: &str) -> Option<&str> {
    [('"', '"'), ('“', '”'), ('「', '」')]
        .iter()
        .find_map(|&(open, close)| word.strip_prefix(open)?.strip_suffix(close))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(query: &str) -> String {
        parse(query).unwrap().unwrap().to_string()
    }

    fn wrong(query: &str) -> (usize, String) {
        let wrong = parse(query).unwrap_err();
        (query[..wrong.at].chars().count() + 1, wrong.fault.to_string())
    }

    #[test]
    fn words_side_by_side_bind_closer_than_or() {
        assert_eq!(read("停水 桥西 | 停电"), "((停水 & 桥西) | 停电)");
        assert_eq!(read("停水 (桥西 或 桥东) -招聘"), "(停水 & (桥西 | 桥东) & -招聘)");
        assert_eq!(read("停水（桥西｜桥东）！招聘"), "(停水 & (桥西 | 桥东) & -招聘)");
        assert_eq!(read("+停水 NOT (a OR b)"), "(停水 & -(a | b))");
    }

    #[test]
    fn phrases_names_places_and_expressions_are_leaves() {
        assert_eq!(
            read("\"停 水\" @places place:故城县 /停[水电]/"),
            "(“停 水” & @places & place:故城县 & /停[水电]/)"
        );
        assert_eq!(read("“-x” 「@y」"), "(“-x” & “@y”)");
        assert_eq!(read(r"/a\/b\\/"), r"/a/b\\/");
        assert_eq!(read("非遗 或者 e-mail"), "(非遗 & 或者 & e-mail)", "operators only when they stand alone");
    }

    #[test]
    fn several_lines_are_a_list() {
        assert_eq!(read("停水\n停电 桥西\n+云河\n!招聘\n"), "(云河 & -招聘 & (停水 | (停电 & 桥西)))");
        assert_eq!(parse(" \n "), Ok(None));
    }

    #[test]
    fn errors_point_at_the_character() {
        assert_eq!(wrong("停水 (桥西"), (4, "a ( without its )".to_owned()));
        assert_eq!(wrong("停水) 桥"), (3, "a \")\" without its \"(\"".to_owned()));
        assert_eq!(wrong("停水 | "), (6, "a word is missing here".to_owned()));
        assert_eq!(wrong("停水 \"桥西"), (4, "a \" without its \"".to_owned()));
        assert_eq!(wrong("a\nb\n(c"), (5, "a ( without its )".to_owned()));
        assert!(wrong(&"(".repeat(1000)).1.contains("nested more than"));
        assert!(wrong(&"-".repeat(1000)).1.contains("nested more than"));
        assert!(wrong(&"停".repeat(LONGEST)).1.contains("split it"));
    }

    proptest! {
        #[test]
        fn every_line_is_read_or_refused_at_a_character(query in "[停水a \n()|\\-!+\"/@：:或非]{0,40}") {
            match parse(&query) {
                Ok(_) => {}
                Err(wrong) => prop_assert!(query.is_char_boundary(wrong.at)),
            }
        }
    }
}
