//! Sets of origins of web pages.

use std::fmt;

/// A set of origins, such as `https://app.example.com`: `*` for all, and `*.example.com` or
/// `https://*.example.com` for those below a name.
///
/// ```
/// use warren_engine::capability::web::Origins;
///
/// let origins = Origins::of("https://app.example.com, *.example.org");
/// assert!(origins.contains("https://app.example.com"));
/// assert!(origins.contains("https://a.b.example.org"));
/// assert!(!origins.contains("http://app.example.com"));
/// assert!(!origins.contains("https://example.org.evil.com"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origins(Vec<Entry>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Entry {
    All,
    One(String),
    /// A scheme with `://`, or nothing for any scheme, and the end of a name with its dot.
    Below(String, String),
}

impl Origins {
    /// Returns the set that contains all origins.
    pub fn all() -> Origins {
        Origins(vec![Entry::All])
    }

    /// Reads a list of origins, separated by commas.
    pub fn of(list: &str) -> Origins {
        let entries = list.split(',').map(str::trim);
        let entries = entries.filter(|entry| !entry.is_empty());
        Origins(entries.map(Entry::of).collect())
    }

    /// Returns true if the set was not given any origin.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns true if the set contains all origins.
    pub fn are_all(&self) -> bool {
        self.0.contains(&Entry::All)
    }

    /// Returns true if the set contains an origin, as a browser writes it.
    pub fn contains(&self, origin: &str) -> bool {
        self.0.iter().any(|entry| entry.contains(origin))
    }
}

impl Entry {
    fn of(text: &str) -> Entry {
        if text == "*" {
            return Entry::All;
        }
        let (scheme, host) = match text.find("://") {
            Some(at) => text.split_at(at + 3),
            None => ("", text),
        };
        match host.strip_prefix('*') {
            Some(rest) if rest.starts_with('.') && rest.len() > 1 => {
                Entry::Below(scheme.to_ascii_lowercase(), rest.to_ascii_lowercase())
            }
            _ => Entry::One(text.to_ascii_lowercase()),
        }
    }

    fn contains(&self, origin: &str) -> bool {
        let origin = origin.to_ascii_lowercase();
        match self {
            Entry::All => true,
            Entry::One(one) => *one == origin,
            Entry::Below(scheme, end) => {
                let Some(at) = origin.find("://") else {
                    return false;
                };
                let (of, host) = origin.split_at(at + 3);
                let is_of_scheme = scheme.is_empty() || scheme == of;
                is_of_scheme
                    && host
                        .strip_suffix(end.as_str())
                        .is_some_and(|name| !name.is_empty())
            }
        }
    }
}

impl fmt::Display for Origins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, entry) in self.0.iter().enumerate() {
            if place > 0 {
                f.write_str(",")?;
            }
            match entry {
                Entry::All => f.write_str("*")?,
                Entry::One(one) => f.write_str(one)?,
                Entry::Below(scheme, end) => write!(f, "{scheme}*{end}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_what_was_written_and_what_is_below() {
        let origins = Origins::of("https://a.example, https://*.b.example:8443,*.c.example");
        for origin in [
            "https://a.example",
            "HTTPS://A.example",
            "https://x.b.example:8443",
            "http://x.y.c.example",
        ] {
            assert!(origins.contains(origin), "{origin}");
        }
        for origin in [
            "",
            "null",
            "http://a.example",
            "https://a.example:8443",
            "https://a.example.evil",
            "http://x.b.example:8443",
            "https://x.b.example",
            "https://.b.example:8443",
            "https://c.example",
            "https://evilc.example",
        ] {
            assert!(!origins.contains(origin), "{origin}");
        }
        assert!(Origins::all().contains("null") && Origins::all().are_all());
        assert!(Origins::of(" , ").is_empty());
        assert!(!Origins::default().contains("https://a.example"));
    }
}
