//! Packs the demo's recorded web: `cargo run -p caifeng --example pack-demo`.
//!
//! `host/demo/posts/*.toml` is what people read and review: one file for each
//! site, its posts in order, times counted back from the end of the recording
//! (`at = "-3d 08:12"`, clock of UTC+8). This renders every site as its feed
//! would come over the wire — RSS 2.0, RSS as forums and RSS gateways make it,
//! Atom, JSON Feed; the forum in GBK — and writes one WARC file of the answers.
//! Same sources, same bytes: no clock, no random number.
//!
//! `re` names the post that this one answers or repeats, `link` a post of any
//! site (`"news:1206"`) that the text points to, `edited` when it was changed.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use caifeng::evidence::warc::{Exchange, Sent, Writer};
use jiff::{Span, Timestamp, ToSpan as _, Zoned, tz};
use serde::Deserialize;

/// The end of the recording: 18:00 at the county. The host shifts dates at replay.
const END: &str = "2026-06-30T10:00:00Z";

/// How many posts a feed lists at most.
const LISTED: usize = 15;

/// What makes the record ids of this file its own.
const SEED: [u8; 16] = *b"caifeng demo web";

fn main() -> Result<()> {
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("demo");
    let sites = read(&demo.join("posts"))?;
    let answers = render(&sites)?;
    let end: Timestamp = END.parse()?;
    let mut warc = Writer::new(Vec::new(), true, SEED);
    warc.warcinfo("caifeng pack-demo", end.as_second())?;
    for answer in answers {
        warc.exchange(&Exchange {
            date: answer.date.as_second(),
            sent: Sent { method: "GET".to_owned(), url: answer.url, headers: Vec::new(), body: Vec::new() },
            status: 200,
            headers: answer.headers,
            body: answer.body,
        })?;
    }
    let to = demo.join("web.warc.gz");
    fs::write(&to, warc.finish()?).with_context(|| to.display().to_string())
}

/// One file of `host/demo/posts`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Site {
    site: About,
    #[serde(rename = "post")]
    posts: Vec<Post>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct About {
    form: Form,
    /// Address of the feed.
    feed: String,
    home: String,
    name: String,
    about: String,
    /// Address of one post, with `{id}`.
    post: String,
    charset: String,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Form {
    Rss,
    Rsshub,
    Atom,
    Json,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Post {
    id: u64,
    at: String,
    edited: Option<String>,
    re: Option<u64>,
    link: Option<String>,
    by: String,
    title: Option<String>,
    text: String,
}

/// One answer of the recorded web.
struct Answer {
    url: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    date: Timestamp,
}

/// A post with its references resolved.
#[derive(Clone)]
struct Entry<'a> {
    url: String,
    id: u64,
    at: Zoned,
    edited: Option<Zoned>,
    /// Address of the post that it answers or repeats.
    re: Option<String>,
    /// Address of what it points to.
    link: Option<String>,
    by: &'a str,
    title: Option<&'a str>,
    text: &'a str,
}

fn read(folder: &Path) -> Result<BTreeMap<String, Site>> {
    let mut sites = BTreeMap::new();
    for file in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = file?.path();
        let Some(key) = path.file_stem().and_then(|s| s.to_str()) else {
            continue;
        };
        let source = fs::read_to_string(&path)?;
        let site = toml::from_str(&source).with_context(|| path.display().to_string())?;
        sites.insert(key.to_owned(), site);
    }
    Ok(sites)
}

