//! From an author's grants to the files and variables a process may access.
//!
//! A path is granted under the name that was written, so a program opens
//! exactly the path its grant names; a trailing `/` makes no difference. The
//! target is fixed when the program is opened, links resolved: the grant holds
//! the open directory.
//!
//! - Reading: the file or directory must exist.
//! - Writing, which includes reading: the same; or its directory must exist,
//!   and the program may create a file of that name. A path that ends in `/` is
//!   a directory and must exist.
//! - Relative paths of a manifest are below the root and may not leave it, not
//!   by a link either; absolute ones may be anywhere.

use std::io;
use std::path::{Component, Path, PathBuf};

use warren_engine::capability::OriginGrant;
use warren_engine::{Grants, PathGrant};

use crate::error::{Access, AppError, GrantError};
use crate::options::{AppOptions, EnvGrant, UseGrant};
use crate::tokens::full_id;
use crate::uses::UseKind;

/// The base of relative paths.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Base<'a> {
    /// The current directory; relative paths may leave it.
    Current,
    /// The program's directory, canonical; relative paths may not leave it.
    Root(&'a Path),
}

/// Resolves the grants given at the start.
pub(crate) fn of_options(options: &AppOptions) -> Result<Grants, AppError> {
    let mut grants = Grants::default();
    let read = options.read.iter().map(|path| (path, Access::Read));
    let write = options.write.iter().map(|path| (path, Access::Write));
    for (path, access) in read.chain(write) {
        path.to_str()
            .ok_or(GrantError::NotUtf8)
            .and_then(|written| resolve(written, Base::Current, access == Access::Write))
            .and_then(|grant| add_path(&mut grants, grant))
            .map_err(|error| AppError::Grant {
                access,
                what: path.display().to_string(),
                error,
            })?;
    }
    for UseGrant {
        capability,
        thing,
        right,
    } in &options.uses
    {
        match UseKind::of(capability) {
            Some(kind) if kind.has_origins() => {
                let origin = OriginGrant::of_use(thing, right);
                let origin = origin.map_err(|error| AppError::Origin {
                    origin: thing.clone(),
                    error,
                })?;
                kind.grant(&mut grants.uses, origin.as_str(), origin.right());
            }
            Some(kind) => kind.grant(&mut grants.uses, &full_id(thing), right),
            None => grants.uses.grant(capability, &full_id(thing), right),
        }
    }
    for variable in &options.env {
        add_env(&mut grants, variable).map_err(|error| AppError::Grant {
            access: Access::Env,
            what: variable.name.clone(),
            error,
        })?;
    }
    Ok(grants)
}

/// Resolves the target of a path.
pub(crate) fn resolve(written: &str, base: Base<'_>, write: bool) -> Result<PathGrant, GrantError> {
    if written.is_empty() {
        return Err(GrantError::Empty);
    }
    let path = Path::new(written);
    let confined = match base {
        Base::Root(root) if path.is_relative() => Some(root),
        _ => None,
    };
    if confined.is_some() && path.components().any(|part| part == Component::ParentDir) {
        return Err(GrantError::Outside);
    }
    let place = confined.map_or_else(|| path.to_owned(), |root| root.join(path));
    // Messages name the absolute path, if there is a current directory.
    let place = std::path::absolute(&place).unwrap_or(place);
    let found = locate(&place, write && !written.ends_with('/'))?;
    if confined.is_some_and(|root| !found.starts_with(root)) {
        return Err(GrantError::Outside);
    }
    let guest = match written.trim_end_matches('/') {
        "" => "/",
        trimmed => trimmed,
    };
    // Processes that may write below the root may be running.
    let opened = match confined {
        Some(root) => PathGrant::open_below(root, guest, found.clone(), write),
        None => PathGrant::open(guest, found.clone(), write),
    };
    let grant = opened.map_err(|error| {
        if error.kind() == io::ErrorKind::Unsupported {
            GrantError::NotAFile {
                path: found.clone(),
            }
        } else {
            GrantError::Io { path: found, error }
        }
    })?;
    Ok(grant.known_as(place))
}

