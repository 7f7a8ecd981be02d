//! The tests of a program: the definitions that `warren test` runs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use warren_engine::DEFAULT_HOST;

use crate::app::App;
use crate::id::Id;
use crate::library::Library;
use crate::place::{self, Language};
use crate::plan::Process;

/// A test: a definition that is run to its end, and passes or fails.
///
/// ```
/// use warren_app::{App, AppOptions};
///
/// # let directory = tempfile::tempdir()?;
/// # std::fs::write(directory.path().join("main.lua"), "return 1")?;
/// std::fs::write(directory.path().join("total_test.lua"), "return 1")?;
/// let app = App::open(directory.path(), AppOptions::default())?;
/// let tests = app.tests();
/// assert_eq!(tests.len(), 1);
/// assert_eq!((&*tests[0].id, &*tests[0].suite), ("app:total_test", "app"));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Test {
    /// The id of its definition.
    pub id: Arc<str>,
    /// The only host that may run it, else [`DEFAULT_HOST`].
    pub host: Arc<str>,
    /// The suite that it belongs to: that of the manifest, else the namespace of the id.
    pub suite: Arc<str>,
    /// Its name for people: that of the manifest, else the id.
    pub name: Arc<str>,
    /// Its place in the suite, 0 unless the manifest says otherwise. All tests of lower
    /// places come before it.
    pub order: u32,
}

impl App {
    /// Returns the tests, sorted by suite, order and id. A definition is a test if the name
    /// of its file ends in `_test`, before the extension, or if a directory of its path
    /// below the root is named `test`; the manifest may make any definition a test, or none.
    pub fn tests(&self) -> Vec<Test> {
        tests_of(&self.library, &self.name)
    }

    /// Returns the files of Lua that are code and no tests, as paths below the root, in the
    /// order of their texts.
    pub fn lua_files(&self) -> Vec<String> {
        let files = files_of(&self.library, &self.name);
        let processes: BTreeMap<&Arc<str>, &Process> = self.library.named().collect();
        let is_test = |(id, path): &(&Arc<str>, &String)| {
            test_of(id, path, processes.get(*id).copied()).is_some()
        };
        let tests = files.iter().filter(is_test).map(|(_, path)| path.as_str());
        let tests: BTreeSet<&str> = tests.collect();
        let mut paths = self.library.root().code_files();
        paths.retain(|path| {
            Language::of(path) == Some(Language::Lua) && !tests.contains(path.as_str())
        });
        paths
    }

    /// Returns the ids of all definitions in files of the program, in the order of their
    /// texts. Files that are no more than modules of others are among them.
    pub fn ids(&self) -> Vec<Arc<str>> {
        files_of(&self.library, &self.name).into_keys().collect()
    }
}

/// Returns the tests of an app's library, sorted by suite, order and id.
pub(crate) fn tests_of(library: &Library, app: &str) -> Vec<Test> {
    let files = files_of(library, app);
    let processes: BTreeMap<&Arc<str>, &Process> = library.named().collect();
    let mut tests: Vec<Test> = files
        .iter()
        .filter_map(|(id, path)| test_of(id, path, processes.get(id).copied()))
        .collect();
    tests.sort_by(|a, b| (&a.suite, a.order, &a.id).cmp(&(&b.suite, b.order, &b.id)));
    tests
}

/// Returns the definitions in files of an app's library, each with its path.
fn files_of(library: &Library, app: &str) -> BTreeMap<Arc<str>, String> {
    let mut files = BTreeMap::new();
    // A file that the manifest names is the code of the definitions that name it alone.
    let named: BTreeSet<&str> = library.plan().named_sources().collect();
    for path in library.root().code_files() {
        if let Ok(id) = Id::parse(&place::id_text_of_path(app, &path))
            && !named.contains(path.as_str())
        {
            files.insert(Arc::clone(id.text()), path);
        }
    }
    for (id, process) in library.named() {
        let by_place = || library.resolve(&Id::parse(id).ok()?).ok();
        if let Some(path) = process.source.clone().or_else(by_place) {
            files.insert(Arc::clone(id), path);
        }
    }
    files
}

/// Returns the test that a definition is, if it is one.
fn test_of(id: &Arc<str>, path: &str, process: Option<&Process>) -> Option<Test> {
    let entry = process.and_then(|process| process.test.as_ref());
    if !entry.map_or_else(|| is_test_file(path), |entry| entry.enabled) {
        return None;
    }
    let namespace = id.split_once(':').map_or(&**id, |(namespace, _)| namespace);
    let suite = entry.and_then(|entry| entry.suite.as_deref());
    let name = entry.and_then(|entry| entry.name.as_deref());
    let host = process.and_then(|process| process.host.clone());
    Some(Test {
        id: Arc::clone(id),
        host: host.unwrap_or_else(|| DEFAULT_HOST.into()),
        suite: suite.unwrap_or(namespace).into(),
        name: name.unwrap_or(id).into(),
        order: entry.map_or(0, |entry| entry.order),
    })
}

/// Returns true if the place of a file makes its definition a test.
fn is_test_file(path: &str) -> bool {
    let (directories, file) = path.rsplit_once('/').unwrap_or(("", path));
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    stem.ends_with("_test") || directories.split('/').any(|directory| directory == "test")
}

#[cfg(test)]
mod tests {
    use super::is_test_file;

    #[test]
    fn the_place_makes_a_test() {
        for path in [
            "main_test.lua",
            "orders/total_test.wasm",
            "test/orders.lua",
            "orders/test/deep/x.lua",
        ] {
            assert!(is_test_file(path), "{path}");
        }
        for path in [
            "main.lua",
            "test.lua",
            "testing/x.lua",
            "tests/x.lua",
            "total_tests.lua",
            "test_total.lua",
        ] {
            assert!(!is_test_file(path), "{path}");
        }
    }
}
