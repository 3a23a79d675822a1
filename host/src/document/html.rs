//! A document as one HTML file: no script, nothing loaded from elsewhere, light and dark, made to be printed.

use std::fmt::Write as _;

use quick_xml::escape::escape;

use super::chart::{Chart, Palette};
use super::outline::Outline;
use super::{Block, Cell, Document, Form, Head, Run, Table};

/// The look. Its colours are those of [`Palette::SCREEN`].
const STYLE: &str = include_str!("paper.css");

/// The most lines that a field of a form has room for on a screen: the look has a class for each.
const TALLEST: u8 = 12;

/// Writes a document as a whole page.
#[must_use]
pub fn write(document: &Document) -> String {
    let mut page = String::with_capacity(16 * 1024);
    let title = escape(document.title.as_str());
    let _ = write!(
        page,
        "<!doctype html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n\
         <body class=\"paper-page\">\n<main class=\"paper\">\n",
        document.lang.code()
    );
    page.push_str(&fragment(document));
    page.push_str("</main>\n</body>\n</html>\n");
    page
}

/// What stands inside the page: for who puts several documents into one.
#[must_use]
pub fn fragment(document: &Document) -> String {
    let mut writer = Writer { out: String::new(), outline: Outline::default(), figures: 0, document };
    writer.head();
    document.blocks.iter().for_each(|block| writer.block(block));
    writer.foot();
    writer.out
}

struct Writer<'a> {
    out: String,
    outline: Outline,
    figures: u32,
    document: &'a Document,
}

impl Writer<'_> {
    fn add(&mut self, element: &str, inside: &str) {
        let name = element.split(' ').next().unwrap_or(element);
        let _ = writeln!(self.out, "<{element}>{inside}</{name}>");
    }

    fn head(&mut self) {
        let document = self.document;
        if let Some(head) = &document.head {
            self.add("header class=\"red\"", &red(head));
        }
        self.add("h1", &escape(document.title.as_str()));
        if let Some(words) = &document.subtitle {
            self.add("p class=\"subtitle\"", &escape(words.as_str()));
        }
    }

    fn block(&mut self, block: &Block) {
        match block {
            Block::Heading(level, words) => {
                let number = self.outline.next(*level, self.document.lang);
                self.add(&format!("h{}", level + 1), &format!("{number}{}", escape(words.as_str())));
            }
            Block::Paragraph(runs) => self.add("p", &told(runs)),
            Block::Quote(runs) => self.add("blockquote", &told(runs)),
            Block::Summary(runs) => self.add("p class=\"summary\"", &told(runs)),
            Block::Note(runs) => self.add("p class=\"note\"", &told(runs)),
            Block::List { ordered, items } => {
                let items: String = items.iter().map(|item| format!("<li>{}</li>", told(item))).collect();
                self.add(if *ordered { "ol" } else { "ul" }, &items);
            }
            Block::Table(of) => self.add("div class=\"wide\"", &table(of)),
            Block::Form(of) => self.add("table class=\"form\"", &form(of)),
            Block::Figure(chart) => self.figure(chart),
            Block::PageBreak => self.add("hr", ""),
        }
    }

    fn figure(&mut self, chart: &Chart) {
        self.figures += 1;
        let (lang, n) = (self.document.lang, self.figures);
        let caption = lang.with("paper.figure", &[("n", &n), ("title", &chart.title), ("unit", &chart.unit)]);
        let mut inside = format!("<figcaption>{}</figcaption>", escape(&caption));
        inside.push_str(&chart.svg(&Palette::SCREEN, &format!("figure-{n}")));
        let legend = chart.legend();
        if !legend.is_empty() {
            inside.push_str("<ul class=\"legend\">");
            for (name, colour) in legend {
                let _ = write!(inside, "<li><i class=\"s{}\"></i>{}</li>", colour % 6, escape(name.as_str()));
            }
            inside.push_str("</ul>");
        }
        let figures = lang.t("paper.figures");
        let _ = write!(inside, "<details><summary>{figures}</summary>{}</details>", table(&chart.table(lang)));
        self.add("figure", &inside);
    }

    fn foot(&mut self) {
        let document = self.document;
        if let Some(signature) = &document.signature {
            let (unit, date) = (escape(signature.unit.as_str()), escape(signature.date.as_str()));
            self.add("p class=\"signature\"", &format!("{unit}<br>{date}"));
        }
        if document.sources.is_empty() {
            return;
        }
        let mut inside = format!("<h2>{}</h2><ol>", document.lang.t("paper.sources"));
        for (n, source) in (1..).zip(&document.sources) {
            let title = escape(source.title.as_str());
            let title = match &source.url {
                Some(url) => format!("<a href=\"{}\">{title}</a>", escape(url.as_str())),
                None => title.into_owned(),
            };
            let line = document.source_line(source);
            let _ = write!(
                inside,
                "<li id=\"source-{n}\">{}　{title}　<span>{}</span></li>",
                escape(source.site.as_str()),
                escape(&line)
            );
        }
        inside.push_str("</ol>");
        self.add("section class=\"sources\"", &inside);
    }
}

