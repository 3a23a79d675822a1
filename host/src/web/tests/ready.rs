//! A desk that cannot do its work says so: a store that does not answer, a schedule that stands still.

use super::*;

/// A store that does not answer, or whose reader panics.
struct Broken {
    panics: bool,
}

impl Rows for Broken {
    fn figures(&self) -> Result<Figures, Unanswered> {
        assert!(!self.panics, "planted");
        Err(Unanswered("disk I/O error".to_owned()))
    }

    fn incidents(&self, _: &IncidentQuery) -> Result<Vec<IncidentRow>, Unanswered> {
        self.figures().map(|_| vec![])
    }

    fn per_day(&self, _: Timestamp, _: i32) -> Result<Vec<SeriesPoint>, Unanswered> {
        self.figures().map(|_| vec![])
    }

    fn incident(&self, _: IncidentId) -> Result<Option<IncidentRow>, Unanswered> {
        self.figures().map(|_| None)
    }

    fn posts_of(&self, _: IncidentId, _: usize) -> Result<Vec<PostRow>, Unanswered> {
        self.figures().map(|_| vec![])
    }

    fn posts(&self, _: &PostsQuery) -> Result<Found, Unanswered> {
        self.figures().map(|_| Found::default())
    }

    fn watches(&self) -> Result<Arc<[WatchRow]>, Unanswered> {
        self.figures().map(|_| Arc::default())
    }

    fn record(&self, _: &RecordQuery) -> Result<Vec<Entry>, Unanswered> {
        self.figures().map(|_| vec![])
    }

    fn coverage(&self, since: Timestamp, until: Timestamp) -> Result<Statement, Unanswered> {
        self.figures().map(|_| Statement::of(Span { since, until }, vec![], None))
    }

    fn notices(&self, _: usize) -> Result<Vec<Notice>, Unanswered> {
        self.figures().map(|_| vec![])
    }

    fn sweeps(&self, _: &str, _: usize) -> Result<Vec<Sweep>, Unanswered> {
        self.figures().map(|_| vec![])
    }
}

#[tokio::test]
async fn a_broken_store_is_a_page_and_not_ready() {
    for panics in [false, true] {
        let rig = rig(Broken { panics });
        let (status, _, page) = ask(&rig, Method::GET, "/", &[]).await;
        assert_eq!(status, 500);
        assert!(page.contains("采风自己出错了") && !page.contains("disk I/O"));
        let (status, _, reasons) = ask(&rig, Method::GET, "/readyz", &[]).await;
        assert_eq!(status, 503);
        assert!(reasons.contains("store does not answer"), "{reasons}");
        assert_eq!(ask(&rig, Method::GET, "/healthz", &[]).await.0, 200);
    }
}

#[tokio::test]
async fn a_scheduler_that_stands_still_is_not_ready() {
    let (_commit, changes) = watch::channel(0);
    let (_stop, stopped) = watch::channel(false);
    let app = app(Arc::new(Fixed), changes);
    let pulse = Arc::clone(&app.pulse);
    let router = router(app, stopped);
    let status = async || {
        let asked = asking(Method::GET, "/readyz", &[]);
        router.clone().oneshot(asked).await.unwrap().status()
    };
    assert_eq!(status().await, 200);
    pulse.store(NOW - 121, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(status().await, 503);
}

#[tokio::test]
async fn a_store_that_cannot_write_is_not_ready() {
    let (_commit, changes) = watch::channel(0);
    let (_stop, stopped) = watch::channel(false);
    let full = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let asked = Arc::clone(&full);
    let writable = move || asked.load(std::sync::atomic::Ordering::Relaxed).then(|| "the disk is full".to_owned());
    let router = router(App { writable: Arc::new(writable), ..app(Arc::new(Fixed), changes) }, stopped);
    let ready = async || {
        let answer = router.clone().oneshot(asking(Method::GET, "/readyz", &[])).await.unwrap();
        let status = answer.status();
        (status, String::from_utf8(to_bytes(answer.into_body(), 1 << 16).await.unwrap().to_vec()).unwrap())
    };
    let (status, reasons) = ready().await;
    assert_eq!(status, 503);
    assert!(reasons.contains("store cannot write: the disk is full"), "{reasons}");
    full.store(false, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(ready().await.0, 200);
}
