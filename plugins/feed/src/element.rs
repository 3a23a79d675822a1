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
        "http://www.itunes.com/dtds/podcast-1.0.dtd" | "http://example.com/dtds/podcast-1.0.dtd" => "itunes",
        "http://search.yahoo.com/mrss" | "http://search.yahoo.com/mrss/" => "media",
        "http://www.w3.org/1999/02/22-rdf-syntax-ns#" => "rdf",
        "http://purl.org/rss/1.0/modules/slash/" => "slash",
        "http://purl.org/syndication/thread/1.0" | "http://purl.org/rss/1.0/modules/threading/" => "thr",
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
    let local: &[u8] = lower;
    match prefix {
        "" => plain(local),
        "dc" => dublin_core(local),
        "dcterms" => match local {
            b"created" => Element::Created,
            b"issued" => Element::Published,
            b"modified" => Element::Updated,
            _ => Element::Other,
        },
        "content" if local == b"encoded" => Element::ContentEncoded,
        "xhtml" if local == b"body" => Element::Body,
        "itunes" => itunes(local),
        "media" => media(local),
        "rdf" if local == b"rdf" => Element::Rdf,
        "slash" if local == b"comments" => Element::CommentCount,
        "thr" => match local {
            b"total" => Element::CommentCount,
            b"in-reply-to" => Element::InReplyTo,
            _ => Element::Other,
        },
        _ => Element::Other,
    }
}

fn plain(local: &[u8]) -> Element {
    match local {
        b"rss" => Element::Rss,
        b"rdf" => Element::Rdf,
        b"feed" => Element::Feed,
        b"channel" => Element::Channel,
        b"item" | b"entry" => Element::Item,
        b"image" => Element::Image,
        b"textinput" => Element::TextInput,
        b"author" | b"managingeditor" => Element::Author,
        b"contributor" => Element::Contributor,
        b"name" => Element::Name,
        b"url" | b"homepage" | b"uri" => Element::Address,
        b"email" => Element::Email,
        b"subtitle" | b"tagline" => Element::Subtitle,
        b"rights" | b"copyright" | b"info" => Element::Rights,
        b"language" => Element::Language,
        b"webmaster" => Element::Publisher,
        b"published" | b"issued" | b"pubdate" => Element::Published,
        b"updated" | b"modified" | b"lastbuilddate" => Element::Updated,
        b"created" => Element::Created,
        b"date" => Element::Date,
        b"category" => Element::Category,
        b"keywords" | b"tags" => Element::Keywords,
        b"link" => Element::Link,
        b"guid" | b"id" => Element::Id,
        b"title" => Element::Title,
        b"description" => Element::Description,
        b"abstract" => Element::Abstract,
        b"summary" => Element::Summary,
        b"content" => Element::Content,
        b"fullitem" => Element::ContentEncoded,
        b"body" => Element::Body,
        b"enclosure" => Element::Enclosure,
        b"source" => Element::Source,
        b"comments" => Element::Comments,
        _ => Element::Other,
    }
}

fn dublin_core(local: &[u8]) -> Element {
    match local {
        b"title" => Element::Title,
        b"description" => Element::Description,
        b"author" | b"creator" => Element::DcAuthor,
        b"contributor" => Element::Contributor,
        b"publisher" => Element::Publisher,
        b"date" => Element::Updated,
        b"language" => Element::Language,
        b"rights" => Element::Rights,
        b"subject" => Element::Category,
        _ => Element::Other,
    }
}

fn itunes(local: &[u8]) -> Element {
    match local {
        b"author" => Element::DcAuthor,
        b"name" => Element::Name,
        b"email" => Element::Email,
        b"subtitle" => Element::Subtitle,
        b"summary" => Element::Summary,
        b"category" => Element::ItunesCategory,
        b"keywords" => Element::Keywords,
        b"image" => Element::ItunesImage,
        _ => Element::Other,
    }
}

fn media(local: &[u8]) -> Element {
    match local {
        b"title" => Element::MediaTitle,
        b"description" => Element::Description,
        b"category" => Element::Category,
        b"keywords" => Element::Keywords,
        b"content" => Element::MediaContent,
        b"thumbnail" => Element::MediaThumbnail,
        b"group" => Element::MediaGroup,
        b"statistics" => Element::MediaStatistics,
        b"starrating" => Element::StarRating,
        _ => Element::Other,
    }
}
