//! What a claim must be before anybody may even propose a referral.
//!
//! The gate reads the claim as its proposer wrote it down. It cannot know what is true; it can see that a sentence says
//! nothing that could be false — an opinion, a question, a wish, a feeling — and that nothing was brought to show
//! that it is. On doubt it says no: what stays outside is answered as a problem or as sensitive, in public.

use std::sync::LazyLock;

use regex::Regex;

use crate::incident::Category;
use crate::incident::event::Note;

/// What is proposed.
#[derive(Clone, Debug)]
pub struct Claim<'a> {
    /// What the incident is, as a person decided.
    pub category: Option<Category>,
    /// The post that makes the claim: a row key.
    pub post: i64,
    /// The claim, in the proposer's words.
    pub text: &'a str,
    /// SHA-256 of the documents that show that it is false.
    pub evidence: &'a [String],
    /// The published reply that rebuts it, if there is one.
    pub rebuttal: Option<i64>,
    /// Another body is touched, and has not consented.
    pub awaits_consent: bool,
    /// A referral of the same post that was refused, and the documents it had.
    pub refused_before: &'a [Vec<String>],
}

/// What the gate let through: the only thing that can be proposed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passed {
    /// The post.
    pub(super) post: i64,
    /// The claim.
    pub(super) claim: Note,
    /// The documents.
    pub(super) evidence: Vec<String>,
    /// The reply that rebuts it.
    pub(super) rebuttal: i64,
}

/// Why the gate stays shut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Shut {
    /// It was not assessed as a rumour.
    #[error(
        "the incident is not assessed as a rumour: criticism, opinion and the unverified are answered, not referred"
    )]
    NotARumour,
    /// It asserts nothing.
    #[error("this asks or passes on hearsay and asserts nothing: answer the question instead")]
    Question,
    /// It judges or feels.
    #[error("this is an opinion or a harsh word, which nobody can prove false: it is criticism, and is answered")]
    Opinion,
    /// It says nothing in particular.
    #[error(
        "this names nothing that can be checked (who, when, where, how many, what was done): write down the specific claim"
    )]
    Unspecific,
    /// Nothing shows that it is false.
    #[error("no document shows that the claim is false: what is unverified is not referred")]
    NoEvidence,
    /// It was not answered.
    #[error("no published reply rebuts the claim: answer in public first (P16)")]
    NotRebutted,
    /// Another body must agree first.
    #[error("another body is touched and has not consented: record its consent in the step first")]
    NoConsent,
    /// It was refused with the same evidence.
    #[error(
        "a referral of this post was refused, and nothing new is shown: a refusal stands until there is new evidence"
    )]
    RefusedBefore,
}

/// It asks, or repeats what others say.
static QUESTION: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let zh = "[?？]|是不是|有没有|是否|会不会|能不能|难道|怎么(还|就|回事)|为什么|为何|凭什么|听说|据说|好像|似乎|不知道|(请问|求证|求解)|吗[。！\\s]*$";
    Regex::new(&format!(
        "{zh}|(?i)\\b(is it true|i heard|apparently|allegedly|it seems|why (does|do|is|are)|rumou?r has it)\\b"
    ))
    .ok()
});

/// It judges, feels or wishes.
static OPINION: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let zh = "(我|个人|大家|本人)?(觉得|认为|感觉|怀疑|希望|建议|要求|应该|应当|强烈)|太(差|烂|黑|慢|坑|离谱|不像话|过分|恶心)|(最|真|极其|实在)(差|烂|黑|垃圾|恶心|无耻|离谱)|垃圾|不作为|乱作为|形式主义|官僚|无能|懒政|不负责任|黑心|混蛋|废物|寒心|失望|气愤|愤怒|丢人|可笑|官官相护|说一套做一套";
    Regex::new(&format!("{zh}|(?i)\\b(i (think|feel|believe|suspect|hope)|should|useless|incompetent|disgusting|shameful|terrible|worst|lazy|arrogant|a joke|disappointed)\\b")).ok()
});

/// Something that can be checked: a figure, a day, a sum, an act that either happened or did not.
static SPECIFIC: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let zh = "[0-9〇零一二两三四五六七八九十百千万亿]+\\s*(年|月|日|号|点|时|人|名|元|万|亿|吨|次|户|栋|间|辆|台|套|米|公里|亩|%|％|例|起|具|天|小时)|(死亡|死了|遇难|伤亡|贪污|受贿|行贿|挪用|侵吞|私吞|收(了|受)|回扣|爆炸|泄漏|投毒|有毒|致癌|超标|倒卖|伪造|造假|强拆|殴打|打死|猥亵|强奸|拐卖|失踪|坠楼|隐瞒|瞒报|拖欠|截留)";
    let en = "(?i)\\b\\d[\\d,.]*\\b|\\b(died|dead|killed|embezzl\\w+|brib\\w+|stole|poison\\w*|toxic|exploded|leaked|forged|faked|beat(en)?|covered up|concealed|raped|abducted)\\b";
    Regex::new(&format!("{zh}|{en}")).ok()
});

