//! scratch
#![allow(clippy::all, clippy::print_stdout, clippy::unwrap_used, missing_docs)]
use std::io::Read;
fn main() {
    let list = std::env::args().nth(1).unwrap();
    let reps: usize = std::env::args().nth(2).map_or(1, |n| n.parse().unwrap());
    let mut pages = vec![];
    for line in std::fs::read_to_string(&list).unwrap().lines() {
        let (id, path) = line.split_once('\t').unwrap();
        let mut s = String::new();
        std::fs::File::open(path).unwrap().read_to_string(&mut s).unwrap();
        pages.push((id.to_owned(), s));
    }
    let start = std::time::Instant::now();
    let mut n = 0;
    for _ in 0..reps { for (_, p) in &pages { n += caifeng_news::read(p).1.len(); } }
    eprintln!("{} pages {} bytes: {:.3} ms a page ({n})", pages.len(), pages.iter().map(|p| p.1.len()).sum::<usize>(), start.elapsed().as_secs_f64()*1000.0/(pages.len()*reps) as f64);
    for (id, p) in &pages {
        let (t, b, d) = caifeng_news::read(p);
        println!("{}", serde_json::json!({"id": id, "title": t, "text": b, "published": d}));
    }
}
