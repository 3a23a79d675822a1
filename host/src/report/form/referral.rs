//! 移送建议书: a proposal to refer a false and grave claim (P16). The form says what the law needs; whether it is there
//! is for the legal officer and the head, and criticism is no ground.

use super::{about, begun, pen};
use crate::document::{Block, Document, Field, Form, Plain, Run};
use crate::referral::Referral;
use crate::report::cite::cite;
use crate::report::facts::{Dossier, Frame, Heard};
use crate::report::{Kind, words};

/// Characters of the claim.
const CLAIM: usize = 300;

/// 移送建议书.
pub(crate) fn write(dossier: &Dossier, frame: &Frame<'_>) -> Document {
    let lang = frame.lang;
    let mut document = begun(Kind::Referral, dossier, frame);
    if dossier.referrals.is_empty() {
        document.paragraph(vec![Run::text(lang.t("report.no-referral"))]);
    }
    for (n, (id, referral, heard)) in dossier.referrals.iter().enumerate() {
        if n > 0 {
            document.push(Block::PageBreak);
        }
        let form = one(&mut document, dossier, (*id, referral, heard.as_ref()), frame);
        document.push(Block::Form(form));
    }
    document.push(Block::Note(vec![Run::text(lang.t("report.referral-note"))]));
    words::coverage(&mut document, &dossier.coverage, frame);
    document
}

fn one(
    document: &mut Document,
    dossier: &Dossier,
    (id, referral, heard): (i64, &Referral, Option<&Heard>),
    frame: &Frame<'_>,
) -> Form {
    let lang = frame.lang;
    let mut form = Form::default();
    about(&mut form, document, dossier, frame);
    form.row([
        Field::new(lang.t("report.referral-number"), vec![Run::text(id.to_string())]),
        Field::new(lang.t("report.state"), vec![Run::text(state(referral, frame))]),
    ]);
    let claim = match heard {
        Some(heard) => vec![Run::Text(Plain::of(&heard.text).cut(CLAIM)), cite(document, heard, frame)],
        None => vec![Run::missing(lang)],
    };
    form.row([Field::room(lang.t("report.claim"), vec![claim], 3)]);
    let shown = referral.evidence.iter().map(|digest| vec![Run::text(format!("SHA-256 {digest}"))]).collect::<Vec<_>>();
    let shown = if shown.is_empty() { vec![vec![Run::missing(lang)]] } else { shown };
    form.row([Field::room(lang.t("report.shows-false"), shown, 2)]);
    form.row([Field::room(lang.t("report.gravity"), vec![gravity(heard, frame)], 2)]);
    form.row([
        Field::new(lang.t("report.proposer"), vec![Run::text(words::person(frame, &referral.proposer))]),
        Field::new(lang.t("report.rests-until"), vec![Run::text(words::moment(frame, referral.rests_until))]),
    ]);
    for (label, who) in [("report.legal-opinion", &referral.legal), ("report.head-opinion", &referral.head)] {
        let value = who.iter().map(|id| vec![Run::text(words::person(frame, id))]).collect();
        form.row([Field::room(lang.t(label), value, 2)]);
    }
    form.row([pen(lang.t("report.signed"), 1)]);
    form
}

/// How often it was seen, beside what the plan calls serious.
fn gravity(heard: Option<&Heard>, frame: &Frame<'_>) -> Vec<Run> {
    let lang = frame.lang;
    let rule = &frame.plan.referral;
    let views = heard.and_then(|heard| heard.views);
    let known = views.map_or_else(
        || lang.t("report.views-unknown"),
        |views| lang.with("report.views", &[("views", &crate::lang::grouped(views))]),
    );
    let told = lang.with(
        "report.gravity-said",
        &[
            ("known", &known),
            ("views", &rule.views),
            ("reposts", &rule.reposts),
            ("source", &rule.source.in_lang(lang)),
        ],
    );
    vec![Run::text(told)]
}

fn state(referral: &Referral, frame: &Frame<'_>) -> String {
    use crate::referral::ReferralState;
    frame.lang.t(match referral.state {
        ReferralState::None | ReferralState::Proposed => "report.referral-proposed",
        ReferralState::Approved => "report.referral-approved",
        ReferralState::Refused => "report.referral-refused",
    })
}
