//! Messages between the runtime and a server, in version 3 of PostgreSQL's protocol.
//!
//! A message is a letter, the length of the rest with these four bytes, and the rest. The
//! first one of each direction of a session has no letter.

use bytes::{Buf as _, Bytes};

/// The version of the protocol.
const VERSION: u32 = 0x0003_0000;

/// The request for TLS, before all others.
pub(super) const TLS_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// The code of a request to end the statement of another session.
const CANCEL: u32 = 80_877_102;

/// A format of values: text, or bytes as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Text,
    Binary,
}

/// Messages on their way to the server.
#[derive(Default)]
pub(super) struct Requests {
    bytes: Vec<u8>,
    /// The number of them after which the server is ready again.
    exchanges: usize,
}

impl Requests {
    /// Begins a session with these settings.
    pub(super) fn startup<'a>(settings: impl Iterator<Item = (&'a str, &'a str)>) -> Requests {
        let mut requests = Requests::default();
        requests.body(|bytes| {
            bytes.extend_from_slice(&VERSION.to_be_bytes());
            for (name, value) in settings {
                text(bytes, name);
                text(bytes, value);
            }
            bytes.push(0);
        });
        requests.exchanges = 1;
        requests
    }

    /// Ends the statement that the session with this key runs.
    pub(super) fn cancel(key: &Key) -> Requests {
        let mut requests = Requests::default();
        requests.body(|bytes| {
            bytes.extend_from_slice(&CANCEL.to_be_bytes());
            bytes.extend_from_slice(&key.0);
        });
        requests
    }

    /// Runs the statements of a text, without values.
    pub(super) fn query(&mut self, statements: &str) {
        self.message(b'Q', |bytes| text(bytes, statements));
        self.exchanges += 1;
    }

    /// Compiles a statement, and asks for the types of its values and rows.
    pub(super) fn compile(&mut self, statement: &str) {
        self.message(b'P', |bytes| {
            text(bytes, "");
            text(bytes, statement);
            bytes.extend_from_slice(&[0, 0]);
        });
        self.message(b'D', |bytes| {
            bytes.push(b'S');
            text(bytes, "");
        });
        self.sync();
    }

    /// Runs the compiled statement, up to so many rows. `write` writes a value, and returns
    /// false for NULL.
    pub(super) fn run<V>(
        &mut self,
        values: &[V],
        format: impl Fn(usize, &V) -> Format,
        write: impl Fn(usize, &V, &mut Vec<u8>) -> bool,
        rows: impl ExactSizeIterator<Item = Format>,
        most: u32,
    ) {
        self.message(b'B', |bytes| {
            text(bytes, "");
            text(bytes, "");
            count(bytes, values.len());
            for (place, value) in values.iter().enumerate() {
                code(bytes, format(place, value));
            }
            count(bytes, values.len());
            for (place, value) in values.iter().enumerate() {
                let begin = bytes.len();
                bytes.extend_from_slice(&[0; 4]);
                let length = match write(place, value, bytes) {
                    true => length(bytes.len() - begin - 4),
                    false => u32::MAX,
                };
                bytes[begin..begin + 4].copy_from_slice(&length.to_be_bytes());
            }
            count(bytes, rows.len());
            rows.for_each(|format| code(bytes, format));
        });
        self.message(b'E', |bytes| {
            text(bytes, "");
            bytes.extend_from_slice(&most.to_be_bytes());
        });
        self.sync();
    }

    /// Answers a request for the password.
    pub(super) fn password(password: &str) -> Requests {
        let mut requests = Requests::default();
        requests.message(b'p', |bytes| text(bytes, password));
        requests
    }

    /// Begins an authentication with a mechanism.
    pub(super) fn begin_sasl(mechanism: &str, data: &[u8]) -> Requests {
        let mut requests = Requests::default();
        requests.message(b'p', |bytes| {
            text(bytes, mechanism);
            bytes.extend_from_slice(&length(data.len()).to_be_bytes());
            bytes.extend_from_slice(data);
        });
        requests
    }

    /// Goes on with an authentication.
    pub(super) fn sasl(data: &[u8]) -> Requests {
        let mut requests = Requests::default();
        requests.message(b'p', |bytes| bytes.extend_from_slice(data));
        requests
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns how often the server tells that it is ready again.
    pub(super) fn exchanges(&self) -> usize {
        self.exchanges
    }

    fn sync(&mut self) {
        self.message(b'S', |_| ());
        self.exchanges += 1;
    }

    fn message(&mut self, letter: u8, write: impl FnOnce(&mut Vec<u8>)) {
        self.bytes.push(letter);
        self.body(write);
    }

    fn body(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let begin = self.bytes.len();
        self.bytes.extend_from_slice(&[0; 4]);
        write(&mut self.bytes);
        let length = length(self.bytes.len() - begin);
        self.bytes[begin..begin + 4].copy_from_slice(&length.to_be_bytes());
    }
}

