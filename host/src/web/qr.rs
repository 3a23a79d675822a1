//! A text as a picture that phones read (QR, ISO/IEC 18004). Pure.

use askama::Template;
use askama::filters::HtmlSafe;
use qrcodegen::{QrCode, QrCodeEcc};

/// Modules of white around it that readers need (ISO/IEC 18004 §6.3.8).
const QUIET: i32 = 4;

/// A picture as SVG. It is dark on white in a dark page too: many readers take nothing else.
#[derive(Clone, Debug, Template)]
#[template(
    source = r##"<svg class="qr" viewBox="0 0 {{ size }} {{ size }}" role="img" aria-label="{{ label }}" shape-rendering="crispEdges"><rect width="{{ size }}" height="{{ size }}" fill="#fff"/><path d="{{ path }}" fill="#000"/></svg>"##,
    ext = "html"
)]
pub(super) struct Picture {
    size: i32,
    path: String,
    label: String,
}

/// The template above escapes its fields itself.
impl HtmlSafe for Picture {}

impl Picture {
    /// `None`: the text is too long for one.
    pub(super) fn of(text: &str, label: String) -> Option<Self> {
        let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
        let mut path = String::new();
        for y in 0..code.size() {
            let mut x = 0;
            while x < code.size() {
                let begins = x;
                while code.get_module(x, y) {
                    x += 1;
                }
                if x > begins {
                    path.push_str(&format!("M{} {}h{}v1H{}z", begins + QUIET, y + QUIET, x - begins, begins + QUIET));
                }
                x += 1;
            }
        }
        Some(Self { size: code.size() + 2 * QUIET, path, label })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dark_module_is_drawn_once() {
        let text = "otpauth://totp/A:b?secret=GEZDGNBVGY3TQOJQ";
        let code = QrCode::encode_text(text, QrCodeEcc::Medium).unwrap();
        let dark = (0..code.size()).flat_map(|y| (0..code.size()).map(move |x| (x, y)));
        let dark = dark.filter(|(x, y)| code.get_module(*x, *y)).count();
        let picture = Picture::of(text, "<b>".into()).unwrap();
        let drawn: usize =
            picture.path.split('h').skip(1).map(|run| run.split('v').next().unwrap().parse::<usize>().unwrap()).sum();
        assert_eq!(drawn, dark);
        let svg = picture.render().unwrap();
        assert!(svg.starts_with("<svg") && !svg.contains("<b>"), "{svg}");
        assert!(Picture::of(&"x".repeat(4000), String::new()).is_none());
    }
}
