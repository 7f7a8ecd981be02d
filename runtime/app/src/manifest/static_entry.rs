//! The tables `[static."id"]` of a manifest.

use toml::Spanned;
use warren_engine::capability::web::{FilesSettings, Pattern};
use warren_kernel::text;

use super::reader::{Reader, Section};
use super::routers::prefix;
use crate::id::Id;

/// A table `[static."id"]`, before its files and its router or listener are found.
#[derive(Debug)]
pub(crate) struct StaticEntry {
    pub(crate) id: Spanned<Id>,
    pub(crate) router: Option<Spanned<Id>>,
    pub(crate) listener: Option<Spanned<Id>>,
    pub(crate) path: Pattern,
    pub(crate) directory: Option<Spanned<String>>,
    pub(crate) volume: Option<Spanned<String>>,
    pub(crate) spa: bool,
    pub(crate) index: String,
    pub(crate) cache: Option<String>,
}

impl StaticEntry {
    pub(super) fn read(reader: &mut Reader, id: Spanned<Id>, section: &Section<'_>) -> Self {
        let known = [
            "router",
            "listener",
            "path",
            "directory",
            "volume",
            "spa",
            "index",
            "cache",
        ];
        reader.known_keys(section, &known);
        let mut text_of = |key: &str, expected: &str, is_sound: fn(&str) -> bool| {
            let text = reader.string(section, key)?;
            if is_sound(text.get_ref()) {
                return Some(text.into_inner());
            }
            let shown = text::quoted(text.get_ref());
            let message = format!("`{key}`{} cannot be `{shown}`", section.place());
            reader.problem(text.span(), message, expected, None);
            None
        };
        let index = text_of("index", "expected the name of a file", is_file_name);
        let cache = text_of("cache", "expected the value of a header field", is_header);
        StaticEntry {
            router: reader.id(section, "router"),
            listener: reader.id(section, "listener"),
            path: prefix(reader, section, "path"),
            directory: reader.string(section, "directory"),
            volume: reader.string(section, "volume"),
            spa: reader.boolean(section, "spa").unwrap_or(false),
            index: index.unwrap_or_else(|| FilesSettings::DEFAULT_INDEX.to_owned()),
            cache,
            id,
        }
    }
}

fn is_file_name(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with('.')
        && !text.contains(['/', '\\'])
        && !text.contains(char::is_control)
}

fn is_header(text: &str) -> bool {
    let is_plain = |byte: u8| byte == b' ' || byte.is_ascii_graphic();
    !text.is_empty() && text.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use crate::manifest::Manifest;

    #[test]
    fn a_directory_has_its_settings() {
        let (manifest, problems) = Manifest::parse(
            r#"
            [static."shop:site"]
            listener = "shop:web"
            path = "/assets/"
            directory = "public"
            spa = true
            index = "app.html"
            cache = "public, max-age=60"
            "#,
        );
        assert_eq!(problems, []);
        let site = &manifest.files[0];
        assert_eq!(site.path.to_string(), "/assets");
        assert_eq!(site.directory.as_ref().unwrap().get_ref(), "public");
        assert!(site.volume.is_none());
        assert!(site.spa && site.router.is_none());
        assert_eq!(site.index, "app.html");
        assert_eq!(site.cache.as_deref(), Some("public, max-age=60"));
    }

    #[test]
    fn texts_that_cannot_be_are_refused() {
        for line in [
            "index = \"\"",
            "index = \"a/b\"",
            "index = \".hidden\"",
            "cache = \"a\\r\\nSet-Cookie: b\"",
            "cache = \"ä\"",
            "path = \"assets\"",
        ] {
            let (_, problems) = Manifest::parse(&format!("[static.\"a:b\"]\n{line}\n"));
            assert_eq!(problems.len(), 1, "{line}");
        }
    }
}