/// Returns a length as the protocol has it. A request of a guest is far below the most of it.
fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

/// Writes the number of values or columns, which has a limit that is lower.
fn count(bytes: &mut Vec<u8>, count: usize) {
    let count = u16::try_from(count).unwrap_or(u16::MAX);
    bytes.extend_from_slice(&count.to_be_bytes());
}

fn code(bytes: &mut Vec<u8>, format: Format) {
    let code: u16 = match format {
        Format::Text => 0,
        Format::Binary => 1,
    };
    bytes.extend_from_slice(&code.to_be_bytes());
}

/// Writes a text without a byte 0, which ends it.
fn text(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend_from_slice(text.as_bytes());
    bytes.push(0);
}

/// A message of the server.
#[derive(Debug)]
pub(super) enum Reply {
    /// A step of an authentication: its code and data.
    Authentication(u32, Bytes),
    Key(Key),
    /// The types of the values of a statement.
    Values(Vec<u32>),
    /// The columns of a statement.
    Columns(Vec<Column>),
    Row(Row),
    /// The end of a statement, and the rows that it has changed or returned.
    Complete(u64),
    Error(Box<ServerError>),
    /// The end of an exchange.
    Ready(Status),
    /// A step of a statement that says nothing more.
    Step,
    /// A message that is none of a statement: a notice, or a setting that has changed.
    Aside,
}

/// The name of a session, which ends its statement.
#[derive(Clone, Debug)]
pub(super) struct Key(Bytes);

/// The state of a session between two exchanges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// No transaction is open.
    Idle,
    /// A transaction is open.
    Open,
    /// A statement of the open transaction has failed.
    Failed,
}

/// A column of a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    /// The number of its type.
    pub(super) kind: u32,
}

/// A row of a result.
#[derive(Clone, Debug)]
pub(super) struct Row {
    count: u16,
    values: Bytes,
}

/// An error of the server.
#[derive(Debug, Default)]
pub(super) struct ServerError {
    /// The five characters of its code.
    pub(super) code: String,
    pub(super) message: String,
    pub(super) detail: Option<String>,
    pub(super) constraint: Option<String>,
}

/// A message that is not as the protocol has it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed;

impl Reply {
    /// Reads a message with this letter.
    ///
    /// # Errors
    ///
    /// [`Malformed`], also for a message that has no place in what the runtime does.
    pub(super) fn read(letter: u8, mut body: Bytes) -> Result<Reply, Malformed> {
        Ok(match letter {
            b'R' => Reply::Authentication(word(&mut body)?, body),
            b'K' => Reply::Key(Key(body)),
            b't' => {
                let count = short(&mut body)?;
                let kinds = (0..count).map(|_| word(&mut body));
                Reply::Values(kinds.collect::<Result<_, _>>()?)
            }
            b'T' => {
                let count = short(&mut body)?;
                let columns = (0..count).map(|_| Column::read(&mut body));
                Reply::Columns(columns.collect::<Result<_, _>>()?)
            }
            b'D' => Reply::Row(Row {
                count: short(&mut body)?,
                values: body,
            }),
            b'C' => Reply::Complete(rows_of(&string(&mut body)?)),
            b'E' => Reply::Error(Box::new(ServerError::read(body)?)),
            b'Z' => Reply::Ready(match body.first() {
                Some(b'I') => Status::Idle,
                Some(b'T') => Status::Open,
                Some(b'E') => Status::Failed,
                _ => return Err(Malformed),
            }),
            // Compiled, bound, closed; no columns; rows that are left; no statement.
            b'1' | b'2' | b'3' | b'n' | b's' | b'I' => Reply::Step,
            b'N' | b'S' | b'A' | b'v' => Reply::Aside,
            _ => return Err(Malformed),
        })
    }
}

impl Column {
    fn read(body: &mut Bytes) -> Result<Column, Malformed> {
        let name = string(body)?;
        // Its table, and its place in there.
        take(body, 6)?;
        let kind = word(body)?;
        // The length and the modifier of the type, and the format.
        take(body, 8)?;
        Ok(Column { name, kind })
    }
}

impl Row {
    /// Returns the values; `None` for NULL.
    pub(super) fn values(&self) -> Result<Vec<Option<Bytes>>, Malformed> {
        let mut rest = self.values.clone();
        let value = |_| match word(&mut rest)? {
            u32::MAX => Ok(None),
            length => take(&mut rest, length as usize).map(Some),
        };
        (0..self.count).map(value).collect()
    }

    /// Returns the bytes of all values.
    pub(super) fn bytes(&self) -> usize {
        self.values.len()
    }
}

