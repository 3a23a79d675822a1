//! The names of HTML elements that reading a page depends on.

/// An element, or [`Tag::Text`] for a run of characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tag {
    Text,
    /// Any element without a rule of its own: inline, like an unknown one in a browser.
    Other,
    A,
    Address,
    Article,
    Aside,
    Audio,
    Blockquote,
    Body,
    Br,
    Button,
    Caption,
    Center,
    Code,
    Dd,
    Details,
    Div,
    Dl,
    Dt,
    Embed,
    Fieldset,
    Figcaption,
    Figure,
    Footer,
    Form,
    H1,
    H2,
    H3,
    H4,
    H5,
    H6,
    Head,
    Header,
    Hr,
    Html,
    Iframe,
    Img,
    Input,
    Li,
    Link,
    Main,
    Meta,
    Nav,
    Noscript,
    Object,
    Ol,
    Option,
    P,
    Pre,
    Script,
    Section,
    Select,
    Source,
    Style,
    Svg,
    Table,
    Tbody,
    Td,
    Template,
    Textarea,
    Th,
    Time,
    Title,
    Tr,
    Ul,
    Video,
    Base,
    /// A void element without a rule of its own.
    Void,
}

impl Tag {
    /// The element of a name in any case.
    pub(crate) fn of(name: &str) -> Self {
        let mut buffer = [0_u8; 10];
        let Some(lower) = buffer.get_mut(..name.len()) else {
            return Self::Other;
        };
        lower.copy_from_slice(name.as_bytes());
        lower.make_ascii_lowercase();
        match lower.len() {
            1 | 2 => Self::short(lower),
            3..=5 => Self::middle(lower),
            _ => Self::long(lower),
        }
    }

    fn short(name: &[u8]) -> Self {
        match name {
            b"a" => Self::A,
            b"p" => Self::P,
            b"br" => Self::Br,
            b"dd" => Self::Dd,
            b"dl" => Self::Dl,
            b"dt" => Self::Dt,
            b"h1" => Self::H1,
            b"h2" => Self::H2,
            b"h3" => Self::H3,
            b"h4" => Self::H4,
            b"h5" => Self::H5,
            b"h6" => Self::H6,
            b"hr" => Self::Hr,
            b"li" => Self::Li,
            b"ol" => Self::Ol,
            b"td" => Self::Td,
            b"th" => Self::Th,
            b"tr" => Self::Tr,
            b"ul" => Self::Ul,
            _ => Self::Other,
        }
    }

    fn middle(name: &[u8]) -> Self {
        match name {
            b"div" => Self::Div,
            b"img" => Self::Img,
            b"nav" => Self::Nav,
            b"pre" => Self::Pre,
            b"svg" => Self::Svg,
            b"col" | b"wbr" | b"area" | b"param" | b"track" => Self::Void,
            b"base" => Self::Base,
            b"body" => Self::Body,
            b"code" => Self::Code,
            b"form" => Self::Form,
            b"head" => Self::Head,
            b"html" => Self::Html,
            b"link" => Self::Link,
            b"main" => Self::Main,
            b"meta" => Self::Meta,
            b"time" => Self::Time,
            b"aside" => Self::Aside,
            b"audio" => Self::Audio,
            b"embed" => Self::Embed,
            b"input" => Self::Input,
            b"style" => Self::Style,
            b"table" => Self::Table,
            b"tbody" | b"thead" | b"tfoot" => Self::Tbody,
            b"title" => Self::Title,
            b"video" => Self::Video,
            _ => Self::Other,
        }
    }

    fn long(name: &[u8]) -> Self {
        match name {
            b"address" => Self::Address,
            b"article" => Self::Article,
            b"blockquote" => Self::Blockquote,
            b"button" => Self::Button,
            b"caption" => Self::Caption,
            b"center" => Self::Center,
            b"details" => Self::Details,
            b"fieldset" => Self::Fieldset,
            b"figcaption" => Self::Figcaption,
            b"figure" => Self::Figure,
            b"footer" => Self::Footer,
            b"header" => Self::Header,
            b"iframe" => Self::Iframe,
            b"noscript" => Self::Noscript,
            b"object" => Self::Object,
            b"option" => Self::Option,
            b"script" => Self::Script,
            b"section" => Self::Section,
            b"select" => Self::Select,
            b"source" => Self::Source,
            b"template" => Self::Template,
            b"textarea" => Self::Textarea,
            _ => Self::Other,
        }
    }

    /// Whether it never has content.
    pub(crate) fn is_void(self) -> bool {
        matches!(
            self,
            Self::Br
                | Self::Hr
                | Self::Img
                | Self::Input
                | Self::Link
                | Self::Meta
                | Self::Base
                | Self::Source
                | Self::Embed
                | Self::Void
        )
    }

    /// Whether its content is characters up to its end tag, as `markup` of the SDK reads it.
    pub(crate) fn is_raw(self) -> bool {
        matches!(self, Self::Script | Self::Style | Self::Textarea | Self::Title | Self::Iframe)
    }

    /// Whether it stands in a line with the text around it.
    pub(crate) fn is_inline(self) -> bool {
        matches!(
            self,
            Self::Text
                | Self::Other
                | Self::A
                | Self::Code
                | Self::Time
                | Self::Img
                | Self::Br
                | Self::Void
                | Self::Svg
                | Self::Script
                | Self::Style
                | Self::Link
                | Self::Meta
                | Self::Button
                | Self::Input
                | Self::Select
                | Self::Source
                | Self::Embed
        )
    }

    pub(crate) fn is_heading(self) -> bool {
        matches!(self, Self::H1 | Self::H2 | Self::H3 | Self::H4 | Self::H5 | Self::H6)
    }

    pub(crate) fn is_list(self) -> bool {
        matches!(self, Self::Ul | Self::Ol | Self::Dl)
    }

    /// Whether nothing in it is ever read as text of the page.
    pub(crate) fn is_silent(self) -> bool {
        matches!(
            self,
            Self::Script
                | Self::Style
                | Self::Noscript
                | Self::Template
                | Self::Iframe
                | Self::Textarea
                | Self::Title
                | Self::Head
                | Self::Svg
                | Self::Select
                | Self::Button
                | Self::Object
                | Self::Audio
                | Self::Video
                | Self::Option
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_no_case() {
        assert_eq!(Tag::of("DIV"), Tag::Div);
        assert_eq!(Tag::of("h3"), Tag::H3);
        assert_eq!(Tag::of("BlockQuote"), Tag::Blockquote);
        assert_eq!(Tag::of("thead"), Tag::Tbody);
        assert_eq!(Tag::of("a-custom-element"), Tag::Other);
    }
}
