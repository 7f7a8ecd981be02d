//! The sources that `warren build` builds.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Sources that one tool builds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Buildable {
    /// The directory of a Cargo package.
    Cargo(PathBuf),
    /// A directory with a Makefile.
    Make(PathBuf),
    /// The file of a process in a language whose components contain the engine.
    Script(Language, PathBuf),
}

/// A language of scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Language {
    /// TypeScript, too.
    JavaScript,
    Python,
}

/// Makes of a directory the thing that is built there.
type Mark = fn(PathBuf) -> Buildable;

/// The files that mark a directory, with what they mark.
const MARKS: [(&str, Mark); 2] = [
    ("Cargo.toml", Buildable::Cargo),
    ("Makefile", Buildable::Make),
];

/// Directories in which tools keep built or fetched files.
const OF_TOOLS: [&str; 4] = ["target", "node_modules", "venv", "__pycache__"];

/// The file of a virtual environment of Python.
const VENV: &str = "pyvenv.cfg";

/// Bytes of the largest script whose text is searched.
const MAX_SCRIPT: u64 = 1 << 20;

/// Depth below which directories are not scanned.
const MAX_DEPTH: usize = 16;

impl Language {
    /// Returns the language of a file, by its extension.
    pub(crate) fn of(path: &Path) -> Option<Language> {
        match path.extension()?.to_str()? {
            "js" | "mjs" => Some(Language::JavaScript),
            "ts" | "mts" if !declares_types(path) => Some(Language::JavaScript),
            "py" => Some(Language::Python),
            _ => None,
        }
    }

    /// Returns a file of the SDK, from the directory of a program that `warren new` made.
    fn sdk(self) -> &'static str {
        match self {
            Language::JavaScript => "warren-guest/warren.js",
            Language::Python => "warren/__init__.py",
        }
    }

    /// Tells from the text of a script that it is a process, not a module of one.
    fn is_process(self, text: &str) -> bool {
        let is_word = |word: &str, line: &str| {
            let mut words = line.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$'));
            words.any(|found| found == word)
        };
        match self {
            Language::JavaScript => text
                .lines()
                .any(|line| line.starts_with("export") && is_word("start", line)),
            Language::Python => {
                let is_marked = |line: &str| {
                    let Some(decorator) = line.strip_prefix('@') else {
                        return false;
                    };
                    let name = decorator.split([' ', '(', '#']).next().unwrap_or_default();
                    name.trim_end().rsplit('.').next() == Some("main")
                };
                is_word("warren", text) && text.lines().any(is_marked)
            }
        }
    }
}

/// Returns the name of a file that makes a directory buildable.
pub(crate) fn file_in(directory: &Path) -> Option<String> {
    let marked = MARKS
        .iter()
        .find(|(file, _)| directory.join(file).is_file());
    if let Some((file, _)) = marked {
        return Some((*file).to_owned());
    }
    let scripts = scripts_in(directory).unwrap_or_default();
    let (_, script) = scripts.first()?;
    Some(script.file_name()?.to_string_lossy().into_owned())
}

/// Finds the sources of a directory and of those below it, down to the first package or
/// Makefile; or the source that is this file.
///
/// # Errors
///
/// The directory itself cannot be read.
pub(crate) fn find(path: &Path) -> io::Result<Vec<Buildable>> {
    let mut found = Vec::new();
    if path.is_file() {
        found.extend(of_file(path));
    } else {
        find_below(path, 0, &mut found)?;
    }
    Ok(found)
}

/// Returns the source that a file is, or belongs to.
fn of_file(path: &Path) -> Option<Buildable> {
    if let Some(language) = Language::of(path) {
        return Some(Buildable::Script(language, path.to_owned()));
    }
    let (_, of) = MARKS.iter().find(|(file, _)| path.ends_with(file))?;
    let directory = path.parent()?;
    let here = directory.as_os_str().is_empty();
    Some(of(if here {
        ".".into()
    } else {
        directory.to_owned()
    }))
}

fn find_below(directory: &Path, depth: usize, found: &mut Vec<Buildable>) -> io::Result<()> {
    let mut is_marked = false;
    for (file, of) in MARKS {
        if directory.join(file).is_file() {
            found.push(of(directory.to_owned()));
            is_marked = true;
        }
    }
    let scripts = scripts_in(directory)?.into_iter();
    found.extend(scripts.map(|(language, path)| Buildable::Script(language, path)));
    // A package or Makefile is responsible for the directories below it.
    if is_marked || depth == MAX_DEPTH {
        return Ok(());
    }
    let mut below: Vec<PathBuf> = fs::read_dir(directory)?
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.path())
        .filter(|path| is_searched(path))
        .collect();
    below.sort();
    for directory in below {
        // An unreadable directory has nothing to build.
        let _ = find_below(&directory, depth + 1, found);
    }
    Ok(())
}

/// Tells whether a directory may hold sources.
fn is_searched(directory: &Path) -> bool {
    let name = directory.file_name().unwrap_or_default().to_string_lossy();
    !name.starts_with('.') && !OF_TOOLS.contains(&name.as_ref()) && !directory.join(VENV).is_file()
}

/// Returns the processes among the scripts of a directory, sorted.
fn scripts_in(directory: &Path) -> io::Result<Vec<(Language, PathBuf)>> {
    let mut scripts: Vec<_> = fs::read_dir(directory)?
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
        .map(|entry| entry.path())
        .filter_map(|path| Some((Language::of(&path)?, path)))
        .filter(|(language, path)| is_process(*language, path))
        .collect();
    scripts.sort();
    Ok(scripts)
}

