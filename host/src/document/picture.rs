//! A chart as a PNG, for formats that cannot draw.
//!
//! resvg draws, because a well-kept renderer is worth more than one of our own; letters need a font of the machine. A
//! machine without a Chinese font yields a picture without words, which the legend and the table beside it make up for.

use std::sync::{Arc, LazyLock};

use resvg::{tiny_skia, usvg};

use super::Unwritable;

/// Pixels of a picture for each unit of the drawing: sharp in print at the width of a page.
const DENSITY: f32 = 2.5;

/// Families that have Chinese letters without feet, the best first.
const FAMILIES: [&str; 8] = [
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "Noto Sans SC",
    "Microsoft YaHei",
    "PingFang SC",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "SimHei",
];

/// The fonts that letters in pictures are taken from.
#[derive(Clone, Debug)]
pub struct Fonts(Arc<usvg::fontdb::Database>);

impl Fonts {
    /// None: pictures have no words.
    #[must_use]
    pub fn none() -> Self {
        Self(Arc::default())
    }

    /// Those of this machine, looked up once.
    #[must_use]
    pub fn of_this_machine() -> Self {
        static FOUND: LazyLock<Fonts> = LazyLock::new(|| {
            let mut fonts = usvg::fontdb::Database::new();
            fonts.load_system_fonts();
            let has = |family: &str| fonts.faces().any(|face| face.families.iter().any(|(name, _)| name == family));
            if let Some(family) = FAMILIES.into_iter().find(|family| has(family)) {
                fonts.set_sans_serif_family(family);
            }
            Fonts(Arc::new(fonts))
        });
        FOUND.clone()
    }

    /// Whether Chinese can be written with them.
    #[must_use]
    pub fn have_chinese(&self) -> bool {
        let known =
            |face: &usvg::fontdb::FaceInfo| face.families.iter().any(|(name, _)| FAMILIES.contains(&name.as_str()));
        self.0.faces().any(known)
    }
}

/// A picture of dots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// PNG.
    pub png: Vec<u8>,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
}

/// Draws an `<svg>` on white.
///
/// # Errors
/// [`Unwritable::Picture`]: it is no SVG, or too large for memory.
pub fn draw(svg: &str, fonts: &Fonts) -> Result<Picture, Unwritable> {
    let failed = |what: &dyn std::fmt::Display| Unwritable::Picture(what.to_string());
    let options = usvg::Options { fontdb: Arc::clone(&fonts.0), ..usvg::Options::default() };
    let tree = usvg::Tree::from_str(svg, &options).map_err(|error| failed(&error))?;
    let size = tree.size().to_int_size().scale_by(DENSITY).ok_or_else(|| failed(&"no size"))?;
    let mut dots = tiny_skia::Pixmap::new(size.width(), size.height()).ok_or_else(|| failed(&"too large"))?;
    dots.fill(tiny_skia::Color::WHITE);
    resvg::render(&tree, tiny_skia::Transform::from_scale(DENSITY, DENSITY), &mut dots.as_mut());
    let png = dots.encode_png().map_err(|error| failed(&error))?;
    Ok(Picture { png, width: size.width(), height: size.height() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawing_becomes_a_picture_with_or_without_fonts() {
        let svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"72\" height=\"20\" font-family=\"sans-serif\">\
                   <rect width=\"20\" height=\"20\" fill=\"#b3261e\"/><text x=\"22\" y=\"15\">采风</text></svg>";
        let bare = draw(svg, &Fonts::none()).unwrap();
        assert_eq!((bare.width, bare.height), (180, 50));
        assert!(bare.png.starts_with(b"\x89PNG"));
        let fonts = Fonts::of_this_machine();
        if fonts.0.faces().any(|face| FAMILIES.contains(&face.families[0].0.as_str())) {
            assert_ne!(draw(svg, &fonts).unwrap().png, bare.png, "letters were drawn");
        }
        assert!(matches!(draw("<svg", &Fonts::none()), Err(Unwritable::Picture(_))));
    }
}
