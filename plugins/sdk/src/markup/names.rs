//! Names of elements, and what the HTML Standard distinguishes among them.

use super::token::key;

/// Declares the keys of names.
macro_rules! names {
    ($($constant:ident = $name:literal),* $(,)?) => { $(pub(super) const $constant: u64 = key($name);)* };
}

names! {
    A = "a", ABBR = "abbr", ACRONYM = "acronym", ADDRESS = "address", APPLET = "applet", AREA = "area",
    ARTICLE = "article", ASIDE = "aside", B = "b", BASE = "base", BIG = "big", BLOCKQUOTE = "blockquote",
    BODY = "body", BR = "br", BUTTON = "button", CAPTION = "caption", CENTER = "center", CITE = "cite", CODE = "code",
    COL = "col", DD = "dd", DEL = "del", DETAILS = "details", DIALOG = "dialog", DIR = "dir", DIV = "div", DL = "dl",
    DT = "dt", EM = "em", EMBED = "embed", FIELDSET = "fieldset", FIGCAPTION = "figcaption", FIGURE = "figure",
    FONT = "font", FOOTER = "footer", FORM = "form", FRAME = "frame", H1 = "h1", H2 = "h2", H3 = "h3", H4 = "h4",
    H5 = "h5", H6 = "h6", HEAD = "head", HEADER = "header", HGROUP = "hgroup", HR = "hr", HTML = "html", I = "i",
    IFRAME = "iframe", IMG = "img", INPUT = "input", INS = "ins", KBD = "kbd", KEYGEN = "keygen", LABEL = "label",
    LI = "li", LINK = "link", MAIN = "main", MARK = "mark", MARQUEE = "marquee", MENU = "menu", META = "meta",
    NAV = "nav", NOBR = "nobr", OBJECT = "object", OL = "ol", OPTGROUP = "optgroup", OPTION = "option", P = "p",
    PARAM = "param", PRE = "pre", Q = "q", S = "s", SAMP = "samp", SCRIPT = "script", SECTION = "section",
    SELECT = "select", SMALL = "small", SOURCE = "source", SPAN = "span", STRIKE = "strike", STRONG = "strong",
    STYLE = "style", SUB = "sub", SUMMARY = "summary", SUP = "sup", TABLE = "table", TBODY = "tbody", TD = "td",
    TEMPLATE = "template", TEXTAREA = "textarea", TFOOT = "tfoot", TH = "th", THEAD = "thead", TIME = "time",
    TITLE = "title", TR = "tr", TRACK = "track", TT = "tt", U = "u", UL = "ul", VAR = "var", WBR = "wbr",
}

pub(super) const fn is_void(name: u64) -> bool {
    matches!(
        name,
        AREA | BASE | BR | COL | EMBED | FRAME | HR | IMG | INPUT | KEYGEN | LINK | META | PARAM | SOURCE | TRACK | WBR
    )
}

/// What an end tag inside does not reach beyond.
pub(super) const fn is_scope(name: u64) -> bool {
    matches!(name, TD | TH | CAPTION | TABLE | HTML | TEMPLATE | OBJECT | MARQUEE | APPLET)
}

pub(super) const fn is_table(name: u64) -> bool {
    matches!(name, TABLE | TBODY | THEAD | TFOOT | TR | TD | TH | CAPTION)
}

pub(super) const fn is_list(name: u64) -> bool {
    matches!(name, UL | OL | MENU | DIR)
}

pub(super) const fn is_heading(name: u64) -> bool {
    matches!(name, H1 | H2 | H3 | H4 | H5 | H6)
}

/// Elements of running text: their end tags reach no further than the block,
/// and blocks do not lie in them.
pub(super) const fn is_phrase(name: u64) -> bool {
    matches!(
        name,
        A | ABBR
            | ACRONYM
            | B
            | BIG
            | CITE
            | CODE
            | DEL
            | EM
            | FONT
            | I
            | INS
            | KBD
            | LABEL
            | MARK
            | NOBR
            | OPTION
            | Q
            | S
            | SAMP
            | SMALL
            | SPAN
            | STRIKE
            | STRONG
            | SUB
            | SUP
            | TIME
            | TT
            | U
            | VAR
    )
}

pub(super) const fn closes_paragraph(name: u64) -> bool {
    is_heading(name)
        || is_list(name)
        || is_block(name)
        || matches!(name, DD | DT | LI | P | PRE | HR | TABLE | FORM | FIELDSET | DETAILS | SUMMARY | DIALOG)
}

pub(super) const fn is_block(name: u64) -> bool {
    matches!(
        name,
        ADDRESS
            | ARTICLE
            | ASIDE
            | BLOCKQUOTE
            | CENTER
            | DIV
            | DL
            | FIGCAPTION
            | FIGURE
            | FOOTER
            | HEADER
            | HGROUP
            | MAIN
            | NAV
            | SECTION
    )
}

/// Names of HTML, where `<name/>` is only a start tag; in others, which are
/// drawings and formulas, it is an element.
pub(super) const fn is_known(name: u64) -> bool {
    is_phrase(name)
        || is_table(name)
        || closes_paragraph(name)
        || matches!(
            name,
            BODY | BUTTON
                | HEAD
                | HTML
                | IFRAME
                | OBJECT
                | OPTGROUP
                | SCRIPT
                | SELECT
                | STYLE
                | TEMPLATE
                | TEXTAREA
                | TITLE
        )
}
