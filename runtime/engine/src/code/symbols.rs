//! Calls on the stack of a guest: names of functions, files and lines.
//!
//! Names are in the compiled code. Files and lines are in the debug information of the file
//! that was compiled, if it has any; a function without a name has one in the exports of that
//! file, perhaps. The file is read only for a stack that is shown, and what is read is
//! bounded by bytes, because the file is the guest's. wasmtime could keep that information
//! with the compiled code and read it itself, with `wasm_backtrace_details`: but without any
//! bound, on the guest's stack, and again for each call.

mod dwarf;
mod fuel;
mod names;
mod sections;
mod stack;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use wasmtime::WasmBacktrace;

use crate::code::class::Shape;
use crate::code::wasm::Wasm;
use fuel::Fuel;
use sections::Module;
pub(crate) use stack::text;

/// Bytes of debug information that are read for one stack: up to 0.1 s of a core. Each part
/// of the file in which it is looked for counts as some bytes.
const STACK: usize = 16 << 20;

/// The bytes as which each byte of a module in the text form counts: it is translated.
const TEXT: usize = 16;

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
/// into the one behind them. Without debug information there is at most the name of an
/// export.
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

/// Returns the names that a core module exports functions of a stack by.
pub(crate) fn exported(binary: &[u8], frames: &[Frame]) -> Vec<Places> {
    let fuel = Fuel::new(STACK);
    let mut found = vec![Places::default(); frames.len()];
    for module in &sections::modules(binary, &without_name(frames), &fuel) {
        name_exports(module, Shape::Core, frames, &mut found);
    }
    found
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
        let places = frames.iter().map(|frame| {
            let places = known.places.get(&frame.call()).cloned();
            let is_over = known.left == 0 || (known.is_without && frame.name.is_some());
            places.or_else(|| is_over.then(Places::default))
        });
        places.collect()
    }

    /// Reads the places of calls from the file. Blocks for up to 0.1 s.
    pub(crate) fn find(
        &self,
        name: &str,
        bytes: &[u8],
        shape: Shape,
        frames: &[Frame],
    ) -> Vec<Places> {
        // Others may have waited for the same calls.
        if let Some(known) = self.known(frames) {
            return known;
        }
        let fuel = Fuel::new(self.take_bytes());
        let unnamed = without_name(frames);
        let binary = binary_of(name, bytes, &unnamed, &fuel);
        let modules = sections::modules(&binary, &unnamed, &fuel);
        let mut found = vec![Places::default(); frames.len()];
        let mut is_without = true;
        for module in &modules {
            if module.sections.is_usable() {
                is_without = false;
                find_in(module, shape, frames, &fuel, &mut found);
            }
            name_exports(module, shape, frames, &mut found);
        }
        let mut known = self.0.lock();
        known.is_without |= is_without;
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

/// Returns the functions of a stack that have no name.
fn without_name(frames: &[Frame]) -> Vec<u32> {
    let unnamed = frames.iter().filter(|frame| frame.name.is_none());
    unnamed.map(|frame| frame.function).collect()
}

/// Returns the binary form of a file. Text has exports, but no debug information: it is empty
/// if all functions have names, or without fuel for the whole file.
fn binary_of<'a>(name: &'a str, bytes: &'a [u8], unnamed: &[u32], fuel: &Fuel) -> Cow<'a, [u8]> {
    if !Wasm::is_text(name, bytes) {
        return Cow::Borrowed(bytes);
    }
    let cost = bytes.len().saturating_mul(TEXT);
    let is_read = !unnamed.is_empty() && fuel.burn(cost).is_ok();
    // The text was compiled, so it has no mistakes.
    let wasm = is_read.then(|| Wasm::parse(name, bytes).ok()).flatten();
    wasm.map(|wasm| wasm.binary).unwrap_or_default()
}

/// Gives functions of one module that have no name the name that they are exported by.
fn name_exports(module: &Module<'_>, shape: Shape, frames: &[Frame], found: &mut [Places]) {
    for (frame, found) in frames.iter().zip(found) {
        let has_name = |place: &Place| place.name.is_some();
        if frame.name.is_some() || found.last().is_some_and(has_name) {
            continue;
        }
        let export = module.export(frame.function);
        let Some(export) = export.filter(|_| frame.is_in(module, shape)) else {
            continue;
        };
        let name = Some(names::readable(export).into());
        let mut places = found.to_vec();
        match places.last_mut() {
            Some(own) => own.name = name,
            None => places.push(Place {
                name,
                file: None,
                line: None,
                column: None,
            }),
        }
        *found = places.into();
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

    /// Returns true if the function is in a module of the file.
    fn is_in(&self, module: &Module<'_>, shape: Shape) -> bool {
        match shape {
            // The file is the module.
            Shape::Core => true,
            Shape::Component => self.address(module, shape).is_some(),
        }
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
