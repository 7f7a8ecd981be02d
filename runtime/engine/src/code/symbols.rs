//! Calls on the stack of a guest: names of functions, files and lines.
//!
//! Names are in the compiled code. Files and lines are in the debug information of the file
//! that was compiled, if it has any. They are read only for a stack that is shown, and are
//! bounded by bytes, because the file is the guest's. wasmtime could keep that information
//! with the compiled code and read it itself, with `wasm_backtrace_details`: but without any
//! bound, on the guest's stack, and again for each call.

mod dwarf;
mod fuel;
mod names;
mod sections;
mod stack;

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use wasmtime::WasmBacktrace;

use crate::code::class::Shape;
use crate::code::definition::Source;
use crate::code::wasm::Wasm;
use fuel::Fuel;
use sections::Module;
pub(crate) use stack::text;

/// Bytes of debug information that are read for one stack: up to 0.1 s of a core. Each part
/// of the file in which it is looked for counts as some bytes.
const STACK: usize = 16 << 20;

/// Bytes of debug information that are read for all stacks of one module. A module could
/// trap at ever other places.
const MODULE: usize = 256 << 20;

/// Most calls whose places are kept.
const KEPT: usize = 256;

/// A call on a stack.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    function: u32,
    name: Option<String>,
    /// The instruction, in bytes from the beginning of the function's body.
    in_function: Option<usize>,
    /// The instruction, in bytes from the beginning of the compiled file.
    in_file: Option<usize>,
}

/// A function at a line, as debug information has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    name: Option<Box<str>>,
    file: Option<Box<str>>,
    line: Option<u32>,
    column: Option<u32>,
}

/// The places of one call: the function itself is the last, and those before it were inlined
/// into the one behind them. Empty without debug information.
pub(crate) type Places = Arc<[Place]>;

/// Returns the calls of a backtrace, the innermost first.
pub(crate) fn frames(backtrace: &WasmBacktrace) -> Vec<Frame> {
    let frames = backtrace.frames().iter();
    let frame = |frame: &wasmtime::FrameInfo| Frame {
        function: frame.func_index(),
        name: frame.func_name().map(names::kept),
        in_function: frame.func_offset(),
        in_file: frame.module_offset(),
    };
    frames.map(frame).collect()
}

/// The known part of the debug information of one file.
#[derive(Debug)]
pub(crate) struct Symbols(Mutex<Known>);

#[derive(Debug)]
struct Known {
    /// True if the file has no debug information.
    is_without: bool,
    places: HashMap<Call, Places>,
    /// Bytes that may still be read.
    left: usize,
}

/// A function and an instruction in the compiled file.
type Call = (u32, Option<usize>);

impl Default for Symbols {
    fn default() -> Symbols {
        Symbols(Mutex::new(Known {
            is_without: false,
            places: HashMap::new(),
            left: MODULE,
        }))
    }
}

impl Symbols {
    /// Returns the places of calls if they can be told without reading the file.
    pub(crate) fn known(&self, frames: &[Frame]) -> Option<Vec<Places>> {
        let known = self.0.lock();
        let is_over = known.is_without || known.left == 0;
        let places = frames.iter().map(|frame| {
            let places = known.places.get(&frame.call()).cloned();
            places.or_else(|| is_over.then(Places::default))
        });
        places.collect()
    }

    /// Reads the places of calls from the file. Blocks for up to 0.1 s.
    pub(crate) fn find(&self, source: &Source, shape: Shape, frames: &[Frame]) -> Vec<Places> {
        // Others may have waited for the same calls.
        if let Some(known) = self.known(frames) {
            return known;
        }
        let fuel = Fuel::new(self.take_bytes());
        // Text has no debug information.
        let modules = match Wasm::is_text(source) {
            true => Vec::new(),
            false => sections::modules(&source.bytes, &fuel),
        };
        if modules.is_empty() {
            self.0.lock().is_without = true;
            return vec![Places::default(); frames.len()];
        }
        let mut found = vec![Places::default(); frames.len()];
        for module in &modules {
            find_in(module, shape, frames, &fuel, &mut found);
        }
        let mut known = self.0.lock();
        known.left += fuel.left();
        if known.places.len() + frames.len() > KEPT {
            known.places.clear();
        }
        for (frame, places) in frames.iter().zip(&found) {
            known.places.insert(frame.call(), Arc::clone(places));
        }
        found
    }

    /// Takes the bytes for one stack from those that are left.
    fn take_bytes(&self) -> usize {
        let mut known = self.0.lock();
        let taken = known.left.min(STACK);
        known.left -= taken;
        taken
    }
}

/// Finds the calls that are in one module.
fn find_in<'a>(
    module: &Module<'a>,
    shape: Shape,
    frames: &[Frame],
    fuel: &'a Fuel,
    found: &mut [Places],
) {
    let addresses: Vec<Option<u64>> = frames
        .iter()
        .map(|frame| frame.address(module, shape))
        .collect();
    let mut ascending: Vec<u64> = addresses.iter().copied().flatten().collect();
    ascending.sort_unstable();
    ascending.dedup();
    if ascending.is_empty() {
        return;
    }
    let places = dwarf::places(&module.sections, &ascending, fuel);
    let places: Vec<Places> = places.into_iter().map(Places::from).collect();
    for (address, found) in addresses.into_iter().zip(found) {
        let place = address.and_then(|address| ascending.binary_search(&address).ok());
        if let Some(place) = place {
            *found = Arc::clone(&places[place]);
        }
    }
}

impl Frame {
    fn call(&self) -> Call {
        (self.function, self.in_file)
    }

    /// Returns the address of the instruction in a module, if it is there.
    fn address(&self, module: &Module<'_>, shape: Shape) -> Option<u64> {
        let in_file = match shape {
            // A snapshot is another file, with the same functions.
            Shape::Core => module.body(self.function)? + self.in_function?,
            Shape::Component => self.in_file?,
        };
        let is_here = module.code.contains(&in_file);
        is_here.then(|| (in_file - module.code.start) as u64)
    }
}

#[cfg(test)]
mod tests;
