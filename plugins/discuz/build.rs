//! Writes the table by which a search phrase is put into GBK: for each character
//! from U+4E00 to U+9FFF its two bytes, or two zeros. A whole encoder would be
//! ten times as large as the plugin.

use std::error::Error;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let mut table = Vec::with_capacity(2 * (0xA000 - 0x4E00));
    for code in 0x4E00_u32..0xA000 {
        let text: String = char::from_u32(code).into_iter().collect();
        let (bytes, _, unmappable) = encoding_rs::GBK.encode(&text);
        match (unmappable, &*bytes) {
            (false, &[first, second]) => table.extend([first, second]),
            _ => table.extend([0, 0]),
        }
    }
    std::fs::write(Path::new(&std::env::var("OUT_DIR")?).join("gbk.bin"), table)?;
    Ok(())
}
