//! The tables `[stores."id"]` of a manifest.

use std::ops::RangeInclusive;

use toml::Spanned;
use warren_engine::capability::StoreSettings;

use super::reader::{Reader, Section};
use crate::id::Id;

/// A table `[stores."id"]`, before its URL is read.
#[derive(Debug)]
pub(crate) struct StoreEntry {
    /// All but `url`.
    pub(crate) settings: StoreSettings,
    /// The name of the environment variable that holds the URL of a NATS server.
    pub(crate) url: Option<Spanned<String>>,
}

/// The kinds of stores; true for one that outlives the program.
pub(super) const KINDS: [(&str, bool); 2] = [("memory", false), ("durable", true)];

/// Bytes of all keys and values of a store: from a few entries to more than a disk has.
const BYTES: RangeInclusive<u64> = (1 << 10)..=(1 << 40);

impl StoreEntry {
    pub(super) fn read(reader: &mut Reader, id: &Spanned<Id>, section: &Section<'_>) -> StoreEntry {
        let known = ["kind", "max_entries", "max_value", "max_bytes", "url"];
        reader.known_keys(section, &known);
        let default = StoreSettings::new(id.get_ref().text().clone());
        let value = reader.size(section, "max_value", StoreSettings::VALUE_RANGE);
        let settings = StoreSettings {
            durable: reader
                .choice(section, "kind", &KINDS)
                .unwrap_or(default.durable),
            max_entries: reader
                .count(section, "max_entries")
                .unwrap_or(default.max_entries),
            max_value: value
                .and_then(|bytes| usize::try_from(bytes).ok())
                .unwrap_or(default.max_value),
            max_bytes: reader
                .size(section, "max_bytes", BYTES)
                .unwrap_or(default.max_bytes),
            ..default
        };
        StoreEntry {
            settings,
            url: reader.string(section, "url"),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::manifest::Manifest;
    use warren_engine::capability::StoreSettings;

    #[test]
    fn a_store_has_its_settings() {
        let text = "[stores.\"app:orders\"]\nkind = \"durable\"\nmax_entries = 7\n\
                    max_value = \"2KiB\"\nmax_bytes = \"3MiB\"\nurl = \"NATS_URL\"\n\
                    [stores.\"app:cache\"]\n";
        let (manifest, problems) = Manifest::parse(text);
        assert_eq!(problems, []);
        let find = |id: &str| {
            let mut stores = manifest.stores.iter();
            stores.find(|store| &*store.settings.id == id).unwrap()
        };
        let orders = find("app:orders");
        let expected = StoreSettings {
            durable: true,
            max_entries: 7,
            max_value: 2 << 10,
            max_bytes: 3 << 20,
            ..StoreSettings::new("app:orders")
        };
        assert_eq!(orders.settings, expected);
        assert_eq!(orders.url.as_ref().unwrap().get_ref(), "NATS_URL");
        let cache = find("app:cache");
        assert_eq!(cache.settings, StoreSettings::new("app:cache"));
        assert!(cache.url.is_none());
    }
}
