//! Bounds on code that are checked before anything is compiled.
//!
//! Cranelift has no bound on its time and memory, and a compilation cannot be
//! stopped. Both grow with the items counted here. Counting takes one pass over the
//! file and less time than reading it. A child process with limits of the operating
//! system would be the alternative. It needs a program to start, which an embedder
//! does not have, and it could not say why a module is refused.

use warren_kernel::{Error, Kind};
use wasmparser::{Parser, Payload, TypeRef, TypeSectionReader, ValType};

use crate::code::wasm::Wasm;
use crate::setters::setters;

mod function;
mod module;

use function::Seen;
use module::Module;

/// Limits of sources and WebAssembly files, and of preparing and compiling them. Each
/// field has a setter of the same name. `docs/limits.md` has the defaults.
///
/// ```
/// use warren_engine::CompileLimits;
///
/// let limits = CompileLimits::default().max_source(64 << 10);
/// assert_eq!(limits.max_source, 64 << 10);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
    /// Blocks of one function times its variables, plus what grows with the squares of
    /// its loops, branches and indirect calls, more if they nest. A compiler's time and
    /// memory grow with it. Variables are locals, parameters, results, and the parameters
    /// and results of blocks.
    pub max_function_state: usize,
    /// Sum of this state over all functions of a module, or of all modules of a
    /// component.
    pub max_state: usize,
    /// Items of each kind: types, imports, exports, globals, tags, segments.
    pub max_items: usize,
    /// Modules and components in a component, nested ones and itself included.
    pub max_parts: usize,
    /// Processor time that preparing one source may take.
    pub max_prepare: std::time::Duration,
    /// Bytes of sources and prepared code that are kept for definitions that no
    /// process runs.
    pub max_kept: usize,
}

setters! {
    CompileLimits {
        max_module: usize,
        max_source: usize,
        max_functions: usize,
        max_function: usize,
        max_function_state: usize,
        max_state: usize,
        max_items: usize,
        max_parts: usize,
        max_prepare: std::time::Duration,
        max_kept: usize,
    }
    optional {}
}

impl Default for CompileLimits {
    fn default() -> Self {
        CompileLimits {
            max_module: 64 << 20,
            max_source: 16 << 20,
            max_functions: 100_000,
            max_function: 2 << 20,
            max_function_state: 32_000_000,
            max_state: 512_000_000,
            max_items: 100_000,
            max_parts: 1_000,
            max_prepare: std::time::Duration::from_secs(5),
            max_kept: 256 << 20,
        }
    }
}

/// Variables times bytes of a function up to which compiling it costs next to
/// nothing.
const NOTHING: usize = 10_000;

/// Bytes of a function up to which it has too few loops to matter.
const NO_LOOPS: usize = 60;

/// Most blocks of one function. A compiler keeps 1.2 KiB for each block, and 14 KiB
/// for each loop, until the function is done.
const MAX_BLOCKS: usize = 200_000;

/// Most calls in one function, instructions that call the runtime included. A
/// compiler keeps 1.7 KiB for each call until the function is done.
const MAX_CALLS: usize = 100_000;

/// Most parameters and results of all types of a module together. A compiler keeps 50
/// bytes for each.
const MAX_TYPE_VALUES: usize = 1_000_000;

/// Most parameters of an exception. Toolchains use one.
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

/// Refuses a module or component that would cost a compiler too much. Anything else
/// that is wrong with it is left to the compiler.
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
        module: Module::default(),
    };
    for payload in Parser::new(0).parse_all(&wasm.binary) {
        // The compiler reports the error, with more context.
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
    /// Sum of [`Seen::state`] over all functions so far.
    state: usize,
    module: Module,
}

