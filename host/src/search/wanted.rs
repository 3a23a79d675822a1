//! What a list of posts is narrowed to, and how an address writes it. Pure.
//!
//! It knows what was said, where, when, and what became of it. There is no field for who said it, and what it does not
//! know it refuses to keep: so nobody is followed by a search that somebody keeps (design §7).

use std::fmt;
use std::str::FromStr;

use caifeng_plugin_host::contract::Kind;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use url::form_urlencoded;

use crate::incident::{Category, State};

/// Longest value that is read, in characters.
pub const LONGEST: usize = 200;

/// Which posts or incidents are meant by their category: the decided one, else the suggested.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CategoryFilter {
    /// Whatever it is.
    #[default]
    Any,
    /// Those that have none.
    Without,
    /// Those that have this one.
    Only(Category),
}

impl CategoryFilter {
    /// What an address writes; nothing for any.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Any => "",
            Self::Without => "none",
            Self::Only(category) => category.as_str(),
        }
    }

    fn of(name: &str) -> Option<Self> {
        match name {
            "none" => Some(Self::Without),
            _ => Category::from_name(name).map(Self::Only),
        }
    }
}

/// What is wanted of a list of posts. What is empty narrows nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Wanted {
    /// What a person typed into the search.
    pub words: String,
    /// The topic that is mentioned.
    pub topic: String,
    /// The site it stands on.
    pub site: String,
    /// The form of utterance.
    pub kind: Option<Kind>,
    /// The category of its incident.
    pub category: CategoryFilter,
    /// The level of its incident.
    pub level: String,
    /// How its incident stands.
    pub state: Option<State>,
    /// The first day.
    pub from: Option<Date>,
    /// The last day.
    pub to: Option<Date>,
}

/// Why something is not wanted so: whoever wrote it must write it otherwise.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WantedError {
    /// It asks for something that no post is looked for by.
    #[error("posts are not looked for by {0}: use words, topic, site, form, time, or the state of the incident")]
    Unknown(String),
    /// The value of a field makes no sense.
    #[error("{0}={1} makes no sense here: look again at what is searched for")]
    Senseless(String, String),
}

/// What a field of an address is to us.
enum Field {
    Ours,
    NotOurs,
    Senseless,
}

/// Puts a value where it belongs, if it makes sense.
fn put<T>(slot: &mut T, value: Option<T>) -> bool {
    let sense = value.is_some();
    if let Some(value) = value {
        *slot = value;
    }
    sense
}

impl Wanted {
    /// What the query of an address wants; what it says besides is passed over. `None` when a value makes no sense.
    #[must_use]
    pub fn of(query: &str) -> Option<Self> {
        let mut wanted = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if matches!(wanted.take(&name, &value), Field::Senseless) {
                return None;
            }
        }
        Some(wanted)
    }

    fn take(&mut self, name: &str, value: &str) -> Field {
        // A form sends its empty fields too.
        let value: String = value.trim().chars().take(LONGEST).collect();
        let sense = match name {
            "q" => put(&mut self.words, Some(value)),
            "topic" => put(&mut self.topic, Some(value)),
            "site" => put(&mut self.site, Some(value)),
            "level" => put(&mut self.level, Some(value)),
            "kind" | "category" | "state" | "from" | "to" if value.is_empty() => true,
            "kind" => put(&mut self.kind, Kind::from_name(&value).map(Some)),
            "category" => put(&mut self.category, CategoryFilter::of(&value)),
            "state" => put(&mut self.state, State::from_name(&value).map(Some)),
            "from" => put(&mut self.from, value.parse().ok().map(Some)),
            "to" => put(&mut self.to, value.parse().ok().map(Some)),
            _ => return Field::NotOurs,
        };
        if sense { Field::Ours } else { Field::Senseless }
    }

    /// Each field that narrows, as the address writes it.
    #[must_use]
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        let day = |day: Option<Date>| day.map_or_else(String::new, |day| day.to_string());
        let all = [
            ("q", self.words.clone()),
            ("topic", self.topic.clone()),
            ("site", self.site.clone()),
            ("kind", self.kind.map_or("", Kind::as_str).to_owned()),
            ("category", self.category.as_str().to_owned()),
            ("level", self.level.clone()),
            ("state", self.state.map_or("", State::as_str).to_owned()),
            ("from", day(self.from)),
            ("to", day(self.to)),
        ];
        all.into_iter().filter(|(_, value)| !value.is_empty()).collect()
    }

    /// The same without one of its fields.
    #[must_use]
    pub fn without(&self, field: &str) -> Self {
        let mut rest = form_urlencoded::Serializer::new(String::new());
        rest.extend_pairs(self.fields().iter().filter(|(name, _)| *name != field));
        // What we wrote makes sense.
        Self::of(&rest.finish()).unwrap_or_default()
    }

    /// Whether anything narrows the list but the words.
    #[must_use]
    pub fn is_narrowed(&self) -> bool {
        *self != Self { words: self.words.clone(), ..Self::default() }
    }

    /// Whether everything is wanted.
    #[must_use]
    pub fn is_all(&self) -> bool {
        *self == Self::default()
    }
}

