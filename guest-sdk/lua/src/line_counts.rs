//! Counts of the lines that a program has run, from the counts of its instructions.
//!
//! A line has run as often as that of its instructions that ran most. Nothing in here
//! aborts for want of memory: code that finds no room is not counted.

/// The counts of a process.
#[derive(Debug, Default)]
pub(crate) struct LineCounts {
    files: Vec<File>,
    functions: Vec<Function>,
    /// The function that is being added, of the file that was begun last.
    adding: Vec<Instruction>,
    file: usize,
    /// The place of that function among those of its file.
    place: usize,
    /// True if an instruction of that function found no room.
    is_full: bool,
}

/// A file of the program.
#[derive(Debug)]
struct File {
    name: Box<[u8]>,
    /// The indices of its functions, from outside to inside.
    functions: Vec<usize>,
    /// The number of times that each line has run, as far as that was told.
    told: Vec<u32>,
}

#[derive(Debug)]
struct Function {
    file: usize,
    instructions: Vec<Instruction>,
}

#[derive(Debug, Clone, Copy)]
struct Instruction {
    /// 0 if the instruction shows no line.
    line: u32,
    count: u32,
}

/// Functions that are counted in one process: the interpreter has 16 bits for their numbers.
const MOST_FUNCTIONS: usize = 65_535;

impl LineCounts {
    /// Begins the code of a file, whose functions are added next. False without memory.
    pub(crate) fn begin(&mut self, name: &[u8]) -> bool {
        self.place = 0;
        if let Some(known) = self.files.iter().position(|file| *file.name == *name) {
            self.file = known;
            return true;
        }
        let mut copy = Vec::new();
        if self.files.try_reserve(1).is_err() || copy.try_reserve_exact(name.len()).is_err() {
            return false;
        }
        copy.extend_from_slice(name);
        self.file = self.files.len();
        self.files.push(File {
            name: copy.into_boxed_slice(),
            functions: Vec::new(),
            told: Vec::new(),
        });
        true
    }

    /// Adds an instruction of the next function, at a line, or at 0 for none.
    pub(crate) fn add_instruction(&mut self, line: u32) {
        if self.adding.try_reserve(1).is_err() {
            self.is_full = true;
            return;
        }
        self.adding.push(Instruction { line, count: 0 });
    }

    /// Adds the function of these instructions. Returns its number, which is not 0; `None` if
    /// it is not counted. Code that is loaded again keeps its numbers.
    pub(crate) fn add_function(&mut self) -> Option<u16> {
        let instructions = std::mem::take(&mut self.adding);
        let is_full = std::mem::take(&mut self.is_full);
        let place = self.place;
        self.place += 1;
        let file = self.files.get_mut(self.file)?;
        let known = file.functions.get(place).copied();
        if let Some(known) = known
            && let Some(function) = self.functions.get(known)
            && is_same(&function.instructions, &instructions)
        {
            return u16::try_from(known + 1).ok();
        }
        let lines = instructions.iter().map(|instruction| instruction.line);
        let lines = lines.max().unwrap_or(0) as usize + 1;
        let missing = lines.saturating_sub(file.told.len());
        if is_full
            || self.functions.len() >= MOST_FUNCTIONS
            || self.functions.try_reserve(1).is_err()
            || file.functions.try_reserve(1).is_err()
            || file.told.try_reserve(missing).is_err()
        {
            return None;
        }
        file.told.resize(file.told.len() + missing, 0);
        let index = self.functions.len();
        match file.functions.get_mut(place) {
            Some(function) => *function = index,
            None => file.functions.push(index),
        }
        self.functions.push(Function {
            file: self.file,
            instructions,
        });
        u16::try_from(index + 1).ok()
    }

    /// Returns the name of the file that was begun last, and its lines that can run.
    pub(crate) fn lines(&self) -> (&[u8], Vec<u32>) {
        let Some(file) = self.files.get(self.file) else {
            return (&[], Vec::new());
        };
        let mut can_run = vec![false; file.told.len()];
        for function in file
            .functions
            .iter()
            .filter_map(|at| self.functions.get(*at))
        {
            for instruction in &function.instructions {
                if let Some(can_run) = can_run.get_mut(instruction.line as usize) {
                    *can_run = true;
                }
            }
        }
        let lines = (0..).zip(can_run).skip(1);
        let lines = lines.filter_map(|(line, can_run)| can_run.then_some(line));
        (&*file.name, lines.collect())
    }