/// Tells whether a script is a process. The program's first one is, also if its author
/// has forgotten to mark it: it names the SDK, or the SDK lies beside it.
fn is_process(language: Language, path: &Path) -> bool {
    let text = read(path).unwrap_or_default();
    let is_main = path.file_stem().is_some_and(|stem| stem == "main");
    if is_typescript(path) {
        // AssemblyScript has the same extension, and exports the same name. A file of
        // JavaScript beside it was compiled from it.
        let is_own = text.contains("warren.js")
            && !["js", "mjs"]
                .map(|kind| path.with_extension(kind).is_file())
                .contains(&true);
        return is_own && (is_main || language.is_process(&text));
    }
    let has_sdk = || text.contains("warren") || path.with_file_name(language.sdk()).is_file();
    language.is_process(&text) || is_main && has_sdk()
}

/// Returns true for a file in TypeScript, by its extension.
fn is_typescript(path: &Path) -> bool {
    path.extension()
        .is_some_and(|kind| kind == "ts" || kind == "mts")
}

/// Returns true for a file in TypeScript that has types alone, by its extension.
pub(crate) fn declares_types(path: &Path) -> bool {
    let stem = path.file_stem().map(Path::new);
    is_typescript(path)
        && stem
            .and_then(Path::extension)
            .is_some_and(|kind| kind == "d")
}

fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?
        .take(MAX_SCRIPT)
        .read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (file, content) in files {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        root
    }

    const JS: &str = "import { main } from './x.js';\nexport const start = main(() => {});\n";
    const PYTHON: &str = "import warren\n\n@warren.main\ndef main():\n    pass\n";

    #[test]
    fn sources_are_found_up_to_the_first_package() {
        let root = directory(&[
            ("workers/Cargo.toml", ""),
            ("workers/vendored/Cargo.toml", ""),
            ("workers/near.js", JS),
            ("c/deep/Makefile", ""),
            (".hidden/Makefile", ""),
            ("empty/notes.txt", ""),
        ]);
        let found = find(root.path()).unwrap();
        let expected = [
            Buildable::Make(root.path().join("c/deep")),
            Buildable::Cargo(root.path().join("workers")),
            Buildable::Script(Language::JavaScript, root.path().join("workers/near.js")),
        ];
        assert_eq!(found, expected);
        assert!(find(&root.path().join("none")).is_err());
    }

    #[test]
    fn scripts_are_processes_or_modules() {
        let root = directory(&[
            ("a.js", JS),
            ("b.js", "export function startup() {}\nconst start = 1;\n"),
            ("c.js", "const start = 1;\nexport { start };\n"),
            ("deep/d.py", PYTHON),
            ("deep/e.py", "import warren\n\ndef main():\n    pass\n"),
            (
                "f.py",
                "from warren import main\n@main  # here\ndef run(): pass\n",
            ),
            ("g.py", "import click\n@click.main\ndef run(): pass\n"),
            ("main.py", "import warren\n\ndef main():\n    pass\n"),
            ("main.js", "console.log('a tool');\n"),
            ("sdk/main.py", "print('hello')\n"),
            ("sdk/other.py", "print('hello')\n"),
            ("sdk/warren/__init__.py", ""),
            ("node_modules/x/index.js", JS),
            ("env/pyvenv.cfg", ""),
            ("env/lib/x.py", PYTHON),
        ]);
        let found = find(root.path()).unwrap();
        let names: Vec<_> = found
            .iter()
            .map(|found| match found {
                Buildable::Script(_, path) => path.strip_prefix(root.path()).unwrap().to_owned(),
                other => panic!("{other:?}"),
            })
            .collect();
        let expected = [
            "a.js",
            "c.js",
            "f.py",
            "main.py",
            "deep/d.py",
            "sdk/main.py",
        ];
        assert_eq!(names, expected.map(PathBuf::from));
        assert_eq!(file_in(&root.path().join("deep")).as_deref(), Some("d.py"));
        assert_eq!(file_in(&root.path().join("node_modules")), None);
    }

    #[test]
    fn typescript_is_told_from_assemblyscript_and_from_what_is_compiled() {
        const TS: &str = "import { main } from './warren-guest/warren.js';\n\
                          export const start = main((n: number) => n);\n";
        let root = directory(&[
            ("a.ts", TS),
            ("b.mts", TS),
            ("compiled.js", JS),
            ("compiled.ts", TS),
            ("module.ts", "export const one: number = 1;\n"),
            ("types.d.ts", TS),
            (
                "main.ts",
                "import { send } from './warren';\nexport function start(): void {}\n",
            ),
        ]);
        let found = find(root.path()).unwrap();
        let script = |name| Buildable::Script(Language::JavaScript, root.path().join(name));
        assert_eq!(found, ["a.ts", "b.mts", "compiled.js"].map(script));
        let of = |name: &str| find(&root.path().join(name)).unwrap();
        assert_eq!(of("main.ts"), [script("main.ts")]);
        assert!(of("types.d.ts").is_empty());
    }

    #[test]
    fn a_file_is_built_whatever_it_says() {
        let root = directory(&[("x.py", ""), ("Makefile", ""), ("x.c", "")]);
        let of = |name: &str| find(&root.path().join(name)).unwrap();
        let script = Buildable::Script(Language::Python, root.path().join("x.py"));
        assert_eq!(of("x.py"), [script]);
        assert_eq!(of("Makefile"), [Buildable::Make(root.path().to_owned())]);
        assert!(of("x.c").is_empty());
        assert_eq!(
            of_file(Path::new("Cargo.toml")),
            Some(Buildable::Cargo(".".into()))
        );
    }
}
