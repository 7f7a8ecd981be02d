//! The parts of a module that its indirect calls depend on.

use std::collections::BTreeMap;
use std::ops::Range;

use anyhow::{Context, Result, bail, ensure};
use wasmparser::{
    BinaryReader, ElementItems, ElementKind, ExternalKind, FuncType, FunctionBody, Operator,
    Parser, Payload, TypeRef,
};

/// A module in parts; functions and types are named by their indices.
pub(super) struct Module<'a> {
    /// Magic number and version.
    pub(super) header: &'a [u8],
    /// The sections, in order.
    pub(super) sections: Vec<Section<'a>>,
    pub(super) types: Vec<FuncType>,
    /// The type of each function, imported ones first.
    pub(super) functions: Vec<u32>,
    /// The initial contents of the table.
    pub(super) table: BTreeMap<u32, u32>,
    /// The functions that are not imported.
    pub(super) bodies: Vec<Body<'a>>,
}

/// A section, unparsed.
pub(super) struct Section<'a> {
    pub(super) id: u8,
    pub(super) content: &'a [u8],
}

/// The code of a function.
pub(super) struct Body<'a> {
    pub(super) code: &'a [u8],
    pub(super) calls: Vec<IndirectCall>,
}

/// A `call_indirect`.
pub(super) struct IndirectCall {
    /// The call's range in the body.
    pub(super) at: Range<usize>,
    /// The type that is called.
    pub(super) ty: u32,
}

impl<'a> Module<'a> {
    /// Parses a valid module.
    ///
    /// # Errors
    /// The module uses its table other than by indirect calls.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Module<'a>> {
        let mut module = Module {
            header: &[],
            sections: Vec::new(),
            types: Vec::new(),
            functions: Vec::new(),
            table: BTreeMap::new(),
            bodies: Vec::new(),
        };
        for payload in Parser::new(0).parse_all(bytes) {
            let payload = payload?;
            if let Some((id, range)) = payload.as_section() {
                let content = &bytes[range];
                module.sections.push(Section { id, content });
            }
            module.note(payload, bytes)?;
        }
        Ok(module)
    }

    fn note(&mut self, payload: Payload<'a>, bytes: &'a [u8]) -> Result<()> {
        match payload {
            Payload::Version { range, .. } => self.header = &bytes[range],
            Payload::TypeSection(types) => {
                self.types = types
                    .into_iter_err_on_gc_types()
                    .collect::<Result<_, _>>()?;
            }
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    match import?.ty {
                        TypeRef::Func(ty) => self.functions.push(ty),
                        TypeRef::Table(_) => bail!("the guest imports a table"),
                        _ => {}
                    }
                }
            }
            Payload::FunctionSection(types) => {
                for ty in types {
                    self.functions.push(ty?);
                }
            }
            Payload::TableSection(tables) => {
                ensure!(tables.count() == 1, "the guest has several tables");
            }
            Payload::ExportSection(exports) => {
                for export in exports {
                    let exported = export?.kind;
                    ensure!(
                        exported != ExternalKind::Table,
                        "the guest exports its table"
                    );
                }
            }
            Payload::ElementSection(elements) => {
                for element in elements {
                    let element = element?;
                    let ElementKind::Active { offset_expr, .. } = element.kind else {
                        bail!("the guest has elements beside its table");
                    };
                    let ElementItems::Functions(functions) = element.items else {
                        bail!("the guest has elements that are computed");
                    };
                    let first = match offset_expr.get_operators_reader().read()? {
                        Operator::I32Const { value } => u32::try_from(value)?,
                        other => bail!("the guest's table begins at {other:?}"),
                    };
                    for (index, function) in (first..).zip(functions) {
                        self.table.insert(index, function?);
                    }
                }
            }
            Payload::CodeSectionEntry(body) => self.bodies.push(Body::read(&body, bytes)?),
            _ => {}
        }
        Ok(())
    }

    /// Returns the type of a function.
    ///
    /// # Errors
    /// There is no such function.
    pub(super) fn type_of(&self, function: u32) -> Result<&FuncType> {
        let ty = self.functions.get(function as usize);
        ty.and_then(|ty| self.types.get(*ty as usize))
            .with_context(|| format!("there is no function {function}"))
    }
}

impl<'a> Section<'a> {
    /// Returns the number of items and the items themselves.
    ///
    /// # Errors
    /// The section is not a vector.
    pub(super) fn items(&self) -> Result<(u32, &'a [u8])> {
        let mut reader = BinaryReader::new(self.content, 0);
        let count = reader.read_var_u32()?;
        Ok((count, &self.content[reader.original_position()..]))
    }
}

impl<'a> Body<'a> {
    fn read(body: &FunctionBody<'a>, bytes: &'a [u8]) -> Result<Body<'a>> {
        let start = body.range().start;
        let mut calls = Vec::new();
        let mut operators = body.get_operators_reader()?;
        while !operators.eof() {
            let (operator, from) = operators.read_with_offset()?;
            match operator {
                Operator::CallIndirect { type_index, .. } => calls.push(IndirectCall {
                    at: from - start..operators.original_position() - start,
                    ty: type_index,
                }),
                Operator::ReturnCallIndirect { .. }
                | Operator::RefFunc { .. }
                | Operator::TableGet { .. }
                | Operator::TableSet { .. }
                | Operator::TableGrow { .. }
                | Operator::TableFill { .. }
                | Operator::TableCopy { .. }
                | Operator::TableInit { .. } => {
                    bail!("the guest uses its table for more than calls: {operator:?}")
                }
                _ => {}
            }
        }
        Ok(Body {
            code: &bytes[body.range()],
            calls,
        })
    }
}
