//! scratch
#![allow(clippy::all, clippy::print_stdout, clippy::unwrap_used, missing_docs)]
use std::io::Read;
use caifeng_plugin_sdk::*;
fn main() {
    let list = std::env::args().nth(1).unwrap();
    let reps: usize = std::env::args().nth(2).map_or(1, |n| n.parse().unwrap());
    let mut pages = vec![];
    for line in std::fs::read_to_string(&list).unwrap().lines() {
        let (id, path) = line.split_once('\t').unwrap();
        let mut s = String::new();
        std::fs::File::open(path).unwrap().read_to_string(&mut s).unwrap();
        let url = format!("http://recorded.example/{id}.html.gz");
        let crawl = Crawl { target: Target::Listing(url.clone()), site: None, settings: vec![], since: 0, now: 1_790_000_000, utc_offset: 0 };
        let response = Response { url: url.clone(), status: 200, headers: vec![], body: s, fetched: crawl.now };
        pages.push((id.to_owned(), crawl, Request::get("article", url), response));
    }
    let start = std::time::Instant::now();
    let mut n = 0;
    for _ in 0..reps { for (_, c, q, p) in &pages { n += caifeng_news::News::parse(c, q, p).map_or(0, |p| p.posts.len()); } }
    eprintln!("{} pages {} bytes: {:.3} ms a page ({n})", pages.len(), pages.iter().map(|p| p.3.body.len()).sum::<usize>(), start.elapsed().as_secs_f64()*1000.0/(pages.len()*reps) as f64);
    if reps > 1 { return; }
    for (id, c, q, p) in &pages {
        match caifeng_news::News::parse(c, q, p) {
            Err(f) => eprintln!("{id}: {f}"),
            Ok(page) => {
                if page.posts.is_empty() { eprintln!("{id}: list of {}", page.follow.len()); }
                for post in page.posts {
                    let day = post.published.map(|t| { let d = t.div_euclid(86400) + 719468; let era = d.div_euclid(146097); let oe = d.rem_euclid(146097); let y = (oe - oe/1460 + oe/36524 - oe/146096)/365; let oy = oe - (365*y + y/4 - y/100); let m = (5*oy+2)/153; let dd = oy - (153*m+2)/5 + 1; let mm = if m<10 {m+3} else {m-9}; format!("{:04}-{:02}-{:02}T{:02}:{:02}", y+era*400+i64::from(mm<=2), mm, dd, t.rem_euclid(86400)/3600, t.rem_euclid(3600)/60) });
                    println!("{}", serde_json::json!({"id": id, "title": post.title, "text": post.text, "published": day, "author": post.author.map(|a| a.name), "publisher": post.publisher, "views": post.reactions.views, "media": post.media.len(), "follow": page.follow.iter().map(|f| f.url.clone()).collect::<Vec<_>>() }));
                }
            }
        }
    }
}
