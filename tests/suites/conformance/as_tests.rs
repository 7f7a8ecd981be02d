//! Programs that fit the form of tests, which `warren test` runs together.

use libtest_mimic::{Failed, Trial};
use warren_tests::Warren;

use crate::programs::Program;

/// Sections whose programs are assertions of one process.
const SECTIONS: [&str; 3] = ["encodings", "json", "yaml"];

/// Returns the trial of all programs that are tests as they stand.
pub(crate) fn trial(programs: &[Program]) -> Trial {
    let fitting = programs.iter().filter(|program| fits(program));
    let files: Vec<(String, String)> = fitting
        .map(|program| (format!("{}_test.lua", program.name), program.text()))
        .collect();
    Trial::test("by_warren_test", move || passes(&files))
}

/// Tells whether a program needs nothing but its one file, under any name.
fn fits(program: &Program) -> bool {
    SECTIONS.contains(&program.section())
        && !program.path().is_dir()
        && program.status() == 0
        && !program.text().contains("process.id()")
}

fn passes(files: &[(String, String)]) -> Result<(), Failed> {
    if files.len() < 8 {
        return Err(Failed::from(format!("{} programs fit", files.len())));
    }
    let named: Vec<(&str, &str)> = files
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    let program = warren_tests::Program::of(&named);
    let ended = Warren::tool("test", program.path()).outcome().ends_with(0);
    let all = format!(": {} passed, 0 failed\n", files.len());
    assert!(ended.text().ends_with(&all), "{ended}");
    Ok(())
}
