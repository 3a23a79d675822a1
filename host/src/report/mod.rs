//! Reports and working forms (P6, P11, P18, P23): pure, from facts to a [`Document`].
//!
//! | 文种 | kind | about | module |
//! | --- | --- | --- | --- |
//! | 快报 | flash, one page | an incident | [`flash`] |
//! | 日报 周报 月报 | daily, about 500 characters; weekly, monthly | a span of time | [`period`] |
//! | 专报 | special, its head at most 200 characters | an incident | [`special`] |
//! | 处置总结 | summary | an incident | [`summary`] |
//! | 监测记录 | record | a span of time | [`form::record`] |
//! | 交办单 反馈单 延期申请 发布审批表 移送建议书 归档目录 | working forms | an incident | [`form`] |
//!
//! Rules that every one of them keeps: what is said of the world cites captured posts ([`cite`]), or shows a place to
//! fill; criticism stands beside praise; what was not heard is said ([`words::coverage`]); a label is called a label, and
//! what a model server suggests is marked as such. The machine writes no opinion: where the plan asks for one it leaves room.

mod chart;
mod cite;
pub(crate) mod event;
pub mod facts;
mod flash;
mod form;
mod period;
pub mod schedule;
mod special;
mod summary;
#[cfg(test)]
mod tests;
mod words;

pub(crate) use chart::responses;
use serde::{Deserialize, Serialize};

use crate::document::{Document, Head, Plain, Signature};
use crate::lang::Lang;
use facts::{Dossier, Frame, Period, Sweeps};

/// A kind of report or form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// 快报.
    Flash,
    /// 日报.
    Daily,
    /// 周报.
    Weekly,
    /// 月报.
    Monthly,
    /// 专报.
    Special,
    /// 处置总结.
    Summary,
    /// 监测记录.
    Record,
    /// 交办单.
    Assignment,
    /// 反馈单.
    Feedback,
    /// 延期申请.
    Extension,
    /// 发布审批表.
    Approval,
    /// 移送建议书.
    Referral,
    /// 归档目录.
    Archive,
}

/// What a kind is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// A span of time.
    Span,
    /// An incident.
    Incident,
}

impl Kind {
    /// All of them, in the order of the table above.
    pub const ALL: [Self; 13] = [
        Self::Flash,
        Self::Daily,
        Self::Weekly,
        Self::Monthly,
        Self::Special,
        Self::Summary,
        Self::Record,
        Self::Assignment,
        Self::Feedback,
        Self::Extension,
        Self::Approval,
        Self::Referral,
        Self::Archive,
    ];

    /// The name that commands, plans and files use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Flash => "flash",
            Self::Daily => "daily",
            Self::Weekly => "weekly",
            Self::Monthly => "monthly",
            Self::Special => "special",
            Self::Summary => "summary",
            Self::Record => "record",
            Self::Assignment => "assignment",
            Self::Feedback => "feedback",
            Self::Extension => "extension",
            Self::Approval => "approval",
            Self::Referral => "referral",
            Self::Archive => "archive",
        }
    }

    /// The kind of this name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// What it is about.
    #[must_use]
    pub const fn about(self) -> About {
        match self {
            Self::Daily | Self::Weekly | Self::Monthly | Self::Record => About::Span,
            _ => About::Incident,
        }
    }

    /// Its name for people.
    #[must_use]
    pub fn name(self, lang: Lang) -> String {
        lang.t(match self {
            Self::Flash => "report.flash",
            Self::Daily => "report.daily",
            Self::Weekly => "report.weekly",
            Self::Monthly => "report.monthly",
            Self::Special => "report.special",
            Self::Summary => "report.summary",
            Self::Record => "report.record",
            Self::Assignment => "report.assignment",
            Self::Feedback => "report.feedback",
            Self::Extension => "report.extension",
            Self::Approval => "report.approval",
            Self::Referral => "report.referral",
            Self::Archive => "report.archive",
        })
    }
}

/// What a report rests on.
#[derive(Clone, Debug)]
pub enum Facts {
    /// For [`Kind::Daily`], [`Kind::Weekly`] and [`Kind::Monthly`].
    Period(Box<Period>),
    /// For [`Kind::Record`].
    Sweeps(Box<Sweeps>),
    /// For the kinds that are about an incident.
    Dossier(Box<Dossier>),
}

/// What was asked does not fit what was handed in: a fault of the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a {} report does not rest on such facts", .0.as_str())]
pub struct Misfit(pub Kind);

/// Writes a report.
///
/// # Errors
/// [`Misfit`]: the facts are of another kind.
pub fn write(kind: Kind, facts: &Facts, frame: &Frame<'_>) -> Result<Document, Misfit> {
    match (kind, facts) {
        (Kind::Daily, Facts::Period(period)) => Ok(period::daily(period, frame)),
        (Kind::Weekly | Kind::Monthly, Facts::Period(period)) => Ok(period::long(kind, period, frame)),
        (Kind::Record, Facts::Sweeps(sweeps)) => Ok(form::record::write(sweeps, frame)),
        (Kind::Flash, Facts::Dossier(dossier)) => Ok(flash::write(dossier, frame)),
        (Kind::Special, Facts::Dossier(dossier)) => Ok(special::write(dossier, frame)),
        (Kind::Summary, Facts::Dossier(dossier)) => Ok(summary::write(dossier, frame)),
        (Kind::Assignment, Facts::Dossier(dossier)) => Ok(form::task::assignment(dossier, frame)),
        (Kind::Feedback, Facts::Dossier(dossier)) => Ok(form::task::feedback(dossier, frame)),
        (Kind::Extension, Facts::Dossier(dossier)) => Ok(form::task::extension(dossier, frame)),
        (Kind::Approval, Facts::Dossier(dossier)) => Ok(form::approval::write(dossier, frame)),
        (Kind::Referral, Facts::Dossier(dossier)) => Ok(form::referral::write(dossier, frame)),
        (Kind::Archive, Facts::Dossier(dossier)) => Ok(form::archive::write(dossier, frame)),
        (kind, _) => Err(Misfit(kind)),
    }
}

/// A document with the red head of its series.
fn headed(kind: Kind, title: impl Into<Plain>, number: String, frame: &Frame<'_>) -> Document {
    let mut document = Document::new(frame.lang, title);
    let date = words::day(frame, frame.now);
    document.head = Some(Head {
        name: kind.name(frame.lang).into(),
        number: number.into(),
        unit: words::organisation(frame).into(),
        date: date.into(),
    });
    document
}

/// Who signs: the organisation, today.
fn sign(document: &mut Document, frame: &Frame<'_>) {
    let (unit, date) = (words::organisation(frame), words::day(frame, frame.now));
    document.signature = Some(Signature { unit: unit.into(), date: date.into() });
}
