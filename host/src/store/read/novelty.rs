//! What a page's posts are to the store: new, changed or known.

use std::collections::HashMap;

use caifeng_plugin_host::contract::Post;

use super::Reader;
use crate::store::error::StoreError;
use crate::store::ingest::{self, Content};
use crate::store::retain;

/// What a post just read from a page is to the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Novelty {
    /// Not stored.
    New,
    /// Stored with another title or text.
    Changed,
    /// Stored as it is, except for its reactions: [`Store::touch`](crate::store::Store::touch) suffices.
    Reactions,
    /// Stored as it is, or an earlier post of the same page has the same id.
    Known,
}

impl Reader {
    /// What each of a page's posts is to the store, in their order.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn unseen(&self, plugin: &str, site: &str, posts: &[Post]) -> Result<Vec<Novelty>, StoreError> {
        self.unseen_in(None, plugin, site, posts)
    }

    /// As [`unseen`](Self::unseen), for a page that a sweep has read: when somebody handed it in, what was deleted
    /// because its time was over is new.
    ///
    /// # Errors
    /// As above.
    pub fn unseen_in(
        &self,
        sweep: Option<i64>,
        plugin: &str,
        site: &str,
        posts: &[Post],
    ) -> Result<Vec<Novelty>, StoreError> {
        self.with(|db| {
            let wanted = ingest::wanted(db, plugin, sweep)?;
            let source = ingest::source(db, plugin, site)?;
            let mut met: HashMap<&str, Content> = HashMap::new();
            let mut answers = Vec::with_capacity(posts.len());
            for post in posts {
                let content = ingest::content(post);
                if met.insert(&post.id, content).is_some() {
                    answers.push(Novelty::Known);
                    continue;
                }
                let known = match source {
                    Some(source) => ingest::known(db, source, &post.id)?,
                    None => None,
                };
                answers.push(match known {
                    // It was deleted when its time was over, and the site still lists it.
                    None if !wanted
                        && source.map_or(Ok(false), |s| retain::forgotten(db, s, &post.id, &content))? =>
                    {
                        Novelty::Known
                    }
                    None => Novelty::New,
                    Some(k) if k.content != content => Novelty::Changed,
                    Some(k) if ingest::changes_reactions(k.reactions, post.reactions) => Novelty::Reactions,
                    Some(_) => Novelty::Known,
                });
            }
            Ok(answers)
        })
    }
}