fn red(head: &Head) -> String {
    let [name, number, unit, date] =
        [&head.name, &head.number, &head.unit, &head.date].map(|part| escape(part.as_str()));
    let number = if head.number.is_empty() { String::new() } else { format!("<p>{number}</p>") };
    format!("<p class=\"series\">{name}</p>{number}<p class=\"line\"><span>{unit}</span><span>{date}</span></p>")
}

fn table(table: &Table) -> String {
    let mut out = String::from("<table>");
    if !table.caption.is_empty() {
        let _ = write!(out, "<caption>{}</caption>", escape(table.caption.as_str()));
    }
    out.push_str("<thead><tr>");
    for column in &table.columns {
        let _ = write!(out, "<th scope=\"col\">{}</th>", escape(column.name.as_str()));
    }
    out.push_str("</tr></thead><tbody>");
    for row in &table.rows {
        out.push_str("<tr>");
        for cell in row.iter().take(table.columns.len()) {
            let _ = match cell {
                Cell::Words(runs) => write!(out, "<td>{}</td>", told(runs)),
                figure => write!(out, "<td class=\"n\">{}</td>", figure.said()),
            };
        }
        out.push_str("</tr>");
    }
    out.push_str("</tbody></table>");
    out
}

fn form(form: &Form) -> String {
    let mut out = String::from("<tbody>");
    for row in &form.rows {
        out.push_str("<tr>");
        let span = if row.len() == 1 { " colspan=\"3\"" } else { "" };
        for field in row.iter().take(2) {
            let values: Vec<String> = field.value.iter().map(|runs| told(runs)).collect();
            let height = field.lines.min(TALLEST);
            let _ = write!(
                out,
                "<th scope=\"row\">{}</th><td{span} class=\"l{height}\">{}</td>",
                escape(field.label.as_str()),
                values.join("<br>")
            );
        }
        out.push_str("</tr>");
    }
    out.push_str("</tbody>");
    out
}

fn told(runs: &[Run]) -> String {
    runs.iter()
        .map(|run| match run {
            Run::Text(words) => escape(words.as_str()).into_owned(),
            Run::Strong(words) => format!("<strong>{}</strong>", escape(words.as_str())),
            Run::Link(words, address) => {
                format!("<a href=\"{}\">{}</a>", escape(address.as_str()), escape(words.as_str()))
            }
            Run::Cite(n) => format!("<sup><a href=\"#source-{n}\">[{n}]</a></sup>"),
            Run::Missing(words) => format!("<mark>{}</mark>", escape(words.as_str())),
            Run::Suggested { by, words } => {
                format!(
                    "<span class=\"machine\">{}<small>（{}）</small></span>",
                    escape(words.as_str()),
                    escape(by.as_str())
                )
            }
        })
        .collect()
}
