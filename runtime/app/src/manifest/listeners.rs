//! The tables `[listeners."id"]` of a manifest.

use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Range;
use std::time::Duration;

use toml::Spanned;
use warren_engine::capability::web::{ListenerSettings, WebTimeouts, parse_bind};

use super::reader::{Reader, Section};
use crate::id::Id;

/// A table `[listeners."id"]`, before its files are found.
#[derive(Debug)]
pub(crate) struct ListenerEntry {
    pub(crate) id: Spanned<Id>,
    /// The settings, without a certificate.
    pub(crate) settings: ListenerSettings,
    pub(crate) tls: Option<TlsEntry>,
}

/// A table `tls` of a listener.
#[derive(Debug)]
pub(crate) struct TlsEntry {
    pub(crate) span: Range<usize>,
    pub(crate) cert: Option<Spanned<String>>,
    pub(crate) key: Option<Spanned<String>>,
}

impl ListenerEntry {
    pub(super) fn read(reader: &mut Reader, id: Spanned<Id>, section: &Section<'_>) -> Self {
        let known = [
            "bind",
            "tls",
            "timeouts",
            "max_requests",
            "max_connections",
            "max_client_connections",
            "max_body",
        ];
        reader.known_keys(section, &known);
        let default =
            ListenerSettings::new(id.get_ref().text().clone(), bind(reader, &id, section));
        let mut count = |key: &str, default: usize| reader.count(section, key).unwrap_or(default);
        let settings = ListenerSettings {
            max_requests: count("max_requests", default.max_requests),
            max_connections: count("max_connections", default.max_connections),
            max_client_connections: count("max_client_connections", default.max_client_connections),
            max_body: reader
                .size(section, "max_body", ListenerSettings::BODY_RANGE)
                .unwrap_or(default.max_body),
            timeouts: timeouts(reader, section),
            ..default
        };
        let tls = reader.table(section, "tls").map(|tls| {
            reader.known_keys(&tls, &["cert", "key"]);
            TlsEntry {
                span: section.value("tls").map_or(0..0, Spanned::span),
                cert: reader.string(&tls, "cert"),
                key: reader.string(&tls, "key"),
            }
        });
        ListenerEntry { id, settings, tls }
    }
}

/// Reads the address, which has to be there.
fn bind(reader: &mut Reader, id: &Spanned<Id>, section: &Section<'_>) -> SocketAddr {
    let nowhere = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    if !section.has("bind") {
        let message = format!("the listener `{}` has no address", id.get_ref());
        reader.problem(
            id.span(),
            message,
            "expected `bind`, the address to listen at",
            Some("add bind = \"127.0.0.1:8080\"".to_owned()),
        );
        return nowhere;
    }
    let Some(text) = reader.string(section, "bind") else {
        return nowhere;
    };
    parse_bind(text.get_ref()).unwrap_or_else(|error| {
        let message = format!("`bind`{} is no address", section.place());
        reader.problem(text.span(), message, error.to_string(), None);
        nowhere
    })
}

fn timeouts(reader: &mut Reader, section: &Section<'_>) -> WebTimeouts {
    let mut timeouts = WebTimeouts::default();
    let Some(section) = reader.table(section, "timeouts") else {
        return timeouts;
    };
    reader.known_keys(&section, &["read", "write", "idle"]);
    let mut set = |key: &str, into: &mut Duration| {
        if let Some(time) = reader.duration(&section, key, ListenerSettings::LEAST_TIMEOUT) {
            *into = time;
        }
    };
    set("read", &mut timeouts.read);
    set("write", &mut timeouts.write);
    set("idle", &mut timeouts.idle);
    timeouts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Manifest;

    #[test]
    fn a_whole_listener() {
        let (manifest, problems) = Manifest::parse(
            r#"
            [listeners."shop:web"]
            bind = "[::1]:8443"
            tls = { cert = "cert.pem", key = "key.pem" }
            timeouts = { read = "1s", write = "2s", idle = "3s" }
            max_requests = 4
            max_connections = 5
            max_client_connections = 6
            max_body = "7MiB"
            "#,
        );
        assert_eq!(problems, []);
        let [listener] = &manifest.listeners[..] else {
            panic!("one listener");
        };
        let bind = "[::1]:8443".parse().unwrap();
        let settings = ListenerSettings {
            timeouts: WebTimeouts {
                read: Duration::from_secs(1),
                write: Duration::from_secs(2),
                idle: Duration::from_secs(3),
            },
            max_requests: 4,
            max_connections: 5,
            max_client_connections: 6,
            max_body: 7 << 20,
            ..ListenerSettings::new("shop:web", bind)
        };
        assert_eq!(listener.settings, settings);
        let tls = listener.tls.as_ref().unwrap();
        assert_eq!(tls.cert.as_ref().unwrap().get_ref(), "cert.pem");
        assert_eq!(tls.key.as_ref().unwrap().get_ref(), "key.pem");
    }

    #[test]
    fn an_address_is_needed() {
        let messages = |text: &str| -> Vec<String> {
            let (_, problems) = Manifest::parse(text);
            problems
                .into_iter()
                .map(|problem| problem.message)
                .collect()
        };
        assert_eq!(
            messages("[listeners.\"a:b\"]\n"),
            ["the listener `a:b` has no address"]
        );
        assert_eq!(
            messages("[listeners.\"a:b\"]\nbind = \"example.com:80\"\n"),
            ["`bind` in [listeners.\"a:b\"] is no address"]
        );
        assert_eq!(
            messages("[listeners.\"a:b\"]\nbind = \":1\"\ntimeouts.read = \"1ms\"\n"),
            ["`read` in [listeners.\"a:b\".timeouts] is too short"]
        );
    }
}
