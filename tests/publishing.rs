//! What the public may read: written by staff, approved by another, and nobody is named in it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod people;
mod recording;
mod terminal;

use people::Office;

fn submitted(office: &Office, text: &str) -> i64 {
    let said = office.place.run_with("submit --text - --data data --token li.token --json", text).ends(0);
    said.json()[0]["incident"].as_i64().unwrap()
}

#[test]
fn a_summary_is_written_by_one_approved_by_another_and_exported() {
    let office = Office::new();
    office
        .place
        .write("data/caifeng.toml", "[organisation]\nname = \"云溪县发改局\"\ncontact = \"https://yunxi.example/c\"\n");
    office.place.write("said.csv", "正文,链接,作者\n路口的井盖松了三天，没有人管,https://bbs.example/t/7,王小明\n");
    office.run("li", "import said.csv").ends(0);
    let id = submitted(&office, "桥东路的路灯坏了半个月，晚上出门看不见路，打了三次电话都没有人来修。");
    let draft = |who: &str, raised: &str| {
        office.run(who, &format!("publish draft {id} --raised {raised} --answered 已修复 --json"))
    };
    for (text, why) in [
        ("见https://bbs.example/t/1", "a link"),
        ("感谢@热心市民", "a mention"),
        ("请拨13800138000", "a long number"),
        ("zhou已到场", "name of a colleague"),
    ] {
        let refused = draft("li", text).ends(2);
        assert!(refused.err.contains(why), "{why}: {refused}");
    }
    let first = draft("li", "路灯不亮").ends(0).json().remove(0);
    let at = format!("{}@{}", first["id"], first["summary"]["version"]);
    let own = office.run("li", &format!("publish approve {at}")).ends(1);
    assert!(own.err.contains("you wrote this text"), "{own}");
    let staff = office.run("chen", &format!("publish approve {at}")).ends(1);
    assert!(staff.err.contains("may not approve for the public"), "{staff}");
    let empty = office.place.run("publish export early --data data --json").ends(0).json().remove(0);
    assert_eq!(empty["summaries"], 0, "a draft is not exported");
    office.run("zhou", &format!("publish approve {at}")).ends(0);
    office.place.run("publish export public --data data").ends(0);
    let read = |name: &str| std::fs::read_to_string(office.place.path(&format!("public/{name}"))).unwrap();
    for name in ["index.html", "feed.atom", "data.json"] {
        let text = read(name);
        assert!(text.contains("路灯不亮") && text.contains("云溪县发改局"), "{name}: {text}");
        for private in ["li", "chen", "han", "sun", "zhou", "wang", "zhao", "qian"] {
            let alone = text.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == private && word != "li");
            assert!(!alone, "{private} is in {name}: {text}");
        }
        assert!(!text.contains("打了三次电话"), "no word of a post is in {name}");
    }
    // Everybody whom the store knows: colleagues above, and the pseudonyms of those who spoke.
    let posts = office.place.run("posts --data data --json").ends(0).json();
    let pseudonyms: Vec<&str> = posts.iter().filter_map(|post| post["author"].as_str()).collect();
    assert_eq!(pseudonyms.len(), 1, "{posts:?}");
    for name in ["index.html", "feed.atom", "data.json"] {
        assert!(!pseudonyms.iter().any(|pseudonym| read(name).contains(pseudonym)) && !read(name).contains("王小明"));
    }
    office.place.run("publish export public --data data").ends(2);
    let listed = office.place.run("publish list --data data").ends(0);
    assert!(listed.out.starts_with("1@2  approved"), "{listed}");
    office.run("li", "publish withdraw 1@2 --reason 有误").ends(0);
    let later = office.place.run("publish export later --data data --json").ends(0).json().remove(0);
    assert_eq!(later["summaries"], 0);
    office.place.run("audit verify --data data").ends(0);
}
