//! The volumes of a program: directories that are given at the start or by the manifest.

use warren_engine::PathGrant;
use warren_engine::capability::VolumeSettings;

use crate::check::Checked;
use crate::error::{Access, AppError, GrantError};
use crate::grants::{self, Base};
use crate::id::Id;
use crate::manifest::{Manifest, VolumeEntry};
use crate::options::AppOptions;
use crate::tokens::full_id;

/// Opens the volumes that are given at the start. Of two with one id the later counts.
///
/// # Errors
///
/// [`AppError::Volume`] for an id that is none, and a directory that cannot be opened.
pub(crate) fn of_options(options: &AppOptions) -> Result<Vec<VolumeSettings>, AppError> {
    let mut volumes: Vec<VolumeSettings> = Vec::new();
    for given in &options.volumes {
        let id = Id::parse(&full_id(&given.id)).map_err(GrantError::Id);
        let path = given.path.to_str().ok_or(GrantError::NotUtf8);
        let opened = id.and_then(|id| open(&id, path?, Base::Current, given.write));
        let volume = opened.map_err(|error| AppError::Volume {
            id: given.id.clone(),
            error,
        })?;
        volumes.retain(|other| other.id != volume.id);
        volumes.push(volume);
    }
    Ok(volumes)
}

impl Checked {
    /// Returns the volumes of a manifest, and those that are given at the start: a given
    /// directory takes the place of that of the manifest. What is wrong is recorded as problems.
    pub(crate) fn volumes_of(
        &mut self,
        manifest: &Manifest,
        given: Vec<VolumeSettings>,
    ) -> Vec<VolumeSettings> {
        let mut volumes = given;
        for entry in &manifest.volumes {
            let id = entry.id.get_ref().text();
            match volumes.iter_mut().find(|volume| volume.id == *id) {
                Some(volume) => {
                    volume.max_bytes = entry.max_bytes;
                    volume.directory.write &= !entry.read_only;
                }
                None => volumes.extend(self.volume(entry)),
            }
        }
        volumes
    }

    fn volume(&mut self, entry: &VolumeEntry) -> Option<VolumeSettings> {
        let path = entry.path.as_ref()?;
        let root = self.library.root().path().to_owned();
        let (id, write) = (entry.id.get_ref(), !entry.read_only);
        match open(id, path.get_ref(), Base::Root(&root), write) {
            Ok(volume) => Some(VolumeSettings {
                max_bytes: entry.max_bytes,
                ..volume
            }),
            Err(error) => {
                self.refused_grant(path, access(write), &error);
                None
            }
        }
    }
}

fn access(write: bool) -> Access {
    match write {
        true => Access::Write,
        false => Access::Read,
    }
}

/// Opens the directory of a volume, which must exist.
fn open(id: &Id, written: &str, base: Base<'_>, write: bool) -> Result<VolumeSettings, GrantError> {
    if written.is_empty() {
        return Err(GrantError::Empty);
    }
    // With a slash at its end it is the path of a directory that is there.
    let directory: PathGrant = grants::resolve(&format!("{written}/"), base, write)?;
    let path = directory.path.clone();
    VolumeSettings::of(id.text().clone(), directory).map_err(|error| GrantError::Io { path, error })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::App;
    use crate::options::VolumeGrant;

    fn program(manifest: &str) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("main.lua"), "").unwrap();
        fs::write(root.path().join("warren.toml"), manifest).unwrap();
        fs::create_dir(root.path().join("files")).unwrap();
        root
    }

    fn given(id: &str, path: &Path, write: bool) -> AppOptions {
        AppOptions {
            volumes: vec![VolumeGrant {
                id: id.into(),
                path: path.into(),
                write,
            }],
            ..AppOptions::default()
        }
    }

    #[test]
    fn a_given_directory_takes_the_place_of_that_of_the_manifest() {
        let manifest = "[volumes.\"app:files\"]\npath = \"files\"\nmax_bytes = \"1MiB\"\n\
                        [volumes.\"app:books\"]\npath = \"missing\"\nread_only = true\n\
                        [grants.\"app:main\"]\nvolumes = [\"files\", \"books\"]\n";
        let root = program(manifest);
        let other = tempfile::tempdir().unwrap();
        let options = given("books", other.path(), true);
        let app = App::open(root.path(), options).unwrap();
        let shown: Vec<_> = app
            .volumes()
            .iter()
            .map(|volume| {
                let grant = &volume.directory;
                (
                    &*volume.id,
                    grant.path.clone(),
                    grant.write,
                    volume.max_bytes,
                )
            })
            .collect();
        let real = |path: &Path| path.canonicalize().unwrap();
        let books = ("app:books", real(other.path()), false, 1 << 30);
        let files = ("app:files", real(&root.path().join("files")), true, 1 << 20);
        assert_eq!(shown, [books, files]);
        // Volumes that may be changed count among what the program may write.
        let written = app.write_grants();
        assert_eq!(written, [(real(&root.path().join("files")), None)]);
    }

    #[test]
    fn a_volume_is_a_directory_that_is_there() {
        for path in ["missing", "main.lua", "../other", ""] {
            let manifest = format!("[volumes.\"app:files\"]\npath = \"{path}\"\n");
            let root = program(&manifest);
            let error = App::open(root.path(), AppOptions::default()).unwrap_err();
            assert!(matches!(error, AppError::Manifest(_)), "{path}: {error}");
            if !path.is_empty() {
                let options = given("files", &root.path().join(path), true);
                let error = App::open(root.path().join("main.lua"), options).unwrap_err();
                assert!(matches!(error, AppError::Volume { .. }), "{path}: {error}");
            }
        }
        let root = program("");
        let options = given("no id", &root.path().join("files"), true);
        let error = App::open(root.path(), options).unwrap_err();
        assert!(matches!(error, AppError::Volume { .. }), "{error}");
    }
}
