//! The cost of compiling one function, by counts of its instructions.

use wasmparser::{BlockType, Operator};

use super::module::Module;

/// Parameters and results of a function up to which a call of it costs what its bytes
/// do.
const FEW_VALUES: usize = 8;

/// State of each call, of its 9 us.
const CALL_STATE: usize = 100;

/// State of each access to a global, of its 20 us.
const GLOBAL_STATE: usize = 150;

/// State of each further parameter or result of a function that is compiled or called.
const VALUE_STATE: usize = 64;

/// Counts of a function that the cost of compiling it grows with. The weights are
/// measured.
#[derive(Default)]
pub(super) struct Seen {
    /// Locals, parameters and results, of the function and of its blocks.
    pub(super) variables: usize,
    /// Parameters and results beyond [`FEW_VALUES`], of the function and of each call.
    values: usize,
    pub(super) blocks: usize,
    pub(super) calls: usize,
    indirect_calls: usize,
    /// Reads and writes of globals.
    globals: usize,
    /// Places where two ways meet: each `if` and `br_if`.
    merges: usize,
    loops: usize,
    ifs: usize,
    /// The blocks around the current operator.
    around: Vec<Around>,
    loops_around: Depth,
    ifs_around: Depth,
}

/// Kind of a block around an operator.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Around {
    Block,
    Loop,
    If,
}

/// Number of blocks of one kind around an operator, and the most so far.
#[derive(Default)]
struct Depth {
    now: usize,
    deepest: usize,
}

impl Depth {
    fn enter(&mut self) {
        self.now += 1;
        self.deepest = self.deepest.max(self.now);
    }
}

impl Seen {
    /// Begins with a function of this many parameters and results, and other locals.
    pub(super) fn new(values: usize, locals: usize) -> Seen {
        Seen {
            variables: values.saturating_add(locals),
            values: values.saturating_sub(FEW_VALUES),
            ..Seen::default()
        }
    }

    pub(super) fn operator(&mut self, operator: &Operator<'_>, module: &Module) {
        self.calls += usize::from(is_call(operator));
        match operator {
            Operator::Block { blockty } => self.enter(Around::Block, 1, *blockty, module),
            Operator::Loop { blockty } => self.enter(Around::Loop, 1, *blockty, module),
            Operator::If { blockty } => self.enter(Around::If, 3, *blockty, module),
            Operator::TryTable { try_table } => {
                let blocks = try_table.catches.len().saturating_add(1);
                self.enter(Around::Block, blocks, try_table.ty, module);
            }
            Operator::BrIf { .. } => {
                self.blocks += 1;
                self.merges += 1;
            }
            Operator::BrTable { targets } => {
                self.blocks = self.blocks.saturating_add(targets.len() as usize);
            }
            Operator::End => self.leave(),
            Operator::Call { function_index }
            | Operator::ReturnCall { function_index }
            | Operator::RefFunc { function_index } => {
                self.call(module.function_values(*function_index));
            }
            Operator::CallIndirect { type_index, .. }
            | Operator::ReturnCallIndirect { type_index, .. }
            | Operator::CallRef { type_index }
            | Operator::ReturnCallRef { type_index } => {
                self.indirect_calls += 1;
                self.blocks += 2;
                self.call(module.type_values(*type_index));
            }
            Operator::GlobalGet { .. } | Operator::GlobalSet { .. } => self.globals += 1,
            Operator::TableGet { .. } => {
                self.indirect_calls += 1;
                self.blocks += 2;
            }
            _ => {}
        }
    }

    fn enter(&mut self, kind: Around, blocks: usize, ty: BlockType, module: &Module) {
        self.around.push(kind);
        self.blocks = self.blocks.saturating_add(blocks);
        self.variables = self.variables.saturating_add(module.block_values(ty));
        match kind {
            Around::Block => {}
            Around::Loop => {
                self.loops += 1;
                self.loops_around.enter();
            }
            Around::If => {
                self.ifs += 1;
                self.merges += 1;
                self.ifs_around.enter();
            }
        }
    }

    fn leave(&mut self) {
        match self.around.pop() {
            Some(Around::Loop) => self.loops_around.now -= 1,
            Some(Around::If) => self.ifs_around.now -= 1,
            Some(Around::Block) | None => {}
        }
    }

    fn call(&mut self, values: usize) {
        self.values = self
            .values
            .saturating_add(values.saturating_sub(FEW_VALUES));
    }

    /// Returns the cost in blocks times variables: a compiler keeps up to 4 bytes for
    /// each, and does some 13 million in a second. All else that costs more than the bytes
    /// of a function say is in the same unit:
    ///
    /// - 10,000 loops in 70 KB took 7 s, 2,000 nested ones 10 s, 400 nested ones that
    ///   each change 128 variables 3.4 s
    /// - 20,000 `if` that change one variable took 2 s; nested, with an `else`, 7 s
    ///   and 2.4 GiB
    /// - 20,000 indirect calls took 6.6 s
    /// - 2,000 calls with 100 parameters and 100 results took 2.4 s
    pub(super) fn state(&self) -> usize {
        let square = |count: usize| count.saturating_mul(count);
        let deepest = self.loops_around.deepest;
        let loops = square(self.loops).saturating_mul(8);
        let nested = loops / 50 * deepest;
        let changing = self
            .loops
            .saturating_mul(square(deepest))
            .saturating_mul(self.variables)
            / 40;
        self.variables
            .saturating_mul(self.blocks + 1)
            .saturating_add(loops)
            .saturating_add(nested)
            .saturating_add(changing)
            .saturating_add(square(self.merges) / 16)
            .saturating_add(self.ifs.saturating_mul(self.ifs_around.deepest))
            .saturating_add(square(self.indirect_calls) / 5)
            .saturating_add(self.calls.saturating_mul(CALL_STATE))
            .saturating_add(self.globals.saturating_mul(GLOBAL_STATE))
            .saturating_add(self.values.saturating_mul(VALUE_STATE))
    }
}

/// Returns true if code for an operator calls a function, of the module or of the
/// runtime.
fn is_call(operator: &Operator<'_>) -> bool {
    matches!(
        operator,
        Operator::Call { .. }
            | Operator::CallIndirect { .. }
            | Operator::CallRef { .. }
            | Operator::ReturnCall { .. }
            | Operator::ReturnCallIndirect { .. }
            | Operator::ReturnCallRef { .. }
            | Operator::MemoryGrow { .. }
            | Operator::MemoryInit { .. }
            | Operator::MemoryCopy { .. }
            | Operator::MemoryFill { .. }
            | Operator::DataDrop { .. }
            | Operator::RefFunc { .. }
            | Operator::TableGet { .. }
            | Operator::TableSet { .. }
            | Operator::TableGrow { .. }
            | Operator::TableInit { .. }
            | Operator::TableCopy { .. }
            | Operator::TableFill { .. }
            | Operator::ElemDrop { .. }
            | Operator::Throw { .. }
            | Operator::ThrowRef
    )
}
