//! Places and their namesakes: 故城县 is not 故城镇, and a road called 故城路 is neither.
//!
//! People leave the last character of a county's or a city's name away ("故城又停水了"), and hardly ever that of a
//! town or a village. So the short form counts for the larger units only, and only where what follows does not make
//! it another place. The suffixes are those of the administrative divisions (GB/T 2260) and of roads.

/// Units whose short form people use.
const SHORTENED: [&str; 6] = ["自治县", "县", "市", "区", "旗", "州"];
/// What makes another place of a name that stands before it.
const FOLLOWERS: [&str; 21] = [
    "省", "市", "县", "区", "旗", "州", "盟", "镇", "乡", "村", "屯", "街道", "社区", "路", "街", "大街", "大道", "巷",
    "胡同", "公路", "自治",
];
/// Shortest short form, in characters: 沛 alone is no place.
const SHORTEST: usize = 2;

/// The short form under which people know `place`, when there is one.
pub(crate) fn short_form(place: &str) -> Option<&str> {
    let stem = SHORTENED.iter().find_map(|suffix| place.strip_suffix(suffix))?;
    (stem.chars().count() >= SHORTEST).then_some(stem)
}

/// Whether a short form followed by `after` is the name of another place.
pub(super) fn is_another(after: &str) -> bool {
    FOLLOWERS.iter().any(|follower| after.starts_with(follower))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counties_have_a_short_form_and_towns_have_none() {
        let places = ["故城县", "衡水市", "沛县", "故城镇", "三江侗族自治县", "云溪"];
        let short = places.map(|place| short_form(place).unwrap_or_default());
        assert_eq!(short, ["故城", "衡水", "", "", "三江侗族", ""]);
    }

    #[test]
    fn what_follows_tells_namesakes_apart() {
        assert!(["镇政府", "路口", "街道办", "县"].iter().all(|after| is_another(after)));
        assert!(["又停水", "", "的", "道歉"].iter().all(|after| !is_another(after)));
    }
}
