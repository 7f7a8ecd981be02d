//! Imports, exports and memory of a WebAssembly binary.

use wasmparser::{BinaryReaderError, Encoding, Parser, Payload};

/// The kind of binary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Core,
    Component,
}

/// The interface of a binary.
#[derive(Debug)]
pub(super) struct Contents {
    pub(super) shape: Shape,
    /// Module and name; of a component, the name of the interface alone.
    pub(super) imports: Vec<(String, String)>,
    pub(super) exports: Vec<String>,
    /// The first memory of a core module.
    pub(super) memory: Option<Memory>,
    /// True if the module is initialized once and started from a snapshot.
    pub(super) snapshot: bool,
}

/// A linear memory, in pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Memory {
    pub(super) initial: u64,
    pub(super) maximum: Option<u64>,
    /// Bytes.
    pub(super) page_size: u64,
}

/// Reads a binary. The contents of nested modules and components are skipped.
pub(super) fn read(binary: &[u8]) -> Result<Contents, BinaryReaderError> {
    let mut contents = Contents {
        shape: Shape::Core,
        imports: Vec::new(),
        exports: Vec::new(),
        memory: None,
        snapshot: false,
    };
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(binary) {
        match payload? {
            Payload::Version {
                encoding: Encoding::Component,
                ..
            } if depth == 0 => contents.shape = Shape::Component,
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            _ if depth > 0 => {}
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    let import = import?;
                    let name = (import.module.to_owned(), import.name.to_owned());
                    contents.imports.push(name);
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports {
                    let name = export?.name.to_owned();
                    contents.snapshot |= name == "wizer-initialize";
                    contents.exports.push(name);
                }
            }
            Payload::MemorySection(memories) => {
                for memory in memories {
                    let memory = memory?;
                    contents.memory.get_or_insert(Memory {
                        initial: memory.initial,
                        maximum: memory.maximum,
                        page_size: 1 << memory.page_size_log2.unwrap_or(16),
                    });
                }
            }
            Payload::ComponentImportSection(imports) => {
                for import in imports {
                    contents
                        .imports
                        .push((import?.name.name.to_owned(), String::new()));
                }
            }
            Payload::ComponentExportSection(exports) => {
                for export in exports {
                    contents.exports.push(export?.name.name.to_owned());
                }
            }
            _ => {}
        }
    }
    Ok(contents)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_core_module() {
        let binary = wat::parse_str(
            r#"(module (import "warren:core/clock@0.1.0" "now" (func (result i64)))
                 (memory (export "memory") 2 16) (func (export "start")))"#,
        )
        .unwrap();
        let contents = read(&binary).unwrap();
        assert_eq!(contents.shape, Shape::Core);
        assert_eq!(
            contents.imports,
            [("warren:core/clock@0.1.0".to_owned(), "now".to_owned())]
        );
        assert_eq!(contents.exports, ["memory", "start"]);
        let memory = contents.memory.unwrap();
        assert_eq!(
            (memory.initial, memory.maximum, memory.page_size),
            (2, Some(16), 65_536)
        );
    }

    #[test]
    fn only_the_interface_of_a_component_is_read() {
        let binary = wat::parse_str(
            r#"(component (import "warren:process/clock@0.1.0" (instance))
                 (core module (import "hidden" "x" (func)) (memory 1))
                 (component (import "inner" (func)))
                 (core module $m (func (export "start")))
                 (core instance $i (instantiate $m))
                 (func (export "start") (canon lift (core func $i "start"))))"#,
        )
        .unwrap();
        let contents = read(&binary).unwrap();
        assert_eq!(contents.shape, Shape::Component);
        assert_eq!(
            contents.imports,
            [("warren:process/clock@0.1.0".to_owned(), String::new())]
        );
        assert_eq!(contents.exports, ["start"]);
        assert_eq!(contents.memory, None);
    }

    #[test]
    fn other_files_than_webassembly_are_refused() {
        assert!(read(b"hello").is_err());
        assert!(read(b"").is_err());
    }
}
