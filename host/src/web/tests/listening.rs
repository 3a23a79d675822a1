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

/// What somebody at the other end of a socket is answered, or that they are sent away.
async fn answered(page: &mut tokio::net::TcpStream, asked: &str) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let _ = page.write_all(asked.as_bytes()).await;
    let mut told = vec![0; 12];
    match page.read_exact(&mut told).await {
        Ok(_) => String::from_utf8_lossy(&told).into_owned(),
        Err(_) => String::new(),
    }
}

/// A desk that counts addresses of this machine like others, three places for each.
async fn crowded(way: Way) -> (std::net::SocketAddr, watch::Sender<bool>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (_commit, changes) = watch::channel(0);
    let (stop, stopped) = watch::channel(false);
    let counting = listener::Counting { crowd: crate::web::crowd::Crowd::of(3), as_whom: Some };
    let router = router(app(Arc::new(Fixed), changes), stopped.clone());
    tokio::spawn(listener::run(listener, router, (way, counting), stopped));
    (address, stop)
}

#[tokio::test]
async fn one_address_leaves_connections_to_others() {
    let (address, _stop) = crowded(Way::Plain).await;
    let asked = format!("GET /healthz HTTP/1.1\r\nhost: {address}\r\n\r\n");
    let from = async |own: &str| {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind(format!("{own}:0").parse().unwrap()).unwrap();
        socket.connect(address).await.unwrap()
    };
    let mut open = Vec::new();
    for _ in 0..3 {
        let mut page = from("127.0.0.2").await;
        assert_eq!(answered(&mut page, &asked).await, "HTTP/1.1 200");
        open.push(page);
    }
    assert_eq!(answered(&mut from("127.0.0.2").await, &asked).await, "", "a fourth is closed");
    assert_eq!(answered(&mut from("127.0.0.3").await, &asked).await, "HTTP/1.1 200", "another address");
    open.pop();
    // The desk hears of it a moment later.
    for again in 0.. {
        if answered(&mut from("127.0.0.2").await, &asked).await == "HTTP/1.1 200" {
            break;
        }
        assert!(again < 10_000, "what was given back is taken again");
    }
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a test visits the page")]
async fn behind_a_proxy_it_is_what_one_address_asks_at_a_time_that_is_counted() {
    let (address, _stop) = crowded(Way::Behind(vec![std::net::Ipv4Addr::LOCALHOST.into()])).await;
    let asked = |who: &str| format!("GET /healthz HTTP/1.1\r\nhost: {address}\r\nx-forwarded-for: {who}\r\n\r\n");
    let ask = async |who: &str| {
        let mut page = tokio::net::TcpStream::connect(address).await.unwrap();
        answered(&mut page, &asked(who)).await
    };
    assert_eq!(ask("192.0.2.1").await, "HTTP/1.1 200");
    let mut slow = Vec::new();
    for _ in 0..3 {
        let mut page = tokio::net::TcpStream::connect(address).await.unwrap();
        // A form whose end does not come.
        let form = format!(
            "POST /sign-in HTTP/1.1\r\nhost: {address}\r\nx-forwarded-for: 192.0.2.9, 192.0.2.1\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: 99\r\n\r\nname=a"
        );
        tokio::io::AsyncWriteExt::write_all(&mut page, form.as_bytes()).await.unwrap();
        slow.push(page);
    }
    for again in 0.. {
        if ask("192.0.2.1").await == "HTTP/1.1 429" {
            break;
        }
        assert!(again < 10_000, "three are under way");
    }
    assert_eq!(ask("192.0.2.2").await, "HTTP/1.1 200", "another address");
    drop(slow);
    for again in 0.. {
        if ask("192.0.2.1").await == "HTTP/1.1 200" {
            break;
        }
        assert!(again < 10_000, "what was given back is taken again");
    }
}

/// Who begins a form and does not go on, or goes on for ever byte by byte, keeps a place for so long and no longer.
#[tokio::test(start_paused = true)]
#[expect(clippy::disallowed_methods, reason = "a test visits the page")]
async fn a_form_that_does_not_end_is_not_waited_for() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (_commit, changes) = watch::channel(0);
    tokio::spawn(serve(listener, app(Arc::new(Fixed), changes), Way::Plain, std::future::pending()));
    let form = format!(
        "POST /sign-in HTTP/1.1\r\nhost: {address}\r\ncontent-length: 9999\r\n\
         content-type: application/x-www-form-urlencoded\r\n\r\nname="
    );
    for every in [None, Some(stall::PATIENCE / 2)] {
        let mut page = tokio::net::TcpStream::connect(address).await.unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut page, form.as_bytes()).await.unwrap();
        let (mut reads, mut writes) = page.split();
        let dribble = async {
            loop {
                tokio::time::sleep(every.unwrap_or(stall::WHOLE * 9)).await;
                let _ = tokio::io::AsyncWriteExt::write_all(&mut writes, b"a").await;
            }
        };
        let mut told = [0; 12];
        let ended = tokio::time::timeout(stall::WHOLE * 2, tokio::io::AsyncReadExt::read_exact(&mut reads, &mut told));
        let ended = tokio::select! { ended = ended => ended, () = dribble => unreachable!("for ever") };
        // A refusal, or no answer at all: not another minute.
        assert!(ended.is_ok(), "{every:?}");
        assert!(!told.starts_with(b"HTTP/1.1 2"), "{every:?}: {}", String::from_utf8_lossy(&told));
    }
}
