//! Why a plugin gives no answer, and how ordinary errors become one.

use std::error::Error;
use std::fmt;

use crate::bindings::exports::caifeng::plugin::types;

/// Why there is no answer. Each case is one distinct reaction of the host, so
/// choose by what should happen next, not by what went wrong.
///
/// Any error converts into [`Failure::Unexpected`], which is what most errors
/// of a parser mean, so `?` works on whatever a library returns:
///
/// ```
/// use caifeng_plugin_sdk::Failure;
///
/// fn floor(text: &str) -> Result<u32, Failure> {
///     Ok(text.trim().parse::<u32>()?)
/// }
/// assert_eq!(floor(" 7 "), Ok(7));
/// assert_eq!(floor("x").unwrap_err().to_string(), "unexpected: invalid digit found in string");
/// ```
///
/// It is not itself a [`std::error::Error`], because that conversion would then
/// apply to it too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// This plugin cannot do that (such a target, such a setting). The host
    /// refuses the watch and shows the reason to whoever added it.
    Unsupported(String),
    /// It no longer exists. The host shows a gap and looks again once a day.
    Gone,
    /// The site showed a login, a captcha or a refusal in place of the page.
    /// The host backs off and asks the operator for credentials.
    Blocked(String),
    /// The page is not built as the parser expects. The host keeps the response
    /// as a fixture and reports drift.
    Unexpected(String),
}

impl Failure {
    /// [`Failure::Unsupported`] with its reason.
    pub fn unsupported(reason: impl Into<String>) -> Self {
        Self::Unsupported(reason.into())
    }

    /// [`Failure::Blocked`] with what the site showed.
    pub fn blocked(reason: impl Into<String>) -> Self {
        Self::Blocked(reason.into())
    }

    /// [`Failure::Unexpected`] with what was found.
    pub fn unexpected(reason: impl Into<String>) -> Self {
        Self::Unexpected(reason.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsupported(reason) => write!(f, "unsupported: {reason}"),
            Self::Gone => f.write_str("gone"),
            Self::Blocked(reason) => write!(f, "blocked: {reason}"),
            Self::Unexpected(reason) => write!(f, "unexpected: {reason}"),
        }
    }
}

impl<E: Error> From<E> for Failure {
    /// Keeps the whole chain of causes, outermost first, joined by `: `.
    fn from(error: E) -> Self {
        let mut reason = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            let text = error.to_string();
            // Many errors already print their cause; say it once.
            if !reason.ends_with(&text) {
                reason.push_str(": ");
                reason.push_str(&text);
            }
            cause = error.source();
        }
        Self::Unexpected(reason)
    }
}

/// What the glue of the export macros uses; authors never need it.
#[doc(hidden)]
pub fn lower(failure: Failure) -> types::Failure {
    match failure {
        Failure::Unsupported(reason) => types::Failure::Unsupported(reason),
        Failure::Gone => types::Failure::Gone,
        Failure::Blocked(reason) => types::Failure::Blocked(reason),
        Failure::Unexpected(reason) => types::Failure::Unexpected(reason),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Outer(std::num::ParseIntError);

    impl fmt::Display for Outer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("no number of replies")
        }
    }

    impl Error for Outer {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&self.0)
        }
    }

    #[test]
    fn keeps_the_chain_of_causes() {
        let inner = "x".parse::<u32>().unwrap_err();
        assert_eq!(
            Failure::from(Outer(inner)),
            Failure::unexpected("no number of replies: invalid digit found in string")
        );
    }
}
