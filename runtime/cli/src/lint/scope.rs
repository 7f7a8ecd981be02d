//! The variables of a file, and which of them a name stands for.

use std::collections::HashMap;

/// A local variable.
#[derive(Clone, Debug)]
pub(super) struct Variable {
    pub(super) name: String,
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) kind: Kind,
    /// The declaration that it is a part of.
    pub(super) declaration: usize,
    pub(super) is_read: bool,
    pub(super) is_set: bool,
    /// The function or table of the API that it stands for, from `require` or an assignment.
    pub(super) api: Option<String>,
}

/// The kind of a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Local,
    Function,
    /// A parameter or a variable of a loop, which nothing need read.
    Given,
    /// A variable with `<close>`, which is used when it ends.
    Closed,
}

/// The scopes that are open at a place, with the variables of all that were.
#[derive(Debug, Default)]
pub(super) struct Scopes {
    variables: Vec<Variable>,
    /// Variables that are visible, in the order of their declarations.
    visible: Vec<usize>,
    /// The number of visible variables at the start of each open scope.
    starts: Vec<usize>,
    by_name: HashMap<String, Vec<usize>>,
}

impl Scopes {
    pub(super) fn open(&mut self) {
        self.starts.push(self.visible.len());
    }

    pub(super) fn close(&mut self) {
        let start = self.starts.pop().unwrap_or(0);
        for index in self.visible.drain(start..) {
            let name = self.variables[index].name.as_str();
            if let Some(of_name) = self.by_name.get_mut(name) {
                of_name.pop();
            }
        }
    }

    pub(super) fn declare(&mut self, variable: Variable) {
        let index = self.variables.len();
        let of_name = self.by_name.entry(variable.name.clone()).or_default();
        of_name.push(index);
        self.visible.push(index);
        self.variables.push(variable);
    }

    /// Returns the variable that a name stands for; `None` for a global.
    pub(super) fn resolve(&mut self, name: &str) -> Option<&mut Variable> {
        let index = *self.by_name.get(name)?.last()?;
        self.variables.get_mut(index)
    }

    /// Returns the names of visible variables that are nearest to the place, up to a number.
    pub(super) fn nearest(&self, number: usize) -> Vec<String> {
        let indices = self.visible.iter().rev().take(number);
        let names = indices.map(|index| self.variables[*index].name.clone());
        names.collect()
    }

    /// Returns the variables that nothing reads, in the order of their declarations. Variables
    /// before one of the same declaration that is read are there for the place alone.
    pub(super) fn unused(&self) -> Vec<&Variable> {
        let mut unused = Vec::new();
        let mut read_after = None;
        for variable in self.variables.iter().rev() {
            let may_be = matches!(variable.kind, Kind::Local | Kind::Function);
            if variable.is_read {
                read_after = Some(variable.declaration);
            } else if may_be
                && !variable.name.starts_with('_')
                && read_after != Some(variable.declaration)
            {
                unused.push(variable);
            }
        }
        unused.reverse();
        unused
    }
}
