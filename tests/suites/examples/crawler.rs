//! `examples/crawler`, on a site of two origins that the test serves.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;

use warren_tests::{Warren, project};

/// Requests that a worker makes of one origin at a time, as `origin.lua` says.
const TURNS: usize = 2;

/// Bytes of the page that no worker has room for.
const HUGE: usize = 12 << 20;

/// An origin of the site.
struct Origin {
    address: SocketAddr,
    counts: Mutex<Counts>,
    /// Told of each request for a page below `/slow/`.
    met: Condvar,
}

#[derive(Default)]
struct Counts {
    /// Requests for each path.
    asked: BTreeMap<String, usize>,
    /// Requests that are not answered, now and at most.
    open: usize,
    most: usize,
    /// Requests for pages below `/slow/`.
    slow: usize,
}

impl Origin {
    fn counts(&self) -> std::sync::MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a request, and returns the number of those for its path.
    fn begin(&self, path: &str) -> usize {
        let mut counts = self.counts();
        counts.open += 1;
        counts.most = counts.most.max(counts.open);
        let asked = counts.asked.entry(path.to_owned()).or_default();
        *asked += 1;
        *asked
    }

    /// Waits until a second slow page is asked for: so there are as many requests at once as
    /// there may be.
    fn meet(&self) {
        let mut counts = self.counts();
        counts.slow += 1;
        let second = counts.slow.div_ceil(TURNS) * TURNS;
        self.met.notify_all();
        let counts = self.met.wait_while(counts, |counts| counts.slow < second);
        drop(counts);
    }
}

/// Starts the site. The address of its start is the lesser text of the two.
fn site() -> [Arc<Origin>; 2] {
    let listeners = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").expect("a port"));
    let mut listeners =
        listeners.map(|listener| (listener.local_addr().expect("it is bound"), listener));
    listeners.sort_by_key(|(address, _)| address.to_string());
    let [start, neighbour] = listeners.each_ref().map(|(address, _)| *address);
    listeners.map(|(address, listener)| {
        let origin = Arc::new(Origin {
            address,
            counts: Mutex::default(),
            met: Condvar::new(),
        });
        let other = if address == start { neighbour } else { start };
        let served = Arc::clone(&origin);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let origin = Arc::clone(&served);
                let is_start = address == start;
                // A client may go whenever it wants.
                thread::spawn(move || answer(&stream, &origin, is_start, other));
            }
        });
        origin
    })
}

/// Answers the one request of a connection.
fn answer(
    stream: &TcpStream,
    origin: &Origin,
    is_start: bool,
    other: SocketAddr,
) -> io::Result<()> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next().unwrap_or_else(|| Ok(String::new()))?;
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    let path = first.split(' ').nth(1).unwrap_or_default();
    let times = origin.begin(path);
    let page = match (is_start, path) {
        (true, "/flaky") if times == 1 => None,
        _ => Some(page(origin, is_start, path, other)),
    };
    // The client may ask for another page once it has this one.
    origin.counts().open -= 1;
    let Some((status, kind, body)) = page else {
        return Ok(());
    };
    let mut stream = stream;
    write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n",
        body.len()
    )?;
    stream.write_all(body.as_bytes())
}

/// Returns the status, the type and the text of a page.
fn page(
    origin: &Origin,
    is_start: bool,
    path: &str,
    other: SocketAddr,
) -> (&'static str, &'static str, String) {
    let html = |title: &str, links: &[&str]| {
        let mut text = format!("<!doctype html><title>{title}</title>");
        for link in links {
            text += &format!("<p><a class='x' href=\"{link}\">a link</a>");
        }
        ("200 OK", "text/html; charset=utf-8", text)
    };
    if !is_start {
        let back = format!("http://{other}/about");
        return match path {
            "/" => html("The neighbour", &[&back]),
            _ => missing(),
        };
    }
    let neighbour = format!("http://{other}/");
    match path {
        "/robots.txt" => {
            let rules = "User-agent: other\nDisallow: /\n\nUser-agent: *\nDisallow: /private/\n";
            ("200 OK", "text/plain", rules.to_owned())
        }
        "/" => html(
            "The start",
            &[
                "/about",
                "shop/",
                "/private/",
                "/missing",
                &neighbour,
                "http://crawler.example/",
                "mailto:someone@crawler.example",
                "/huge",
                "/flaky",
                "/slow/1",
                "/slow/2",
                "/slow/3",
                "/slow/4",
            ],
        ),
        "/about" => html("About &amp; more", &["./", "#top"]),
        "/shop/" => html(
            "Goods",
            &[
                "tea?size=2&amp;hot=1",
                "/shop/../shop/tea?size=2&amp;hot=1#top",
            ],
        ),
        "/shop/tea?size=2&hot=1" => html("Tea", &["../about"]),
        "/flaky" => html("At last", &[]),
        "/huge" => html(&"x".repeat(HUGE), &[]),
        _ if path.starts_with("/slow/") => {
            origin.meet();
            html("Slow", &[])
        }
        _ => missing(),
    }
}

fn missing() -> (&'static str, &'static str, String) {
    ("404 Not Found", "text/plain", "nothing".to_owned())
}

#[test]
fn a_site_is_read_to_its_last_page() {
    let [start, neighbour] = site();
    let url = format!("http://{}/", start.address);
    let grants = [&start, &neighbour].map(|origin| format!("http://{},private", origin.address));
    let ended = Warren::run("examples/crawler")
        .options(grants.iter().flat_map(|grant| ["--http", grant.as_str()]))
        .arguments([&url])
        .outcome()
        .ends_with(0);
    let text = ended
        .text()
        .replace(&start.address.to_string(), "127.0.0.1:8080")
        .replace(&neighbour.address.to_string(), "127.0.0.1:8081");
    // The reasons of failures are those of the runtime.
    let lines = text.lines().map(|line| match line.strip_prefix("fail ") {
        Some(rest) => format!("fail {} ...\n", rest.split(' ').next().unwrap_or_default()),
        None => format!("{line}\n"),
    });
    let shown: String = lines.collect();
    let readme = project().join("examples/crawler/README.md");
    let readme = fs::read_to_string(readme).expect("the page is there");
    assert!(
        readme.contains(&format!("```console\n{shown}```\n")),
        "{ended}"
    );

    for (origin, most) in [(&start, TURNS), (&neighbour, 1)] {
        let counts = origin.counts();
        assert_eq!(counts.most, most, "{:?}", counts.asked);
        for (path, times) in &counts.asked {
            let attempts = match path.as_str() {
                "/flaky" => 2..=2,
                // Another attempt may be of no use.
                "/huge" => 1..=2,
                _ => 1..=1,
            };
            assert!(attempts.contains(times), "{path}: {times} times");
        }
        assert!(!counts.asked.contains_key("/private/"));
    }
}

#[test]
fn without_a_grant_nothing_is_asked() {
    let [start, _] = site();
    let url = format!("http://{}/", start.address);
    Warren::run("examples/crawler")
        .arguments([&url])
        .outcome()
        .ends_with(0)
        .prints(&format!(
            "skip {url} not granted\n0 pages, 0 missing, 1 skipped, 0 failed\n"
        ));
    assert!(start.counts().asked.is_empty());
    Warren::run("examples/crawler")
        .outcome()
        .ends_with(1)
        .says(&["usage: warren run --http ORIGIN examples/crawler URL"]);
}
