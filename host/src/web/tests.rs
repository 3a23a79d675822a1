//! The desk as a browser meets it, over fixed rows and a fixed moment.

use super::fixed::{Fixed, NOW};
use super::*;

fn app(changes: watch::Receiver<u64>) -> App {
    App {
        rows: Arc::new(Fixed),
        organisation: Organisation {
            name: "青石县水务局".to_owned(),
            zone: TimeZone::get("Asia/Shanghai").unwrap(),
        },
        clock: Arc::new(|| NOW),
        changes,
        pulse: Arc::new(AtomicI64::new(NOW - 5)),
        demo: true,
        hosts: vec![],
    }
}

#[tokio::test]
#[ignore = "a preview"]
async fn preview() {
    let (_commit, changes) = watch::channel(0);
    let listener = TcpListener::bind("127.0.0.1:8421").await.unwrap();
    serve(listener, app(changes), std::future::pending())
        .await
        .unwrap();
}