    /// Counts an instruction of the function of this number. Returns the file and the line,
    /// if the line runs for the first time.
    pub(crate) fn count(&mut self, function: usize, instruction: usize) -> Option<(&[u8], u32)> {
        let function = self.functions.get_mut(function.checked_sub(1)?)?;
        let at = function.instructions.get_mut(instruction)?;
        at.count = at.count.saturating_add(1);
        if at.count > 1 || at.line == 0 {
            return None;
        }
        let file = self.files.get_mut(function.file)?;
        let told = file.told.get_mut(at.line as usize)?;
        if *told > 0 {
            return None;
        }
        *told = 1;
        Some((&*file.name, at.line))
    }

    /// Calls `tell` with each file, and its lines that have run more often than was told,
    /// each with the number of times that are new.
    pub(crate) fn tell_rest(&mut self, mut tell: impl FnMut(&[u8], &[(u32, u32)])) {
        for (index, file) in self.files.iter_mut().enumerate() {
            let mut most = vec![0; file.told.len()];
            // Functions whose code was replaced count, too.
            let own = self
                .functions
                .iter()
                .filter(|function| function.file == index);
            for instruction in own.flat_map(|function| &function.instructions) {
                if let Some(most) = most.get_mut(instruction.line as usize) {
                    *most = instruction.count.max(*most);
                }
            }
            let mut news = Vec::new();
            for (line, (told, most)) in (0..).zip(file.told.iter_mut().zip(most)).skip(1) {
                if most > *told {
                    news.push((line, most - *told));
                    *told = most;
                }
            }
            if !news.is_empty() {
                tell(&file.name, &news);
            }
        }
    }
}

/// Returns true if two functions have their instructions at the same lines.
fn is_same(one: &[Instruction], other: &[Instruction]) -> bool {
    let lines = |code: &[Instruction]| code.iter().map(|at| at.line).collect::<Vec<_>>();
    one.len() == other.len() && lines(one) == lines(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Adds a file whose functions have instructions at these lines.
    fn add(counts: &mut LineCounts, name: &str, functions: &[&[u32]]) -> Vec<usize> {
        assert!(counts.begin(name.as_bytes()));
        let functions = functions.iter().map(|lines| {
            lines.iter().for_each(|line| counts.add_instruction(*line));
            counts.add_function().expect("there is room").into()
        });
        functions.collect()
    }

    fn rest(counts: &mut LineCounts) -> Vec<(String, Vec<(u32, u32)>)> {
        let mut rest = Vec::new();
        counts.tell_rest(|file, lines| {
            rest.push((String::from_utf8_lossy(file).into_owned(), lines.to_vec()));
        });
        rest
    }

    #[test]
    fn a_line_runs_as_often_as_its_busiest_instruction() {
        let mut counts = LineCounts::default();
        let functions = add(&mut counts, "a.lua", &[&[0, 1, 1, 4, 0], &[2, 3]]);
        assert_eq!(functions, [1, 2]);
        assert_eq!(counts.lines(), (&b"a.lua"[..], vec![1, 2, 3, 4]));
        assert_eq!(counts.count(1, 0), None);
        assert_eq!(counts.count(1, 1), Some((&b"a.lua"[..], 1)));
        for _ in 0..3 {
            assert_eq!(counts.count(1, 2), None);
        }
        assert_eq!(counts.count(2, 1), Some((&b"a.lua"[..], 3)));
        assert_eq!(rest(&mut counts), [("a.lua".to_owned(), vec![(1, 2)])]);
        assert!(rest(&mut counts).is_empty());
        for (function, instruction) in [(0, 0), (1, 5), (3, 0)] {
            assert_eq!(counts.count(function, instruction), None);
        }
    }

    #[test]
    fn code_that_is_loaded_again_has_its_numbers() {
        let mut counts = LineCounts::default();
        assert_eq!(add(&mut counts, "a.lua", &[&[1, 2], &[3]]), [1, 2]);
        assert_eq!(add(&mut counts, "b.lua", &[&[1, 2]]), [3]);
        assert_eq!(add(&mut counts, "a.lua", &[&[1, 2], &[3]]), [1, 2]);
        assert_eq!(add(&mut counts, "a.lua", &[&[1, 2], &[4]]), [1, 4]);
        assert_eq!(counts.lines().1, [1, 2, 4]);
        counts.count(2, 0);
        counts.count(2, 0);
        assert_eq!(rest(&mut counts), [("a.lua".to_owned(), vec![(3, 1)])]);
    }

    #[test]
    fn there_is_an_end_of_functions() {
        let mut counts = LineCounts::default();
        assert!(counts.begin(b"a.lua"));
        for number in 1..=MOST_FUNCTIONS {
            assert_eq!(counts.add_function().map(usize::from), Some(number));
        }
        assert_eq!(counts.add_function(), None);
    }
}
