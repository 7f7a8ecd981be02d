//! What code may consist of before anything is compiled.
//!
//! Cranelift has no bound on its time and memory, and a compilation cannot be
//! stopped. Both grow with what is counted here, which one pass over the file finds
//! out in less time than reading it took. So the bounds are kept in the program
//! itself rather than by a child process with limits of the system's: an embedder has
//! no program of its own to start, and a module that is refused says why.

use warren_kernel::Error;
use wasmparser::{Operator, Parser, Payload, TypeRef, ValType};

use crate::code::Wasm;

/// What sources and WebAssembly may consist of, and what preparing and compiling may
/// take. See the constants' values in `docs/security.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CompileLimits {
    /// Bytes of a WebAssembly file.
    pub max_module: usize,
    /// Bytes of a source: Lua, or WebAssembly as text.
    pub max_source: usize,
    /// Functions of a module; of a component, those of all its modules.
    pub max_functions: usize,
    /// Bytes of the body of one function.
    pub max_function: usize,
    /// Blocks of one function times its local variables: what a compiler keeps track
    /// of.
    pub max_function_state: usize,
    /// The same for all functions of a module together, those of a component's
    /// modules included.
    pub max_state: usize,
    /// Types, imports, exports, globals, tags and segments, of each kind.
    pub max_items: usize,
    /// Modules and components of a component, with those in them.
    pub max_parts: usize,
    /// Processor time that preparing one source may take.
    pub max_prepare: std::time::Duration,
    /// Bytes of sources and of what was made of them that are kept for definitions
    /// that no process runs.
    pub max_kept: usize,
}

impl Default for CompileLimits {
    fn default() -> Self {
        CompileLimits {
            max_module: 64 << 20,
            max_source: 16 << 20,
            max_functions: 100_000,
            max_function: 2 << 20,
            max_function_state: 32_000_000,
            max_state: 256_000_000,
            max_items: 100_000,
            max_parts: 1_000,
            max_prepare: std::time::Duration::from_secs(5),
            max_kept: 256 << 20,
        }
    }
}

/// Variables times bytes of a function that costs a compiler next to nothing.
const NOTHING: usize = 10_000;

/// Parameters of an exception. Toolchains have one.
const MAX_TAG_PARAMETERS: usize = 8;

/// Refuses a file that is longer than it may be, before it is read any further.
///
/// # Errors
///
/// `Invalid`, with limit and value.
pub(crate) fn check_file(
    name: &str,
    bytes: usize,
    is_text: bool,
    limits: &CompileLimits,
) -> Result<(), Error> {
    let (limit, value) = if is_text {
        ("max_source", limits.max_source)
    } else {
        ("max_module", limits.max_module)
    };
    within(name, "bytes", bytes, limit, value)
}

/// Refuses a module or component that is more than a compiler should be given.
/// Whether it is valid otherwise, the compiler says.
///
/// # Errors
///
/// `Invalid`, with limit and value.
pub(crate) fn check(wasm: &Wasm<'_>, limits: &CompileLimits) -> Result<(), Error> {
    let mut count = Count {
        name: wasm.name,
        limits,
        functions: 0,
        parts: 0,
        state: 0,
        types: Vec::new(),
    };
    for payload in Parser::new(0).parse_all(&wasm.binary) {
        // The compiler says what is wrong, with more of what is around it.
        let Ok(payload) = payload else { return Ok(()) };
        count.payload(payload)?;
    }
    Ok(())
}

struct Count<'a> {
    name: &'a str,
    limits: &'a CompileLimits,
    functions: usize,
    parts: usize,
    /// Blocks times variables, of all functions so far.
    state: usize,
    /// Of the functions of the module at hand: how many parameters, and whether
    /// some are references.
    types: Vec<(usize, bool)>,
}

