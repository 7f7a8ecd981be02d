//! The files of a program that were read at one moment and belong together.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use warren_engine::{Code, Definition, Source};
use warren_kernel::text;

use crate::id::Id;
use crate::place::{self, Language};
use crate::plan::{Plan, source};
use crate::root::SourceError;
use crate::too_much::{MAX_BYTES, MAX_ENTRIES, MAX_FILES, TooMuch};

/// All code of a program, as it was at one moment.
#[derive(Debug, Default)]
pub(crate) struct Fixed {
    /// The files by their paths.
    pub(crate) files: HashMap<Arc<str>, Source>,
    /// The definitions by their ids.
    pub(crate) definitions: HashMap<Arc<str>, Arc<Definition>>,
    /// The ids to which several files belong, with the paths.
    pub(crate) ambiguous: BTreeMap<Arc<str>, Vec<Arc<str>>>,
    /// The files that exist and cannot be read, with the reasons.
    pub(crate) unreadable: BTreeMap<String, SourceError>,
    /// True once the files were read: a file that a search would find, and that is not
    /// among these files, came later.
    is_whole: bool,
}

impl Fixed {
    /// Reads all code files below the root, those that the manifest names, and those that
    /// were used. Takes over the sources and definitions of `before` that are still the
    /// same.
    pub(crate) fn read(plan: &Plan, before: &Fixed) -> Result<Fixed, TooMuch> {
        let mut paths = plan.root().code_files_within(MAX_FILES, MAX_ENTRIES)?;
        paths.extend(plan.named_sources().map(str::to_owned));
        paths.extend(plan.used());
        paths.sort_unstable();
        paths.dedup();
        let mut fixed = Fixed {
            is_whole: true,
            ..Fixed::default()
        };
        let mut bytes = 0;
        for path in paths {
            match plan.root().read(&path) {
                Ok(content) => {
                    if fixed.files.len() == MAX_FILES {
                        return Err(TooMuch::Files);
                    }
                    bytes += content.len();
                    if bytes > MAX_BYTES {
                        return Err(TooMuch::Bytes);
                    }
                    let new = match before.files.get(&*path) {
                        Some(known) if *known.bytes == *content => known.clone(),
                        _ => source(&path, content),
                    };
                    fixed.files.insert(Arc::clone(&new.name), new);
                }
                Err(SourceError::Missing | SourceError::NotAFile) => {}
                Err(error) => {
                    fixed.unreadable.insert(path, error);
                }
            }
        }
        fixed.define(plan, before);
        Ok(fixed)
    }

    /// Takes over the files and definitions of `before` that are the same here. Grants of
    /// files are never the same: they hold directories that were open before.
    pub(crate) fn adopt(&mut self, before: &Fixed) {
        for (path, source) in &mut self.files {
            if let Some(known) = before.files.get(path)
                && known.is_that_of(source)
            {
                *source = known.clone();
            }
        }
        for (id, definition) in &mut self.definitions {
            if let Some(known) = before.definitions.get(id)
                && known.code.is_that_of(&definition.code)
                && known.has_settings_of(definition)
                && definition.grants.paths.is_empty()
            {
                *definition = Arc::clone(known);
            }
        }
    }

    /// Returns true if the files were read together.
    pub(crate) fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// Returns true if a file of this path waits for a reload: it would have been read
    /// with the others, had it been there.
    pub(crate) fn awaits_reload(&self, plan: &Plan, path: &str) -> bool {
        self.is_whole
            && !self.files.contains_key(path)
            && !self.unreadable.contains_key(path)
            && (plan.root().searches(path) || plan.named_sources().any(|named| named == path))
    }

    /// Makes the definitions of the files that were read.
    fn define(&mut self, plan: &Plan, before: &Fixed) {
        let mut by_place: BTreeMap<Arc<str>, Vec<Arc<str>>> = BTreeMap::new();
        for path in self.files.keys() {
            if let Some(id) = id_of_path(plan, path) {
                by_place.entry(id).or_default().push(Arc::clone(path));
            }
        }
        for (id, mut paths) in by_place {
            if plan.named_source(&id).is_some() {
                continue;
            }
            paths.sort();
            match &*paths {
                [path] => self.add(plan, before, &id, path),
                _ => {
                    self.ambiguous.insert(id, paths);
                }
            }
        }
        for (id, path) in plan.ids_with_source() {
            self.add(plan, before, id, path);
        }
    }

    fn add(&mut self, plan: &Plan, before: &Fixed, id: &Arc<str>, path: &str) {
        let Some(code) = self.files.get(path).and_then(code_of) else {
            return;
        };
        let known = before.definitions.get(id);
        let definition = match known.filter(|known| known.code.is_that_of(&code)) {
            Some(known) => Arc::clone(known),
            None => Arc::new(plan.definition(id, code)),
        };
        self.definitions.insert(Arc::clone(id), definition);
    }
}

/// Returns the id that a file has by its place, if its characters can be one.
pub(crate) fn id_of_path(plan: &Plan, path: &str) -> Option<Arc<str>> {
    Language::of(path)?;
    let id = Id::parse(&place::id_text_of_path(plan.app(), path)).ok()?;
    Some(Arc::clone(id.text()))
}

/// Returns the code in a file, by its name; `None` if that does not tell the language.
pub(crate) fn code_of(source: &Source) -> Option<Code> {
    Some(match Language::of(&source.name)? {
        Language::Lua => Code::Lua(source.clone()),
        Language::Wasm => Code::Wasm(source.clone()),
    })
}

/// Says that one id belongs to several files.
pub(crate) fn ambiguous(id: impl std::fmt::Display, files: &[impl AsRef<str>]) -> String {
    let files: Vec<_> = files
        .iter()
        .map(|file| text::line(file.as_ref()).to_string())
        .collect();
    format!(
        "definition {id} is ambiguous: found {}: remove all but one, or choose in the manifest",
        files.join(", ")
    )
}
