//! Which plugin fits what a person pasted, and what it means to it. Pure.
//!
//! Nothing here knows a plugin: manifests say by their patterns what may be a target, by their allow-lists where they go, and
//! by their examples what addresses of theirs look like. A plugin for one service goes before one for any site, a pattern
//! that says something before one that fits every address, and of those that say nothing the one whose examples share
//! most words with the address. Whether it reads anything there only a [preview](crate::preview) tells.

use std::collections::BTreeSet;

use caifeng_plugin_host::contract::Target;
use caifeng_plugin_host::manifest::{Manifest, TargetKind};
use url::Url;

/// An address that no pattern can know.
const ANY: &str = "https://www.example.org/";

/// A way to observe something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fit {
    /// The plugin's id.
    pub plugin: String,
    /// As what.
    pub kind: TargetKind,
    /// It serves many sites and is not told by the target which one: the watch must name it.
    pub needs_site: bool,
}

/// What the text means to a plugin, for a person who says no more. An address may fit a phrase too, so phrases come last; of
/// an address that is an item and a listing by pattern, what the manifest names first is meant.
#[must_use]
pub fn target(manifest: &Manifest, text: &str) -> Option<(TargetKind, Target)> {
    use TargetKind::{Account, Item, Keyword, Listing};
    let web = is_address(text);
    let mut kinds = if web { vec![Item, Listing, Account, Keyword] } else { vec![Account, Keyword, Listing, Item] };
    let place = |kind: &TargetKind| manifest.targets.iter().position(|rule| rule.kind == *kind);
    kinds.sort_by_key(|kind| (*kind == Keyword && web, place(kind)));
    kinds.into_iter().find_map(|kind| Some((kind, manifest.target(kind, text)?)))
}

fn is_address(text: &str) -> bool {
    Url::parse(text.trim()).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}

/// The plugins that could observe what was pasted, the likeliest first.
#[must_use]
pub fn fitting<'a>(manifests: impl IntoIterator<Item = &'a Manifest>, text: &str) -> Vec<Fit> {
    let url = Url::parse(text.trim()).ok().filter(|_| is_address(text));
    let mut found: Vec<_> = manifests.into_iter().filter_map(|manifest| rated(manifest, text, url.as_ref())).collect();
    found.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| a.1.plugin.cmp(&b.1.plugin)));
    found.into_iter().map(|(_, fit)| fit).collect()
}

/// How little a fit says, least first: for any site, by no pattern, by few words of its examples, for many things.
type Rank = (bool, bool, std::cmp::Reverse<usize>, usize);

fn rated(manifest: &Manifest, text: &str, url: Option<&Url>) -> Option<(Rank, Fit)> {
    let (kind, _) = target(manifest, text)?;
    // What was pasted is an address: it is not meant as a phrase.
    if url.is_some() && kind == TargetKind::Keyword {
        return None;
    }
    if url.is_some_and(|url| !manifest.network.allow.iter().any(|pattern| pattern.covers(url, Some(url)))) {
        return None;
    }
    let anywhere = manifest.network.follows_target();
    let says_nothing = url.is_some() && manifest.target(kind, ANY).is_some();
    let own = url.map(words).unwrap_or_default();
    let examples = manifest.targets.iter().filter_map(|rule| Url::parse(&rule.example).ok());
    let shared = examples.map(|example| words(&example).intersection(&own).count()).max().unwrap_or(0);
    let rank = (anywhere, says_nothing, std::cmp::Reverse(shared), manifest.targets.len());
    let needs_site = anywhere && matches!(kind, TargetKind::Keyword | TargetKind::Account);
    Some((rank, Fit { plugin: manifest.id.clone(), kind, needs_site }))
}

/// The words of an address after its host.
fn words(url: &Url) -> BTreeSet<String> {
    let path = url.as_str()[url[..url::Position::AfterPort].len()..].to_lowercase();
    let words = path.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| !word.is_empty());
    words.map(str::to_owned).collect()
}

/// A short name for a watch of this target, none of `taken`: the host of an address, else the plugin.
#[must_use]
pub fn name(plugin: &str, text: &str, site: Option<&str>, taken: &[&str]) -> String {
    let url = [Some(text), site].into_iter().flatten().find_map(|text| Url::parse(text.trim()).ok());
    let host = url.as_ref().and_then(Url::host_str).map(|host| host.trim_start_matches("www.").to_owned());
    let stem: String = host.unwrap_or_else(|| plugin.to_owned()).to_lowercase();
    let stem: String = stem.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(40).collect();
    let stem = stem.trim_matches('-');
    let stem = if stem.is_empty() { plugin } else { stem };
    let numbered = (2..).map(|n| format!("{stem}-{n}"));
    std::iter::once(stem.to_owned()).chain(numbered).find(|name| !taken.contains(&name.as_str())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifests() -> Vec<Manifest> {
        let texts = [
            include_str!("../../plugins/discourse/plugin.toml"),
            include_str!("../../plugins/discuz/plugin.toml"),
            include_str!("../../plugins/feed/plugin.toml"),
            include_str!("../../plugins/mastodon/plugin.toml"),
            include_str!("../../plugins/news/plugin.toml"),
            include_str!("../../plugins/tieba/plugin.toml"),
            include_str!("../../plugins/weibo/plugin.toml"),
        ];
        texts.map(|text| Manifest::parse(text).unwrap()).to_vec()
    }

    fn first(text: &str) -> String {
        fitting(&manifests(), text).first().map(|fit| format!("{} {:?}", fit.plugin, fit.kind)).unwrap_or_default()
    }

    #[test]
    fn the_likeliest_plugin_comes_first() {
        for (text, expected) in [
            ("https://weibo.com/u/2000000001", "weibo Account"),
            ("https://tieba.baidu.com/f?kw=%E6%B8%85%E6%B2%B3", "tieba Listing"),
            ("https://bbs.qinghe.example/forum-36-1.html", "discuz Listing"),
            ("https://www.county.gov.cn/rss/index.xml", "feed Listing"),
            ("https://www.county.gov.cn/feed.xml", "feed Listing"),
            ("https://social.example.org/tags/water", "mastodon Listing"),
            ("https://forum.example.org/c/local/7", "discourse Listing"),
            ("https://www.county.gov.cn/xwzx/index.html", "news Listing"),
            ("https://www.county.gov.cn/", "feed Listing"),
            ("javascript:alert(1)", "tieba Keyword"),
            ("停水", "tieba Keyword"),
        ] {
            assert_eq!(first(text), expected, "{text}");
        }
        assert_eq!(first(" "), "");
    }

    #[test]
    fn an_address_of_another_service_is_none_of_a_plugin_for_one() {
        let plugins: Vec<String> =
            fitting(&manifests(), "https://bbs.example/x").into_iter().map(|fit| fit.plugin).collect();
        assert!(!plugins.iter().any(|plugin| plugin == "weibo" || plugin == "tieba"), "{plugins:?}");
    }

    #[test]
    fn names_are_short_plain_and_new() {
        assert_eq!(name("feed", "https://www.qinghe.gov.cn/x", None, &[]), "qinghe-gov-cn");
        assert_eq!(name("feed", "https://www.qinghe.gov.cn/x", None, &["qinghe-gov-cn"]), "qinghe-gov-cn-2");
        assert_eq!(name("weibo", "停水", None, &["weibo"]), "weibo-2");
        assert_eq!(name("discourse", "停水", Some("https://forum.example.org/"), &[]), "forum-example-org");
    }
}
