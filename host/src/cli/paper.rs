//! Documents that commands hand out: in which form, in which language, and into which file.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use anyhow::{Context as _, anyhow};
use caifeng::document::picture::Fonts;
use caifeng::document::{Document, docx, html, markdown};
use caifeng::lang::Lang;

use super::output::{Lines, note};
use super::{Exit, Failed, OrExit, Outcome};

/// How a document is handed out.
#[derive(Debug, clap::Args)]
pub(super) struct PaperArgs {
    /// docx, html or md
    #[arg(long, value_name = "F", default_value = "docx", value_parser = Form::read)]
    pub(super) format: Form,
    /// Where it is written; - prints it [default: a name of its own in this folder]
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// zh or en
    #[arg(long, value_name = "L", default_value = "zh", value_parser = language)]
    pub(super) lang: Lang,
}

/// The form of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Docx,
    Html,
    Markdown,
}

impl Form {
    fn read(text: &str) -> Result<Self, String> {
        match text {
            "docx" => Ok(Self::Docx),
            "html" => Ok(Self::Html),
            "md" => Ok(Self::Markdown),
            _ => Err("no such form: one of docx, html, md".to_owned()),
        }
    }

    const fn ending(self) -> &'static str {
        match self {
            Self::Docx => "docx",
            Self::Html => "html",
            Self::Markdown => "md",
        }
    }

    fn write(self, document: &Document) -> Result<Vec<u8>, Failed> {
        Ok(match self {
            Self::Docx => docx::write(document, &Fonts::of_this_machine()).or_exit(Exit::Internal)?,
            Self::Html => html::write(document).into_bytes(),
            Self::Markdown => markdown::write(document).into_bytes(),
        })
    }
}

fn language(text: &str) -> Result<Lang, String> {
    Lang::of_tag(text).ok_or_else(|| "no such language: zh or en".to_owned())
}

/// Writes a document into a file that is not there yet, or onto standard output.
pub(super) fn hand_out(document: &Document, args: &PaperArgs, name: &str) -> Outcome {
    let bytes = args.format.write(document)?;
    let path = args.output.clone().unwrap_or_else(|| PathBuf::from(format!("{name}.{}", args.format.ending())));
    if path.as_os_str() == "-" {
        let mut lines = Lines::new();
        lines.bytes(&bytes).and_then(|()| lines.flush()).or_exit(Exit::Internal)?;
        return Ok(Exit::Done);
    }
    let shown = path.display();
    let mut file = match std::fs::File::options().write(true).create_new(true).mode(0o600).open(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            return Err(anyhow!("{shown}: is there already: name another -o")).or_exit(Exit::Usage);
        }
        opened => opened.with_context(|| format!("{shown}: cannot be written")).or_exit(Exit::Usage)?,
    };
    file.write_all(&bytes).and_then(|()| file.sync_all()).or_exit(Exit::Internal)?;
    note(format_args!("written: {shown}"));
    Ok(Exit::Done)
}
