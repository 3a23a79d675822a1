//! One document through every writer, with what a hostile post holds in every place.

use std::io::{Cursor, Read as _};

use super::chart::{Chart, Grid, Lane, Mark, Series, Shape, Timeline};
use super::picture::Fonts;
use super::*;

const HOSTILE: &str = "<script>alert(1)</script>\u{0}\u{8}\u{202e}]]>&amp;=1+1 | **x** \"'\u{ffff}";

fn source(n: u32) -> Source {
    Source {
        title: HOSTILE.into(),
        site: "forum.example".into(),
        url: Address::of(&format!("https://forum.example/{n}?a=1&b=\"><script>")),
        published: Some("2026-06-03 10:00".into()),
        captured: "2026-06-03 10:20".into(),
        capture: format!("{n}.1").into(),
    }
}

fn paper(lang: Lang) -> Document {
    let mut paper = Document::new(lang, "城东充电桩选址");
    paper.head = Some(Head {
        name: "网络舆情专报".into(),
        number: "第 12 期".into(),
        unit: "某县发展和改革局".into(),
        date: "2026 年 6 月 30 日".into(),
    });
    paper.subtitle = Some("2026-06-01 至 2026-06-30".into());
    paper.push(Block::Summary(vec![Run::strong("核心风险："), Run::text(HOSTILE)]));
    paper.heading(1, "基本情况");
    let cited = paper.cite(source(1));
    let again = paper.cite(source(1));
    assert_eq!(cited, again);
    let other = paper.cite(source(2));
    paper.paragraph(vec![Run::text("有网民反映选址过近。"), cited, other, Run::missing(lang)]);
    paper.heading(2, "网民意见");
    paper.push(Block::Quote(vec![Run::text(HOSTILE)]));
    paper.push(Block::List { ordered: true, items: vec![vec![Run::text("一")], vec![Run::link("二", "javascript:x")]] });
    let suggested = Run::Suggested { by: "模型建议，未经核实".into(), words: HOSTILE.into() };
    paper.paragraph(vec![suggested, Run::link("公告", "https://a.example/?x=1&y=2")]);
    paper.push(Block::Table(Table {
        caption: "办理时限".into(),
        columns: vec![Column::new("时限", 3), Column::new("按时", 1), Column::new("比例", 1)],
        rows: vec![vec![Cell::text(HOSTILE), Cell::Count(12), Cell::Ratio(0.75)]],
    }));
    let series = |name: &str, values: &[u64]| Series { name: name.into(), values: values.to_vec() };
    let grid = Grid {
        labels: (1..=30).map(|day| format!("06-{day:02}").into()).collect(),
        series: vec![
            series("问题", &(0..30).map(|n| n * 7 % 13).collect::<Vec<_>>()),
            series("建议", &(0..30).map(|n| n * 5 % 11).collect::<Vec<_>>()),
        ],
    };
    paper.push(Block::Figure(Chart { title: "每日信息量与类别".into(), unit: "条".into(), shape: Shape::Stacked(grid) }));
    let sites = vec![("forum.example 县域论坛".into(), 42), (HOSTILE.into(), 7)];
    paper.push(Block::Figure(Chart { title: "来源".into(), unit: "条".into(), shape: Shape::Bars(Grid::single(sites)) }));
    let mark = |at, size, alarming| Mark { at, told: format!("{at}").into(), size, alarming };
    let lane = |name: &str, marks| Lane { name: name.into(), marks };
    let timeline = Timeline {
        from: 0,
        until: 1000,
        ticks: vec![(0, "06-01".into()), (500, "06-02".into())],
        lanes: vec![lane("论坛", vec![mark(10, 1, false), mark(400, 9, false)]), lane("时限", vec![mark(800, 1, true)])],
    };
    paper.push(Block::Figure(Chart { title: "传播".into(), unit: "条".into(), shape: Shape::Timeline(timeline) }));
    let mut form = Form::default();
    form.row([Field::new("承办单位", vec![Run::text("价格股")]), Field::new("时限", vec![])]);
    form.row([Field::room("领导批示", vec![], 4)]);
    paper.push(Block::Form(form));
    paper.push(Block::Note(vec![Run::text("覆盖：听到 98.2%。")]));
    paper.signature = Some(Signature { unit: "某县发展和改革局".into(), date: "2026 年 6 月 30 日".into() });
    paper
}

fn part(file: &[u8], name: &str) -> String {
    let mut archive = zip::ZipArchive::new(Cursor::new(file)).unwrap();
    let mut text = String::new();
    archive.by_name(name).unwrap().read_to_string(&mut text).unwrap();
    text
}

