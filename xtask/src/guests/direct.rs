//! Makes the indirect calls of a module direct: `call_indirect` becomes a call
//! of a *dispatcher*, a function that branches on the index of the callee in
//! the table and calls it by its name. The table stays, but is empty.
//!
//! Every function that a table refers to costs every instance 32 bytes of
//! context, and the table a page. An interpreter with 400 functions in its
//! libraries pays that for each process; a branch costs an instance nothing.
//! The effect of a call does not change: an index without a function of the
//! called type still traps.

mod dispatcher;
mod encoding;
mod leb128;
mod module;

use anyhow::{Context, Result};
use wasmparser::{Validator, WasmFeatures};

use dispatcher::Dispatcher;
use module::Module;

/// Returns the module with direct calls.
///
/// # Errors
/// The module is not valid, or uses its table in a way dispatchers do not
/// support: it imports, exports or changes the table, or takes references to
/// functions.
pub(super) fn direct(bytes: &[u8]) -> Result<Vec<u8>> {
    validate(bytes).context("the guest is not a valid module")?;
    let module = Module::read(bytes)?;
    let dispatchers = Dispatcher::all(&module)?;
    let direct = encoding::with_dispatchers(&module, &dispatchers)?;
    validate(&direct).context("the guest with direct calls is not a valid module")?;
    Ok(direct)
}

fn validate(module: &[u8]) -> Result<()> {
    Validator::new_with_features(WasmFeatures::all()).validate_all(module)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use wasmparser::{Operator, Parser, Payload};

    use super::*;

    /// Functions of two types in the table, with a gap; a call of each type,
    /// and one of a type that no function has.
    const GUEST: &str = r#"(module
        (type $unary (func (param i32) (result i32)))
        (type $binary (func (param i64 f64) (result i64)))
        (type $none (func))
        (import "host" "call" (func $import (type $unary)))
        (table 9 9 funcref)
        (elem (i32.const 3) $import $one $sum)
        (elem (i32.const 7) $two)
        (func $one (type $unary) (local.get 0))
        (func $two (type $unary) (local.get 0))
        (func $sum (type $binary) (local.get 0))
        (func (export "run") (param i32) (result i32)
            (drop (call_indirect (type $binary) (i64.const 1) (f64.const 2) (i32.const 5)))
            (call_indirect (type $none) (i32.const 0))
            (call_indirect (type $unary) (i32.const 7) (local.get 0))))"#;

    /// Returns the functions that each function calls by name.
    fn calls(bytes: &[u8]) -> Vec<Vec<u32>> {
        let mut calls = Vec::new();
        for payload in Parser::new(0).parse_all(bytes) {
            if let Payload::CodeSectionEntry(body) = payload.unwrap() {
                let operators = body.get_operators_reader().unwrap().into_iter();
                let callee = |operator| match operator {
                    Operator::Call { function_index } => Some(function_index),
                    _ => None,
                };
                calls.push(operators.map(Result::unwrap).filter_map(callee).collect());
            }
        }
        calls
    }

    #[test]
    fn calls_go_to_dispatchers_and_the_table_is_empty() {
        let direct = direct(&wat::parse_str(GUEST).unwrap()).unwrap();
        let module = Module::read(&direct).unwrap();
        assert!(module.table.is_empty());
        // Functions 0 to 4 are the guest's; 5 and 6 dispatch by type.
        let (unary, binary) = (5, 6);
        assert_eq!(
            calls(&direct),
            [
                vec![],
                vec![],
                vec![],
                vec![binary, unary],
                vec![0, 1, 2],
                vec![3]
            ]
        );
        let left: Vec<_> = module.bodies.iter().map(|body| body.calls.len()).collect();
        assert_eq!(left, [0, 0, 0, 1, 1, 1], "calls that can only trap");
    }

    #[test]
    fn a_branch_is_taken_for_its_index_alone() {
        let direct = direct(&wat::parse_str(GUEST).unwrap()).unwrap();
        let module = Module::read(&direct).unwrap();
        let body = module.bodies[4].code;
        let at = body.iter().position(|byte| *byte == 0x0e).unwrap();
        // Indices 3 to 7 and the rest: by number of block, the last one traps.
        assert_eq!(body[at..at + 8], [0x0e, 5, 0, 1, 3, 3, 2, 3]);
        assert_eq!(body[at - 3..at], [0x41, 3, 0x6b]);
    }

    #[test]
    fn a_table_that_others_see_is_refused() {
        for (what, why) in [
            (r#"(table (export "table") 1 funcref)"#, "exports its table"),
            (
                r#"(import "host" "table" (table 1 funcref))"#,
                "imports a table",
            ),
            (
                "(table 1 funcref) (func (drop (table.get (i32.const 0))))",
                "more than calls",
            ),
        ] {
            let module = wat::parse_str(format!("(module {what})")).unwrap();
            let error = direct(&module).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
