//! 事件: all incidents, newest post first, by state and category.

use std::sync::Arc;

use askama::Template;
use url::form_urlencoded;

use super::home::nothing_yet;
use super::incident::IncidentView;
use super::{Frame, Rendered, Room, Visit, category};
use crate::incident::{Category, IncidentId};
use crate::store::model::{Figures, IncidentRow, LabelBy, WatchRow};
use crate::store::{CategoryFilter, IncidentQuery};
use caifeng_plugin_host::contract::Timestamp;

/// What the page is made of.
#[derive(Clone, Debug, Default)]
pub(crate) struct ListRows {
    /// The figures.
    pub(crate) figures: Figures,
    /// All watches, for the coverage line.
    pub(crate) watches: Arc<[WatchRow]>,
    /// What was asked for.
    pub(crate) asked: IncidentQuery,
    /// The incidents of this page, each with what shows best why its category is suggested.
    pub(crate) incidents: Vec<(IncidentRow, Option<LabelBy>)>,
    /// There are older ones.
    pub(crate) more: bool,
}

#[derive(Template)]
#[template(path = "incidents.html")]
struct IncidentsPage {
    frame: Frame,
    note: String,
    states: Vec<Choice>,
    categories: Vec<Choice>,
    incidents: Vec<IncidentView>,
    empty: Vec<String>,
    newer: bool,
    first: String,
    older: Option<String>,
}

/// A link that shows other incidents.
struct Choice {
    name: String,
    href: String,
    here: bool,
}

/// The page.
pub(crate) fn incidents(visit: &Visit, rows: &ListRows) -> Rendered {
    let lang = visit.lang;
    let frame = Frame::new(visit, Room::Incidents, lang.t("incidents.title"), rows.figures, &rows.watches);
    let IncidentQuery { open, category: of, before, .. } = rows.asked;
    let choice = |name, open_too, of_too| Choice {
        name,
        href: link_to(open_too, of_too, None),
        here: open_too == open && of_too == of,
    };
    let mut categories = vec![choice(lang.t("filter.any-category"), open, CategoryFilter::Any)];
    categories.extend(Category::ALL.map(|c| choice(category(lang, c), open, CategoryFilter::Only(c))));
    categories.push(choice(lang.t("category.none"), open, CategoryFilter::Without));
    // Without filters an empty list is an empty desk.
    let empty = if rows.figures.mentions == 0 {
        nothing_yet(&frame)
    } else {
        vec![lang.t("incidents.none-such"), lang.t("incidents.none-such-step")]
    };
    IncidentsPage {
        note: lang.count("incidents.note", rows.figures.open),
        states: vec![choice(lang.t("filter.open"), true, of), choice(lang.t("filter.all"), false, of)],
        categories,
        incidents: rows
            .incidents
            .iter()
            .map(|(row, told)| IncidentView::new(row, told.as_ref(), &frame.face, lang))
            .collect(),
        empty,
        newer: before.is_some(),
        first: link_to(open, of, None),
        older: rows
            .incidents
            .last()
            .filter(|_| rows.more)
            .map(|(row, _)| link_to(open, of, Some((row.latest, row.id)))),
        frame,
    }
    .render()
}

/// The address of a page of this list.
pub(super) fn link_to(open: bool, of: CategoryFilter, before: Option<(Timestamp, IncidentId)>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    if !open {
        query.append_pair("state", "all");
    }
    match of {
        CategoryFilter::Any => {}
        CategoryFilter::Without => {
            query.append_pair("category", "none");
        }
        CategoryFilter::Only(category) => {
            query.append_pair("category", category.as_str());
        }
    }
    if let Some((latest, id)) = before {
        query.append_pair("before", &format!("{latest}.{id}"));
    }
    let query = query.finish();
    if query.is_empty() { "/incidents".to_owned() } else { format!("/incidents?{query}") }
}

/// What an address of this list asks for; `None` when it makes no sense. Open ones unless it says otherwise.
pub(crate) fn asked_for(query: &str) -> Option<IncidentQuery> {
    let mut asked = IncidentQuery { open: true, ..IncidentQuery::default() };
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match name.as_ref() {
            "state" => {
                asked.open = match value.as_ref() {
                    "open" => true,
                    "all" => false,
                    _ => return None,
                }
            }
            "category" => {
                asked.category = match value.as_ref() {
                    "none" => CategoryFilter::Without,
                    name => CategoryFilter::Only(Category::from_name(name)?),
                }
            }
            "before" => {
                let (latest, id) = value.split_once('.')?;
                asked.before = Some((latest.parse().ok()?, id.parse().ok()?));
            }
            _ => {}
        }
    }
    Some(asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_means_what_made_it() {
        let categories = Category::ALL.map(CategoryFilter::Only);
        for of in categories.into_iter().chain([CategoryFilter::Any, CategoryFilter::Without]) {
            for (open, before) in [(true, None), (false, Some((-5, 7)))] {
                let address = link_to(open, of, before);
                let query = address.split_once('?').map_or("", |(_, query)| query);
                let asked = IncidentQuery { open, category: of, before, ..IncidentQuery::default() };
                assert_eq!(asked_for(query), Some(asked), "{address}");
            }
        }
        assert_eq!(link_to(true, CategoryFilter::Any, None), "/incidents");
    }

    #[test]
    fn an_address_that_makes_no_sense_is_refused() {
        for query in ["state=shut", "category=Problem", "category=", "before=1", "before=1.x", "before=.1"] {
            assert_eq!(asked_for(query), None, "{query}");
        }
    }
}
