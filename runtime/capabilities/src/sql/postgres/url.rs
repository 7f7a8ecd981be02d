//! The address of a server.

use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use url::{Host, Url};

/// The server and the session that an address names.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) place: Place,
    pub(super) tls: TlsMode,
    pub(super) user: String,
    pub(super) password: Option<String>,
    /// The name of the database; that of the user without one.
    pub(super) database: Option<String>,
    /// Settings of the session beside the runtime's own.
    pub(super) parameters: Vec<(&'static str, String)>,
}

/// The place where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Tcp { host: String, port: u16 },
    Unix(PathBuf),
}

/// The use of TLS. A socket of the machine has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TlsMode {
    Never,
    /// For every server but one of this machine.
    Prefer,
    Always,
}

/// The form of an address, which an error shows in its place: an address has a password.
pub(super) const FORM: &str = "postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=require";

/// The port of a server that names none.
const PORT: u16 = 5_432;

impl Address {
    /// Reads an address.
    ///
    /// # Errors
    ///
    /// The fault, without a part of the address.
    pub(super) fn parse(text: &str) -> Result<Address, String> {
        let url = Url::parse(text).map_err(|_| format!("its url is not of the form {FORM}"))?;
        if !matches!(url.scheme(), "postgres" | "postgresql") {
            return Err(format!("its url is not of the form {FORM}"));
        }
        let mut options = Options::default();
        for (key, value) in url.query_pairs() {
            options.set(&key, value.into_owned())?;
        }
        let user = decoded(url.username())?;
        let user = options.user.or((!user.is_empty()).then_some(user));
        let password = url.password().map(decoded).transpose()?;
        let database = decoded(url.path().trim_start_matches('/'))?;
        let port = url.port().or(options.port).unwrap_or(PORT);
        let host = match url.host() {
            None => String::new(),
            Some(Host::Domain(name)) => decoded(name)?,
            Some(Host::Ipv4(address)) => address.to_string(),
            Some(Host::Ipv6(address)) => address.to_string(),
        };
        let host = options
            .host
            .or((!host.is_empty()).then_some(host))
            .ok_or_else(|| format!("its url has no host: {FORM}"))?;
        if host.contains(',') {
            return Err("its url has several hosts, of which one is supported".to_owned());
        }
        let place = match host.starts_with('/') {
            true => Place::Unix(PathBuf::from(host).join(format!(".s.PGSQL.{port}"))),
            false => Place::Tcp { host, port },
        };
        let database = options
            .database
            .or((!database.is_empty()).then_some(database));
        let address = Address {
            place,
            tls: options.tls.unwrap_or(TlsMode::Prefer),
            user: user.ok_or_else(|| format!("its url has no user: {FORM}"))?,
            password: options.password.or(password),
            database,
            parameters: options.parameters,
        };
        let has_zero = address.texts().any(|text| text.contains('\0'));
        match has_zero {
            true => Err("its url has a byte 0".to_owned()),
            false => Ok(address),
        }
    }

    /// Returns true if a connection is encrypted.
    pub(super) fn has_tls(&self) -> bool {
        match (&self.place, self.tls) {
            (Place::Unix(_), _) | (_, TlsMode::Never) => false,
            (Place::Tcp { .. }, TlsMode::Always) => true,
            (Place::Tcp { host, .. }, TlsMode::Prefer) => !is_loopback(host),
        }
    }

    fn texts(&self) -> impl Iterator<Item = &str> {
        let values = self.parameters.iter().map(|(_, value)| value.as_str());
        let others = [self.password.as_deref(), self.database.as_deref()];
        let texts = others.into_iter().flatten().chain(values);
        texts.chain([self.user.as_str()])
    }
}

