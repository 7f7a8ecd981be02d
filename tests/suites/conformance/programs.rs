//! The programs in `tests/conformance`.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use warren_tests::{Outcome, Site, Warren, entries, free_address, project};

/// The directory of the programs: a directory for each section; in it, Lua
/// files and directories with a `main.lua`.
const DIRECTORY: &str = "tests/conformance";

/// The site that programs are told of.
static SITE: LazyLock<Site> = LazyLock::new(Site::start);

/// The address in programs at which they listen themselves.
const OWN: &str = "127.0.0.1:9090";

/// One program, with the settings in its first comment:
///
/// ```text
/// -- What it shows, in words.
/// -- shows: D-3, D-4
/// -- options: --read data        of the command, where it wants any
/// -- arguments: a b              of the program
/// -- status: 1                   with which it ends, else 0
/// -- stdout: text                a whole line it prints
/// -- stderr: text                something it says there
/// -- unsaid: text                something it does not say there
/// ```
///
/// `127.0.0.1:8080` in options and arguments is the address of a [site](Site), and
/// `127.0.0.1:9090` one at which the program itself may listen.
///
/// In a directory, `stdout.txt` is its whole output, byte by byte, and
/// `stdout-in-any-order.txt` the lines of several processes.
#[derive(Clone)]
pub(crate) struct Program {
    /// The path below [`DIRECTORY`], without `.lua`.
    pub(crate) name: String,
    /// The statements the program shows.
    pub(crate) shows: Vec<String>,
    path: PathBuf,
    options: Vec<String>,
    arguments: Vec<String>,
    status: i32,
    stdout: Vec<String>,
    stderr: Vec<String>,
    unsaid: Vec<String>,
}

/// Finds all programs, by name.
///
/// # Errors
/// A directory or file cannot be read; a header that makes no sense.
pub(crate) fn read() -> Result<Vec<Program>, String> {
    let mut programs = Vec::new();
    for section in entries(&project().join(DIRECTORY))? {
        for path in entries(&section)? {
            programs.push(Program::read(path)?);
        }
    }
    Ok(programs)
}

/// Returns a word with the address of the site, if it names one.
fn placed(word: &str) -> String {
    match word.contains("127.0.0.1:8080") {
        true => SITE.put_into(word),
        false => word.to_owned(),
    }
}

impl Program {
    fn read(path: PathBuf) -> Result<Program, String> {
        let main = if path.is_dir() {
            path.join("main.lua")
        } else {
            path.clone()
        };
        let text = fs::read_to_string(&main)
            .map_err(|error| format!("cannot read {}: {error}", main.display()))?;
        let name = path
            .strip_prefix(project().join(DIRECTORY))
            .unwrap_or(&path)
            .with_extension("");
        Program::parse(name.display().to_string(), path, &text)
    }

    /// Reads the settings in the text of a program.
    ///
    /// # Errors
    /// A header that makes no sense.
    pub(crate) fn parse(name: String, path: PathBuf, text: &str) -> Result<Program, String> {
        let mut program = Program {
            name,
            shows: Vec::new(),
            path,
            options: Vec::new(),
            arguments: Vec::new(),
            status: 0,
            stdout: Vec::new(),
            stderr: Vec::new(),
            unsaid: Vec::new(),
        };
        let words = |value: &str| value.split_whitespace().map(placed).collect();
        let header = text.lines().map_while(|line| line.strip_prefix("-- "));
        for (key, value) in header.filter_map(|line| line.split_once(": ")) {
            match key {
                "shows" => program.shows.extend(value.split(", ").map(str::to_owned)),
                "options" => program.options = words(value),
                "arguments" => program.arguments = words(value),
                "status" => {
                    program.status = value
                        .parse()
                        .map_err(|_| format!("{}: no status: {value}", program.name))?;
                }
                "stdout" => program.stdout.push(value.to_owned()),
                "stderr" => program.stderr.push(value.to_owned()),
                "unsaid" => program.unsaid.push(value.to_owned()),
                _ => {}
            }
        }
        Ok(program)
    }

    /// Returns true if the program writes files, so that only one run at a time can.
    pub(crate) fn writes(&self) -> bool {
        let manifest = fs::read_to_string(self.path.join("warren.toml"));
        let mut options = self.options.iter();
        options.any(|option| option == "--write" || option == "--volume")
            || manifest.is_ok_and(|manifest| manifest.contains("[volumes"))
    }

    /// Returns the name of the program's section.
    pub(crate) fn section(&self) -> &str {
        let section = self.name.split('/').next();
        section.unwrap_or_default()
    }

    /// Returns the file of the program, or its directory.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the status with which the program ends.
    pub(crate) fn status(&self) -> i32 {
        self.status
    }

    /// Returns the text of its first file.
    pub(crate) fn text(&self) -> String {
        let main = match self.path.is_dir() {
            true => self.path.join("main.lua"),
            false => self.path.clone(),
        };
        // Was read before.
        fs::read_to_string(main).unwrap_or_default()
    }

    /// Returns the same program, whose processes are parked as soon as they wait.
    pub(crate) fn parked(&self) -> Program {
        let mut parked = self.clone();
        parked.name = format!("parked/{}", self.name);
        let option = ["--park-after", "0"].map(str::to_owned);
        if !parked.options.contains(&option[0]) {
            parked.options.extend(option);
        }
        parked
    }

    /// Runs the program, in its own directory, with further options of the command.
    ///
    /// # Panics
    /// The program does not end as its header says.
    pub(crate) fn run(&self, further: &[&str]) {
        let directory = match self.path.parent() {
            Some(section) if !self.path.is_dir() => section,
            _ => &self.path,
        };
        let own = free_address();
        let placed = |words: &[String]| -> Vec<String> {
            let words = words.iter();
            words.map(|word| word.replace(OWN, &own)).collect()
        };
        let outcome = Warren::run(&self.path)
            .current_dir(directory)
            .options(placed(&self.options))
            .options(further)
            .arguments(placed(&self.arguments))
            .outcome();
        self.check(&outcome);
    }

    /// Checks the end of the program.
    ///
    /// # Panics
    /// The program did not end as its header says.
    pub(crate) fn check(&self, outcome: &Outcome) {
        assert_eq!(outcome.status, Some(self.status), "{outcome}");
        assert!(!outcome.stderr.contains("panicked"), "{outcome}");
        for line in &self.stdout {
            let printed = outcome.text().lines().any(|printed| printed == line);
            assert!(printed, "{line:?} was not printed: {outcome}");
        }
        for text in &self.stderr {
            assert!(outcome.stderr.contains(text), "{text:?}: {outcome}");
        }
        for text in &self.unsaid {
            assert!(!outcome.stderr.contains(text), "{text:?}: {outcome}");
        }
        if let Ok(expected) = fs::read(self.path.join("stdout.txt")) {
            assert!(outcome.stdout == expected, "other than expected: {outcome}");
        }
        if let Ok(expected) = fs::read_to_string(self.path.join("stdout-in-any-order.txt")) {
            let sorted = |text: &str| {
                let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
                lines.sort();
                lines
            };
            assert_eq!(sorted(outcome.text()), sorted(&expected));
        }
    }
}