impl ServerError {
    fn read(mut body: Bytes) -> Result<ServerError, Malformed> {
        let mut error = ServerError::default();
        loop {
            let field = take(&mut body, 1)?[0];
            if field == 0 {
                return Ok(error);
            }
            let value = string(&mut body)?;
            match field {
                b'C' => error.code = value,
                b'M' => error.message = value,
                b'D' => error.detail = Some(value),
                b'n' => error.constraint = Some(value),
                _ => (),
            }
        }
    }
}

/// Returns the number at the end of the tag of a statement, such as `INSERT 0 3`.
fn rows_of(tag: &str) -> u64 {
    let last = tag.rsplit(' ').next().unwrap_or_default();
    last.parse().unwrap_or(0)
}

fn take(body: &mut Bytes, bytes: usize) -> Result<Bytes, Malformed> {
    match bytes <= body.len() {
        true => Ok(body.split_to(bytes)),
        false => Err(Malformed),
    }
}

fn short(body: &mut Bytes) -> Result<u16, Malformed> {
    take(body, 2).map(|mut bytes| bytes.get_u16())
}

fn word(body: &mut Bytes) -> Result<u32, Malformed> {
    take(body, 4).map(|mut bytes| bytes.get_u32())
}

/// Reads a text up to its byte 0.
fn string(body: &mut Bytes) -> Result<String, Malformed> {
    let end = memchr::memchr(0, body).ok_or(Malformed)?;
    let text = take(body, end)?;
    take(body, 1)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(letter: u8, body: &'static [u8]) -> Result<Reply, Malformed> {
        Reply::read(letter, Bytes::from_static(body))
    }

    #[test]
    fn requests_have_their_lengths() {
        let mut requests = Requests::default();
        requests.query("SELECT 1");
        assert_eq!(requests.bytes(), b"Q\0\0\0\x0dSELECT 1\0");
        assert_eq!(requests.exchanges(), 1);

        let mut requests = Requests::default();
        requests.run(
            &[Some("ab"), None],
            |place, _| {
                if place == 0 {
                    Format::Binary
                } else {
                    Format::Text
                }
            },
            |_, value, bytes| {
                bytes.extend_from_slice(value.unwrap_or_default().as_bytes());
                value.is_some()
            },
            [Format::Text].into_iter(),
            7,
        );
        let expected =
            b"B\0\0\0\x1c\0\0\0\x02\0\x01\0\0\0\x02\0\0\0\x02ab\xff\xff\xff\xff\0\x01\0\0\
            E\0\0\0\x09\0\0\0\0\x07S\0\0\0\x04";
        assert_eq!(requests.bytes(), expected);

        let settings = [("user", "u")].into_iter();
        assert_eq!(
            Requests::startup(settings).bytes(),
            b"\0\0\0\x10\0\x03\0\0user\0u\0\0"
        );
    }

    #[test]
    fn replies_are_read() {
        let row = match read(b'D', b"\0\x02\0\0\0\x02ab\xff\xff\xff\xff").unwrap() {
            Reply::Row(row) => row,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            row.values(),
            Ok(vec![Some(Bytes::from_static(b"ab")), None])
        );
        let columns = read(
            b'T',
            b"\0\x01id\0\0\0\0\x01\0\x02\0\0\0\x14\0\x08\xff\xff\xff\xff\0\0",
        );
        let expected = Column {
            name: "id".into(),
            kind: 20,
        };
        assert!(matches!(columns.unwrap(), Reply::Columns(found) if found == [expected]));
        let error = read(b'E', b"SERROR\0C23505\0Mduplicate\0nt_pkey\0\0").unwrap();
        let Reply::Error(error) = error else {
            panic!("{error:?}")
        };
        assert_eq!((&*error.code, &*error.message), ("23505", "duplicate"));
        assert_eq!(error.constraint.as_deref(), Some("t_pkey"));
        assert!(matches!(
            read(b'C', b"INSERT 0 3\0"),
            Ok(Reply::Complete(3))
        ));
        assert!(matches!(
            read(b'C', b"CREATE TABLE\0"),
            Ok(Reply::Complete(0))
        ));
        assert!(matches!(read(b'Z', b"E"), Ok(Reply::Ready(Status::Failed))));
    }

    #[test]
    fn a_message_that_is_cut_off_is_an_error() {
        for (letter, body) in [
            (b'T', b"\0\x02id\0".as_slice()),
            (b'E', b"SERROR"),
            (b'C', b"INSERT"),
            (b'Z', b""),
            (b't', b"\0\x01\0"),
            (b'?', b""),
            (b'G', b"\0\0\0"),
        ] {
            assert!(matches!(read(letter, body), Err(Malformed)), "{letter}");
        }
        let row = read(b'D', b"\0\x01\0\0\0\x05ab").unwrap();
        assert!(matches!(row, Reply::Row(row) if row.values() == Err(Malformed)));
    }
}