/// What each site showed at each moment that somebody looked, oldest first.
fn render(sites: &BTreeMap<String, Site>) -> Result<Vec<Answer>> {
    let end: Timestamp = END.parse()?;
    let mut answers = Vec::new();
    for (nth, (key, site)) in sites.iter().enumerate() {
        let entries = resolve(sites, site).with_context(|| key.clone())?;
        // One polite request after another, the last as the recording ends.
        let behind = i64::try_from(sites.len() - 1 - nth)?.saturating_mul(2).seconds();
        let mut before = Vec::new();
        let first = entries.iter().map(|entry| entry.at.timestamp()).min().unwrap_or(end);
        for look in looks(end).into_iter().filter(|look| look.at >= first) {
            let body = answer(&site.site, &entries, look.at)?;
            if body != before || look.regular {
                answers.push(Answer {
                    url: site.site.feed.clone(),
                    headers: headers(&site.site),
                    body: body.clone(),
                    date: look.at - behind,
                });
            }
            before = body;
        }
    }
    answers.sort_by_key(|answer| answer.date);
    Ok(answers)
}

/// A moment at which every site is looked at.
struct Look {
    at: Timestamp,
    /// Kept even when nothing is new: quiet days are part of the record.
    regular: bool,
}

/// Once a day at first, every hour in the last three days.
fn looks(end: Timestamp) -> Vec<Look> {
    let hours = (0..=72).rev().map(|hours| (hours, hours == 0));
    let days = (4..=30).rev().map(|days| (days * 24, true));
    let looks = days.chain(hours).map(|(hours, regular)| Look { at: end - hours.hours(), regular });
    looks.collect()
}

/// The newest posts that were there at `now`, as the site sends them.
fn answer(about: &About, entries: &[Entry<'_>], now: Timestamp) -> Result<Vec<u8>> {
    let there = entries.iter().filter(|entry| entry.at.timestamp() <= now).take(LISTED);
    let entries: Vec<Entry<'_>> = there
        .map(|entry| Entry { edited: entry.edited.clone().filter(|at| at.timestamp() <= now), ..entry.clone() })
        .collect();
    let text = match about.form {
        Form::Rss => rss(about, &entries)?,
        Form::Rsshub => rsshub(about, &entries)?,
        Form::Atom => atom(about, &entries)?,
        Form::Json => json(about, &entries)?,
    };
    let encoding = encoding_rs::Encoding::for_label(about.charset.as_bytes())
        .with_context(|| format!("unknown charset: {}", about.charset))?;
    // What the charset lacks (emoji in GBK) becomes `&#128557;`, as forums write it.
    Ok(encoding.encode(&text).0.into_owned())
}

fn headers(about: &About) -> Vec<(String, String)> {
    let kind = match about.form {
        Form::Rss | Form::Rsshub => "application/xml",
        Form::Atom => "application/atom+xml",
        Form::Json => "application/feed+json",
    };
    let field = |name: &str, value: String| (name.to_owned(), value);
    vec![field("Server", "nginx".to_owned()), field("Content-Type", format!("{kind}; charset={}", about.charset))]
}

/// Newest first, as feeds list them; references become addresses.
fn resolve<'a>(sites: &BTreeMap<String, Site>, site: &'a Site) -> Result<Vec<Entry<'a>>> {
    let mut seen = std::collections::BTreeSet::new();
    let mut entries = Vec::new();
    for post in &site.posts {
        if !seen.insert(post.id) {
            bail!("two posts have one id: {}", post.id);
        }
        let link = match post.link.as_deref().map(|l| l.split_once(':')) {
            None => None,
            Some(Some((key, id))) => Some(address(sites.get(key).context("link to no site")?, id.parse()?)?),
            Some(None) => bail!("link needs site:id, post {}", post.id),
        };
        entries.push(Entry {
            url: address(site, post.id)?,
            id: post.id,
            at: moment(&post.at)?,
            edited: post.edited.as_deref().map(moment).transpose()?,
            re: post.re.map(|id| address(site, id)).transpose()?,
            link,
            by: &post.by,
            title: post.title.as_deref(),
            text: &post.text,
        });
    }
    entries.sort_by(|a, b| (&b.at, b.id).cmp(&(&a.at, a.id)));
    Ok(entries)
}

