//! `caifeng places`: how far an incident has gone.

use anyhow::anyhow;
use caifeng::clock::rfc3339;
use caifeng::incident::IncidentId;
use caifeng::incident::reach::{Place, Reach};
use caifeng::store::Reader;

use super::output::Lines;
use super::workplace::DataArgs;
use super::{Exit, OrExit, Outcome};

/// `caifeng places`
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Prints where an incident is told, the site with the most posts first: since when, by how many posts, how many of them are copies, and views where sites say so. The first line sums it up: one story that forty sites carry is one story with forty places. Counts the newest 10,000 posts."
)]
pub(crate) struct Args {
    #[command(flatten)]
    data: DataArgs,
    /// The incident's number
    #[arg(value_name = "INCIDENT")]
    incident: IncidentId,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Runs `caifeng places`.
pub(crate) fn run(args: &Args) -> Outcome {
    let reader = Reader::open(args.data.directory()?.path()).or_exit(Exit::Usage)?;
    let missing = || anyhow!("no such incident: {} (caifeng incident list lists them)", args.incident);
    reader.incident(args.incident).or_exit(Exit::Internal)?.ok_or_else(missing).or_exit(Exit::Usage)?;
    let reach = reader.reach(args.incident).or_exit(Exit::Internal)?;
    let mut lines = Lines::new();
    let printed = if args.json { lines.json(&reach) } else { show(&mut lines, &reach) };
    printed.and_then(|()| lines.flush()).or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

fn show(lines: &mut Lines, reach: &Reach) -> std::io::Result<()> {
    let views = reach.views.map_or("views unknown".to_owned(), |views| format!("at least {views} views"));
    let (posts, copies, places, media) = (reach.posts, reach.copies, reach.places.len(), reach.media.len());
    lines.text(format!("{posts} posts, {copies} of them copies; {places} places, {media} media named; {views}"))?;
    if let Some(story) = &reach.story {
        lines.text(format!("widest story: {} posts in {} places: {}", story.posts, story.places, story.url))?;
    }
    reach.places.iter().try_for_each(|place| lines.text(line(place)))
}

fn line(place: &Place) -> String {
    let views = place.views.map_or("-".to_owned(), |views| views.to_string());
    let Place { site, posts, copies, since, url, .. } = place;
    format!("{:<20}  {site:<28} {posts:>6} posts {copies:>6} copies {views:>10} views  {url}", rfc3339(*since))
}
