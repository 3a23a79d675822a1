//! Counts as Chinese pages write them.

/// Reads "1.2万", "10万+", "3,456", "1.5亿", "2.3k", "阅读 87" and the like.
///
/// Nothing when there is no number; a number too large is the largest `u64`.
///
/// ```
/// use caifeng_plugin_sdk::count;
///
/// assert_eq!(count::parse("1.2万"), Some(12_000));
/// assert_eq!(count::parse("转发"), None);
/// ```
pub fn parse(text: &str) -> Option<u64> {
    let start = text.find(|c: char| digit(c).is_some())?;
    let mut whole: u64 = 0;
    // Decimal places read, as a number and its power of ten.
    let mut places: (u64, u64) = (0, 1);
    let mut fraction = false;
    let mut rest = text[start..].char_indices().peekable();
    let mut unit = 1_u64;
    while let Some((at, c)) = rest.next() {
        if let Some(digit) = digit(c) {
            if !fraction {
                whole = whole.saturating_mul(10).saturating_add(digit);
            } else if places.1 < 1_000_000_000_000 {
                places = (places.0 * 10 + digit, places.1 * 10);
            }
            continue;
        }
        let digit_follows = rest
            .peek()
            .is_some_and(|(_, next)| next.is_ascii_digit() || digit(*next).is_some());
        match c {
            ',' | '，' if digit_follows && !fraction => {}
            '.' if digit_follows && !fraction => fraction = true,
            _ => {
                unit = multiple(text[start + at..].trim_start());
                break;
            }
        }
    }
    let part = u128::from(places.0) * u128::from(unit) / u128::from(places.1);
    Some(
        whole
            .saturating_mul(unit)
            .saturating_add(u64::try_from(part).unwrap_or(u64::MAX)),
    )
}

fn multiple(text: &str) -> u64 {
    match text.chars().next() {
        Some('百') => 100,
        Some('千' | 'k' | 'K') => 1_000,
        Some('万' | '萬' | 'w' | 'W') => {
            if text.chars().nth(1) == Some('亿') {
                1_000_000_000_000
            } else {
                10_000
            }
        }
        Some('m' | 'M') => 1_000_000,
        Some('亿' | '億') => 100_000_000,
        _ => 1,
    }
}

fn digit(c: char) -> Option<u64> {
    match c {
        '0'..='9' => Some(u64::from(u32::from(c) - u32::from('0'))),
        '０'..='９' => Some(u64::from(u32::from(c) - u32::from('０'))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_pages_write() {
        for (text, expected) in [
            ("0", Some(0)),
            ("1.2万", Some(12_000)),
            ("10万+", Some(100_000)),
            ("3,456", Some(3_456)),
            ("1.5亿", Some(150_000_000)),
            ("2.3k", Some(2_300)),
            ("1.25M", Some(1_250_000)),
            ("3 万", Some(30_000)),
            ("阅读 87 次", Some(87)),
            ("３２", Some(32)),
            ("评论(12)", Some(12)),
            ("12.", Some(12)),
            ("—", None),
            ("", None),
            ("99999999999999999999999亿", Some(u64::MAX)),
        ] {
            assert_eq!(parse(text), expected, "{text}");
        }
    }
}
