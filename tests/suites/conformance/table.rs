//! The table of sections.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::programs::Program;
use crate::statements::Statement;

/// The numbers of statements, programs and passed programs, by section.
pub(crate) struct Table {
    rows: Vec<Row>,
}

struct Row {
    section: String,
    statements: usize,
    programs: usize,
    passed: AtomicUsize,
}

impl Table {
    /// Returns a table without passed programs. A program counts in every
    /// section of its statements.
    pub(crate) fn new(statements: &[Statement], programs: &[Program]) -> Table {
        let mut rows: Vec<Row> = Vec::new();
        for statement in statements {
            match rows.iter_mut().find(|row| row.section == statement.section) {
                Some(row) => row.statements += 1,
                None => rows.push(Row {
                    section: statement.section.clone(),
                    statements: 1,
                    programs: 0,
                    passed: AtomicUsize::new(0),
                }),
            }
        }
        for row in &mut rows {
            row.programs = programs.iter().filter(|one| row.concerns(one)).count();
        }
        Table { rows }
    }

    /// Counts a program that passed.
    pub(crate) fn count(&self, program: &Program) {
        for row in self.rows.iter().filter(|row| row.concerns(program)) {
            row.passed.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Row {
    fn concerns(&self, program: &Program) -> bool {
        let letter = self.section.split(':').next().unwrap_or_default();
        let of_section = |id: &String| id.split('-').next() == Some(letter);
        program.shows.iter().any(of_section)
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.rows.iter().map(|row| row.section.len()).max();
        let width = width.unwrap_or_default();
        writeln!(f, "{:width$}  statements  programs  passed", "section")?;
        for row in &self.rows {
            let passed = row.passed.load(Ordering::Relaxed);
            writeln!(
                f,
                "{:width$}  {:10}  {:8}  {passed:6}",
                row.section, row.statements, row.programs
            )?;
        }
        writeln!(f)
    }
}
