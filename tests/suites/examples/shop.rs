//! `examples/shop`: its API, also over the end of the program, and its page in a browser.

use std::net::SocketAddr;
use std::path::Path;
use std::thread;

use serde_json::json;
use warren_tests::{Warren, project};

use super::browser::Browser;
use super::client::{Answer, Request, Server, ask};

fn start(data: &Path) -> Server {
    let options = ["--data".as_ref(), data.as_os_str()];
    Server::start(Warren::run("examples/shop").options(options))
}

/// Someone who has logged in.
struct User {
    server: SocketAddr,
    cookie: String,
}

impl User {
    #[track_caller]
    fn log_in(server: &Server, name: &str, password: &str) -> User {
        let answer = log_in(server, name, password).has(200);
        let cookie = answer.header("set-cookie").expect("a cookie");
        assert!(cookie.contains("; HttpOnly; SameSite=Strict"), "{cookie}");
        let (cookie, _) = cookie.split_once(';').expect("a value and attributes");
        let user = User {
            server: server.address,
            cookie: cookie.to_owned(),
        };
        // The service of the sessions may start later than the server.
        while user.get("/api/cart").status == 503 {}
        user
    }

    #[track_caller]
    fn send(&self, method: &str, path: &str, body: &str) -> Answer {
        let headers = &[("cookie", self.cookie.as_str())];
        let request = Request {
            headers,
            body,
            ..Request::new(method, path)
        };
        ask(self.server, &request)
    }

    #[track_caller]
    fn get(&self, path: &str) -> Answer {
        self.send("GET", path, "")
    }

    /// Puts so many things of a product into the cart.
    #[track_caller]
    fn put(&self, product: u32, count: u32) -> Answer {
        let body = json!({ "product": product, "count": count }).to_string();
        self.send("POST", "/api/cart", &body).has(200)
    }

    /// Orders the cart, and returns the number of the order.
    #[track_caller]
    fn order(&self) -> u64 {
        let answer = self.send("POST", "/api/orders", "").has(201);
        answer.json()["id"].as_u64().expect("a number")
    }

    /// Returns the receipt of an order, once there is one.
    #[track_caller]
    fn receipt(&self, order: u64) -> Answer {
        loop {
            let answer = self.get(&format!("/api/orders/{order}/receipt"));
            if answer.status != 202 {
                return answer;
            }
        }
    }
}

#[track_caller]
fn log_in(server: &Server, name: &str, password: &str) -> Answer {
    let body = json!({ "name": name, "password": password }).to_string();
    server.ask(&Request {
        body: &body,
        ..Request::new("POST", "/api/login")
    })
}

fn ada(server: &Server) -> User {
    User::log_in(server, "ada", "analytical")
}

fn grace(server: &Server) -> User {
    User::log_in(server, "grace", "compiler")
}

#[test]
fn an_order_outlives_the_program() {
    let data = tempfile::tempdir().expect("a directory for data");
    let server = start(data.path());
    let user = ada(&server);
    let cart = user.put(1, 2).json();
    assert_eq!(cart["total"], 1780, "{cart}");
    user.put(4, 3);
    let cart = user.put(4, 1).json();
    assert_eq!(cart["lines"][1]["name"], "Linen towel", "{cart}");
    assert_eq!(cart["total"], 3030, "{cart}");
    let order = user.order();
    server.kill();

    // The token and the session have gone with the program; the order has not.
    let server = start(data.path());
    user_is_unknown(&server, &user.cookie);
    let user = ada(&server);
    assert_eq!(
        user.get("/api/cart").json(),
        json!({ "lines": [], "total": 0 })
    );
    let receipt = user.receipt(order).has(200).body;
    let lines: Vec<&str> = receipt.lines().collect();
    let shown = [
        "for ada",
        "2 x Acacia honey                   17.80",
        "1 x Linen towel                    12.50",
        "Total                              30.30",
    ];
    for line in shown {
        assert!(lines.contains(&line), "{line:?}: {receipt}");
    }
    let products = user.get("/api/products").json();
    assert_eq!(products[0]["stock"], 18, "{products}");
    server.end();
}

#[track_caller]
fn user_is_unknown(server: &Server, cookie: &str) {
    let headers = &[("cookie", cookie)];
    let request = Request {
        headers,
        ..Request::new("GET", "/api/cart")
    };
    server.ask(&request).has(401);
}

