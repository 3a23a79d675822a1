//! How headings are numbered: 一、 （一） 1. as GB/T 9704—2012, 7.3.3 has it; 1, 1.1, 1.1.1 in English.

use crate::lang::Lang;

/// Counts headings from top to bottom.
#[derive(Debug, Default)]
pub(super) struct Outline([u32; 3]);

impl Outline {
    /// What stands before the next heading of `level`, 1 to 3.
    pub(super) fn next(&mut self, level: u8, lang: Lang) -> String {
        let depth = usize::from(level.clamp(1, 3)) - 1;
        self.0[depth] += 1;
        self.0[depth + 1..].fill(0);
        let n = self.0[depth];
        match (lang, depth) {
            (Lang::En, _) => {
                let steps: Vec<String> = self.0[..=depth].iter().map(ToString::to_string).collect();
                format!("{} ", steps.join("."))
            }
            (Lang::Zh, 0) => format!("{}、", chinese(n)),
            (Lang::Zh, 1) => format!("（{}）", chinese(n)),
            (Lang::Zh, _) => format!("{n}. "),
        }
    }
}

/// A number below a hundred in Chinese; larger ones in digits.
pub(super) fn chinese(n: u32) -> String {
    const DIGITS: [&str; 10] = ["", "一", "二", "三", "四", "五", "六", "七", "八", "九"];
    let digit = |n: u32| DIGITS[n as usize % 10];
    match n {
        1..=9 => digit(n).to_owned(),
        10..=19 => format!("十{}", digit(n)),
        20..=99 => format!("{}十{}", digit(n / 10), digit(n)),
        _ => n.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_are_numbered_as_the_norm_has_it() {
        let numbered = |lang| {
            let mut outline = Outline::default();
            [1, 2, 2, 3, 1, 2].map(|level| outline.next(level, lang))
        };
        assert_eq!(numbered(Lang::Zh), ["一、", "（一）", "（二）", "1. ", "二、", "（一）"]);
        assert_eq!(numbered(Lang::En), ["1 ", "1.1 ", "1.2 ", "1.2.1 ", "2 ", "2.1 "]);
        assert_eq!([10, 11, 20, 34].map(chinese), ["十", "十一", "二十", "三十四"]);
    }
}
