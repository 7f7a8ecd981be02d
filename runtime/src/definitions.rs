//! The definitions of a runtime: those given in memory take precedence over
//! bundled ones, and those over the ones of a program on disk.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use warren_engine::{Code, Definition, Definitions, Files, Source};
use warren_kernel::{Error, Kind, text};

use crate::app::{App, Table, closest};
use crate::bundled;

/// All definitions that processes may run, of one moment.
#[derive(Clone, Default)]
pub(crate) struct LayeredDefinitions {
    /// The definitions given in memory.
    pub(crate) own: Table<Arc<Definition>>,
    /// The files that a process keeps as long as it runs.
    pub(crate) files: Arc<LayeredFiles>,
}

/// The modules given in memory, and a program on disk.
#[derive(Clone, Default)]
pub(crate) struct LayeredFiles {
    pub(crate) modules: Arc<HashMap<String, Source>>,
    /// The code of the definitions given in memory that the program imports.
    pub(crate) imported: HashMap<Arc<str>, Code>,
    pub(crate) app: Option<Arc<App>>,
}

impl LayeredDefinitions {
    /// Returns the program on disk.
    pub(crate) fn app(&self) -> Option<&Arc<App>> {
        self.files.app.as_ref()
    }

    /// Returns these definitions over those of another program.
    pub(crate) fn over(&self, app: Arc<App>) -> LayeredDefinitions {
        LayeredDefinitions {
            own: self.own.clone(),
            files: Arc::new(LayeredFiles::new(
                Arc::clone(&self.files.modules),
                Some(app),
                &self.own,
            )),
        }
    }

    /// Returns true if there is a definition of this id. Looks for none with a name like it.
    pub(crate) fn contains(&self, id: &str) -> bool {
        let is_of_app = |app: &Arc<App>| app.definition(id).is_ok();
        self.hides(id) || self.app().is_some_and(is_of_app)
    }

    /// Returns true if a definition of the program on disk would not be found: another
    /// one of its id takes precedence.
    pub(crate) fn hides(&self, id: &str) -> bool {
        self.own.contains(id) || bundled::find(id).is_some()
    }

    /// Returns the content of a source file, by the name that messages have for it.
    pub(crate) fn file(&self, name: &str) -> Option<Arc<[u8]>> {
        let own = self.own.iter();
        let own = own.filter_map(|(_, definition)| definition.code.source());
        let mut sources = own.chain(self.files.modules.values());
        match sources.find(|source| *source.name == *name) {
            Some(source) => Some(Arc::clone(&source.bytes)),
            None => self.app()?.file(name).map(Arc::from),
        }
    }
}

impl LayeredDefinitions {
    /// Adds the definition that was meant to the error of one that is not found, if a
    /// definition given in memory has a name like it. Guests read the error: it names none
    /// of another namespace, which may be another tenant's.
    fn with_near(&self, id: &str, mut error: Error) -> Error {
        let Some((namespace, _)) = id.split_once(':') else {
            return error;
        };
        let own = self.own.iter().map(|(known, _)| &**known);
        let near = own.filter(|known| known.split(':').next() == Some(namespace));
        if error.kind == Kind::NotFound
            && let Some(meant) = closest(id, near)
        {
            error.message += &format!("; did you mean {meant}, which was given in memory?");
        }
        error
    }
}

impl Definitions for LayeredDefinitions {
    fn definition(&self, id: &str) -> Result<Arc<Definition>, Error> {
        let known = self.own.get(id).or_else(|| bundled::find(id));
        match (known, self.app()) {
            (Some(definition), _) => Ok(Arc::clone(definition)),
            (None, Some(app)) => app
                .definition(id)
                .map_err(|error| self.with_near(id, error)),
            (None, None) => {
                let error = format!("definition not found: {}", text::line(id));
                Err(self.with_near(id, Error::not_found(error)))
            }
        }
    }

    fn files(&self) -> Option<Arc<dyn Files>> {
        Some(Arc::clone(&self.files) as Arc<dyn Files>)
    }
}

impl Files for LayeredDefinitions {
    fn module(&self, name: &str) -> Result<Option<Source>, Error> {
        self.files.module(name)
    }

    fn import(&self, definition: &str, name: &str) -> Result<Option<Source>, Error> {
        self.files.import(definition, name)
    }

    fn modules(&self, definition: &str) -> Option<Arc<[String]>> {
        self.files.modules(definition)
    }

    fn source(&self, name: &str) -> Option<Source> {
        self.files.source(name)
    }

    fn id_of(&self, name: &str) -> Option<Arc<str>> {
        self.files.id_of(name)
    }

    fn ungranted(&self, definition: &str, path: &Path, write: bool) -> Option<String> {
        self.files.ungranted(definition, path, write)
    }
}

impl LayeredFiles {
    /// Returns the modules given in memory and the program on disk. Of the definitions given
    /// in memory, `own`, they keep the code of those that the program imports.
    pub(crate) fn new(
        modules: Arc<HashMap<String, Source>>,
        app: Option<Arc<App>>,
        own: &Table<Arc<Definition>>,
    ) -> LayeredFiles {
        let targets = app.iter().flat_map(|app| app.imported());
        let imported = targets
            .filter_map(|id| Some((Arc::clone(id), own.get(id)?.code.clone())))
            .collect();
        LayeredFiles {
            modules,
            imported,
            app,
        }
    }