impl fmt::Display for Wanted {
    /// The query of the address, without its question mark.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&form_urlencoded::Serializer::new(String::new()).extend_pairs(self.fields()).finish())
    }
}

impl FromStr for Wanted {
    type Err = WantedError;

    /// Reads what is to be kept: what it does not know it refuses.
    fn from_str(query: &str) -> Result<Self, WantedError> {
        let mut wanted = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match wanted.take(&name, &value) {
                Field::Ours => {}
                Field::NotOurs => return Err(WantedError::Unknown(brief(&name))),
                Field::Senseless => return Err(WantedError::Senseless(brief(&name), brief(&value))),
            }
        }
        Ok(wanted)
    }
}

fn brief(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(40).collect()
}

impl TryFrom<String> for Wanted {
    type Error = WantedError;

    fn try_from(query: String) -> Result<Self, WantedError> {
        query.parse()
    }
}

impl From<Wanted> for String {
    fn from(wanted: Wanted) -> Self {
        wanted.to_string()
    }
}

impl schemars::JsonSchema for Wanted {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Wanted".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "The query of an address of /posts: q, topic, site, kind, category, level, state, from, to."
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: &str = "q=停水 -招聘&topic=供水&site=bbs.example&kind=comment&category=none&level=Ⅱ&state=watching\
                        &from=2026-07-01&to=2026-07-02";

    #[test]
    fn what_is_written_is_read_again() {
        let wanted: Wanted = FULL.parse().unwrap();
        assert_eq!(wanted.to_string().parse(), Ok(wanted.clone()));
        assert_eq!(wanted.fields().len(), 9);
        assert!(wanted.is_narrowed() && !"q=a".parse::<Wanted>().unwrap().is_narrowed());
        assert_eq!(wanted.without("site").fields().len(), 8);
        assert_eq!("q=&topic=+&kind=&from=".parse(), Ok(Wanted::default()), "what a form sends");
        let json = serde_json::to_string(&wanted).unwrap();
        assert_eq!(serde_json::from_str::<Wanted>(&json).unwrap(), wanted);
    }

    #[test]
    fn nobody_is_looked_for() {
        for field in ["author", "user", "name", "account", "by", "u", "id", "plugin", "uid", "作者"] {
            let query = format!("q=停水&{field}=u1");
            assert_eq!(query.parse::<Wanted>(), Err(WantedError::Unknown(field.to_owned())), "{field}");
            assert!(serde_json::from_value::<Wanted>(query.clone().into()).is_err(), "{field}");
            assert_eq!(Wanted::of(&query), "q=停水".parse().ok(), "an address may say it, and nothing comes of it");
        }
        let known = Wanted::of(FULL).unwrap();
        let names: Vec<&str> = known.fields().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["q", "topic", "site", "kind", "category", "level", "state", "from", "to"]);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for query in ["kind=tweet", "category=Problem", "state=open", "from=yesterday", "to=2026-13-01"] {
            assert_eq!(Wanted::of(query), None, "{query}");
            assert!(matches!(query.parse::<Wanted>(), Err(WantedError::Senseless(..))), "{query}");
        }
    }
}
