//! A site on the loopback, for the binary to visit.

#![allow(dead_code, reason = "each test program uses its own part")]

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};

/// Serves until the test's process ends; remembers what was asked.
pub(crate) struct Site {
    /// Where it listens.
    pub(crate) at: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Site {
    /// `answer` gets the path and the whole head of a request, and gives status line and header fields, and a body.
    pub(crate) fn serve(answer: impl Fn(&str, &str) -> (String, String) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (at, asked) = (listener.local_addr().unwrap(), Arc::<Mutex<Vec<String>>>::default());
        let (answer, told) = (Arc::new(answer), Arc::clone(&asked));
        std::thread::spawn(move || {
            while let Ok((mut line, _)) = listener.accept() {
                let (answer, told) = (Arc::clone(&answer), Arc::clone(&told));
                std::thread::spawn(move || {
                    let mut head = Vec::new();
                    let mut byte = [0];
                    while !head.ends_with(b"\r\n\r\n") && matches!(line.read(&mut byte), Ok(1)) {
                        head.push(byte[0]);
                    }
                    let head = String::from_utf8_lossy(&head).to_lowercase();
                    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                    told.lock().unwrap().push(head.clone());
                    let (fields, body) = answer(&path, &head);
                    let length = body.len();
                    // The visitor may have been killed.
                    let _ = write!(
                        line,
                        "HTTP/1.1 {fields}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
                    );
                });
            }
        });
        Self { at, asked }
    }

    /// Heads of the requests since the last time, in lower case.
    pub(crate) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }

    /// A configuration that watches `paths` of this site, in the order of their ids, without pauses; `more` stands in each
    /// watch.
    pub(crate) fn config(&self, paths: &[&str], more: &str) -> String {
        let at = self.at;
        let mut config = format!(
            "[network]\nprivate = [\"{at}\"]\n[[network.permitted]]\nhost = \"{at}\"\nreason = \"our own test\"\npace = 0\n"
        );
        for (n, path) in paths.iter().enumerate() {
            let watch = format!(
                "[[watch]]\nid = \"w{n}\"\nplugin = \"feed\"\ntarget = {{ listing = \"http://{at}{path}\" }}\n{more}\n"
            );
            config.push_str(&watch);
        }
        config
    }
}

/// Posts on each page of [`archive`].
pub(crate) const POSTS: usize = 3;

/// Page `n` of a feed of `pages` pages, each of which leads to the one before it in time.
pub(crate) fn archive(n: usize, pages: usize) -> String {
    let mut feed = String::from("<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>清河</title>");
    if n < pages {
        let _ = write!(feed, "<link rel=\"prev-archive\" href=\"/feed/{}\"/>", n + 1);
    }
    for post in 0..POSTS {
        let _ = write!(
            feed,
            "<entry><id>p{n}-{post}</id><title>第{n}页第{post}条</title><link href=\"/p/{n}/{post}\"/></entry>"
        );
    }
    feed + "</feed>"
}
