//! The tables `[volumes."id"]` of a manifest.

use toml::Spanned;
use warren_engine::capability::VolumeSettings;

use super::reader::{Reader, Section};
use crate::id::Id;

/// A table `[volumes."id"]`, before its directory is opened.
#[derive(Debug)]
pub(crate) struct VolumeEntry {
    pub(crate) id: Spanned<Id>,
    pub(crate) path: Option<Spanned<String>>,
    pub(crate) read_only: bool,
    pub(crate) max_bytes: u64,
}

impl VolumeEntry {
    pub(super) fn read(reader: &mut Reader, id: Spanned<Id>, section: &Section<'_>) -> VolumeEntry {
        reader.known_keys(section, &["path", "read_only", "max_bytes"]);
        if !section.has("path") {
            reader.problem(
                id.span(),
                format!("the volume `{}` has no path", id.get_ref()),
                "expected `path`, the directory of its files",
                Some("add path = \"data\", a directory that exists".to_owned()),
            );
        }
        VolumeEntry {
            path: reader.string(section, "path"),
            read_only: reader.boolean(section, "read_only").unwrap_or_default(),
            max_bytes: reader
                .size(section, "max_bytes", VolumeSettings::BYTES_RANGE)
                .unwrap_or(VolumeSettings::DEFAULT_MAX_BYTES),
            id,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Manifest;

    #[test]
    fn a_volume_has_its_settings() {
        let text = "[volumes.\"app:files\"]\npath = \"files\"\n[volumes.\"app:books\"]\n\
                    path = \"/srv/books\"\nread_only = true\nmax_bytes = \"2GiB\"\n";
        let (manifest, problems) = Manifest::parse(text);
        assert_eq!(problems, []);
        let mut shown: Vec<_> = manifest
            .volumes
            .iter()
            .map(|one| {
                let path = one.path.as_ref().unwrap().get_ref().as_str();
                let id = one.id.get_ref().as_str();
                (id, path, one.read_only, one.max_bytes)
            })
            .collect();
        shown.sort_unstable();
        let files = (
            "app:files",
            "files",
            false,
            VolumeSettings::DEFAULT_MAX_BYTES,
        );
        assert_eq!(shown, [("app:books", "/srv/books", true, 2 << 30), files]);
    }

    #[test]
    fn a_volume_needs_a_path() {
        let (_, problems) = Manifest::parse("[volumes.\"a:b\"]\n");
        let shown: Vec<_> = problems.iter().map(ToString::to_string).collect();
        let expected = "the volume `a:b` has no path (expected `path`, the directory of its \
                        files); add path = \"data\", a directory that exists";
        assert_eq!(shown, [expected]);
    }
}
