//! What changed after an answer was published, in words: shared by what shows an answer and what shows an incident.

use caifeng::clock::rfc3339;
use caifeng::reply::effect::{Effect, Reading, Side, Window};

/// The lines for one answer.
pub(super) fn told(reply: i64, effect: &Effect) -> Vec<String> {
    let mut lines = vec![format!("effect of reply {reply}, published {}", rfc3339(effect.published))];
    lines.extend(effect.windows.iter().flat_map(window));
    lines
}

fn window(window: &Window) -> Vec<String> {
    let Window { seconds, compared, before, after, reading } = window;
    let hours = |seconds: i64| seconds.div_euclid(3600);
    let span = if compared < seconds {
        format!("{} h, {} h of them so far", hours(*seconds), hours(*compared))
    } else {
        format!("{} h", hours(*seconds))
    };
    if *reading == Reading::TooEarly {
        return vec![format!("  {span}: too early, less than an hour has passed")];
    }
    let mut lines = vec![format!("  {span}  before: {}  after: {}", side(before), side(after))];
    match reading {
        Reading::Comparable | Reading::TooEarly => {}
        Reading::Unheard => lines.push(format!(
            "    not comparable: {} of the time before was heard and {} of the time after; fewer posts may be silence, not calm",
            percent(before.heard),
            percent(after.heard)
        )),
    }
    lines
}

fn side(side: &Side) -> String {
    let Side { posts, places, views, moods, negative, positive, .. } = side;
    let views = views.map_or_else(|| "views unknown".to_owned(), |views| format!("at least {views} views"));
    format!(
        "{posts} posts in {places} places, {views}, mood of {moods} known: {negative} negative, {positive} positive"
    )
}

fn percent(share: f64) -> String {
    format!("{:.0}%", share * 100.0)
}
