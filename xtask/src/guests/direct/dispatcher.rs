//! Functions that call others by their index in the table.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use wasmparser::{FuncType, ValType};

use super::leb128::{number, signed};
use super::module::Module;

/// The function that replaces indirect calls of one type. Its parameters are
/// those of the callee and then the callee's index in the table.
pub(super) struct Dispatcher {
    /// The type of the callees.
    pub(super) callees: FuncType,
    /// The type's index.
    ty: u32,
    /// The dispatcher's function index.
    pub(super) function: u32,
    /// The callees, by the index in the table.
    branches: BTreeMap<u32, u32>,
}

mod op {
    pub(super) const BLOCK: u8 = 0x02;
    pub(super) const END: u8 = 0x0b;
    pub(super) const BR_TABLE: u8 = 0x0e;
    pub(super) const RETURN: u8 = 0x0f;
    pub(super) const CALL: u8 = 0x10;
    pub(super) const CALL_INDIRECT: u8 = 0x11;
    pub(super) const LOCAL_GET: u8 = 0x20;
    pub(super) const I32_CONST: u8 = 0x41;
    pub(super) const I32_SUB: u8 = 0x6b;
}

/// The type of a block without parameters and results.
const EMPTY: u8 = 0x40;
/// The byte that introduces a function type.
const FUNCTION: u8 = 0x60;
const I32: u8 = 0x7f;

impl Dispatcher {
    /// Returns a dispatcher for each type that is called and has functions in
    /// the table, in the order of the types. A call of any other type can only
    /// trap, and stays unchanged.
    ///
    /// # Errors
    /// The table refers to a missing function.
    pub(super) fn all(module: &Module<'_>) -> Result<Vec<Dispatcher>> {
        let mut called: Vec<u32> = module
            .bodies
            .iter()
            .flat_map(|body| body.calls.iter().map(|call| call.ty))
            .collect();
        called.sort_unstable();
        called.dedup();
        let mut dispatchers: Vec<Dispatcher> = Vec::new();
        for ty in called {
            let callees = &module.types[ty as usize];
            if dispatchers.iter().any(|other| other.callees == *callees) {
                continue;
            }
            let mut branches = BTreeMap::new();
            for (index, function) in &module.table {
                if module.type_of(*function)? == callees {
                    branches.insert(*index, *function);
                }
            }
            if !branches.is_empty() {
                dispatchers.push(Dispatcher {
                    callees: callees.clone(),
                    ty,
                    function: (module.functions.len() + dispatchers.len()) as u32,
                    branches,
                });
            }
        }
        Ok(dispatchers)
    }

    /// Returns the dispatcher's type in the binary format.
    ///
    /// # Errors
    /// A parameter or result is not a number.
    pub(super) fn encoded_type(&self) -> Result<Vec<u8>> {
        let mut out = vec![FUNCTION];
        number(&mut out, self.callees.params().len() as u32 + 1);
        for param in self.callees.params() {
            out.push(code(*param)?);
        }
        out.push(I32);
        number(&mut out, self.callees.results().len() as u32);
        for result in self.callees.results() {
            out.push(code(*result)?);
        }
        Ok(out)
    }

    /// Returns the dispatcher's code: a block for each branch, the first
    /// innermost, all of them in one for an index without function.
    pub(super) fn body(&self) -> Vec<u8> {
        let index = self.callees.params().len() as u32;
        let first = self.branches.keys().next().copied().unwrap_or_default();
        let last = self.branches.keys().next_back().copied().unwrap_or(first);
        let no_function = self.branches.len() as u32;

        // No locals beside the parameters.
        let mut out = vec![0];
        for _ in 0..=no_function {
            out.extend([op::BLOCK, EMPTY]);
        }
        get(&mut out, index);
        out.push(op::I32_CONST);
        signed(&mut out, i64::from(first));
        out.extend([op::I32_SUB, op::BR_TABLE]);
        number(&mut out, last - first + 1);
        let mut block = 0;
        for index in first..=last {
            if self.branches.contains_key(&index) {
                number(&mut out, block);
                block += 1;
            } else {
                number(&mut out, no_function);
            }
        }
        number(&mut out, no_function);
        out.push(op::END);
        for function in self.branches.values() {
            (0..index).for_each(|param| get(&mut out, param));
            out.push(op::CALL);
            number(&mut out, *function);
            out.extend([op::RETURN, op::END]);
        }
        // The table is empty: this call traps as the original would have.
        (0..=index).for_each(|param| get(&mut out, param));
        out.push(op::CALL_INDIRECT);
        number(&mut out, self.ty);
        number(&mut out, 0);
        out.push(op::END);
        out
    }
}

fn get(out: &mut Vec<u8>, local: u32) {
    out.push(op::LOCAL_GET);
    number(out, local);
}

fn code(ty: ValType) -> Result<u8> {
    Ok(match ty {
        ValType::I32 => I32,
        ValType::I64 => 0x7e,
        ValType::F32 => 0x7d,
        ValType::F64 => 0x7c,
        other => bail!("the guest calls functions of {other}"),
    })
}
