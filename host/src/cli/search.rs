//! `caifeng search`: what was heard, found again.

use std::ops::Range;
use std::path::PathBuf;

use anyhow::anyhow;
use caifeng::clock::rfc3339;
use caifeng::search::Search;
use caifeng::store::model::{PostRow, PostRowId};
use caifeng::store::{Reader, SCANNED};
use caifeng::text::snippet::Snippet;
use caifeng::text::tokens::Tokeniser;
use caifeng::topic::{Hit, Part};
use serde_json::{Value, json};

use super::filter::FilterArgs;
use super::output::{Lines, note, progress};
use super::workplace::{self, DataArgs};
use super::{Exit, Failed, OrExit, Outcome};

/// Characters of a text that are shown around what was found.
const WIDTH: usize = 72;

/// `caifeng search`
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Finds posts by what they say, newest first: words side by side must all be there, | means either, - means not, \"a phrase\" stands as it is written; parentheses, @names, place:… and /expressions/ are as in topics. Searches of words alone are answered by full text; for the others each candidate is read."
)]
pub(crate) struct Args {
    #[command(flatten)]
    data: DataArgs,
    /// What to look for, as in a search box
    #[arg(value_name = "QUERY", allow_hyphen_values = true)]
    query: String,
    #[command(flatten)]
    filter: FilterArgs,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
    /// Go on after the page that ended with this cursor
    #[arg(long, value_name = "CURSOR", allow_negative_numbers = true)]
    after: Option<PostRowId>,
    /// Configuration, for @names [default: caifeng.toml in the data directory]
    #[arg(long, value_name = "F")]
    config: Option<PathBuf>,
    /// Print JSON Lines; `marks` and `title_marks` are [begin, end) in characters, the last line may hold a cursor
    #[arg(long)]
    json: bool,
}

/// Runs `caifeng search`.
pub(crate) fn run(args: &Args) -> Outcome {
    let directory = args.data.directory()?;
    let reader = Reader::open(directory.path()).or_exit(Exit::Usage)?;
    let names = workplace::config(args.config.as_ref(), &directory)?.unwrap_or_default().names();
    let search = Search::read(&args.query, &Tokeniser::new(), &names).or_exit(Exit::Usage)?;
    let nothing = || anyhow!("nothing to look for: write a word, or list posts with `caifeng posts`");
    let search = search.ok_or_else(nothing).or_exit(Exit::Usage)?;
    let mut lines = Lines::new();
    let next = walk(args, &reader, &search, &mut lines)?;
    if let Some(next) = next.filter(|_| args.json) {
        lines.json(&json!({ "next": next.to_string() })).or_exit(Exit::Internal)?;
    }
    lines.flush().or_exit(Exit::Internal)?;
    if let Some(next) = next.filter(|_| !args.json) {
        note(format_args!("there may be older ones: go on with --after {next}"));
    }
    Ok(Exit::Done)
}

/// Prints what is found page by page; the cursor when there may be more.
fn walk(args: &Args, reader: &Reader, search: &Search, lines: &mut Lines) -> Result<Option<PostRowId>, Failed> {
    let mut query = args.filter.query();
    query.words = search.expression().map(str::to_owned);
    query.before = args.after;
    let stored = reader.figures().or_exit(Exit::Internal)?.posts;
    let bar = progress(stored, "posts looked at");
    let mut left = args.limit;
    while left > 0 {
        query.limit = Some(left);
        let mut hits = Vec::new();
        let mut keep =
            |title: Option<&str>, text: &str| search.found(title, text).map(|found| hits.push(found)).is_some();
        let page = reader.post_page(&query, &mut keep).or_exit(Exit::Internal)?;
        left -= page.posts.len();
        for (post, hits) in page.posts.iter().zip(&hits) {
            let printed = if args.json { lines.json(&found_json(post, hits)) } else { found_text(lines, post, hits) };
            printed.or_exit(Exit::Internal)?;
        }
        bar.inc(SCANNED as u64);
        query.before = page.next;
        if page.next.is_none() {
            break;
        }
    }
    bar.finish_and_clear();
    Ok(query.before)
}

/// Title and text around what was found.
fn snippets(post: &PostRow, hits: &[Hit]) -> (Option<Snippet>, Snippet) {
    let of = |part| hits.iter().filter(|hit| hit.part == part).map(|hit| hit.range.clone()).collect::<Vec<_>>();
    let title = post.title.as_ref().map(|title| Snippet::of(title, &of(Part::Title), title.chars().count().max(1)));
    (title, Snippet::of(&post.text, &of(Part::Text), WIDTH))
}

fn found_text(lines: &mut Lines, post: &PostRow, hits: &[Hit]) -> std::io::Result<()> {
    let (title, text) = snippets(post, hits);
    let when = rfc3339(post.published.unwrap_or(post.captured));
    let incident = post.incident.map_or_else(String::new, |id| format!("  #{id}"));
    lines.text(format_args!("{when}  {}{incident}  {}", post.site, post.url))?;
    for snippet in title.iter().chain([&text]).filter(|snippet| !snippet.text.trim().is_empty()) {
        let mark = |cut: bool| Some((false, "…")).filter(|_| cut);
        let around = mark(snippet.cut_before).into_iter().chain(snippet.pieces()).chain(mark(snippet.cut_after));
        lines.marked("    ", around)?;
    }
    Ok(())
}

fn found_json(post: &PostRow, hits: &[Hit]) -> Value {
    let (title, text) = snippets(post, hits);
    json!({
        "plugin": post.plugin, "site": post.site, "id": post.id, "kind": post.kind, "url": post.url,
        "published": post.published.map(rfc3339), "captured": rfc3339(post.captured), "topics": post.topics,
        "incident": post.incident, "title": post.title,
        "title_marks": title.as_ref().map_or_else(Vec::new, |title| characters(&title.text, &title.marks)),
        "snippet": text.text, "marks": characters(&text.text, &text.marks),
        "cut": [text.cut_before, text.cut_after],
    })
}

/// Ranges of bytes as ranges of characters, which is what other languages count.
pub(crate) fn characters(text: &str, ranges: &[Range<usize>]) -> Vec<[usize; 2]> {
    let at = |end: usize| text[..end].chars().count();
    ranges.iter().map(|range| [at(range.start), at(range.end)]).collect()
}