fn address(site: &Site, id: u64) -> Result<String> {
    if !site.posts.iter().any(|post| post.id == id) {
        bail!("{} has no post {id}", site.site.name);
    }
    Ok(site.site.post.replace("{id}", &id.to_string()))
}

/// `-3d 08:12`: three days before the day the recording ends, twelve past eight.
fn moment(at: &str) -> Result<Zoned> {
    let zone = tz::TimeZone::fixed(tz::offset(8));
    let end = END.parse::<Timestamp>()?.to_zoned(zone);
    let (days, clock) = at.split_once("d ").with_context(|| format!("needs `-3d 08:12`: {at}"))?;
    let days: i64 = days.parse().with_context(|| at.to_owned())?;
    let clock: jiff::civil::Time = format!("{clock}:00").parse()?;
    // Seconds that no clock of people shows on the minute, the same each run.
    let second = (days.unsigned_abs() * 7 + u64::from(clock.minute().unsigned_abs()) * 13) % 60;
    let at = end
        .checked_add(Span::new().days(days))?
        .with()
        .time(clock.with().second(i8::try_from(second)?).build()?)
        .build()?;
    if at > end {
        bail!("lies after the end of the recording: {at}");
    }
    Ok(at)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Paragraphs of plain text as the HTML that sites put into their feeds.
fn html(entry: &Entry<'_>, words: &str) -> String {
    let mut out = String::new();
    for line in entry.text.trim_end().lines() {
        let _ = write!(out, "<p>{}</p>", escape(line));
    }
    if let Some(link) = &entry.link {
        let _ = write!(out, "<p><a href=\"{}\">{words}</a></p>", escape(link));
    }
    out
}

fn rfc2822(at: &Zoned) -> Result<String> {
    Ok(jiff::fmt::rfc2822::to_string(at)?)
}

fn rfc3339(at: &Zoned) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

/// RSS 2.0 as portals and forums write it: HTML in CDATA, `dc:creator`, a
/// reply's parent by RFC 4685.
fn rss(about: &About, entries: &[Entry<'_>]) -> Result<String> {
    let generator = if about.charset == "gbk" { "Discuz! X3.4" } else { "SiteServer CMS" };
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"{}\"?>\n<rss version=\"2.0\" \
         xmlns:dc=\"http://purl.org/dc/elements/1.1/\" \
         xmlns:thr=\"http://purl.org/syndication/thread/1.0\">\n<channel>\n\
         <title>{}</title>\n<link>{}</link>\n<description>{}</description>\n\
         <language>zh-cn</language>\n<generator>{generator}</generator>\n<ttl>60</ttl>\n",
        about.charset,
        escape(&about.name),
        escape(&about.home),
        escape(&about.about),
    );
    for entry in entries {
        let _ = write!(
            out,
            "<item>\n<title>{}</title>\n<link>{url}</link>\n\
             <description><![CDATA[{}]]></description>\n\
             <dc:creator>{}</dc:creator>\n<pubDate>{}</pubDate>\n\
             <guid isPermaLink=\"true\">{url}</guid>\n",
            escape(entry.title.unwrap_or_default()),
            html(entry, "原文"),
            escape(entry.by),
            rfc2822(&entry.at)?,
            url = escape(&entry.url),
        );
        if let Some(re) = &entry.re {
            let re = escape(re);
            let _ = writeln!(out, "<thr:in-reply-to ref=\"{re}\" href=\"{re}\"/>");
        }
        out.push_str("</item>\n");
    }
    out.push_str("</channel>\n</rss>\n");
    Ok(out)
}

/// RSS as RSSHub emits a microblog search: the title is the beginning of the
/// text, the description escaped HTML, a forward ends with a link to its origin.
fn rsshub(about: &About, entries: &[Entry<'_>]) -> Result<String> {
    let newest = entries.first().context("a feed without posts")?;
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rss version=\"2.0\" \
         xmlns:atom=\"http://www.w3.org/2005/Atom\">\n<channel>\n<title>{}</title>\n\
         <link>{}</link>\n<atom:link href=\"{}\" rel=\"self\" type=\"application/rss+xml\"/>\n\
         <description>{} - Powered by RSSHub</description>\n<generator>RSSHub</generator>\n\
         <webMaster>contact@rsshub.example (RSSHub)</webMaster>\n<language>zh-CN</language>\n\
         <lastBuildDate>{}</lastBuildDate>\n<ttl>5</ttl>\n",
        escape(&about.name),
        escape(&about.home),
        escape(&about.feed),
        escape(&about.about),
        rfc2822(&newest.at)?,
    );
    for entry in entries {
        let title: String = entry.text.chars().take(40).collect();
        let mut body = escape(entry.text);
        if let Some(link) = &entry.link {
            let _ = write!(body, " <a href=\"{}\">网页链接</a>", escape(link));
        }
        if let Some(re) = &entry.re {
            let _ = write!(body, "<br><a href=\"{}\">原微博</a>", escape(re));
        }
        let url = escape(&entry.url);
        let _ = write!(
            out,
            "<item>\n<title>{}</title>\n<description>{}</description>\n<link>{url}</link>\n\
             <guid isPermaLink=\"false\">{url}</guid>\n<pubDate>{}</pubDate>\n\
             <author>{}</author>\n</item>\n",
            escape(title.trim_end()),
            escape(&body),
            entry.at.timestamp().strftime("%a, %d %b %Y %H:%M:%S GMT"),
            escape(entry.by),
        );
    }
    out.push_str("</channel>\n</rss>\n");
    Ok(out)
}

fn atom(about: &About, entries: &[Entry<'_>]) -> Result<String> {
    let newest = entries.first().context("a feed without posts")?;
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
         <feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"zh-CN\">\n\
         <title>{}</title>\n<subtitle>{}</subtitle>\n<link href=\"{home}\"/>\n\
         <link rel=\"self\" href=\"{}\"/>\n<id>{home}</id>\n<updated>{}</updated>\n\
         <generator uri=\"https://wordpress.org/\" version=\"6.5\">WordPress</generator>\n",
        escape(&about.name),
        escape(&about.about),
        escape(&about.feed),
        rfc3339(newest.edited.as_ref().unwrap_or(&newest.at)),
        home = escape(&about.home),
    );
    for entry in entries {
        let url = escape(&entry.url);
        let _ = write!(
            out,
            "<entry>\n<title type=\"html\"><![CDATA[{}]]></title>\n\
             <author><name>{}</name></author>\n\
             <link rel=\"alternate\" type=\"text/html\" href=\"{url}\"/>\n<id>{url}</id>\n\
             <published>{}</published>\n<updated>{}</updated>\n\
             <content type=\"html\"><![CDATA[{}]]></content>\n</entry>\n",
            escape(entry.title.unwrap_or_default()),
            escape(entry.by),
            rfc3339(&entry.at),
            rfc3339(entry.edited.as_ref().unwrap_or(&entry.at)),
            html(entry, "阅读通知原文"),
        );
    }
    out.push_str("</feed>\n");
    Ok(out)
}

/// JSON Feed 1.1.
fn json(about: &About, entries: &[Entry<'_>]) -> Result<String> {
    let items: Vec<_> = entries
        .iter()
        .map(|entry| {
            serde_json::json!({
                "id": entry.id.to_string(),
                "url": entry.url,
                "title": entry.title,
                "content_text": entry.text.trim_end(),
                "date_published": rfc3339(&entry.at),
                "authors": [{ "name": entry.by }],
            })
        })
        .collect();
    Ok(serde_json::to_string_pretty(&serde_json::json!({
        "version": "https://jsonfeed.org/version/1.1",
        "title": about.name,
        "home_page_url": about.home,
        "feed_url": about.feed,
        "description": about.about,
        "language": "zh-CN",
        "items": items,
    }))?)
}