impl Count<'_> {
    fn payload(&mut self, payload: Payload<'_>) -> Result<(), Error> {
        match payload {
            Payload::Version { .. } => {
                self.parts += 1;
                self.types.clear();
                self.within(
                    "modules and components",
                    self.parts,
                    "max_parts",
                    self.limits.max_parts,
                )
            }
            Payload::TypeSection(section) => {
                self.items("types", section.count())?;
                for group in section.into_iter().flatten() {
                    for ty in group.types() {
                        let parameters = match &ty.composite_type.inner {
                            wasmparser::CompositeInnerType::Func(ty) => ty.params(),
                            _ => &[],
                        };
                        let references = parameters.iter().any(|ty| matches!(ty, ValType::Ref(_)));
                        self.types.push((parameters.len(), references));
                    }
                }
                self.items("types", u32::try_from(self.types.len()).unwrap_or(u32::MAX))
            }
            Payload::ImportSection(section) => {
                self.items("imports", section.count())?;
                for import in section.into_imports().flatten() {
                    if let TypeRef::Tag(ty) = import.ty {
                        self.tag(ty.func_type_idx)?;
                    }
                }
                Ok(())
            }
            Payload::FunctionSection(section) => {
                self.functions = self.functions.saturating_add(section.count() as usize);
                let limit = self.limits.max_functions;
                self.within("functions", self.functions, "max_functions", limit)
            }
            Payload::ExportSection(section) => self.items("exports", section.count()),
            Payload::GlobalSection(section) => {
                self.items("globals", section.count())?;
                for global in section.into_iter().flatten() {
                    self.no_exception("a global", global.ty.content_type)?;
                }
                Ok(())
            }
            Payload::TableSection(section) => {
                for table in section.into_iter().flatten() {
                    self.no_exception("a table", ValType::Ref(table.ty.element_type))?;
                }
                Ok(())
            }
            Payload::TagSection(section) => {
                self.items("tags", section.count())?;
                for tag in section.into_iter().flatten() {
                    self.tag(tag.func_type_idx)?;
                }
                Ok(())
            }
            Payload::ElementSection(section) => self.items("element segments", section.count()),
            Payload::DataSection(section) => self.items("data segments", section.count()),
            Payload::CodeSectionEntry(body) => self.body(&body),
            _ => Ok(()),
        }
    }

    /// Exceptions live in a heap whose collector keeps others waiting. It stays
    /// small where only the stack holds exceptions, and exceptions hold none.
    fn no_exception(&self, what: &str, ty: ValType) -> Result<(), Error> {
        let holds = match ty {
            ValType::Ref(ty) => !ty.is_func_ref() && !ty.is_extern_ref(),
            _ => false,
        };
        if !holds {
            return Ok(());
        }
        Err(Error::invalid(format!(
            "{}: {what} of {ty}: a guest keeps references to functions there, and nothing else",
            self.name
        )))
    }

    fn tag(&self, ty: u32) -> Result<(), Error> {
        // The compiler says that there is no such type.
        let Some((parameters, references)) = self.types.get(ty as usize).copied() else {
            return Ok(());
        };
        if references {
            return Err(Error::invalid(format!(
                "{}: an exception that holds a reference: a guest's exceptions hold numbers",
                self.name
            )));
        }
        let limit = MAX_TAG_PARAMETERS;
        self.within(
            "parameters of an exception",
            parameters,
            "max_tag_parameters",
            limit,
        )
    }

    fn body(&mut self, body: &wasmparser::FunctionBody<'_>) -> Result<(), Error> {
        let bytes = body.range().len();
        self.within(
            "bytes of one function",
            bytes,
            "max_function",
            self.limits.max_function,
        )?;
        let mut locals = 1_usize;
        for group in body.get_locals_reader().into_iter().flatten().flatten() {
            locals = locals.saturating_add(group.0 as usize);
        }
        let limit = self.limits.max_function_state;
        // No body of so few bytes has more blocks than that: most are not looked at.
        if locals.saturating_mul(bytes) <= NOTHING {
            return Ok(());
        }
        let mut blocks = 1_usize;
        let operators = body.get_operators_reader().into_iter().flatten().flatten();
        for operator in operators {
            blocks = blocks.saturating_add(match operator {
                Operator::Block { .. } | Operator::Loop { .. } | Operator::BrIf { .. } => 1,
                Operator::If { .. } => 2,
                Operator::TryTable { try_table } => 1 + try_table.catches.len(),
                Operator::BrTable { targets } => targets.len() as usize,
                _ => 0,
            });
            if locals.saturating_mul(blocks) > limit {
                break;
            }
        }
        let state = locals.saturating_mul(blocks);
        let what = "variables times blocks of one function";
        self.within(what, state, "max_function_state", limit)?;
        self.state = self.state.saturating_add(state);
        let what = "variables times blocks of all functions";
        self.within(what, self.state, "max_state", self.limits.max_state)
    }

    fn items(&self, what: &str, count: u32) -> Result<(), Error> {
        self.within(what, count as usize, "max_items", self.limits.max_items)
    }

    fn within(
        &self,
        what: &str,
        count: usize,
        limit: &'static str,
        value: usize,
    ) -> Result<(), Error> {
        within(self.name, what, count, limit, value)
    }
}

fn within(
    name: &str,
    what: &str,
    count: usize,
    limit: &'static str,
    value: usize,
) -> Result<(), Error> {
    if count <= value {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "{name}: {count} {what}, more than {limit} ({value})"
    ))
    .with("limit", limit)
    .with("value", value as u64))
}