impl Count<'_> {
    fn payload(&mut self, payload: Payload<'_>) -> Result<(), Error> {
        match payload {
            Payload::Version { .. } => {
                self.parts += 1;
                self.module = Module::default();
                self.within(
                    "modules and components",
                    self.parts,
                    "max_parts",
                    self.limits.max_parts,
                )
            }
            Payload::TypeSection(section) => self.types(section),
            Payload::ImportSection(section) => {
                self.items("imports", section.count())?;
                for import in section.into_imports().flatten() {
                    match import.ty {
                        TypeRef::Tag(ty) => self.tag(ty.func_type_idx)?,
                        TypeRef::Func(ty) | TypeRef::FuncExact(ty) => {
                            self.module.functions.push(ty);
                        }
                        _ => {}
                    }
                }
                self.module.bodies = self.module.functions.len();
                Ok(())
            }
            Payload::FunctionSection(section) => {
                self.functions = self.functions.saturating_add(section.count() as usize);
                let limit = self.limits.max_functions;
                self.within("functions", self.functions, "max_functions", limit)?;
                self.module.functions.extend(section.into_iter().flatten());
                Ok(())
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

    fn types(&mut self, section: TypeSectionReader<'_>) -> Result<(), Error> {
        self.items("types", section.count())?;
        for group in section.into_iter().flatten() {
            for ty in group.types() {
                self.module.add(&ty.composite_type.inner);
                let what = "parameters and results of all types";
                let values = self.module.values;
                self.within(what, values, "max_type_values", MAX_TYPE_VALUES)?;
            }
        }
        let types = u32::try_from(self.module.types.len()).unwrap_or(u32::MAX);
        self.items("types", types)
    }

    /// Refuses globals and tables that could hold exceptions. Exceptions live in a
    /// heap whose collector makes other processes wait. That heap stays small if only
    /// the stack holds exceptions, and exceptions hold no references.
    fn no_exception(&self, what: &str, ty: ValType) -> Result<(), Error> {
        let holds = match ty {
            ValType::Ref(ty) => !ty.is_func_ref() && !ty.is_extern_ref(),
            _ => false,
        };
        if !holds {
            return Ok(());
        }
        Err(Error::invalid(format!(
            "{}: {what} of type {ty}; a guest may keep only references to functions there",
            self.name
        )))
    }

    fn tag(&self, ty: u32) -> Result<(), Error> {
        // The compiler reports a type that does not exist.
        let Some(signature) = self.module.types.get(ty as usize) else {
            return Ok(());
        };
        if signature.references {
            return Err(Error::invalid(format!(
                "{}: an exception with a reference; a guest's exceptions may hold only numbers",
                self.name
            )));
        }
        let limit = MAX_TAG_PARAMETERS;
        self.within(
            "parameters of an exception",
            signature.parameters,
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
        let function = u32::try_from(self.module.bodies).unwrap_or(u32::MAX);
        self.module.bodies += 1;
        let values = self.module.function_values(function);
        let mut locals = 1_usize;
        for group in body.get_locals_reader().into_iter().flatten().flatten() {
            locals = locals.saturating_add(group.0 as usize);
        }
        let limit = self.limits.max_function_state;
        let mut seen = Seen::new(values, locals);
        // Most bodies are this small, and harmless.
        let harmless = seen.variables.saturating_mul(bytes) <= NOTHING && bytes <= NO_LOOPS;
        if !harmless {
            let operators = body.get_operators_reader().into_iter().flatten().flatten();
            for operator in operators {
                seen.operator(&operator, &self.module);
                if seen.state() > limit || seen.calls > MAX_CALLS || seen.blocks > MAX_BLOCKS {
                    break;
                }
            }
        }
        self.within("calls of one function", seen.calls, "max_calls", MAX_CALLS)?;
        self.within(
            "blocks of one function",
            seen.blocks,
            "max_blocks",
            MAX_BLOCKS,
        )?;
        let state = seen.state();
        let what = "variables times blocks, and squares of loops and branches, of one function";
        self.within(what, state, "max_function_state", limit)?;
        self.state = self.state.saturating_add(state);
        let what = "variables times blocks, and squares of loops and branches, of all functions";
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
    let message = format!("{name}: {count} {what}, more than {limit} = {value}");
    Err(Error::at_limit(Kind::Invalid, limit, value as u64, message))
}
