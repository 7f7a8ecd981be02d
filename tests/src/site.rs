//! A small web site for the programs of tests. The path of a request says what it finds:
//!
//! | path | answer |
//! |---|---|
//! | `/` | `hello` |
//! | `/echo` | the request in JSON: `method`, `path`, `query`, `headers`, `body` |
//! | `/count` | the number of bytes of the request's body |
//! | `/status/CODE` | that status, and the code as a text |
//! | `/empty` | 204 |
//! | `/redirect/CODE?URL` | a redirect to the URL |
//! | `/fields` | two fields `X-Two`, and two cookies |
//! | `/lines` | three lines, in chunks |
//! | `/bytes/NUMBER` | that many bytes `x` |
//! | `/gzip` | `hello gzip`, encoded |
//! | `/wait?KEY` | none: the server waits until the client has gone |
//! | `/drip?KEY` | bytes without end, until the client has gone |
//! | `/begun?KEY` | `begun`, once a request of `/wait` or `/drip` with this key is there |
//! | `/gone?KEY` | `gone`, once the client of `/wait` or `/drip` with this key has |
//!
//! Any other path is a 404.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;

/// A running site. It lives as long as the program of the test.
#[derive(Debug)]
pub struct Site {
    address: SocketAddr,
}

/// The address of the site in the sources of programs.
const WRITTEN: &str = "127.0.0.1:8080";

impl Site {
    /// Starts a site at a port of its own.
    ///
    /// # Panics
    /// The system gives no port.
    pub fn start() -> Site {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("the address of a listener");
        let happened = Arc::new(Happened::default());
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let happened = Arc::clone(&happened);
                // A client may go whenever it wants.
                thread::spawn(move || serve(stream, &happened));
            }
        });
        Site { address }
    }

    /// Returns a text with the address of this site in the place of `127.0.0.1:8080`.
    pub fn put_into(&self, text: &str) -> String {
        text.replace(WRITTEN, &self.address.to_string())
    }

    /// Returns a text with `127.0.0.1:8080` in the place of the address of this site.
    pub fn take_out_of(&self, text: &str) -> String {
        text.replace(&self.address.to_string(), WRITTEN)
    }
}

/// The fate of the requests that are not answered: the word `begun` or `gone`, and the
/// key of each.
#[derive(Default)]
struct Happened {
    keys: Mutex<HashSet<String>>,
    changed: Condvar,
}

impl Happened {
    fn add(&self, what: &str, key: &str) {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        keys.insert(format!("{what} {key}"));
        self.changed.notify_all();
    }

    fn wait_for(&self, what: &str, key: &str) {
        let wanted = format!("{what} {key}");
        let keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let is_there = self
            .changed
            .wait_while(keys, |keys| !keys.contains(&wanted));
        drop(is_there);
    }
}

/// A request.
struct Request {
    method: String,
    path: String,
    query: String,
    /// Names in lower case, and values.
    fields: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    fn field(&self, name: &str) -> Option<&str> {
        let field = self.fields.iter().find(|(known, _)| known == name);
        field.map(|(_, value)| value.as_str())
    }

    /// The request as JSON.
    fn json(&self) -> String {
        let mut fields = String::new();
        for (name, value) in &self.fields {
            let comma = if fields.is_empty() { "" } else { "," };
            let _ = write!(fields, "{comma}{}:{}", quoted(name), quoted(value));
        }
        format!(
            r#"{{"method":{},"path":{},"query":{},"headers":{{{fields}}},"body":{}}}"#,
            quoted(&self.method),
            quoted(&self.path),
            quoted(&self.query),
            quoted(&String::from_utf8_lossy(&self.body)),
        )
    }
}

/// A text of JSON.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => {
                quoted.push('\\');
                quoted.push(letter);
            }
            control if control < ' ' => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(control));
            }
            letter => quoted.push(letter),
        }
    }
    quoted + "\""
}

/// Serves the requests of one connection.
fn serve(stream: TcpStream, happened: &Happened) -> io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    while let Some(request) = read(&mut reader)? {
        answer(&request, &stream, &mut reader, happened)?;
    }
    Ok(())
}

