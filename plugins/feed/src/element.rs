//! Which element a name means, across formats, namespaces and bad habits.
//!
//! A prefix is looked up in the namespaces that the document declared; an
//! undeclared or unknown one stands for itself, so `<dc:date>` is understood
//! without a declaration. Local names are compared without case.

/// The elements that the reader reacts to. Names that mean the same share one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Element {
    Rss,
    Rdf,
    Feed,
    Channel,
    Item,
    Image,
    TextInput,
    Author,
    DcAuthor,
    Contributor,
    Name,
    Address,
    Email,
    Subtitle,
    Rights,
    Language,
    Publisher,
    Published,
    Updated,
    Created,
    Date,
    Category,
    ItunesCategory,
    Keywords,
    Link,
    Id,
    Title,
    MediaTitle,
    Description,
    Abstract,
    Summary,
    Content,
    ContentEncoded,
    Body,
    Enclosure,
    Source,
    Comments,
    CommentCount,
    InReplyTo,
    MediaContent,
    MediaThumbnail,
    MediaGroup,
    MediaStatistics,
    StarRating,
    ItunesImage,
    Other,
}

/// The usual prefix of a namespace that is known, by its address; empty for
/// the formats themselves. Addresses are compared without case.
pub(crate) fn prefix_of(address: &str) -> Option<&'static str> {
    let address = address.trim().to_ascii_lowercase();
    if address.contains("backend.userland.com/rss") {
        return Some("");
    }
    Some(match &*address {
        ""
        | "http://blogs.law.harvard.edu/tech/rss"
        | "http://purl.org/rss/1.0/"
        | "http://my.netscape.com/rdf/simple/0.9/"
        | "http://channel.netscape.com/rdf/simple/0.9/"
        | "http://example.com/newformat#"
        | "http://example.com/necho"
        | "http://purl.org/echo/"
        | "uri/of/echo/namespace#"
        | "http://purl.org/pie/"
        | "http://purl.org/atom/ns#"
        | "http://www.w3.org/2005/atom"
        | "http://purl.org/rss/1.0/modules/rss091#" => "",
        "http://purl.org/dc/elements/1.1/" => "dc",
        "http://purl.org/dc/terms/" => "dcterms",
        "http://purl.org/rss/1.0/modules/content/" => "content",
        "http://www.itunes.com/dtds/podcast-1.0.dtd"
        | "http://example.com/dtds/podcast-1.0.dtd" => "itunes",
        "http://search.yahoo.com/mrss" | "http://search.yahoo.com/mrss/" => "media",
        "http://www.w3.org/1999/02/22-rdf-syntax-ns#" => "rdf",
        "http://purl.org/rss/1.0/modules/slash/" => "slash",
        "http://purl.org/syndication/thread/1.0" | "http://purl.org/rss/1.0/modules/threading/" => {
            "thr"
        }
        "http://wellformedweb.org/commentapi/" => "wfw",
        "http://www.w3.org/1999/xhtml" => "xhtml",
        "http://www.w3.org/2000/svg" => "svg",
        "http://purl.org/rss/1.0/modules/image/" => "image",
        _ => return None,
    })
}

/// The element of a canonical prefix and a local name in any case.
pub(crate) fn element(prefix: &str, local: &str) -> Element {
    let mut buffer = [0_u8; 16];
    let Some(lower) = buffer.get_mut(..local.len()) else {
        return Element::Other;
    };
    lower.copy_from_slice(local.as_bytes());
    lower.make_ascii_lowercase();
    let local = str::from_utf8(lower).unwrap_or_default();
    match prefix {
        "" => plain(local),
        "dc" => dublin_core(local),
        "dcterms" => match local {
            "created" => Element::Created,
            "issued" => Element::Published,
            "modified" => Element::Updated,
            _ => Element::Other,
        },
        "content" if local == "encoded" => Element::ContentEncoded,
        "xhtml" if local == "body" => Element::Body,
        "itunes" => itunes(local),
        "media" => media(local),
        "rdf" if local == "rdf" => Element::Rdf,
        "slash" if local == "comments" => Element::CommentCount,
        "thr" => match local {
            "total" => Element::CommentCount,
            "in-reply-to" => Element::InReplyTo,
            _ => Element::Other,
        },
        _ => Element::Other,
    }
}

fn plain(local: &str) -> Element {
    match local {
        "rss" => Element::Rss,
        "rdf" => Element::Rdf,
        "feed" => Element::Feed,
        "channel" => Element::Channel,
        "item" | "entry" => Element::Item,
        "image" => Element::Image,
        "textinput" => Element::TextInput,
        "author" | "managingeditor" => Element::Author,
        "contributor" => Element::Contributor,
        "name" => Element::Name,
        "url" | "homepage" | "uri" => Element::Address,
        "email" => Element::Email,
        "subtitle" | "tagline" => Element::Subtitle,
        "rights" | "copyright" | "info" => Element::Rights,
        "language" => Element::Language,
        "webmaster" => Element::Publisher,
        "published" | "issued" | "pubdate" => Element::Published,
        "updated" | "modified" | "lastbuilddate" => Element::Updated,
        "created" => Element::Created,
        "date" => Element::Date,
        "category" => Element::Category,
        "keywords" | "tags" => Element::Keywords,
        "link" => Element::Link,
        "guid" | "id" => Element::Id,
        "title" => Element::Title,
        "description" => Element::Description,
        "abstract" => Element::Abstract,
        "summary" => Element::Summary,
        "content" => Element::Content,
        "fullitem" => Element::ContentEncoded,
        "body" => Element::Body,
        "enclosure" => Element::Enclosure,
        "source" => Element::Source,
        "comments" => Element::Comments,
        _ => Element::Other,
    }
}

fn dublin_core(local: &str) -> Element {
    match local {
        "title" => Element::Title,
        "description" => Element::Description,
        "author" | "creator" => Element::DcAuthor,
        "contributor" => Element::Contributor,
        "publisher" => Element::Publisher,
        "date" => Element::Updated,
        "language" => Element::Language,
        "rights" => Element::Rights,
        "subject" => Element::Category,
        _ => Element::Other,
    }
}

fn itunes(local: &str) -> Element {
    match local {
        "author" => Element::DcAuthor,
        "name" => Element::Name,
        "email" => Element::Email,
        "subtitle" => Element::Subtitle,
        "summary" => Element::Summary,
        "category" => Element::ItunesCategory,
        "keywords" => Element::Keywords,
        "image" => Element::ItunesImage,
        _ => Element::Other,
    }
}

fn media(local: &str) -> Element {
    match local {
        "title" => Element::MediaTitle,
        "description" => Element::Description,
        "category" => Element::Category,
        "keywords" => Element::Keywords,
        "content" => Element::MediaContent,
        "thumbnail" => Element::MediaThumbnail,
        "group" => Element::MediaGroup,
        "statistics" => Element::MediaStatistics,
        "starrating" => Element::StarRating,
        _ => Element::Other,
    }
}