#[test]
fn nobody_gets_what_is_not_theirs() {
    let data = tempfile::tempdir().expect("a directory for data");
    let server = start(data.path());
    for path in ["/api/cart", "/api/orders", "/api/orders/1/receipt"] {
        server.ask(&Request::new("GET", path)).has(401);
    }
    log_in(&server, "ada", "compiler").has(401);
    log_in(&server, "nobody", "x").has(401);
    for body in ["", "{", "7", "null", "\"text\""] {
        let request = Request {
            body,
            ..Request::new("POST", "/api/login")
        };
        server.ask(&request).has(400);
    }

    let (ada, grace) = (ada(&server), grace(&server));
    let change = r#"{"price": 500, "stock": 1}"#;
    ada.send("PUT", "/api/products/2", change).has(403);
    grace.send("PUT", "/api/products/2", change).has(204);
    grace.send("PUT", "/api/products/99", change).has(404);
    grace.send("PUT", "/api/products/2", "{}").has(400);

    // Ada sees her order alone, and the staff sees all.
    ada.put(2, 1);
    let hers = ada.order();
    grace.put(1, 1);
    let other = grace.order();
    ada.receipt(hers).has(200);
    ada.receipt(other).has(404);
    grace.receipt(hers).has(200);
    assert_eq!(
        ada.get("/api/orders").json().as_array().map(Vec::len),
        Some(1)
    );
    assert_eq!(
        grace.get("/api/orders").json().as_array().map(Vec::len),
        Some(2)
    );

    for body in [
        "{}",
        r#"{"product": 1, "count": 100}"#,
        r#"{"product": 1, "count": -1}"#,
    ] {
        ada.send("POST", "/api/cart", body).has(400);
    }
    ada.send("POST", "/api/orders", "").has(400);
    ada.put(2, 1);
    let sold_out = ada.send("POST", "/api/orders", "").has(409).json();
    assert_eq!(sold_out["error"], "Black tea: 0 left");
    let cart = ada.get("/api/cart").json();
    assert_eq!(cart["total"], 500, "the cart has stayed: {cart}");

    ada.send("POST", "/api/logout", "").has(204);
    user_is_unknown(&server, &ada.cookie);
    server.end();
}

/// Eight sessions want the only pan, all at once.
#[test]
fn the_last_thing_is_sold_once() {
    let data = tempfile::tempdir().expect("a directory for data");
    let server = start(data.path());
    let sessions: Vec<User> = (0..8).map(|_| ada(&server)).collect();
    for session in &sessions {
        session.put(3, 1);
    }
    let mut statuses: Vec<u16> = thread::scope(|scope| {
        let orders: Vec<_> = sessions
            .iter()
            .map(|session| scope.spawn(move || session.send("POST", "/api/orders", "").status))
            .collect();
        let orders = orders.into_iter();
        orders
            .map(|order| order.join().expect("an answer"))
            .collect()
    });
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409, 409, 409, 409, 409]);
    server.end();
}

#[test]
fn the_policies_are_explained_as_the_page_says() {
    let why = [
        "examples/shop",
        "--actor=ada",
        "--meta=name=ada",
        "--scope=app:customer",
        "--action=access",
        "--resource=app.api:product",
    ];
    let told = Warren::tool("policy", "why").arguments(why).outcome();
    told.ends_with(1)
        .prints("denied: access on app.api:product: no policy permits it\n");
}

#[test]
fn the_page_sells_in_a_browser() {
    let data = tempfile::tempdir().expect("a directory for data");
    let server = start(data.path());
    let mut browser = Browser::start();
    browser.open(&format!("http://{}/", server.address));
    browser.wait_for_text("#products tr:nth-child(1)", "Acacia honey");

    browser.type_into("#name", "ada");
    browser.type_into("#password", "wrong");
    browser.click("#login button");
    browser.wait_for_text("#message", "wrong name or password");
    browser.type_into("#password", "analytical");
    browser.press_enter();
    browser.wait_for_text("#who", "ada");
    browser.wait_for("!document.querySelector('#products button').disabled");

    for total in ["8.90", "17.80"] {
        browser.click("#products tr:nth-child(1) button");
        browser.wait_for_text("#total", total);
    }
    browser.click("#products tr:nth-child(4) button");
    browser.wait_for_text("#total", "30.30");
    browser.click("#cart tr:nth-child(2) button");
    browser.wait_for_text("#total", "17.80");

    // The cart is the session's: a page that is opened anew has it.
    browser.open(&format!("http://{}/", server.address));
    browser.wait_for_text("#total", "17.80");
    browser.click("#order");
    browser.wait_for_text("#receipt", "2 x Acacia honey                   17.80");
    browser.wait_for_text("#products tr:nth-child(1)", "18 left");
    browser.wait_for_text("#total", "0.00");

    let picture = project().join("target/tmp/examples/shop.png");
    browser.screenshot(&picture);
    let bytes = std::fs::read(picture).expect("a picture");
    assert!(bytes.starts_with(b"\x89PNG\r\n"), "no picture");
    // An empty page is far smaller.
    assert!(bytes.len() > 10_000, "{} bytes", bytes.len());

    browser.click("#logout");
    browser.wait_for("!document.querySelector('#login').hidden");
    server.end();
}