/// The options behind the `?` of an address.
#[derive(Default)]
struct Options {
    tls: Option<TlsMode>,
    host: Option<String>,
    port: Option<u16>,
    user: Option<String>,
    password: Option<String>,
    database: Option<String>,
    parameters: Vec<(&'static str, String)>,
}

impl Options {
    fn set(&mut self, key: &str, value: String) -> Result<(), String> {
        match key {
            "sslmode" => self.tls = Some(tls_mode(&value)?),
            "host" => self.host = Some(value),
            "port" => {
                let port = value.parse::<u16>();
                self.port = Some(port.map_err(|_| "its url has a port that is no number")?);
            }
            "user" => self.user = Some(value),
            "password" => self.password = Some(value),
            "dbname" => self.database = Some(value),
            "application_name" => self.parameters.push(("application_name", value)),
            "options" => self.parameters.push(("options", value)),
            _ => {
                return Err(
                    "its url has an option that is none of sslmode, host, port, user, password, \
                     dbname, application_name and options"
                        .to_owned(),
                );
            }
        }
        Ok(())
    }
}

fn tls_mode(word: &str) -> Result<TlsMode, String> {
    Ok(match word {
        "disable" => TlsMode::Never,
        "prefer" => TlsMode::Prefer,
        "require" | "verify-ca" | "verify-full" => TlsMode::Always,
        _ => {
            return Err(
                "its url has a sslmode that is none of disable, prefer, require, verify-ca and \
                 verify-full"
                    .to_owned(),
            );
        }
    })
}

fn is_loopback(host: &str) -> bool {
    let address: Result<std::net::IpAddr, _> = host.parse();
    match address {
        Ok(address) => address.is_loopback(),
        Err(_) => host.eq_ignore_ascii_case("localhost"),
    }
}

fn decoded(text: &str) -> Result<String, String> {
    let decoded = percent_decode_str(text).decode_utf8();
    let decoded = decoded.map_err(|_| "its url has bytes that are no text")?;
    Ok(decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Address {
        Address::parse(text).unwrap()
    }

    #[test]
    fn an_address_has_its_parts() {
        let address = parsed("postgres://shop:p%40ss%2F@db.internal:6432/sales?sslmode=require");
        let place = Place::Tcp {
            host: "db.internal".into(),
            port: 6_432,
        };
        assert_eq!(address.place, place);
        assert_eq!(
            (&*address.user, address.password.as_deref()),
            ("shop", Some("p@ss/"))
        );
        assert_eq!(address.database.as_deref(), Some("sales"));
        assert!(address.has_tls());
        let address = parsed("postgresql://shop@[::1]");
        let place = Place::Tcp {
            host: "::1".into(),
            port: PORT,
        };
        assert_eq!((address.place, address.database), (place, None));
    }

    #[test]
    fn a_socket_is_a_directory() {
        let socket = Place::Unix("/run/pg/.s.PGSQL.5433".into());
        let address = parsed("postgres:///shop?host=/run/pg&port=5433&user=u");
        assert_eq!(
            (&address.place, address.database.as_deref()),
            (&socket, Some("shop"))
        );
        assert!(!address.has_tls());
        let address = parsed("postgres://u@%2Frun%2Fpg:5433/shop?sslmode=require");
        assert_eq!(address.place, socket);
        assert!(!address.has_tls());
    }

    #[test]
    fn servers_of_other_machines_have_tls_unless_the_url_says_otherwise() {
        for (url, has_tls) in [
            ("postgres://u@db.internal", true),
            ("postgres://u@db.internal?sslmode=disable", false),
            ("postgres://u@localhost", false),
            ("postgres://u@127.0.0.1", false),
            ("postgres://u@localhost?sslmode=verify-full", true),
        ] {
            assert_eq!(parsed(url).has_tls(), has_tls, "{url}");
        }
    }

    #[test]
    fn a_fault_tells_nothing_of_the_address() {
        for url in [
            "",
            "mysql://u:secret@h/d",
            "postgres://u:secret@h:port/d",
            "postgres://u:secret@/d",
            "postgres://:secret@h/d",
            "postgres://u:secret@a,b/d",
            "postgres://u:secret@h?secret=1",
            "postgres://u:secret@h?port=secret",
            "postgres://u:secret@h?sslmode=secret",
            "postgres://u:secret%00@h",
            "secret",
        ] {
            let fault = Address::parse(url).err().unwrap_or_else(|| panic!("{url}"));
            assert!(!fault.contains("secret"), "{url}: {fault}");
        }
    }
}
