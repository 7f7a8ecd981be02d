//! Header fields whose bytes count against the limit of a component.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::header::{HeaderName, HeaderValue};
use http::{HeaderMap, header};
use warren_kernel::{Error, Kind};

/// The most bytes of the fields of one request or response.
pub(crate) const MAX_HEADERS: usize = 128 << 10;

/// The most bytes of all fields of a component.
pub(crate) const MAX_HEADERS_TOTAL: usize = 1 << 20;

/// Bytes that a field takes beside its name and its value.
const OF_FIELD: usize = 96;

/// Fields whose bytes count against the limit of the component.
pub(super) struct Counted {
    map: HeaderMap,
    bytes: usize,
    total: Arc<AtomicUsize>,
}

impl Counted {
    /// Makes fields without any; `total` counts those of the component.
    pub(super) fn new(total: &Arc<AtomicUsize>) -> Counted {
        Counted {
            map: HeaderMap::new(),
            bytes: 0,
            total: Arc::clone(total),
        }
    }

    /// Counts the fields of a request or a response that came from outside. Fields of the
    /// connection are left out.
    ///
    /// # Errors
    ///
    /// `RateLimited` beyond a limit.
    pub(super) fn of(map: HeaderMap, total: &Arc<AtomicUsize>) -> Result<Counted, Error> {
        let mut fields = Counted::new(total);
        let bytes: usize = map.iter().map(|(name, value)| weight(name, value)).sum();
        fields.take(bytes)?;
        fields.map = map;
        let hidden: Vec<_> = fields
            .map
            .keys()
            .filter(|name| is_of_connection(name))
            .cloned()
            .collect();
        for name in hidden {
            fields.map.remove(name);
        }
        Ok(fields)
    }

    /// Returns a copy.
    ///
    /// # Errors
    ///
    /// `RateLimited` beyond a limit.
    pub(super) fn copied(&self) -> Result<Counted, Error> {
        Counted::of(self.map.clone(), &self.total)
    }

    pub(super) fn map(&self) -> &HeaderMap {
        &self.map
    }

    /// Returns the fields themselves, or a copy if others hold them, too.
    pub(super) fn into_map(self: Arc<Self>) -> HeaderMap {
        match Arc::try_unwrap(self) {
            Ok(mut only) => std::mem::take(&mut only.map),
            Err(shared) => shared.map.clone(),
        }
    }

    /// Adds a field.
    ///
    /// # Errors
    ///
    /// `RateLimited` beyond a limit.
    pub(super) fn append(&mut self, name: HeaderName, value: HeaderValue) -> Result<(), Error> {
        self.take(weight(&name, &value))?;
        // The limit of bytes is reached before that of the map.
        let added = self.map.try_append(name, value);
        added.map(drop).map_err(|_| too_large(MAX_HEADERS))
    }

    /// Removes all fields of a name.
    pub(super) fn remove(&mut self, name: &HeaderName) {
        let values = self.map.get_all(name).iter();
        let bytes: usize = values.map(|value| weight(name, value)).sum();
        self.map.remove(name);
        self.give(bytes);
    }

    fn take(&mut self, bytes: usize) -> Result<(), Error> {
        if self.bytes + bytes > MAX_HEADERS {
            return Err(too_large(MAX_HEADERS));
        }
        // Only the component's own fiber adds fields.
        if self.total.load(Ordering::Relaxed) + bytes > MAX_HEADERS_TOTAL {
            return Err(too_large(MAX_HEADERS_TOTAL));
        }
        self.total.fetch_add(bytes, Ordering::Relaxed);
        self.bytes += bytes;
        Ok(())
    }

    fn give(&mut self, bytes: usize) {
        self.total.fetch_sub(bytes, Ordering::Relaxed);
        self.bytes -= bytes;
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.give(self.bytes);
    }
}

fn weight(name: &HeaderName, value: &HeaderValue) -> usize {
    name.as_str().len() + value.len() + OF_FIELD
}

fn too_large(limit: usize) -> Error {
    let message = format!("the header fields of the component take more than {limit} bytes");
    Error::at_limit(Kind::RateLimited, "max_headers", limit as u64, message).retryable(false)
}

/// Returns true for a field that the connection sets, and no component.
pub(super) fn is_of_connection(name: &HeaderName) -> bool {
    *name == header::CONNECTION
        || *name == header::HOST
        || *name == header::PROXY_AUTHENTICATE
        || *name == header::PROXY_AUTHORIZATION
        || *name == header::TRANSFER_ENCODING
        || *name == header::UPGRADE
        || matches!(
            name.as_str(),
            "http2-settings" | "keep-alive" | "proxy-connection"
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_counted_until_they_are_dropped() {
        let total = Arc::default();
        let mut fields = Counted::new(&total);
        let mut add = |bytes: usize| {
            let bytes = HeaderValue::from_bytes(&vec![b'a'; bytes]).unwrap();
            fields.append(HeaderName::from_static("x"), bytes)
        };
        add(60 << 10).unwrap();
        add(60 << 10).unwrap();
        let refused = add(60 << 10).unwrap_err();
        assert_eq!(refused.kind, Kind::RateLimited);
        let of_one = 2 * ((60 << 10) + 1 + OF_FIELD);
        assert_eq!(total.load(Ordering::Relaxed), of_one);
        let copies: Vec<_> = (0..20).map_while(|_| fields.copied().ok()).collect();
        assert_eq!(copies.len(), MAX_HEADERS_TOTAL / of_one - 1);
        drop(copies);
        fields.remove(&HeaderName::from_static("x"));
        assert_eq!(total.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn fields_of_the_connection_are_hidden() {
        let mut map = HeaderMap::new();
        map.insert(header::HOST, HeaderValue::from_static("a"));
        map.insert(header::ACCEPT, HeaderValue::from_static("b"));
        let fields = Counted::of(map, &Arc::default()).unwrap();
        assert!(!fields.map().contains_key(header::HOST));
        assert!(fields.map().contains_key(header::ACCEPT));
    }
}