fn says(pattern: &LazyLock<Option<Regex>>, text: &str) -> bool {
    pattern.as_ref().is_some_and(|pattern| pattern.is_match(text))
}

/// Everything that keeps the gate shut; nothing when it is open.
#[must_use]
pub fn shut(claim: &Claim<'_>) -> Vec<Shut> {
    let new = |before: &Vec<String>| claim.evidence.iter().any(|document| !before.contains(document));
    let reasons = [
        (Shut::NotARumour, claim.category != Some(Category::Rumour)),
        (Shut::Question, says(&QUESTION, claim.text)),
        (Shut::Opinion, says(&OPINION, claim.text)),
        (Shut::Unspecific, !says(&SPECIFIC, claim.text)),
        (Shut::NoEvidence, claim.evidence.is_empty()),
        (Shut::NotRebutted, claim.rebuttal.is_none()),
        (Shut::NoConsent, claim.awaits_consent),
        (Shut::RefusedBefore, !claim.refused_before.iter().all(new)),
    ];
    reasons.into_iter().filter(|(_, shut)| *shut).map(|(reason, _)| reason).collect()
}

/// Lets a claim through; `note` points at its text.
///
/// # Errors
/// Everything that keeps the gate shut.
pub fn pass(claim: &Claim<'_>, note: Note) -> Result<Passed, Vec<Shut>> {
    let reasons = shut(claim);
    match claim.rebuttal {
        Some(rebuttal) if reasons.is_empty() => {
            Ok(Passed { post: claim.post, claim: note, evidence: claim.evidence.to_vec(), rebuttal })
        }
        _ => Err(reasons),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn about<'a>(text: &'a str, evidence: &'a [String]) -> Claim<'a> {
        Claim {
            category: Some(Category::Rumour),
            post: 1,
            text,
            evidence,
            rebuttal: Some(1),
            awaits_consent: false,
            refused_before: &[],
        }
    }

    fn documents(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_specific_false_claim_with_evidence_and_a_rebuttal_passes() {
        let evidence = documents(&["ab"]);
        for text in [
            "7月1日水厂爆炸，死了三个人",
            "县医院6月给200名学生打了过期疫苗",
            "局长收了开发商五十万元",
            "The bureau concealed 12 deaths in June",
        ] {
            assert_eq!(shut(&about(text, &evidence)), [], "{text}");
        }
    }

    #[test]
    fn criticism_questions_and_the_vague_never_pass() {
        let evidence = documents(&["ab"]);
        for (text, reason) in [
            ("水厂是不是7月1日爆炸了？", Shut::Question),
            ("听说死了三个人", Shut::Question),
            ("怎么还不修路，都3个月了", Shut::Question),
            ("这个局太差了，3年没修路", Shut::Opinion),
            ("我觉得局长收了钱", Shut::Opinion),
            ("办事的人都是废物", Shut::Opinion),
            ("他们说一套做一套", Shut::Opinion),
            ("希望7月前解决", Shut::Opinion),
            ("这个局长不是好人", Shut::Unspecific),
            ("路上很危险", Shut::Unspecific),
            ("I think the bureau took 5,000", Shut::Opinion),
            ("Is it true that 12 people died?", Shut::Question),
            ("They are a joke", Shut::Opinion),
        ] {
            assert!(shut(&about(text, &evidence)).contains(&reason), "{text}: {:?}", shut(&about(text, &evidence)));
        }
    }

    #[test]
    fn everything_that_is_missing_is_told_at_once() {
        let claim = Claim {
            category: Some(Category::Problem),
            rebuttal: None,
            awaits_consent: true,
            ..about("7月1日水厂爆炸", &[])
        };
        assert_eq!(shut(&claim), [Shut::NotARumour, Shut::NoEvidence, Shut::NotRebutted, Shut::NoConsent]);
        assert!(pass(&claim, Note { id: 1, seal: "s".into() }).is_err());
    }

    #[test]
    fn a_refusal_stands_until_there_is_new_evidence() {
        let (old, new) = (documents(&["ab"]), documents(&["ab", "cd"]));
        let refused = [old.clone()];
        let again = Claim { refused_before: &refused, ..about("7月1日水厂爆炸", &old) };
        assert_eq!(shut(&again), [Shut::RefusedBefore]);
        let again = Claim { evidence: &new, ..again };
        assert_eq!(shut(&again), []);
    }
}
