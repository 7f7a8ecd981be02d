//! Finds the debug information in a file, the code that it is about, and exported names.

use std::ops::Range;

use wasmparser::{ExternalKind, Parser, Payload, TypeRef};

use super::fuel::Fuel;

/// The bytes as which each part of a file counts: a section, or the body of a function. A
/// file may have 20 million empty sections.
const PART: usize = 8;

/// The sections that places are read from.
const WANTED: [&str; 9] = [
    ".debug_abbrev",
    ".debug_addr",
    ".debug_info",
    ".debug_line",
    ".debug_line_str",
    ".debug_ranges",
    ".debug_rnglists",
    ".debug_str",
    ".debug_str_offsets",
];

/// The debug information of one module.
#[derive(Default)]
pub(super) struct Sections<'a>([&'a [u8]; WANTED.len()]);

impl<'a> Sections<'a> {
    /// Returns the content of a section, empty if there is none.
    pub(super) fn get(&self, name: &str) -> &'a [u8] {
        let place = WANTED.iter().position(|wanted| *wanted == name);
        place.map_or(&[], |place| self.0[place])
    }

    /// Sets the content of a section. Other sections are not wanted.
    pub(super) fn add(&mut self, name: &str, content: &'a [u8]) {
        if let Some(place) = WANTED.iter().position(|wanted| *wanted == name) {
            self.0[place] = content;
        }
    }

    /// Returns true if there may be places to be found.
    pub(super) fn is_usable(&self) -> bool {
        !self.get(".debug_info").is_empty() && !self.get(".debug_line").is_empty()
    }
}

/// A module of a file.
#[derive(Default)]
pub(super) struct Module<'a> {
    /// The code section in the file, without its head. Addresses count from its beginning.
    pub(super) code: Range<usize>,
    pub(super) sections: Sections<'a>,
    /// The number of imported functions.
    imported: usize,
    /// The beginning of the body of each function that is not imported, in the file.
    bodies: Vec<usize>,
    /// Functions with the names of their exports.
    exports: Vec<(u32, &'a str)>,
}

impl<'a> Module<'a> {
    /// Returns the beginning of a function in the file.
    pub(super) fn body(&self, function: u32) -> Option<usize> {
        let place = (function as usize).checked_sub(self.imported)?;
        self.bodies.get(place).copied()
    }

    /// Returns the first name that a function is exported by, if that function was asked for.
    pub(super) fn export(&self, function: u32) -> Option<&'a str> {
        let mut exports = self.exports.iter();
        let export = exports.find(|(exported, _)| *exported == function);
        export.map(|(_, name)| *name)
    }

    /// Returns true if there is something to be found.
    fn is_usable(&self) -> bool {
        self.sections.is_usable() || !self.exports.is_empty()
    }
}

/// Returns the modules of a file that have debug information, or export one of the functions
/// `unnamed`: the module itself, or those of a component. Without fuel for the whole file,
/// some are missing.
pub(super) fn modules<'a>(binary: &'a [u8], unnamed: &[u32], fuel: &Fuel) -> Vec<Module<'a>> {
    let mut done = Vec::new();
    // A component, and the modules and components within it.
    let mut open: Vec<Module<'a>> = Vec::new();
    for payload in Parser::new(0).parse_all(binary) {
        // The code was compiled, so the file has no mistakes.
        let Ok(payload) = payload else { break };
        let read = match &payload {
            Payload::ImportSection(imports) => imports.range().len(),
            Payload::ExportSection(exports) if !unnamed.is_empty() => exports.range().len(),
            _ => 0,
        };
        if fuel.burn(PART + read).is_err() {
            break;
        }
        match payload {
            Payload::Version { .. } => open.push(Module::default()),
            Payload::End(_) => {
                done.extend(open.pop().filter(Module::is_usable));
            }
            payload => {
                if let Some(module) = open.last_mut() {
                    note(module, payload, unnamed);
                }
            }
        }
    }
    done
}

fn note<'a>(module: &mut Module<'a>, payload: Payload<'a>, unnamed: &[u32]) {
    match payload {
        Payload::ImportSection(imports) => {
            let imports = imports.into_imports().flatten();
            let is_function = |ty: TypeRef| matches!(ty, TypeRef::Func(_) | TypeRef::FuncExact(_));
            module.imported = imports.filter(|import| is_function(import.ty)).count();
        }
        Payload::ExportSection(exports) if !unnamed.is_empty() => {
            for export in exports.into_iter().flatten() {
                let is_wanted = unnamed.contains(&export.index);
                if export.kind == ExternalKind::Func
                    && is_wanted
                    && module.export(export.index).is_none()
                {
                    module.exports.push((export.index, export.name));
                }
            }
        }
        Payload::CodeSectionStart { range, .. } => module.code = range,
        Payload::CodeSectionEntry(body) => module.bodies.push(body.range().start),
        Payload::CustomSection(section) => module.sections.add(section.name(), section.data()),
        _ => {}
    }
}
