//! The query language, from a person's line to an expression: pure, and every error points at a character.
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

use std::ops::Range;

/// Deepest nesting of parentheses and negations; nobody writes more by hand.
const DEEPEST: usize = 32;
/// Longest query in bytes.
const LONGEST: usize = 16 * 1024;

/// What a query says, with each leaf where it stands in the query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Expr {
    Leaf(Leaf, Range<usize>),
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
}

/// The smallest part of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Leaf {
    /// A word or a phrase, taken as it stands.
    Word(String),
    /// `@name`, without the `@`.
    Name(String),
    /// `place:…`, the place.
    Place(String),
    /// `/…/`, the expression.
    Pattern(String),
}

/// What is wrong, and at which byte of the query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) at: usize,
    pub(super) message: String,
}

/// Reads a query; `None` when nothing is written.
pub(super) fn parse(query: &str) -> Result<Option<Expr>, Wrong> {
    if query.len() > LONGEST {
        let message = format!("a query of more than {LONGEST} bytes: split it into topics");
        return Err(Wrong { at: query.floor_char_boundary(LONGEST), message });
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
pub(super) fn term(written: &str) -> Leaf {
    let word = written.trim();
    let marked = |prefix: &str| word.strip_prefix(prefix).map(str::to_owned);
    if let Some(inside) = unquoted(word) {
        return Leaf::Word(inside.to_owned());
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
            Some(_) => Err(self.wrong(self.at, "a \")\" without its \"(\"")),
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
            return Err(self.wrong(self.at, "a word is missing here"));
        }
        Ok(one_or(parts, Expr::All))
    }

    fn not(&mut self, depth: usize) -> Result<Expr, Wrong> {
        if depth > DEEPEST {
            return Err(self.wrong(self.at, format!("nested more than {DEEPEST} deep: write it in several topics")));
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
            None => return Err(self.wrong(self.at, "a word is missing here")),
            Some('(' | '（') => return self.group(depth),
            Some('"') => Leaf::Word(self.until('"', '"')?),
            Some('“') => Leaf::Word(self.until('“', '”')?),
            Some('「') => Leaf::Word(self.until('「', '」')?),
            Some('/') => Leaf::Pattern(self.until('/', '/')?),
            Some(_) => self.word()?,
        };
        Ok(Expr::Leaf(leaf, self.base + start..self.base + self.at))
    }

    fn group(&mut self, depth: usize) -> Result<Expr, Wrong> {
        let open = self.at;
        self.eat_char(&['(', '（']);
        let inside = self.either(depth + 1)?;
        if self.eat_char(&[')', '）']) { Ok(inside) } else { Err(self.wrong(open, "a \"(\" without its \")\"")) }
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
        Err(self.wrong(start, format!("a {open} without its {close}")))
    }

    fn word(&mut self) -> Result<Leaf, Wrong> {
        let rest = self.rest();
        let ends = |c: char| c.is_whitespace() || "()（）|｜\"“「".contains(c);
        let word = &rest[..rest.find(ends).unwrap_or(rest.len())];
        let start = self.at;
        self.at += word.len();
        if word.is_empty() {
            let found = rest.chars().next().unwrap_or_default();
            return Err(self.wrong(start, format!("a {found} with nothing before it")));
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

    fn wrong(&self, at: usize, message: impl Into<String>) -> Wrong {
        Wrong { at: self.base + at, message: message.into() }
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

    /// The expression in one line, to compare.
    fn shape(expr: &Expr) -> String {
        let join = |parts: &[Expr], by: &str| parts.iter().map(shape).collect::<Vec<_>>().join(by);
        match expr {
            Expr::Leaf(Leaf::Word(word), _) => word.clone(),
            Expr::Leaf(Leaf::Name(name), _) => format!("@{name}"),
            Expr::Leaf(Leaf::Place(place), _) => format!("place:{place}"),
            Expr::Leaf(Leaf::Pattern(pattern), _) => format!("/{pattern}/"),
            Expr::All(parts) => format!("({})", join(parts, " & ")),
            Expr::Any(parts) => format!("({})", join(parts, " | ")),
            Expr::Not(inside) => format!("-{}", shape(inside)),
        }
    }

    fn read(query: &str) -> String {
        shape(&parse(query).unwrap().unwrap())
    }

    fn wrong(query: &str) -> (usize, String) {
        let wrong = parse(query).unwrap_err();
        (query[..wrong.at].chars().count() + 1, wrong.message)
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
        assert_eq!(read("\"停 水\" @places place:故城县 /停[水电]/"), "(停 水 & @places & place:故城县 & /停[水电]/)");
        assert_eq!(read("“-x” 「@y」"), "(-x & @y)");
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
        assert_eq!(wrong("停水 (桥西"), (4, "a \"(\" without its \")\"".to_owned()));
        assert_eq!(wrong("停水) 桥"), (3, "a \")\" without its \"(\"".to_owned()));
        assert_eq!(wrong("停水 | "), (6, "a word is missing here".to_owned()));
        assert_eq!(wrong("停水 \"桥西"), (4, "a \" without its \"".to_owned()));
        assert_eq!(wrong("a\nb\n(c"), (5, "a \"(\" without its \")\"".to_owned()));
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
