//! The fonts that the norm names, and what stands in for them where they are not installed.
//!
//! A word processor that lacks a font looks for the other names in the font table (ECMA-376, 17.8.3.1 *altName*); the
//! family that is named there leads it to something with or without feet at last.

use std::fmt::Write as _;

use docx_rs::RunFonts;

/// A font of the norm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Font {
    /// 小标宋: titles and the red head.
    Title,
    /// 仿宋: what is read.
    Body,
    /// 黑体: headings of the first level, heads of tables.
    Strong,
    /// 楷体: headings of the second level, words of others.
    Kai,
    /// 宋体: page numbers.
    Song,
}

/// Name, other names, family.
const FONTS: [(Font, &str, &str, &str); 5] = [
    (Font::Title, "方正小标宋简体", "FZXiaoBiaoSong-B05S,方正小标宋_GBK,华文中宋,STZhongsong,Noto Serif CJK SC,宋体", "roman"),
    (Font::Body, "仿宋_GB2312", "仿宋,FangSong,华文仿宋,STFangsong,方正仿宋_GBK,Noto Serif CJK SC,宋体", "modern"),
    (Font::Strong, "黑体", "SimHei,华文黑体,STHeiti,方正黑体_GBK,Noto Sans CJK SC,微软雅黑", "swiss"),
    (Font::Kai, "楷体_GB2312", "楷体,KaiTi,华文楷体,STKaiti,方正楷体_GBK,Noto Serif CJK SC,宋体", "script"),
    (Font::Song, "宋体", "SimSun,华文宋体,STSong,方正书宋_GBK,Noto Serif CJK SC", "roman"),
];

impl Font {
    /// The font for Chinese; digits and Latin letters are Times New Roman, which goes with it.
    pub(super) fn run(self) -> RunFonts {
        let (_, name, ..) = FONTS.into_iter().find(|(font, ..)| *font == self).unwrap_or(FONTS[0]);
        let latin = if self == Self::Song { name } else { "Times New Roman" };
        RunFonts::new().ascii(latin).hi_ansi(latin).cs("Times New Roman").east_asia(name)
    }
}

/// The part `word/fontTable.xml`, which docx-rs writes without other names.
pub(super) fn table() -> Vec<u8> {
    let mut out = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\
         <w:fonts xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\">",
    );
    for (_, name, others, family) in FONTS {
        let _ = write!(
            out,
            "<w:font w:name=\"{name}\"><w:altName w:val=\"{others}\"/><w:charset w:val=\"86\"/>\
             <w:family w:val=\"{family}\"/><w:pitch w:val=\"variable\"/></w:font>"
        );
    }
    out.push_str(
        "<w:font w:name=\"Times New Roman\"><w:altName w:val=\"Liberation Serif\"/><w:charset w:val=\"00\"/>\
         <w:family w:val=\"roman\"/><w:pitch w:val=\"variable\"/></w:font></w:fonts>",
    );
    out.into_bytes()
}
