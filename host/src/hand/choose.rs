//! Which plugin reads a page that was handed in.
//!
//! A plugin made for one site knows its pages better than one that reads any page, so
//! what counts is how narrowly a plugin says where it reads: a host of its own, then
//! hosts below a domain of its own, then whatever host the target has. Among equals the
//! longer pattern of a target wins, then the name, so that the choice never changes by itself.

use caifeng_plugin_host::address::HostPattern;
use caifeng_plugin_host::artifact::PluginKind;
use caifeng_plugin_host::contract::Target;
use caifeng_plugin_host::manifest::{Manifest, TargetKind};
use url::Url;

use crate::plugins::Registry;

/// How narrowly a plugin is made for an address; more is narrower.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// It reads whatever host the watch names.
    Any,
    /// It is made for hosts below a domain.
    Below,
    /// It is made for this host.
    Host,
}

/// Plugins that read `url` as one post with its comments, the best first.
#[must_use]
pub fn choose(registry: &Registry, url: &Url) -> Vec<String> {
    let artifacts = registry.all().iter().filter_map(|found| found.artifact.as_ref().ok());
    let manifests = artifacts.filter(|a| a.kind() == PluginKind::Source).map(|artifact| &**artifact.manifest());
    ranked(manifests, url)
}

fn ranked<'a>(manifests: impl Iterator<Item = &'a Manifest>, url: &Url) -> Vec<String> {
    let mut fitting: Vec<(Fit, usize, &str)> = manifests
        .filter_map(|manifest| {
            let (fit, length) = (fit(manifest, url)?, pattern(manifest, url)?);
            Some((fit, length, manifest.id.as_str()))
        })
        .collect();
    fitting.sort_by(|a, b| (b.0, b.1).cmp(&(a.0, a.1)).then_with(|| a.2.cmp(b.2)));
    let mut ids: Vec<String> = fitting.into_iter().map(|(_, _, id)| id.to_owned()).collect();
    // An installed plugin may stand in for a shipped one of the same name.
    ids.dedup();
    ids
}

fn fit(manifest: &Manifest, url: &Url) -> Option<Fit> {
    let covering = manifest.network.allow.iter().filter(|pattern| pattern.covers(url, Some(url)));
    let fits = covering.map(|pattern| match pattern {
        HostPattern::Target => Fit::Any,
        HostPattern::Below(_) => Fit::Below,
        HostPattern::Exact(_) => Fit::Host,
    });
    fits.max()
}

/// Length of the longest pattern of an `item` target that the address fits.
fn pattern(manifest: &Manifest, url: &Url) -> Option<usize> {
    let items = manifest.targets.iter().filter(|rule| rule.kind == TargetKind::Item);
    let fitting = items.filter(|rule| {
        let only = Manifest { targets: vec![(*rule).clone()], ..manifest.clone() };
        matches!(only.target(TargetKind::Item, url.as_str()), Some(Target::Item(_)))
    });
    fitting.map(|rule| rule.r#match.as_ref().map_or(0, |pattern| pattern.as_str().len())).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(id: &str, allow: &str, targets: &[(&str, &str, &str)]) -> Manifest {
        let mut text = format!(
            "id = {id:?}\nversion = \"0.1.0\"\nname = \"x\"\nlicence = \"MIT\"\n[network]\nallow = [{allow:?}]\n"
        );
        for (kind, pattern, example) in targets {
            text += &format!("[[target]]\nkind = {kind:?}\nmatch = '{pattern}'\nexample = {example:?}\n");
        }
        Manifest::parse(&(text + "[[step]]\nname = \"page\"\n")).unwrap()
    }

    #[test]
    fn a_plugin_of_the_site_goes_before_one_that_reads_any_page() {
        let any = "^https?://";
        let page = "https://weibo.com/1/N8x";
        let all = [
            manifest("news", "target", &[("item", any, page)]),
            manifest("discuz", "target", &[("item", r"^https?://.*thread-\d+", "https://a.example/thread-1-1-1.html")]),
            manifest("weibo", "weibo.com", &[("item", r"^https://weibo\.com/", page)]),
            manifest("portal", "*.example.cn", &[("item", any, "https://a.example.cn/")]),
            manifest("feed", "target", &[("listing", any, page)]),
        ];
        let ranked = |url: &str| ranked(all.iter(), &Url::parse(url).unwrap());
        assert_eq!(ranked("https://weibo.com/1/N8x"), ["weibo", "news"]);
        assert_eq!(ranked("https://bbs.qinghe.example/thread-7-1-1.html"), ["discuz", "news"]);
        assert_eq!(ranked("https://www.example.cn/a.html"), ["portal", "news"]);
        assert_eq!(ranked("https://elsewhere.example/a.html"), ["news"], "a feed lists posts and is none");
        assert!(super::ranked(all[2..3].iter(), &Url::parse("https://weibo.com.evil.example/1/x").unwrap()).is_empty());
    }
}
