//! Grouping (placeholder).

use serde::{Deserialize, Serialize};

/// Why a post belongs to an incident, in terms a person can check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "kebab-case")]
pub enum Why {
    /// Nearly the same text as an earlier post.
    Near {
        /// Estimated Jaccard similarity, between 0 and 1.
        similarity: f32,
        /// The earlier post's address.
        to: String,
    },
    /// Both name the same address.
    Link {
        /// The shared address.
        url: String,
    },
    /// It answers, comments or repeats a post of the incident.
    Parent {
        /// The parent's address.
        to: String,
    },
}
