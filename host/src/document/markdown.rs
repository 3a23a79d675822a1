//! A document as Markdown (CommonMark, with the tables of GitHub).
//!
//! Every sign that Markdown takes for its own is escaped, so that what somebody posted stays what it was: no heading,
//! link, picture, HTML or mention comes of it.

use super::outline::Outline;
use super::{Block, Cell, Document, Form, Plain, Run, Table};

/// Writes a document as Markdown.
#[must_use]
pub fn write(document: &Document) -> String {
    let mut writer = Writer { out: String::new(), outline: Outline::default(), document };
    writer.head();
    document.blocks.iter().for_each(|block| writer.block(block));
    writer.foot();
    writer.out.truncate(writer.out.trim_end().len());
    writer.out.push('\n');
    writer.out
}

struct Writer<'a> {
    out: String,
    outline: Outline,
    document: &'a Document,
}

impl Writer<'_> {
    /// A paragraph of Markdown.
    fn add(&mut self, text: &str) {
        self.out.push_str(text);
        self.out.push_str("\n\n");
    }

    fn head(&mut self) {
        let document = self.document;
        self.add(&format!("# {}", escaped(&document.title)));
        if let Some(words) = &document.subtitle {
            self.add(&escaped(words));
        }
        if let Some(head) = &document.head {
            let parts = [&head.name, &head.number, &head.unit, &head.date];
            let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).map(escaped).collect();
            self.add(&parts.join(" · "));
        }
    }

    fn block(&mut self, block: &Block) {
        match block {
            Block::Heading(level, words) => {
                let number = self.outline.next(*level, self.document.lang);
                let marks = "#".repeat(usize::from(*level) + 1);
                self.add(&format!("{marks} {}{}", escaped(&number.trim_end().into()), spaced(&number, words)));
            }
            Block::Paragraph(runs) => self.add(&told(runs)),
            Block::Quote(runs) | Block::Note(runs) => self.add(&format!("> {}", told(runs))),
            Block::Summary(runs) => {
                self.add(&format!("> **{}**\n> {}", self.document.lang.t("paper.summary"), told(runs)));
            }
            Block::List { ordered, items } => {
                let mark = |n: usize| if *ordered { format!("{n}. ") } else { "- ".to_owned() };
                let lines = (1..).zip(items).map(|(n, item)| format!("{}{}", mark(n), told(item)));
                let lines: Vec<String> = lines.collect();
                self.add(&lines.join("\n"));
            }
            Block::Table(table) => self.table(table),
            Block::Form(form) => self.form(form),
            Block::Figure(chart) => self.table(&chart.table(self.document.lang)),
            Block::PageBreak => self.add("---"),
        }
    }

    fn table(&mut self, table: &Table) {
        if !table.caption.is_empty() {
            self.add(&format!("**{}**", escaped(&table.caption)));
        }
        let heads: Vec<String> = table.columns.iter().map(|column| escaped(&column.name)).collect();
        let figure = |n: usize| table.rows.first().and_then(|row| row.get(n)).is_some_and(Cell::is_figure);
        let rule: Vec<&str> = (0..heads.len()).map(|n| if figure(n) { "---:" } else { "---" }).collect();
        let mut lines = vec![line(&heads), line(&rule)];
        lines.extend(table.rows.iter().map(|row| {
            let cells = row.iter().take(heads.len()).map(|cell| match cell {
                Cell::Words(runs) => told(runs),
                figure => figure.said(),
            });
            line(&cells.collect::<Vec<_>>())
        }));
        self.add(&lines.join("\n"));
    }

    fn form(&mut self, form: &Form) {
        let mut lines = vec!["| | |".to_owned(), "| --- | --- |".to_owned()];
        for field in form.rows.iter().flatten() {
            let value: Vec<String> = field.value.iter().map(|runs| told(runs)).collect();
            lines.push(line(&[format!("**{}**", escaped(&field.label)), value.join("<br>")]));
        }
        self.add(&lines.join("\n"));
    }

    fn foot(&mut self) {
        let document = self.document;
        if let Some(signature) = &document.signature {
            self.add(&format!("{}  \n{}", escaped(&signature.unit), escaped(&signature.date)));
        }
        if document.sources.is_empty() {
            return;
        }
        self.add(&format!("**{}**", document.lang.t("paper.sources")));
        for (n, source) in (1..).zip(&document.sources) {
            let about = format!("{}　{}　{}", source.site, source.title, document.source_line(source));
            let link = source.url.as_ref().map_or_else(String::new, |url| format!(" <{}>", url.as_str()));
            self.add(&format!("\\[{n}\\] {}{link}", escaped(&about.into())));
        }
    }
}

fn spaced(number: &str, words: &Plain) -> String {
    let space = if number.ends_with(' ') { " " } else { "" };
    format!("{space}{}", escaped(words))
}

fn line(cells: &[impl AsRef<str>]) -> String {
    let cells: Vec<&str> = cells.iter().map(AsRef::as_ref).collect();
    format!("| {} |", cells.join(" | "))
}

fn told(runs: &[Run]) -> String {
    runs.iter()
        .map(|run| match run {
            Run::Text(words) => escaped(words),
            Run::Strong(words) | Run::Missing(words) => format!("**{}**", escaped(words)),
            Run::Link(words, address) => format!("[{}](<{}>)", escaped(words), address.as_str()),
            Run::Cite(_) => escaped(&run.words().into()),
            Run::Suggested { by, words } => format!("{}（*{}*）", escaped(words), escaped(by)),
        })
        .collect()
}

/// Words that Markdown reads as words: its punctuation behind a backslash (CommonMark 2.4), also where a line begins.
fn escaped(words: &Plain) -> String {
    let text = words.as_str().trim_start();
    let mut out = String::with_capacity(text.len() + 8);
    let number = text.find(|c: char| !c.is_ascii_digit()).filter(|at| *at > 0);
    for (at, c) in text.char_indices() {
        let special =
            matches!(c, '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '<' | '>' | '#' | '|' | '~' | '&' | '!' | '@');
        let begins = at == 0 && matches!(c, '-' | '+' | '=') || Some(at) == number && matches!(c, '.' | ')');
        if special || begins {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_posted_stays_words() {
        let told = |text: &str| escaped(&text.into());
        assert_eq!(told("# 标题 <b>![x](y)"), "\\# 标题 \\<b\\>\\!\\[x\\](y)");
        assert_eq!(told("1. 一"), "1\\. 一");
        assert_eq!(told("- 一 | 二 @all"), "\\- 一 \\| 二 \\@all");
        assert_eq!(told("   2026) *x*"), "2026\\) \\*x\\*");
        assert_eq!(told("3.5 元"), "3\\.5 元");
    }
}