fn well_formed(name: &str, xml: &str) {
    let mut reader = quick_xml::Reader::from_str(xml);
    loop {
        match reader.read_event() {
            Ok(quick_xml::events::Event::Eof) => return,
            Ok(_) => {}
            Err(error) => panic!("{name}: {error}"),
        }
    }
}

#[test]
fn docx_is_laid_out_as_the_norm_has_it() {
    let file = docx::write(&paper(Lang::Zh), &Fonts::none()).unwrap();
    let mut archive = zip::ZipArchive::new(Cursor::new(&file)).unwrap();
    let names: Vec<String> = archive.file_names().map(|name| name.unwrap().into_owned()).collect();
    for name in names.iter().filter(|name| name.ends_with(".xml") || name.ends_with(".rels")) {
        let mut text = String::new();
        archive.by_name(name).unwrap().read_to_string(&mut text).unwrap();
        well_formed(name, &text);
    }
    assert_eq!(names.iter().filter(|name| name.ends_with(".png")).count(), 3);
    let document = part(&file, "word/document.xml");
    assert!(document.contains("w:w=\"11906\" w:h=\"16838\""));
    // 37, 26, 35 and 28 mm.
    assert!(document.contains("w:top=\"2097\" w:right=\"1474\" w:bottom=\"1984\" w:left=\"1587\""), "margins");
    assert!(document.contains("w:linePitch=\"579\""));
    assert!(document.contains("一、基本情况") && document.contains("（一）网民意见"));
    assert_eq!(document.matches("<w:tblHeader />").count(), 4, "heads come again, those of forms do not exist");
    let styles = part(&file, "word/styles.xml");
    for font in ["方正小标宋简体", "仿宋_GB2312", "黑体", "楷体_GB2312", "宋体"] {
        assert!(styles.contains(&format!("w:eastAsia=\"{font}\"")), "{font}");
        assert!(part(&file, "word/fontTable.xml").contains(&format!("w:name=\"{font}\"")), "{font}");
    }
    assert!(part(&file, "docProps/core.xml").contains("城东充电桩选址"));
    assert!(!document.contains("javascript:") && !part(&file, "word/_rels/document.xml.rels").contains("javascript:"));
}

#[test]
fn html_holds_what_was_posted_as_words_only() {
    let page = html::write(&paper(Lang::Zh));
    assert!(!page.contains("<script") && !page.contains("javascript:"));
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert!(page.contains("href=\"https://a.example/?x=1&amp;y=2\""));
    assert!(page.contains("<mark>—（无依据，待补）</mark>"));
    assert!(page.contains("default-src 'none'"));
    for outside in ["src=", "url(", "@import", "<link"] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert_eq!(page.matches("<svg").count(), 3);
    assert_eq!(page.matches("id=\"source-").count(), 2);
    assert!(html::write(&paper(Lang::En)).contains("<h2>1 基本情况"));
}

#[test]
fn markdown_holds_what_was_posted_as_words_only() {
    let text = markdown::write(&paper(Lang::Zh));
    assert!(text.contains("\\<script\\>alert(1)\\</script\\>"));
    assert!(!text.contains("<script>") && !text.contains("javascript:"));
    assert!(text.contains("| 06-01 | 0 | 0 |"));
    assert!(text.contains("## 一、基本情况") && text.contains("\\[1\\]\\[2\\]**—（无依据，待补）**"));
}

#[test]
fn a_workbook_counts_and_says_what_it_does_not_cover() {
    use calamine::{Data, Reader as _, Xlsx};
    let file = sheet::xlsx(&paper(Lang::Zh)).unwrap();
    let mut book: Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(file)).unwrap();
    assert_eq!(book.sheet_names(), ["说明", "办理时限", "每日信息量与类别", "来源", "传播", "所引信息"]);
    let about = book.worksheet_range("说明").unwrap();
    assert!(about.rows().any(|row| row[0].to_string().contains("覆盖：听到 98.2%。")));
    let clocks = book.worksheet_range("办理时限").unwrap();
    assert_eq!(clocks.get_value((1, 1)), Some(&Data::Float(12.0)));
    assert!(clocks.get_value((1, 0)).unwrap().to_string().starts_with("<script>"));
    assert!(book.worksheet_formula("办理时限").unwrap().is_empty());
}

#[test]
fn csv_has_a_line_for_each_figure() {
    let text = sheet::csv(&paper(Lang::En));
    assert!(text.starts_with("\u{feff}table,row,column,value\r\n"));
    assert!(text.contains("\r\n每日信息量与类别,06-02,问题,7\r\n"));
    assert!(text.contains("覆盖：听到 98.2%。"));
    let mut reader = csv::Reader::from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    assert!(reader.records().all(|record| record.unwrap().len() == 4));
}
