//! Files of definitions and modules, by their place below the root.

use crate::id::{Id, is_segment_char};

/// Extensions of code, in the order in which messages name them.
pub(crate) const EXTENSIONS: [&str; 3] = ["lua", "wasm", "wat"];

/// The kind of code in a file, by the file's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    Lua,
    /// Binary or text.
    Wasm,
}

impl Language {
    /// Returns the language for the extension of a path with `/`.
    pub(crate) fn of(path: &str) -> Option<Language> {
        let name = path.rsplit('/').next().unwrap_or(path);
        match name.rsplit_once('.') {
            Some(("", _)) => None,
            Some((_, "lua")) => Some(Language::Lua),
            Some((_, "wasm" | "wat")) => Some(Language::Wasm),
            _ => None,
        }
    }
}

/// Returns the path of a definition without its extension, `workers/handler`
/// for `app.workers:handler`; `None` if its namespace is not the app's.
pub(crate) fn stem_of(app: &str, id: &Id) -> Option<String> {
    let mut segments = id.namespace().split('.');
    if segments.next() != Some(app) {
        return None;
    }
    let mut path = String::with_capacity(id.as_str().len());
    for segment in segments {
        path.push_str(segment);
        path.push('/');
    }
    path.push_str(id.name());
    Some(path)
}

/// Returns the id of a file directly in the root. Characters that ids do not
/// allow become `_`, so that every file can be started.
pub(crate) fn id_text_of_file(app: &str, file_name: &str) -> String {
    let stem = file_name
        .rsplit_once('.')
        .map_or(file_name, |(stem, _)| stem);
    let name: String = stem
        .chars()
        .map(|c| if is_segment_char(c) { c } else { '_' })
        .collect();
    format!("{app}:{name}")
}

/// Returns the id's text of the definition in a file, `app.workers:handler` for
/// `workers/handler.lua`. The characters may still make it an invalid id.
pub(crate) fn id_text_of_path(app: &str, path: &str) -> String {
    let (directory, file) = path.rsplit_once('/').unwrap_or(("", path));
    let name = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    let mut text = app.to_owned();
    for segment in directory.split('/').filter(|segment| !segment.is_empty()) {
        text.push('.');
        text.push_str(segment);
    }
    format!("{text}:{name}")
}

/// Returns the file of a module, `lib/util.lua` for `lib.util` and `lib/util`, and
/// `lib/init.lua` for the path `./lib/init.lua`; `None` for names that cannot be
/// modules. A name cannot lead out of the root: its dots are separators, and a path
/// goes down only, to a file `.lua`: other files below the root are data, which only a
/// grant opens.
pub(crate) fn module_path(name: &str) -> Option<String> {
    let is_file_char = |c: char| !c.is_control() && !matches!(c, '\\' | ':');
    if let Some(path) = name.strip_prefix("./") {
        let sound = name.len() <= Id::MAX_LEN
            && Language::of(path) == Some(Language::Lua)
            && is_plain(path)
            && path.chars().all(is_file_char);
        return sound.then(|| path.to_owned());
    }
    let sound = name.len() <= Id::MAX_LEN
        && name
            .split(['.', '/'])
            .all(|segment| !segment.is_empty() && segment.chars().all(is_file_char));
    sound.then(|| format!("{}.lua", name.replace('.', "/")))
}

/// Returns whether a manifest may write a file's path this way: relative, with
/// `/`, and only plain names between.
pub(crate) fn is_plain(path: &str) -> bool {
    !path.contains(['\\', '\0'])
        && path
            .split('/')
            .all(|name| !name.is_empty() && name != "." && name != "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn place_follows_the_namespace() {
        let stem = |id: &str| stem_of("app", &Id::parse(id).unwrap());
        assert_eq!(stem("app:main").as_deref(), Some("main"));
        assert_eq!(
            stem("app.workers:handler").as_deref(),
            Some("workers/handler")
        );
        assert_eq!(stem("app.a.b:c").as_deref(), Some("a/b/c"));
        assert_eq!(stem("shop:main"), None);
        assert_eq!(stem("apple:main"), None);
    }

    #[test]
    fn language_follows_the_extension() {
        assert_eq!(Language::of("a/b.lua"), Some(Language::Lua));
        assert_eq!(Language::of("b.wasm"), Some(Language::Wasm));
        assert_eq!(Language::of("b.wat"), Some(Language::Wasm));
        for path in ["b", "b.LUA", "b.txt", ".lua", "a/.lua", "lua"] {
            assert_eq!(Language::of(path), None, "{path}");
        }
    }

    #[test]
    fn a_path_leads_back_to_its_id() {
        assert_eq!(id_text_of_path("app", "main.lua"), "app:main");
        assert_eq!(
            id_text_of_path("app", "workers/deep/handler.wasm"),
            "app.workers.deep:handler"
        );
        assert!(Id::parse(&id_text_of_path("app", "a b/c.lua")).is_err());
    }

    #[test]
    fn every_file_has_an_id() {
        assert_eq!(id_text_of_file("app", "hello.lua"), "app:hello");
        assert_eq!(id_text_of_file("app", "my prog.v2.lua"), "app:my_prog_v2");
    }

    #[test]
    fn modules_are_below_the_root() {
        assert_eq!(module_path("lib.util").as_deref(), Some("lib/util.lua"));
        assert_eq!(module_path("util").as_deref(), Some("util.lua"));
        assert_eq!(module_path("lib/util").as_deref(), Some("lib/util.lua"));
        assert_eq!(module_path("größe").as_deref(), Some("größe.lua"));
        assert_eq!(module_path("a b").as_deref(), Some("a b.lua"));
        assert_eq!(module_path("./a.b/c.lua").as_deref(), Some("a.b/c.lua"));
        for name in [
            "",
            ".",
            "..",
            "a..b",
            "../x",
            "/etc/x",
            "a/",
            "a//b",
            "a/../b",
            "a\0b",
            "a\\b",
            "c:x",
            "./",
            ".//a.lua",
            "./../a.lua",
            "./a/./b.lua",
            "./a\0b.lua",
            "./c:x.lua",
            "./.env",
            "./data/a.env",
            "./a",
            "./a.wasm",
            "./.lua",
        ] {
            assert_eq!(module_path(name), None, "{name:?}");
        }
    }

    #[test]
    fn a_plain_path_goes_down_only() {
        assert!(is_plain("a.lua") && is_plain("a b/c.d/e.lua"));
        for path in [
            "", "/a", "a/", "a//b", "./a", "../a", "a/../b", "a\\b", "a\0",
        ] {
            assert!(!is_plain(path), "{path:?}");
        }
    }
}
