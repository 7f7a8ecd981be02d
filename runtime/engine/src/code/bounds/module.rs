//! The types and functions of a module, as far as its functions refer to them.

use wasmparser::{BlockType, CompositeInnerType, ValType};

/// Items of the current module that its functions refer to.
#[derive(Default)]
pub(super) struct Module {
    pub(super) types: Vec<Signature>,
    /// Parameters and results of all types.
    pub(super) values: usize,
    /// The type of each function, imported ones first.
    pub(super) functions: Vec<u32>,
    /// Number of functions whose bodies were counted or that have none.
    pub(super) bodies: usize,
}

impl Module {
    pub(super) fn add(&mut self, ty: &CompositeInnerType) {
        let mut signature = Signature::default();
        if let CompositeInnerType::Func(ty) = ty {
            signature.parameters = ty.params().len();
            signature.results = ty.results().len();
            signature.references = ty.params().iter().any(|ty| matches!(ty, ValType::Ref(_)));
        }
        self.values += signature.values();
        self.types.push(signature);
    }

    /// Returns the parameters and results of a function together. The compiler reports
    /// a function or a type that does not exist.
    pub(super) fn function_values(&self, function: u32) -> usize {
        let ty = self.functions.get(function as usize);
        ty.map_or(0, |ty| self.type_values(*ty))
    }

    pub(super) fn type_values(&self, ty: u32) -> usize {
        self.types.get(ty as usize).map_or(0, Signature::values)
    }

    /// Returns the variables that a compiler makes for a block.
    pub(super) fn block_values(&self, ty: BlockType) -> usize {
        match ty {
            BlockType::Empty => 0,
            BlockType::Type(_) => 1,
            BlockType::FuncType(ty) => self.type_values(ty),
        }
    }
}

#[derive(Clone, Copy, Default)]
pub(super) struct Signature {
    pub(super) parameters: usize,
    results: usize,
    /// True if a parameter is a reference.
    pub(super) references: bool,
}

impl Signature {
    fn values(&self) -> usize {
        self.parameters + self.results
    }
}
