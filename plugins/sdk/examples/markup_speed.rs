//! How fast pages are read: the files named as arguments, or a page of rows
//! made here, are cut into tokens, walked and searched for a while each.
//!
//! `cargo run --release -p caifeng-plugin-sdk --example markup_speed [FILE…]`

#![allow(clippy::print_stdout, reason = "a program for the terminal")]

use std::error::Error;
use std::hint::black_box;
use std::time::Instant;

use caifeng_plugin_sdk::html;
use caifeng_plugin_sdk::markup::{Tokens, Walk, select};

fn main() -> Result<(), Box<dyn Error>> {
    let mut pages = Vec::new();
    for path in std::env::args().skip(1) {
        pages.push(String::from_utf8_lossy(&std::fs::read(path)?).into_owned());
    }
    if pages.is_empty() {
        pages.push(made());
    }
    let bytes: usize = pages.iter().map(String::len).sum();
    println!("{} pages, {bytes} bytes", pages.len());
    measure("tokens", bytes, || pages.iter().map(|page| Tokens::new(page).count()).sum());
    measure("walk", bytes, || pages.iter().map(|page| Walk::new(page).count()).sum());
    measure("select", bytes, || {
        let links = pages.iter().flat_map(|page| {
            select(page, |tag, _| match tag.name() {
                "a" => Some(tag.raw("href").is_some()),
                "div" => tag.has_class("content").then_some(false),
                _ => None,
            })
        });
        links.filter(|found| found.key).count()
    });
    measure("html::text", bytes, || pages.iter().map(|page| html::text(page).len()).sum());
    Ok(())
}

fn measure(name: &str, bytes: usize, mut run: impl FnMut() -> usize) {
    let mut best = f64::INFINITY;
    let mut rounds = 0;
    let start = Instant::now();
    while start.elapsed().as_secs_f64() < 1.0 || rounds < 3 {
        let round = Instant::now();
        black_box(run());
        best = best.min(round.elapsed().as_secs_f64());
        rounds += 1;
    }
    #[allow(clippy::cast_precision_loss, reason = "a figure to look at")]
    let rate = bytes as f64 / best / 1e6;
    println!("{name:>10} {rate:8.0} MB/s");
}

/// A page of about the shape of a Chinese news page.
fn made() -> String {
    let mut page =
        String::from("<!DOCTYPE html><html><head><title>清河县</title><script>var a = 1;</script></head><body>");
    for n in 0..120 {
        page.push_str(&format!(
            "<div class=\"row\" id=\"r{n}\"><h3><a href=\"/news/2026-03/{n}.html\" target=\"_blank\">城东路灯维修公告</a></h3>\
             <span class=\"date\">2026-03-09 12:00</span><p>本周起对城东片区的路灯进行检修，请过往车辆注意安全。</p></div>\n"
        ));
    }
    page + "</body></html>"
}
