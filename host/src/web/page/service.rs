//! How it stands with the services that are asked about posts: a silent one must not look like one that agrees.

use crate::store::{Asked, ServiceRow};
use crate::web::lang::{Lang, grouped};
use crate::web::mark::line;

/// A service, told.
pub(super) struct ServiceView {
    pub(super) name: String,
    pub(super) today: String,
    /// What last went wrong today.
    pub(super) failure: Option<String>,
}

impl ServiceView {
    pub(super) fn new(row: &ServiceRow, lang: Lang) -> Self {
        let Asked { cost, answered, given_up, failure } = &row.today;
        let figures = [cost.requests, *answered, row.waiting, *given_up].map(grouped);
        let [requests, answered, waiting, given_up] = &figures;
        let named: [(&str, &dyn std::fmt::Display); 4] =
            [("requests", requests), ("answered", answered), ("waiting", waiting), ("given", given_up)];
        Self {
            name: line(&row.plugin, 60),
            today: lang.with("services.today", &named),
            failure: failure.as_deref().map(|failure| line(failure, 240)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asking::budget::Cost;

    #[test]
    fn figures_and_failure_are_told() {
        let today = Asked {
            cost: Cost { requests: 1_200, ..Cost::default() },
            answered: 3,
            given_up: 2,
            failure: Some("the site answers 500".into()),
        };
        let view = ServiceView::new(&ServiceRow { plugin: "model".into(), today, waiting: 7 }, Lang::En);
        for figure in ["1,200", "3", "7", "2"] {
            assert!(view.today.contains(figure), "{}", view.today);
        }
        assert_eq!(view.failure.as_deref(), Some("the site answers 500"));
    }
}
