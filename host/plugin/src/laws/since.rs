//! `crawl.since`: a crawl that has the posts of a page does not ask for what is older.

use super::call::{Case, ask};
use super::card::{Law, Ledger};
use crate::contract::{Crawl, Kind, Page, Request, Timestamp};
use crate::fixture::{Answer, Call};
use crate::source::{Source, brief};

/// Words behind which a page says how long ago something was.
const AGO: [&str; 6] = ["分钟前", "小时前", "天前", "昨天", " ago\"", " ago<"];

/// Pages that follow others, and on how many of them it could be tried.
#[derive(Debug, Default)]
pub(super) struct Tried {
    pages: usize,
    tried: usize,
}

impl Tried {
    /// For the card; nothing where no page follows others.
    pub(super) fn told(&self) -> String {
        let Self { pages, tried } = self;
        if *pages == 0 {
            String::new()
        } else {
            format!("; crawl.since tried on {tried} of {pages} pages that follow others")
        }
    }

    /// Reads the page of a case, whose answer was `page`, by a crawl that has all of it and by one that has nothing.
    pub(super) fn check(&mut self, ledger: &mut Ledger, source: &Source, case: &Case, page: &Page) {
        let Call::Parse { crawl, request, response } = &case.call else { return };
        let is_next = |next: &&Request| next.step == request.step;
        let lists = page.posts.is_empty() && page.follow.len() > 1;
        if !lists && !page.follow.iter().any(|next| is_next(&next)) {
            return;
        }
        self.pages += 1;
        let order = Order::of(page);
        if !(order == Order::Newest || order == Order::Mixed || lists && is_dated(&response.body)) {
            return;
        }
        self.tried += 1;
        let mut since = |since: Timestamp| {
            let crawl = Crawl { since, ..crawl.clone() };
            let call = Call::Parse { crawl, request: request.clone(), response: response.clone() };
            match ask(ledger, source, &call).outcome {
                Ok(Answer::Page(page)) => Some(page.follow),
                _ => None,
            }
        };
        let Some(known) = since(crawl.now.max(response.fetched).saturating_add(1)) else { return };
        let place = "read by a crawl that has all its posts";
        let next = known.iter().find(is_next);
        if let Some(next) = next.filter(|_| order == Order::Newest) {
            let problem = format!(
                "follows {} though every post is older than crawl.since: stop there, or each sweep reads the site to its end",
                brief(&next.url)
            );
            ledger.fail(Law::Closure, Some(&case.name), place, problem);
        } else if (lists || next.is_some()) && !known.is_empty() && since(0).is_some_and(|all| all == known) {
            let problem = format!(
                "follows the same {} whether crawl.since is 1970 or now, though the page carries dates: leave out what is older, or each sweep asks for all of it again",
                if known.len() == 1 { "page".to_owned() } else { format!("{} pages", known.len()) }
            );
            ledger.warn(Law::Closure, Some(&case.name), place, problem);
        }
    }
}

/// How the posts of a page stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    /// The newest first: what follows is older.
    Newest,
    /// Mostly so, or all at one time: what follows is likely older.
    Mixed,
    /// The oldest first, as answers stand; or nothing is known of it.
    Other,
}

impl Order {
    fn of(page: &Page) -> Self {
        let times: Option<Vec<Timestamp>> = page.posts.iter().map(|post| post.published).collect();
        let Some(times) = times.filter(|times| times.len() > 1) else { return Self::Other };
        if times.first() > times.last() && times.is_sorted_by(|a, b| a >= b) {
            return Self::Newest;
        }
        let answers = page.posts.iter().filter(|post| matches!(post.kind, Kind::Comment | Kind::Repost)).count();
        let steps = || times.windows(2);
        let down = steps().filter(|pair| pair[0] > pair[1]).count();
        let up = steps().filter(|pair| pair[0] < pair[1]).count();
        if answers * 2 < times.len() && (up == 0 || down >= up * 3) { Self::Mixed } else { Self::Other }
    }
}

/// Whether a page says when things were, twice at least.
fn is_dated(body: &str) -> bool {
    let day = |at: usize| {
        let mut parts = body[at..].splitn(3, ['-', '/', '年', '月']);
        let mut digits = |least: usize, most: usize| {
            let digits = parts.next().map_or(0, |part| part.bytes().take_while(u8::is_ascii_digit).count());
            (least..=most).contains(&digits)
        };
        digits(4, 4) && digits(1, 2) && digits(1, 2)
    };
    let years = body.match_indices("20").filter(|(at, _)| !body[..*at].ends_with(|c: char| c.is_ascii_digit()));
    let days = years.filter(|(at, _)| day(*at)).take(2).count();
    let ago: usize = AGO.iter().map(|word| body.matches(word).take(2).count()).sum();
    days + ago > 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::Post;

    #[test]
    fn the_order_of_a_page_is_told_by_most_of_its_posts() {
        let of = |kind: Kind, times: &[i64]| {
            let post = |at: &i64| Post { published: Some(*at), ..Post::new(kind, "1", "https://a.example/1") };
            Order::of(&Page { posts: times.iter().map(post).collect(), ..Page::default() })
        };
        assert_eq!(of(Kind::Post, &[9, 8, 8, 5]), Order::Newest);
        // One that is kept on top, and days without a time.
        assert_eq!(of(Kind::Post, &[2, 9, 8, 6, 5]), Order::Mixed);
        assert_eq!(of(Kind::Post, &[7, 7, 7]), Order::Mixed);
        for times in [&[1, 2, 3, 4][..], &[5, 1, 4, 2, 3], &[1]] {
            assert_eq!(of(Kind::Post, times), Order::Other, "{times:?}");
        }
        assert_eq!(of(Kind::Comment, &[7, 7, 7]), Order::Other);
    }

    #[test]
    fn a_page_of_two_dates_is_dated() {
        for body in ["2026-03-09 2026/3/8", "2026年3月9日 … 2025-12-31", "3分钟前 昨天 12:01"] {
            assert!(is_dated(body), "{body}");
        }
        for body in ["2026-03-09", "12026-03-09 20-1-1 2026", "/2026/news/ 2026--"] {
            assert!(!is_dated(body), "{body}");
        }
    }
}
