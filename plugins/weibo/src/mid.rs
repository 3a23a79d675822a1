//! The number of a post and its short form in addresses.
//!
//! A `bid` such as `HyTZc60ew` is the `mid` in base 62 (digits, small letters,
//! capitals): from the end, every four characters are seven decimal digits. Its
//! upper bits are the second in which it was given out, which dates a post better
//! than the "06-14" that lists show.

use caifeng_plugin_sdk::Timestamp;

const DIGITS: &[u8; 62] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// The number that an address or an answer names, written either way.
pub(crate) fn from(text: &str) -> Option<String> {
    let number = text.len() >= 13 && text.bytes().all(|b| b.is_ascii_digit());
    if number {
        // A number that long fits; what does not fit is no id.
        return text.parse::<u64>().ok().map(|mid| mid.to_string());
    }
    decode(text)
}

fn decode(bid: &str) -> Option<String> {
    if !(8..=12).contains(&bid.len()) {
        return None;
    }
    let mut mid = 0_u64;
    for group in bid.as_bytes().rchunks(4).rev() {
        let mut value = 0_u64;
        for b in group {
            value = value * 62 + u64::try_from(DIGITS.iter().position(|digit| digit == b)?).ok()?;
        }
        if value >= 10_000_000 {
            return None;
        }
        mid = mid.checked_mul(10_000_000)?.checked_add(value)?;
    }
    Some(mid.to_string())
}

/// The short form of a number; nothing for what is no number.
pub(crate) fn short(mid: &str) -> Option<String> {
    let mut rest: u64 = mid.parse().ok()?;
    let mut reversed = Vec::new();
    while rest > 0 {
        let mut group = rest % 10_000_000;
        rest /= 10_000_000;
        let from = reversed.len();
        while group > 0 {
            reversed.push(DIGITS[usize::try_from(group % 62).ok()?]);
            group /= 62;
        }
        // Only the first group is written without zeros before it.
        while rest > 0 && reversed.len() - from < 4 {
            reversed.push(b'0');
        }
    }
    reversed.reverse();
    String::from_utf8(reversed).ok().filter(|bid| !bid.is_empty())
}

/// Where the seconds in a number begin, and what they count from: found by
/// comparing numbers with the times of their posts.
const SECONDS: u32 = 22;
const EPOCH: Timestamp = 515_483_463;

/// When a number was given out; nothing for those of Weibo's first years, which
/// are built otherwise.
pub(crate) fn time(mid: &str) -> Option<Timestamp> {
    let mid: i64 = mid.parse().ok()?;
    let time = (mid >> SECONDS) + EPOCH;
    // 3342818919841793 was given out in July 2011.
    (mid >= 3_342_818_919_841_793).then_some(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_post_has_one_number_under_both_names() {
        for (bid, mid) in [("HyTZc60ew", "4383183661430868"), ("z0JH2lOMb", "3501756485200075")] {
            assert_eq!(from(bid).as_deref(), Some(mid));
            assert_eq!(from(mid).as_deref(), Some(mid));
            assert_eq!(short(mid).as_deref(), Some(bid));
        }
        // Zeros in the middle of a number are kept.
        let mid = "5000000000000007";
        assert_eq!(from(&short(mid).unwrap()).as_deref(), Some(mid));
    }

    #[test]
    fn a_number_tells_its_time() {
        // Posted at 20:38:03 on 14 June 2019 in China.
        assert_eq!(time("4383183661430868"), Some(1_560_515_883));
        assert_eq!(time("123"), None);
    }

    #[test]
    fn what_is_no_id_is_none() {
        for text in ["", "abc", "HyTZc60e-", "ZZZZZZZZZ", "99999999999999999999999"] {
            assert_eq!(from(text), None, "{text}");
        }
        assert_eq!((short(""), short("x"), short("0")), (None, None, None));
    }
}