/// Reads a request; `None` at the end of the connection.
fn read(reader: &mut BufReader<TcpStream>) -> io::Result<Option<Request>> {
    let mut first = String::new();
    if reader.read_line(&mut first)? == 0 {
        return Ok(None);
    }
    let mut words = first.split_whitespace();
    let mut word = || words.next().unwrap_or_default().to_owned();
    let (method, target) = (word(), word());
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let mut request = Request {
        method,
        path: path.to_owned(),
        query: query.to_owned(),
        fields: Vec::new(),
        body: Vec::new(),
    };
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        request
            .fields
            .push((name.to_ascii_lowercase(), value.to_owned()));
    }
    let length = request.field("content-length").map(str::parse);
    if let Some(Ok(length)) = length {
        request.body = vec![0; length];
        reader.read_exact(&mut request.body)?;
    }
    if request.field("transfer-encoding").is_some() {
        loop {
            let mut size = String::new();
            reader.read_line(&mut size)?;
            let size = usize::from_str_radix(size.trim_end(), 16).map_err(io::Error::other)?;
            // A line ends each chunk, the last and empty one, too.
            let mut chunk = vec![0; size + 2];
            reader.read_exact(&mut chunk)?;
            request.body.extend(&chunk[..size]);
            if size == 0 {
                break;
            }
        }
    }
    Ok(Some(request))
}

/// `hello gzip`, encoded.
const GZIP: &[u8] = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xcbH\xcd\xc9\xc9WH\xaf\xca,\x00\
    \x00\x19j\xd2\xdf\n\x00\x00\x00";

/// Answers a request.
fn answer(
    request: &Request,
    stream: &TcpStream,
    reader: &mut BufReader<TcpStream>,
    happened: &Happened,
) -> io::Result<()> {
    let mut parts = request.path[1.min(request.path.len())..].splitn(2, '/');
    let (name, rest) = (parts.next().unwrap_or_default(), parts.next());
    let rest = rest.unwrap_or_default();
    let head = request.method == "HEAD";
    let send = |status: &str, fields: &str, body: &[u8]| {
        let length = body.len();
        let mut answer =
            format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n{fields}\r\n").into_bytes();
        if !head {
            answer.extend(body);
        }
        let mut stream = stream;
        stream.write_all(&answer)
    };
    match name {
        "" => send("200 OK", "Content-Type: text/plain\r\n", b"hello"),
        "echo" => {
            let json = request.json();
            send(
                "200 OK",
                "Content-Type: application/json\r\n",
                json.as_bytes(),
            )
        }
        "count" => send("200 OK", "", request.body.len().to_string().as_bytes()),
        "status" => send(&format!("{rest} As Asked"), "", rest.as_bytes()),
        "empty" => {
            let mut stream = stream;
            stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n")
        }
        "redirect" => {
            let location = format!("Location: {}\r\n", request.query);
            send(&format!("{rest} Moved"), &location, b"")
        }
        "fields" => {
            let fields = "X-Two: 1\r\nx-two: 2\r\nSet-Cookie: session=7; Path=/\r\n\
                          Set-Cookie: theme=dark\r\n";
            send("200 OK", fields, b"fields")
        }
        "lines" => {
            let mut stream = stream;
            stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")?;
            for line in ["one\n", "two\n", "three\n"] {
                stream.write_all(format!("{:x}\r\n{line}\r\n", line.len()).as_bytes())?;
            }
            stream.write_all(b"0\r\n\r\n")
        }
        "bytes" => {
            let length = rest.parse().map_err(io::Error::other)?;
            send("200 OK", "", &vec![b'x'; length])
        }
        "gzip" => send("200 OK", "Content-Encoding: gzip\r\n", GZIP),
        "wait" => {
            happened.add("begun", &request.query);
            // Whatever the client still sends.
            let _ = io::copy(reader, &mut io::sink());
            happened.add("gone", &request.query);
            Err(io::ErrorKind::ConnectionAborted.into())
        }
        "drip" => {
            happened.add("begun", &request.query);
            let mut stream = stream;
            let mut sent = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
            while sent.is_ok() {
                sent = stream.write_all(&[b'x'; 4_096]);
            }
            happened.add("gone", &request.query);
            sent
        }
        "begun" | "gone" => {
            happened.wait_for(name, &request.query);
            send("200 OK", "", name.as_bytes())
        }
        _ => send("404 Not Found", "", b"no such page"),
    }
}
