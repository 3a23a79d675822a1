//! How serious an event is, and how soon a post must be looked at.
//!
//! The level follows from what a text says of the dead and the injured, by the scale of
//! the Regulations on Reporting and Investigating Work Safety Accidents (国务院令第493号, article 3): from 3 dead
//! or 10 injured *larger*, from 10 or 50 *major*, from 30 or 100 *extreme*; an event
//! without such figures has no level, since guessing one would only be noise. The urgency
//! follows from cues: a life or a crowd in danger now, or people who cannot help themselves.
//!
//! Both read claims, not facts: they say what ought to be checked first.

/// A level of the plan's scheme of four.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    /// 一般.
    Ordinary,
    /// 较大.
    Larger,
    /// 重大.
    Major,
    /// 特别重大.
    Extreme,
}

impl Level {
    /// The name in `plugin.toml`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Ordinary => "ordinary",
            Self::Larger => "larger",
            Self::Major => "major",
            Self::Extreme => "extreme",
        }
    }
}

/// A toll, with the codes that say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Toll {
    /// The level that it makes.
    pub(crate) level: Level,
    /// The first code.
    pub(crate) start: usize,
    /// Behind the last code.
    pub(crate) end: usize,
}

const DEAD: [&[char]; 8] = [
    &['死'],
    &['遇', '难'],
    &['身', '亡'],
    &['丧', '生'],
    &['罹', '难'],
    &['遇', '害'],
    &['死', '亡'],
    &['没', '救', '过', '来'],
];
const HURT: [&[char]; 4] = [&['受', '伤'], &['伤'], &['中', '毒'], &['送', '医']];

/// How far behind a number what it counts may stand: 9 名 游客 死亡.
const NEAR: usize = 5;

/// The heaviest toll that the text tells; none where it tells none.
pub(crate) fn toll(codes: &[u32]) -> Option<Toll> {
    let mut heaviest: Option<Toll> = None;
    let mut at = 0;
    while at < codes.len() {
        let (count, len) = number(&codes[at..]);
        if len == 0 {
            at += 1;
            continue;
        }
        if let Some(toll) = counted(codes, at, at + len, count)
            && heaviest.is_none_or(|known| toll.level > known.level)
        {
            heaviest = Some(toll);
        }
        at += len;
    }
    heaviest
}

/// What a number from `start` to before `end` counts, if it counts people who came to harm.
fn counted(codes: &[u32], start: usize, end: usize, count: u32) -> Option<Toll> {
    let behind = &codes[end..codes.len().min(end + NEAR + 2)];
    let person = behind.iter().take(2).any(|code| is(*code, "人名死伤例位具"));
    if !person {
        return None;
    }
    // 造成死亡 9 人: the word stands before.
    let before = &codes[start.saturating_sub(3)..start];
    let stop = behind.iter().take(NEAR).position(|code| is(*code, "，。、；,;!！?？") || number(&[*code]).1 > 0);
    let near = &behind[..stop.unwrap_or(behind.len())];
    let (level, last) = if let Some(last) = first_of(near, &DEAD) {
        (by_dead(count), last)
    } else if let Some(last) = first_of(near, &HURT) {
        (by_hurt(count), last)
    } else if first_of(before, &DEAD).is_some() {
        (by_dead(count), 1)
    } else if first_of(before, &HURT).is_some() {
        (by_hurt(count), 1)
    } else {
        return None;
    };
    Some(Toll { level, start, end: end + last })
}

fn by_dead(count: u32) -> Level {
    match count {
        0..=2 => Level::Ordinary,
        3..=9 => Level::Larger,
        10..=29 => Level::Major,
        _ => Level::Extreme,
    }
}

fn by_hurt(count: u32) -> Level {
    match count {
        0..=9 => Level::Ordinary,
        10..=49 => Level::Larger,
        50..=99 => Level::Major,
        _ => Level::Extreme,
    }
}

fn is(code: u32, any: &str) -> bool {
    any.chars().any(|c| u32::from(c) == code)
}

/// Where one of the words ends, the earliest that begins.
fn first_of(codes: &[u32], words: &[&[char]]) -> Option<usize> {
    (0..codes.len()).find_map(|at| {
        let fits = |word: &&&[char]| {
            codes.len() >= at + word.len() && word.iter().zip(&codes[at..]).all(|(c, code)| u32::from(*c) == *code)
        };
        words.iter().filter(fits).map(|word| at + word.len()).max()
    })
}

/// The number that the codes begin with, and of how many of them it is: 12 · 三十五 · 两百 · 十余.
fn number(codes: &[u32]) -> (u32, usize) {
    let digit = |code: &u32| (0x30..=0x39).contains(code).then(|| code - 0x30);
    let arabic: Vec<u32> = codes.iter().take(7).map_while(digit).collect();
    if !arabic.is_empty() {
        return (arabic.iter().fold(0, |sum, digit| sum * 10 + digit), arabic.len());
    }
    let (mut sum, mut unit, mut len) = (0_u32, 0_u32, 0);
    for code in codes.iter().take(8) {
        let Some(c) = char::from_u32(*code) else { break };
        match ("零一二三四五六七八九".chars().position(|d| d == c), c) {
            (Some(digit), _) => unit = u32::try_from(digit).unwrap_or(0),
            (None, '两') => unit = 2,
            (None, '十') => (sum, unit) = (sum + unit.max(1) * 10, 0),
            (None, '百') => (sum, unit) = (sum + unit.max(1) * 100, 0),
            (None, '千') => (sum, unit) = (sum + unit.max(1) * 1000, 0),
            (None, '余' | '多' | '几') if len > 0 => {}
            _ => break,
        }
        len += 1;
    }
    (sum + unit, len)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(text: &str) -> Option<Level> {
        let codes: Vec<u32> = text.chars().map(u32::from).collect();
        toll(&codes).map(|toll| toll.level)
    }

    #[test]
    fn the_scale_of_the_regulations() {
        for (text, expected) in [
            ("已造成2人死亡", Some(Level::Ordinary)),
            ("确认三人死亡，两人受伤", Some(Level::Larger)),
            ("当场死亡6人", Some(Level::Larger)),
            ("已有十二名矿工遇难", Some(Level::Major)),
            ("造成35人死亡", Some(Level::Extreme)),
            ("一百余人受伤", Some(Level::Extreme)),
            ("26名幼儿中毒", Some(Level::Larger)),
            ("3死7伤", Some(Level::Larger)),
            ("没有人员伤亡", None),
            ("2016年3月修路", None),
            ("300人参加演练", None),
        ] {
            assert_eq!(level(text), expected, "{text}");
        }
    }

    #[test]
    fn a_toll_knows_its_place() {
        let codes: Vec<u32> = "事故致三人死亡。".chars().map(u32::from).collect();
        let toll = toll(&codes).map(|toll| (toll.start, toll.end));
        assert_eq!(toll, Some((3, 7)));
    }

    #[test]
    fn numbers_are_read_in_both_scripts() {
        let read = |text: &str| number(&text.chars().map(u32::from).collect::<Vec<_>>());
        assert_eq!(read("三十五人"), (35, 3));
        assert_eq!(read("两百余名"), (200, 3));
        assert_eq!(read("十二"), (12, 2));
        assert_eq!(read("9999999999"), (9_999_999, 7));
        assert_eq!(read("人"), (0, 0));
    }
}