    /// Returns true if `other` has the very same modules and program, and the same code to
    /// import.
    pub(crate) fn is_same_as(&self, other: &LayeredFiles) -> bool {
        let is_same_app = match (&self.app, &other.app) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (one, other) => one.is_none() && other.is_none(),
        };
        let is_there = |(id, code): (&Arc<str>, &Code)| {
            let other = other.imported.get(id);
            other.is_some_and(|other| other.is_that_of(code))
        };
        is_same_app
            && Arc::ptr_eq(&self.modules, &other.modules)
            && self.imported.len() == other.imported.len()
            && self.imported.iter().all(is_there)
    }

    /// Returns a definition given in memory that the program imports, by the name of its
    /// source.
    fn imported_of(&self, name: &str) -> Option<(&Arc<str>, &Source)> {
        let all = self.imported.iter();
        let mut all = all.filter_map(|(id, code)| Some((id, code.source()?)));
        all.find(|(_, source)| *source.name == *name)
    }
}

impl Files for LayeredFiles {
    fn module(&self, name: &str) -> Result<Option<Source>, Error> {
        match (self.modules.get(name), &self.app) {
            (Some(source), _) => Ok(Some(source.clone())),
            (None, Some(app)) => app.module(name),
            (None, None) => Ok(None),
        }
    }

    fn import(&self, definition: &str, name: &str) -> Result<Option<Source>, Error> {
        let Some(app) = &self.app else {
            return Ok(None);
        };
        let Some(target) = app.import_target(definition, name) else {
            return Ok(None);
        };
        let bundled = || bundled::find(target).map(|definition| &definition.code);
        match self.imported.get(target).or_else(bundled) {
            Some(Code::Lua(source)) => Ok(Some(source.clone())),
            Some(Code::Wasm(_) | Code::Native(_)) => Err(Error::invalid(format!(
                "{target} is not in Lua, and only Lua can be required"
            ))),
            None => app.import(definition, name),
        }
    }

    fn modules(&self, definition: &str) -> Option<Arc<[String]>> {
        self.app.as_ref()?.modules(definition)
    }

    fn source(&self, name: &str) -> Option<Source> {
        let mut given = self.modules.values();
        let module = given.find(|source| *source.name == *name);
        let imported = || self.imported_of(name).map(|(_, source)| source);
        match (module.or_else(imported), &self.app) {
            (Some(source), _) => Some(source.clone()),
            (None, Some(app)) => app.source(name),
            (None, None) => None,
        }
    }

    fn id_of(&self, name: &str) -> Option<Arc<str>> {
        match self.imported_of(name) {
            Some((id, _)) => Some(Arc::clone(id)),
            None => self.app.as_ref()?.id_of(name),
        }
    }

    fn ungranted(&self, definition: &str, path: &Path, write: bool) -> Option<String> {
        self.app.as_ref()?.ungranted(definition, path, write)
    }
}

/// Returns a definition in Lua that was given in memory.
pub(crate) fn lua(id: &str, source: impl Into<Vec<u8>>) -> Definition {
    plain(id, Code::Lua(source_of(format!("{id}.lua"), source)))
}

/// Returns a definition in WebAssembly that was given in memory.
pub(crate) fn wasm(id: &str, code: impl Into<Vec<u8>>) -> Definition {
    plain(id, Code::Wasm(source_of(format!("{id}.wasm"), code)))
}

/// Returns a definition of this code, without settings.
pub(crate) fn plain(id: &str, code: Code) -> Definition {
    Definition {
        id: id.into(),
        code,
        method: "main".into(),
        host: None,
        grants: Arc::default(),
    }
}

/// Returns a source that was given in memory.
pub(crate) fn source_of(name: String, bytes: impl Into<Vec<u8>>) -> Source {
    Source {
        name: name.into(),
        bytes: bytes.into().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::AppOptions;

    #[test]
    fn files_are_others_only_with_other_imports() {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in [
            ("main.lua", ""),
            ("u.lua", ""),
            ("warren.toml", "[imports.\"app:main\"]\nu = \"app:u\"\n"),
        ] {
            std::fs::write(dir.path().join(name), text).unwrap();
        }
        let app = Arc::new(App::open(dir.path(), AppOptions::default()).unwrap());
        let modules: Arc<HashMap<String, Source>> = Arc::default();
        let files = |definitions: &[(&str, &str)]| {
            let own = definitions.iter();
            let own = own.map(|(id, text)| (Arc::<str>::from(*id), Arc::new(lua(id, *text))));
            LayeredFiles::new(
                Arc::clone(&modules),
                Some(Arc::clone(&app)),
                &own.collect::<Table<_>>(),
            )
        };
        let before = files(&[("app:u", "return 1")]);
        assert!(before.is_same_as(&files(&[("app:u", "return 1"), ("app:x", "")])));
        for others in [files(&[]), files(&[("app:u", "return 2")])] {
            assert!(!before.is_same_as(&others) && !others.is_same_as(&before));
        }
        let given = before.import("app:main", "u").unwrap().unwrap();
        assert_eq!(&*given.name, "app:u.lua");
        assert_eq!(before.id_of("app:u.lua").as_deref(), Some("app:u"));
    }
}