/// Adds a path. If it is granted twice, the wider grant counts.
pub(crate) fn add_path(grants: &mut Grants, grant: PathGrant) -> Result<(), GrantError> {
    match grants.paths.iter_mut().find(|had| had.guest == grant.guest) {
        Some(had) if had.path == grant.path => had.write |= grant.write,
        Some(had) => {
            return Err(GrantError::Conflict {
                one: had.path.clone(),
                other: grant.path,
            });
        }
        None => grants.paths.push(grant),
    }
    Ok(())
}

/// Adds a variable that is set. If it is granted twice, the later value counts.
pub(crate) fn add_env(grants: &mut Grants, variable: &EnvGrant) -> Result<(), GrantError> {
    let name = &variable.name;
    if name.is_empty() || name.contains(['=', '\0']) {
        return Err(GrantError::VariableName);
    }
    let value = match &variable.value {
        Some(value) => value.clone(),
        None => match std::env::var_os(name) {
            Some(value) => value.into_string().map_err(|_| GrantError::NotUtf8)?,
            None => return Ok(()),
        },
    };
    match grants.env.iter_mut().find(|(had, _)| had == name) {
        Some((_, had)) => *had = value,
        None => grants.env.push((name.clone(), value)),
    }
    Ok(())
}

/// Returns the absolute path without links; for a file yet to be created, that
/// of its directory with its name.
fn locate(place: &Path, may_be_missing: bool) -> Result<PathBuf, GrantError> {
    let error = match place.canonicalize() {
        Ok(found) => return Ok(found),
        Err(error) => error,
    };
    if error.kind() != io::ErrorKind::NotFound {
        return Err(GrantError::Io {
            path: place.to_owned(),
            error,
        });
    }
    // A link whose target is missing exists, and would be followed later to any
    // target it then has.
    let dangling = place.symlink_metadata().is_ok();
    let name = place.file_name().filter(|_| may_be_missing && !dangling);
    let Some(name) = name else {
        return Err(GrantError::Missing {
            path: place.to_owned(),
        });
    };
    let parent = place.parent().unwrap_or(Path::new("/"));
    match parent.canonicalize() {
        Ok(found) if found.is_dir() => Ok(found.join(name)),
        _ => Err(GrantError::NoParent {
            path: parent.to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn directory() -> (tempfile::TempDir, PathBuf) {
        let outer = tempfile::tempdir().unwrap();
        let root = outer.path().canonicalize().unwrap().join("app");
        fs::create_dir_all(root.join("data")).unwrap();
        fs::write(root.join("data/x.txt"), "x").unwrap();
        (outer, root)
    }

    #[test]
    fn a_relative_path_of_a_manifest_is_below_the_root() {
        let (_outer, root) = directory();
        let grant = resolve("data/", Base::Root(&root), false).unwrap();
        assert_eq!(grant.guest, "data");
        assert_eq!(grant.path, root.join("data"));
        assert!(!grant.write);
        let file = resolve("data/x.txt", Base::Root(&root), true).unwrap();
        assert_eq!(file.path, root.join("data/x.txt"));
        assert!(file.write);
    }

    #[test]
    fn an_absolute_path_keeps_its_name() {
        let (outer, root) = directory();
        let written = outer.path().to_str().unwrap();
        let grant = resolve(written, Base::Root(&root), false).unwrap();
        assert_eq!(grant.guest, written);
        assert_eq!(grant.path, outer.path().canonicalize().unwrap());
        assert_eq!(resolve("/", Base::Current, false).unwrap().guest, "/");
    }

    #[test]
    fn a_manifest_cannot_leave_the_root_by_a_relative_path() {
        let (_outer, root) = directory();
        for written in ["..", "../app/data", "data/../.."] {
            let error = resolve(written, Base::Root(&root), true).unwrap_err();
            assert!(matches!(error, GrantError::Outside), "{written}: {error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_manifest_cannot_leave_the_root_by_a_link() {
        use std::os::unix::fs::symlink;
        let (outer, root) = directory();
        symlink(outer.path(), root.join("away")).unwrap();
        symlink(outer.path().join("later"), root.join("dangling")).unwrap();
        let error = resolve("away", Base::Root(&root), false).unwrap_err();
        assert!(matches!(error, GrantError::Outside), "{error}");
        let error = resolve("away/new.txt", Base::Root(&root), true).unwrap_err();
        assert!(matches!(error, GrantError::Outside), "{error}");
        let error = resolve("dangling", Base::Root(&root), true).unwrap_err();
        assert!(matches!(error, GrantError::Missing { .. }), "{error}");
    }

    #[test]
    fn only_a_file_to_be_written_may_be_missing() {
        let (_outer, root) = directory();
        let base = Base::Root(&root);
        let grant = resolve("new.txt", base, true).unwrap();
        assert_eq!(grant.path, root.join("new.txt"));
        let missing = |written, write| resolve(written, base, write).unwrap_err();
        assert!(matches!(
            missing("new.txt", false),
            GrantError::Missing { .. }
        ));
        assert!(matches!(missing("new/", true), GrantError::Missing { .. }));
        assert!(matches!(
            missing("no/new.txt", true),
            GrantError::NoParent { .. }
        ));
        assert!(matches!(missing("", true), GrantError::Empty));
    }

    #[test]
    fn the_wider_grant_holds_and_two_meanings_are_refused() {
        let (_outer, root) = directory();
        let grant = |path: &str, write| PathGrant::open("data", root.join(path), write).unwrap();
        let mut grants = Grants::default();
        add_path(&mut grants, grant("data", true)).unwrap();
        add_path(&mut grants, grant("data", false)).unwrap();
        assert_eq!(grants.paths, [grant("data", true)]);
        let error = add_path(&mut grants, grant("", false)).unwrap_err();
        assert!(matches!(error, GrantError::Conflict { .. }));
    }

    #[cfg(unix)]
    #[test]
    fn a_device_is_not_granted() {
        let error = resolve("/dev/null", Base::Current, true).unwrap_err();
        assert!(matches!(error, GrantError::NotAFile { .. }), "{error}");
    }

    #[test]
    fn variables() {
        let variable = |name: &str, value: Option<&str>| EnvGrant {
            name: name.into(),
            value: value.map(str::to_owned),
        };
        let mut grants = Grants::default();
        add_env(&mut grants, &variable("A", Some("1"))).unwrap();
        add_env(&mut grants, &variable("A", Some("2"))).unwrap();
        add_env(&mut grants, &variable("WARREN_TEST_UNSET_VARIABLE", None)).unwrap();
        add_env(&mut grants, &variable("CARGO_PKG_NAME", None)).unwrap();
        assert_eq!(
            grants.env,
            [
                ("A".to_owned(), "2".to_owned()),
                ("CARGO_PKG_NAME".to_owned(), "warren-app".to_owned())
            ]
        );
        for name in ["", "A=B"] {
            let error = add_env(&mut grants, &variable(name, None)).unwrap_err();
            assert!(matches!(error, GrantError::VariableName));
        }
    }

    #[test]
    fn an_origin_is_granted_in_its_one_form() {
        let private = UseGrant {
            right: "private".into(),
            ..UseGrant::all("http", "http://LOCALHOST:80/")
        };
        let uses = |uses: Vec<UseGrant>| {
            let options = AppOptions {
                uses,
                ..AppOptions::default()
            };
            Ok::<_, AppError>(of_options(&options)?.uses)
        };
        let granted = uses(vec![private, UseGrant::all("http", "https://*.a.org")]).unwrap();
        let granted: Vec<_> = granted.of("http").collect();
        let expected = [("http://localhost", "private"), ("https://*.a.org", "")];
        assert_eq!(granted, expected);
        let error = uses(vec![UseGrant::all("http", "localhost")]).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("cannot grant the origin `localhost`: expected")
        );
    }

    #[test]
    fn the_command_names_what_it_could_not_grant() {
        let options = AppOptions {
            read: vec!["no-such-thing-here".into()],
            ..AppOptions::default()
        };
        let error = of_options(&options).unwrap_err();
        let message = error.to_string();
        let (what, place) = message.split_once(": there is no ").unwrap();
        assert_eq!(what, "cannot grant reading `no-such-thing-here`");
        assert!(Path::new(place).is_absolute(), "{place}");
        assert!(error.remedy().is_some());
    }
}
