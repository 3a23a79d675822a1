//! Who listens: what is told to open pages, who comes back, who is let go of.

use super::*;

#[tokio::test]
async fn a_commit_is_told_and_a_stop_ends_the_telling() {
    let rig = rig(Fixed);
    let asked = asking(Method::GET, "/events", &[]);
    let answer = rig.router.clone().oneshot(asked).await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    let mut events = answer.into_body().into_data_stream();
    assert_eq!(events.next().await.unwrap().unwrap(), "event: commit\nid: 7\ndata: 7\n\n");
    for number in 8..=10 {
        rig.commit.send(number).unwrap();
    }
    // Three commits, one event: the newest.
    assert_eq!(events.next().await.unwrap().unwrap(), "event: commit\nid: 10\ndata: 10\n\n");
    rig.stop.send(true).unwrap();
    assert!(events.next().await.is_none());
}

#[tokio::test]
async fn who_comes_back_is_told_what_was_missed_and_nothing_twice() {
    let rig = rig(Fixed);
    let again = async |id: &str| {
        let asked = asking(Method::GET, "/events", &[("last-event-id", id)]);
        rig.router.clone().oneshot(asked).await.unwrap().into_body().into_data_stream()
    };
    for missed in ["6", "of another daemon"] {
        assert_eq!(again(missed).await.next().await.unwrap().unwrap(), "event: commit\nid: 7\ndata: 7\n\n");
    }
    let mut known = again("7").await;
    let nothing = tokio::time::timeout(std::time::Duration::from_millis(100), known.next()).await;
    assert!(nothing.is_err(), "what is known is not told again");
    rig.commit.send(8).unwrap();
    assert_eq!(known.next().await.unwrap().unwrap(), "event: commit\nid: 8\ndata: 8\n\n");
}

#[tokio::test]
async fn seats_are_counted_and_given_back() {
    let rig = rig(Fixed);
    let listen = async || {
        let asked = asking(Method::GET, "/events", &[]);
        rig.router.clone().oneshot(asked).await.unwrap()
    };
    let mut open = Vec::new();
    for _ in 0..live::SEATS {
        open.push(listen().await);
    }
    assert_eq!(listen().await.status(), 503);
    open.pop();
    assert_eq!(listen().await.status(), 200);
}

#[tokio::test]
async fn nothing_is_served_to_others_in_the_open() {
    let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let (_commit, changes) = watch::channel(0);
    let refused = serve(listener, app(Arc::new(Fixed), changes), Way::Plain, std::future::pending()).await;
    assert!(matches!(refused, Err(ServeError::Bare(_))));
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a test visits the page")]
async fn serving_ends_when_told_although_a_page_listens() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (_commit, changes) = watch::channel(0);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let ending = async move { stopped.await.unwrap() };
    let serving = tokio::spawn(serve(listener, app(Arc::new(Fixed), changes), Way::Plain, ending));
    let mut page = tokio::net::TcpStream::connect(address).await.unwrap();
    let asked = format!("GET /events HTTP/1.1\r\nhost: {address}\r\n\r\n");
    tokio::io::AsyncWriteExt::write_all(&mut page, asked.as_bytes()).await.unwrap();
    let mut first = [0; 12];
    tokio::io::AsyncReadExt::read_exact(&mut page, &mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    stop.send(()).unwrap();
    serving.await.unwrap().unwrap();
}

/// Who sends half a head and waits keeps a place for [`listener::HEAD`] and no longer; so does whoever says nothing.
#[tokio::test(start_paused = true)]
#[expect(clippy::disallowed_methods, reason = "a test visits the page")]
async fn a_client_that_never_asks_is_let_go_of() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (_commit, changes) = watch::channel(0);
    tokio::spawn(serve(listener, app(Arc::new(Fixed), changes), Way::Plain, std::future::pending()));
    for said in ["GET / HTTP/1.1\r\nhost: 127.0.0.1\r\nx-slow: ", ""] {
        let mut page = tokio::net::TcpStream::connect(address).await.unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut page, said.as_bytes()).await.unwrap();
        let mut rest = Vec::new();
        let ended = tokio::io::AsyncReadExt::read_to_end(&mut page, &mut rest);
        let ended = tokio::time::timeout(listener::HEAD * 2, ended).await;
        assert!(ended.is_ok() && !rest.starts_with(b"HTTP/1.1 200"), "{said:?}");
    }
}
