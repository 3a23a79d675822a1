//! Lists that are longer than a page: nothing twice, nothing lost; and the record as files.

use super::*;

#[tokio::test]
async fn incidents_are_paged_without_repeating_or_losing_one() {
    let rig = rig(Many(75));
    let mut path = Some("/incidents?state=all&category=none".to_owned());
    let (mut seen, mut pages) = (Vec::new(), 0);
    while let Some(at) = path {
        let (status, _, page) = ask(&rig, Method::GET, &at, &[]).await;
        assert_eq!(status, 200, "{at}");
        seen.extend(page.split("data-key=\"incident-").skip(1).map(|p| p.split('"').next().unwrap().to_owned()));
        // Only the first page grows while it is read.
        assert_eq!(page.contains("data-live=\"list\""), pages == 0);
        pages += 1;
        let older = page.split("<a href=\"").find(|p| p.contains("rel=\"next\"") && p.starts_with("/incidents?"));
        path = older.map(|p| p.split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&"));
    }
    assert_eq!(pages, 3);
    let expected: Vec<String> = (1..=75).rev().map(|id| id.to_string()).collect();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn moments_are_told_where_the_browser_says_that_it_is() {
    let rig = rig(Fixed);
    let exact = async |cookie: &str| {
        let (_, _, page) = ask(&rig, Method::GET, "/incidents", &[("cookie", cookie)]).await;
        let title = page.split_once("<time datetime=\"").unwrap().1.split_once("title=\"").unwrap().1;
        title.split_once('"').unwrap().0.split(' ').next_back().unwrap().to_owned()
    };
    let office = exact("a=b").await;
    assert_ne!(office, "+05:45");
    assert_eq!(exact("caifeng_zone=Asia/Kathmandu").await, "+05:45");
    for odd in ["caifeng_zone=../../etc/passwd", "caifeng_zone=", "caifeng_zone=Mars/Olympus", "caifeng_zone=<b>"] {
        assert_eq!(exact(odd).await, office, "{odd}");
    }
}

#[tokio::test]
async fn the_record_is_paged_without_repeating_or_losing_a_sweep() {
    let rig = rig(Many(120));
    let mut path = Some("/sweeps?watch=a".to_owned());
    let (mut seen, mut pages) = (Vec::new(), 0);
    while let Some(at) = path {
        let (_, _, page) = ask(&rig, Method::GET, &at, &[]).await;
        seen.extend(page.split("data-key=\"sweep-").skip(1).map(|p| p.split('"').next().unwrap().to_owned()));
        pages += 1;
        let older = page.split("<a href=\"").find(|p| p.contains("rel=\"next\""));
        path = older.map(|p| p.split('"').next().unwrap().replace("&#38;", "&"));
    }
    let expected: Vec<String> = (1..=120).rev().map(|id| id.to_string()).collect();
    assert_eq!((pages, seen), (3, expected));
}

#[tokio::test]
async fn the_record_is_handed_out_as_files() {
    let rig = rig(Fixed);
    let (_, headers, csv) = ask(&rig, Method::GET, "/sweeps.csv?failed=1", &[]).await;
    assert_eq!(headers["content-disposition"], "attachment; filename=\"sweeps.csv\"");
    assert!(csv.starts_with("\u{feff}编号,") && csv.lines().count() == 5, "{csv}");
    assert!(csv.lines().skip(1).all(|line| line.contains(",county-forum,") && line.contains("blocked 1")), "{csv}");
    let (status, headers, book) = ask(&rig, Method::GET, "/sweeps.xlsx", &[]).await;
    assert_eq!((status.as_u16(), &book[..2]), (200, "PK"));
    assert!(headers["content-type"].to_str().unwrap().ends_with("spreadsheetml.sheet"));
}

/// As many incidents as told, all of the same second, and nothing else.
struct Many(i64);

impl Rows for Many {
    fn figures(&self) -> Result<Figures, Unanswered> {
        Ok(Figures { open: self.0.unsigned_abs(), ..Figures::default() })
    }

    fn incidents(&self, query: &IncidentQuery) -> Result<Vec<IncidentRow>, Unanswered> {
        assert!(!query.open);
        assert_eq!(query.category, CategoryFilter::Without);
        let row = |id| IncidentRow { id, category: None, latest: NOW - 60, ..super::fixed::incidents()[0].clone() };
        let below = query.before.map_or(i64::MAX, |(latest, id)| if latest == NOW - 60 { id } else { 0 });
        Ok((1..=self.0).rev().filter(|id| *id < below).take(query.limit.unwrap()).map(row).collect())
    }

    fn per_day(&self, _: Timestamp, _: i32) -> Result<Vec<SeriesPoint>, Unanswered> {
        Ok(vec![])
    }

    fn incident(&self, _: IncidentId) -> Result<Option<IncidentRow>, Unanswered> {
        Ok(None)
    }

    fn posts_of(&self, _: IncidentId, _: usize) -> Result<Vec<PostRow>, Unanswered> {
        Ok(vec![])
    }

    fn posts(&self, _: &PostsQuery) -> Result<Found, Unanswered> {
        Ok(Found::default())
    }

    fn watches(&self) -> Result<Arc<[WatchRow]>, Unanswered> {
        Ok(Arc::default())
    }

    fn record(&self, query: &RecordQuery) -> Result<Vec<Entry>, Unanswered> {
        let sweep = Fixed.record(&RecordQuery::default())?.remove(0);
        let entry = |id| Entry { sweep: Sweep { id, ..sweep.sweep.clone() }, ..sweep.clone() };
        let below = query.before.unwrap_or(i64::MAX);
        Ok((1..=self.0).rev().filter(|id| *id < below).take(query.limit.unwrap()).map(entry).collect())
    }

    fn coverage(&self, since: Timestamp, until: Timestamp) -> Result<Statement, Unanswered> {
        Ok(Statement::of(Span { since, until }, vec![], None))
    }

    fn notices(&self, _: usize) -> Result<Vec<Notice>, Unanswered> {
        Ok(vec![])
    }

    fn sweeps(&self, _: &str, _: usize) -> Result<Vec<Sweep>, Unanswered> {
        Ok(vec![])
    }
}
