//! Places finer than the organisation's own area: a county's bureau may say the county, not the village.
//!
//! How fine a name is shows by its ending, as the administrative divisions have them (GB/T 2260): province, city,
//! county, town, village; below that streets, compounds, schools, shops. The organisation's own level is that of
//! the finest unit in its name. Places that it has listed count as finer, whatever their ending, unless its own name
//! holds them.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::{Gazetteer, Kind};

/// Endings of administrative units, with their level: 0 province, 1 city, 2 county, 3 town, 4 village.
const UNITS: [(&str, u8); 17] = [
    ("自治区", 0),
    ("省", 0),
    ("自治州", 1),
    ("市", 1),
    ("盟", 1),
    ("自治县", 2),
    ("开发区", 3),
    ("县", 2),
    ("区", 2),
    ("旗", 2),
    ("街道办", 3),
    ("街道", 3),
    ("镇", 3),
    ("乡", 3),
    ("社区", 4),
    ("村", 4),
    ("屯", 4),
];

/// Endings of what lies within a town: ways, compounds, buildings, bodies that few people belong to.
const WITHIN: &str = "小区 家园 花园 公寓 广场 大厦 大楼 新村 雅苑 名苑 商城 商场 超市 市场 幼儿园 小学 中学 一中 二中 \
     三中 四中 职高 学校 学院 大学 医院 卫生院 卫生室 诊所 敬老院 养老院 公司 集团 工厂 粮库 粮站 水厂 \
     电站 水库 工地 酒店 宾馆 饭店 餐厅 银行 车站 公园 大道 大街 胡同 公路 大桥 派出所 项目部 路 街 巷 弄 \
     苑 府 湾 庄 桥 厂";

/// What ends like a place and is none.
const GENERIC: &str = "道路 马路 铁路 线路 思路 出路 走路 上路 电路 管路 老路 绕路 让路 问路 修路 堵路 农村 山村 乡村 全村 \
     本村 城镇 乡镇 集镇 上街 逛街 政府 官府 断桥 过桥 药厂 居民小区 老旧小区 有限公司 股份公司 保障房";
/// Endings that are also the end or the beginning of other words: they need a name of their own before them.
const SHORT: [&str; 6] = ["桥", "厂", "湾", "庄", "府", "苑"];

/// Characters that do not belong to a name before an ending.
const STOPS: &str = "的了在到从去于和与及是有把被向往至给对由而但又也都就还我你他她它们这那哪该本各每某个等家住来上下里外内\
                     前后旁边靠近过经沿往回一二三四五六七八九十两几多全整附没不很太请问让说看见找开进出去年月日时分秒当";
/// Longest stem of a name, in characters.
const LONGEST: usize = 5;

#[expect(clippy::expect_used, reason = "the rules are constants, and a test reads them all")]
static DOOR: LazyLock<Regex> = LazyLock::new(|| {
    let number = "[0-9０-９A-Za-z一二三四五六七八九十百]{1,5}";
    let door = format!(
        r"(?:{number}\s?[-－—]?\s?(?:号楼|号院|号房|栋|幢|座|单元|室|弄|号门|号)\s?){{1,5}}(?:[0-9０-９]{{3,4}})?|[0-9０-９]{{1,3}}[-－—][0-9０-９]{{1,3}}[-－—][0-9０-９]{{2,4}}"
    );
    Regex::new(&door).expect("a rule that can be read")
});

/// Calls `take` with each place and each door.
pub(super) fn find(text: &str, about: &Gazetteer, take: &mut impl FnMut(Range<usize>, Kind)) {
    let level = own_level(about);
    for place in about.places.iter().filter(|place| is_finer(place, about)) {
        text.match_indices(place.as_str()).for_each(|(at, it)| take(at..at + it.len(), Kind::Place));
    }
    let endings = UNITS.iter().filter(|(_, of)| *of > level).map(|(ending, _)| *ending).chain(WITHIN.split(' '));
    for ending in endings {
        for (at, _) in text.match_indices(ending) {
            let (before, end) = (&text[..at], at + ending.len());
            let generic = GENERIC.split(' ').any(|word| text[..end].ends_with(word));
            if !generic && let Some(begins) = stem(before, SHORT.contains(&ending)) {
                // 直击城东农贸市场: where the end of it is a listed place, that is the name.
                let listed = about.places.iter().filter(|place| text[begins..end].ends_with(place.as_str()));
                let begins = listed.map(|place| end - place.len()).min().unwrap_or(begins);
                take(begins..end, Kind::Place);
            }
        }
    }
    for door in DOOR.find_iter(text).filter(|door| is_door(door.as_str())) {
        let trimmed = door.as_str().trim_end();
        take(door.start()..door.start() + trimmed.len(), Kind::Address);
    }
}

/// A single number with 号 is a date, a line of the metro or a product more often than a door.
fn is_door(found: &str) -> bool {
    let named = ["楼", "院", "房", "栋", "幢", "座", "单元", "室", "弄", "门"];
    named.iter().any(|part| found.contains(part)) || found.matches(['-', '－', '—']).count() == 2
}

/// How fine the organisation's own area is.
fn own_level(about: &Gazetteer) -> u8 {
    let name = about.organisation.first().map_or("", String::as_str);
    let units = UNITS.iter().filter(|(ending, _)| {
        // 市场监管局 has no city in its name, and no unit begins a name.
        name.find(ending).is_some_and(|at| at > 0 && !name[at..].starts_with("市场"))
    });
    units.map(|(_, level)| *level).max().unwrap_or(2)
}

/// A listed place that the organisation's own name does not hold.
fn is_finer(place: &str, about: &Gazetteer) -> bool {
    let short = crate::topic::place::short_form(place).unwrap_or(place);
    place.chars().nth(1).is_some() && !about.organisation.iter().any(|name| name.contains(short))
}

/// Where the name begins that ends with `before`; `None` when fewer than two characters can belong to it.
///
/// A name does not begin within the unit that it lies in: 云溪县桥西路 is 桥西路 of 云溪县. Where nothing is left
/// behind the unit, the unit is the name (新区大道), but for endings that are `short`.
fn stem(before: &str, short: bool) -> Option<usize> {
    let belongs = |c: &char| matches!(c, '\u{4e00}'..='\u{9fff}') && !STOPS.contains(*c);
    let name = before.char_indices().rev().take(LONGEST).take_while(|(_, c)| belongs(c));
    let (begins, length) = name.fold((before.len(), 0), |(_, length), (at, _)| (at, length + 1));
    if length < 2 {
        return None;
    }
    let name = &before[begins..];
    let unit =
        ["县", "市", "省", "镇", "乡", "村", "区"].iter().filter_map(|unit| Some(name.rfind(unit)? + unit.len())).max();
    match unit {
        Some(unit) if name[unit..].chars().count() >= 2 => Some(begins + unit),
        Some(_) if short => None,
        _ => Some(begins),
    }
}

/// The ending that tells what a place is.
#[must_use]
pub(crate) fn ending(place: &str) -> Option<&'static str> {
    let endings = WITHIN.split(' ').chain(UNITS.iter().map(|(ending, _)| *ending));
    endings.filter(|ending| place.ends_with(ending) && place.len() > ending.len()).max_by_key(|ending| ending.len())
}
