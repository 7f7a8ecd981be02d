//! Modules whose instances are their memory, and nothing else, between two calls.

use wasmparser::{BinaryReaderError, Operator, Parser, Payload};

/// Returns true if an instance of a core module can be made anew from its memory: nothing
/// else of it changes. A single global may change during a call, the pointer to the stack
/// of compiled code, which has its old value when the call returns.
pub(crate) fn is_fit(binary: &[u8]) -> bool {
    changes_nothing_else(binary).unwrap_or(false)
}

fn changes_nothing_else(binary: &[u8]) -> Result<bool, BinaryReaderError> {
    for payload in Parser::new(0).parse_all(binary) {
        match payload? {
            // It may ask for the time, and so differ from instance to instance.
            Payload::StartSection { .. } => return Ok(false),
            Payload::GlobalSection(globals) => {
                let mut changing = 0;
                for global in globals {
                    changing += usize::from(global?.ty.mutable);
                }
                if changing > 1 {
                    return Ok(false);
                }
            }
            Payload::CodeSectionEntry(body) => {
                for operator in body.get_operators_reader()? {
                    if changes_more_than_memory(&operator?) {
                        return Ok(false);
                    }
                }
            }
            _ => {}
        }
    }
    Ok(true)
}

fn changes_more_than_memory(operator: &Operator<'_>) -> bool {
    matches!(
        operator,
        Operator::TableSet { .. }
            | Operator::TableGrow { .. }
            | Operator::TableFill { .. }
            | Operator::TableCopy { .. }
            | Operator::TableInit { .. }
            | Operator::ElemDrop { .. }
            | Operator::DataDrop { .. }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(text: &str) -> bool {
        is_fit(&wat::parse_str(text).expect("is WebAssembly text"))
    }

    #[test]
    fn a_module_that_changes_its_memory_alone_is_fit() {
        assert!(fits(
            r#"(module (memory 1) (global (mut i32) (i32.const 9)) (table 1 funcref)
                 (func (i32.store (i32.const 0) (i32.const 1))
                       (global.set 0 (i32.const 8)) (global.set 0 (i32.const 9))))"#
        ));
    }

    #[test]
    fn a_module_with_more_state_is_not() {
        for more in [
            "(func) (start 0)",
            "(global (mut i32) (i32.const 0)) (global (mut i64) (i64.const 0))",
            "(table 1 funcref) (func (table.set (i32.const 0) (ref.null func)))",
            "(table 1 funcref) (func (drop (table.grow (ref.null func) (i32.const 1))))",
            r#"(memory 1) (data "x") (func (data.drop 0))"#,
        ] {
            assert!(!fits(&format!("(module {more})")), "{more}");
        }
        assert!(!is_fit(b"no module"));
    }
}
