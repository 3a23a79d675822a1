//! feed
use caifeng_plugin_sdk::*;
struct Feed;
impl Source for Feed {
    fn start(crawl: &Crawl) -> Result<Vec<Request>, Failure> {
        match &crawl.target {
            Target::Listing(url) => Ok(vec![Request::get("feed", url)]),
            _ => Err(Failure::unsupported("x")),
        }
    }
    fn parse(_: &Crawl, _: &Request, _: &Response) -> Result<Page, Failure> {
        Ok(Page::default())
    }
}
caifeng_plugin_sdk::export_source!(Feed);
