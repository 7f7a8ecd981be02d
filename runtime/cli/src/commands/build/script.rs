//! Components of scripts: one for each process in JavaScript or Python.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;
use serde_json::json;
use warren::text;

use super::packages::{self, PythonPackages};
use super::run::quietly;
use super::tools::Tools;
use crate::buildable::Language;
use crate::exit::Exit;
use crate::plain_file;
use crate::report::excerpt::Excerpt;
use crate::report::failure::Failure;
use crate::report::quantity;
use crate::report::stderr;
use crate::report::step::Step;

/// Files that mark the directory of a program.
const MARKS: [&str; 8] = [
    "warren.toml",
    "main.lua",
    "main.wat",
    "main.js",
    "main.ts",
    "main.py",
    "package.json",
    "requirements.txt",
];

/// The builds of components, which install tools and packages at most once.
pub(super) struct Scripts<'a> {
    /// The path on the command line.
    top: &'a Path,
    /// The directory of the components, if they do not lie beside their sources.
    out: Option<&'a Path>,
    tools: HashMap<Language, Tools>,
    /// The packages by the directory of the lock file.
    packages: HashMap<PathBuf, Option<PythonPackages>>,
}

impl<'a> Scripts<'a> {
    pub(super) fn new(top: &'a Path, out: Option<&'a Path>) -> Scripts<'a> {
        Scripts {
            top,
            out,
            tools: HashMap::new(),
            packages: HashMap::new(),
        }
    }

    /// Builds the component of a script and returns its path.
    pub(super) fn build(
        &mut self,
        language: Language,
        source: &Path,
    ) -> Result<PathBuf, Box<Failure>> {
        let out = self.out_of(source)?;
        let tools = match self.tools.get(&language) {
            Some(tools) => tools.clone(),
            None => Tools::of(language)?,
        };
        self.tools.insert(language, tools.clone());
        let root = self.root_of(source);
        let packages = self.packages_of(language, source, &root, &tools)?;

        let shown = text::path(source).to_string();
        let mut unfinished = out.as_os_str().to_owned();
        unfinished.push(format!(".{}", std::process::id()));
        let unfinished = PathBuf::from(unfinished);
        let mut request = json!({
            "source": absolute(source)?,
            "root": absolute(&root)?,
            "out": absolute(&unfinished)?,
        });
        if let Some(packages) = packages {
            request["packages"] = json!(absolute(&packages.directory)?);
            request["requirements"] = json!(absolute(&packages.requirements)?);
        }
        let step = Step::begin(&format!("building {shown}"));
        let mut builder = Command::new(&tools.interpreter);
        builder
            .arg(&tools.builder)
            .arg(request.to_string())
            // No compiled modules beside the builder's.
            .env("PYTHONDONTWRITEBYTECODE", "1");
        let output = quietly(builder, &shown, "build again: the tools were removed")?;
        let answer = Answer::read(&output.stdout)
            .map_err(|error| failed(source, &format!("the builder's answer: {error}")))?;
        if let Some(fault) = answer.fault {
            return Err(Box::new(fault.failure(&root, &shown)));
        }
        let size = fs::rename(&unfinished, &out)
            .and_then(|()| fs::metadata(&out))
            .map_err(|error| failed(&out, &error.to_string()))?
            .len();
        step.end(&summary(size, &answer.packages));
        for note in &answer.notes {
            stderr::write(&format!("note: {}\n", text::line(note)));
        }
        if self.out.is_none() && !is_named(source.strip_prefix(&root).unwrap_or(source)) {
            stderr::write(&format!(
                "note: {} is no definition of a program: ids have ASCII letters, digits, `_` and `-`\n",
                text::path(&out)
            ));
        }
        Ok(out)
    }

    /// Returns the path of a script's component.
    ///
    /// # Errors
    ///
    /// Nothing can be written there, which is known before the tools are installed.
    fn out_of(&self, source: &Path) -> Result<PathBuf, Box<Failure>> {
        let beside = source.with_extension("wasm");
        let out = match self.out {
            Some(out) => {
                fs::create_dir_all(out).map_err(|error| failed(out, &error.to_string()))?;
                out.join(beside.file_name().unwrap_or_default())
            }
            None => beside,
        };
        let attempt = tempfile::Builder::new()
            .prefix(".warren-")
            .tempfile_in(parent(&out));
        attempt.map_err(|error| {
            // Without the name of the attempt.
            let reason = std::io::Error::from(error.kind());
            let mut failure = failed(&out, &format!("cannot be written: {reason}"));
            failure.help = Some("`--out DIR` puts the .wasm files elsewhere".to_owned());
            failure
        })?;
        Ok(out)
    }

    /// Returns the directory of the program that a script belongs to.
    fn root_of(&self, source: &Path) -> PathBuf {
        let beside = parent(source);
        let top = match self.top.is_dir() {
            true => self.top.to_owned(),
            false => PathBuf::from("."),
        };
        let found = ancestors(&beside, &top)
            .find(|directory| MARKS.iter().any(|mark| directory.join(mark).is_file()));
        match found {
            Some(directory) => directory,
            None if self.top.is_dir() => top,
            None => beside,
        }
    }

    /// Returns the packages of Python that a script may import. Installs those of its
    /// language.
    fn packages_of(
        &mut self,
        language: Language,
        source: &Path,
        root: &Path,
        tools: &Tools,
    ) -> Result<Option<PythonPackages>, Box<Failure>> {
        let lock = match language {
            Language::JavaScript => "package.json",
            Language::Python => "requirements.txt",
        };
        let found =
            ancestors(&parent(source), root).find(|directory| directory.join(lock).is_file());
        let Some(directory) = found else {
            return Ok(None);
        };
        if let Some(known) = self.packages.get(&directory.join(lock)) {
            return Ok(known.clone());
        }
        let packages = match language {
            Language::JavaScript => packages::of_npm(&directory).map(|()| None)?,
            Language::Python => packages::of_pip(&directory, tools)?,
        };
        self.packages.insert(directory.join(lock), packages.clone());
        Ok(packages)
    }
}

/// The answer of a builder.
#[derive(Debug, Default, Deserialize)]
struct Answer {
    /// Names and versions of the packages in the component.
    #[serde(default)]
    packages: Vec<String>,
    #[serde(default)]
    notes: Vec<String>,
    fault: Option<Fault>,
}

impl Answer {
    /// Reads the last line of a builder's output. The lines before it are what the top
    /// level of the program has printed.
    fn read(output: &[u8]) -> serde_json::Result<Answer> {
        let output = String::from_utf8_lossy(output);
        let output = output.trim_end();
        let (printed, last) = output.rsplit_once('\n').unwrap_or(("", output));
        for line in printed.lines() {
            stderr::write(&format!("{}\n", text::line(line)));
        }
        serde_json::from_str(last)
    }
}

/// A fault of the sources.
#[derive(Debug, Deserialize)]
struct Fault {
    message: String,
    place: Option<Place>,
    help: Option<String>,
    #[serde(default)]
    notes: Vec<String>,
}

/// A place in a file: lines and columns count from 1, in characters.
#[derive(Debug, Deserialize)]
struct Place {
    file: PathBuf,
    line: usize,
    #[serde(default)]
    column: usize,
    #[serde(default)]
    length: usize,
}

impl Fault {
    /// Returns the failure; `shown` names the script.
    fn failure(self, root: &Path, shown: &str) -> Failure {
        let excerpt = self.place.as_ref().and_then(|place| place.excerpt(root));
        let message = match (&excerpt, &self.place) {
            (Some(_), _) => self.message,
            (None, Some(place)) => {
                format!("{}:{}: {}", place.file.display(), place.line, self.message)
            }
            (None, None) => format!("{shown}: {}", self.message),
        };
        Failure {
            excerpt,
            help: self.help,
            notes: self.notes,
            ..Failure::new(Exit::Failed, message)
        }
    }
}

impl Place {
    /// Returns the lines around the place; `None` if the file cannot be read.
    fn excerpt(&self, root: &Path) -> Option<Excerpt> {
        let bytes = plain_file::read(&self.file).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        let line = self.line.checked_sub(1)?;
        let line_start = match line {
            0 => 0,
            _ => text.match_indices('\n').nth(line - 1)?.0 + 1,
        };
        let rest = &text[line_start..];
        let characters = |from: &str, count: usize| {
            let mut indices = from.char_indices();
            indices.nth(count).map_or(from.len(), |(at, _)| at)
        };
        let indent = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        let start = match self.column.checked_sub(1) {
            Some(column) => characters(rest, column),
            None => indent,
        };
        let end = start + characters(&rest[start..], self.length);
        let real = |path: &Path| fs::canonicalize(path).ok();
        let name = match real(root).and_then(|root| {
            real(&self.file)?
                .strip_prefix(root)
                .ok()
                .map(Path::to_owned)
        }) {
            Some(below) if root == Path::new(".") => below,
            Some(below) => root.join(below),
            None => self.file.clone(),
        };
        Some(Excerpt {
            name: name.display().to_string(),
            span: line_start + start..line_start + end,
            text: text.into(),
            label: "here".to_owned(),
        })
    }
}

/// Tells whether the path of a script, from the root of its program, gives an id.
fn is_named(source: &Path) -> bool {
    let stem = source.with_extension("");
    let is_segment = |segment: &str| {
        let mut characters = segment.chars();
        characters.all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
    };
    let mut segments = stem.iter().map(|segment| segment.to_str());
    segments.all(|segment| segment.is_some_and(|segment| segment == "." || is_segment(segment)))
}

fn summary(size: u64, packages: &[String]) -> String {
    let size = quantity::bytes(size);
    match packages {
        [] => size,
        _ => format!("{size} with {}", packages.join(", ")),
    }
}

/// Returns a directory and those above it, up to `top`; the directory alone if it does not
/// lie below `top`.
fn ancestors(directory: &Path, top: &Path) -> impl Iterator<Item = PathBuf> {
    let real = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let depth = match real(directory).strip_prefix(real(top)) {
        Ok(below) => below.components().count(),
        Err(_) => 0,
    };
    let directory = directory.to_owned();
    std::iter::successors(Some(directory), |directory| Some(parent(directory))).take(depth + 1)
}

/// Returns the directory that a path is in.
fn parent(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => PathBuf::from("."),
        Some(parent) => parent.to_owned(),
        None => path.to_owned(),
    }
}

/// Returns the path from the root, as text of a request.
fn absolute(path: &Path) -> Result<String, Box<Failure>> {
    let absolute = std::path::absolute(path).map_err(|error| failed(path, &error.to_string()))?;
    let text = absolute.into_os_string().into_string();
    text.map_err(|_| failed(path, "the tools need a path that is UTF-8"))
}

fn failed(path: &Path, reason: &str) -> Box<Failure> {
    let message = format!("{}: {reason}", text::path(path));
    Box::new(Failure::new(Exit::Failed, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(json: &str) -> Fault {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_fault_is_shown_at_its_place() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("deep/x.py");
        fs::create_dir(directory.path().join("deep")).unwrap();
        fs::write(&file, "ä = 1\n  größe = pid()\n").unwrap();
        let json = json!({
            "message": "wrong",
            "place": {"file": file, "line": 2, "column": 11, "length": 3},
            "help": "right",
        });
        let failure = fault(&json.to_string()).failure(directory.path(), "x.py");
        let excerpt = failure.excerpt.unwrap();
        assert_eq!(&excerpt.text[excerpt.span.clone()], "pid");
        assert_eq!(Path::new(&excerpt.name), file);
        assert_eq!(failure.message, "wrong");
        assert_eq!(failure.help.as_deref(), Some("right"));
        // Without a column, the place is the first word of the line.
        let json = json!({"message": "wrong", "place": {"file": file, "line": 2}});
        let excerpt = fault(&json.to_string())
            .failure(directory.path(), "")
            .excerpt
            .unwrap();
        assert_eq!(&excerpt.text[excerpt.span.start..], "größe = pid()\n");
    }

    #[test]
    fn a_place_that_is_not_there_is_named() {
        for (place, message) in [
            (
                r#"{"file": "/none/x.js", "line": 3}"#,
                "/none/x.js:3: wrong",
            ),
            ("null", "x.js: wrong"),
        ] {
            let json = format!(r#"{{"message": "wrong", "place": {place}}}"#);
            let failure = fault(&json).failure(Path::new("."), "x.js");
            assert_eq!(failure.message, message);
            assert!(failure.excerpt.is_none());
        }
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("x.js");
        fs::write(&file, "one line").unwrap();
        let json = json!({"message": "wrong", "place": {"file": file, "line": 9, "column": 99}});
        assert!(
            fault(&json.to_string())
                .failure(directory.path(), "")
                .excerpt
                .is_none()
        );
    }

    #[test]
    fn a_script_belongs_to_the_nearest_program() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        for file in ["shop/main.lua", "shop/workers/x.js", "other/y.js"] {
            fs::create_dir_all(path(file).parent().unwrap()).unwrap();
            fs::write(path(file), "").unwrap();
        }
        let root = |top: &str, source: &str| Scripts::new(&path(top), None).root_of(&path(source));
        assert_eq!(root("", "shop/workers/x.js"), path("shop"));
        assert_eq!(
            root("shop/workers", "shop/workers/x.js"),
            path("shop/workers")
        );
        assert_eq!(root("other", "other/y.js"), path("other"));
        assert_eq!(root("other/y.js", "other/y.js"), path("other"));
    }

    #[test]
    fn a_component_that_cannot_be_written_is_told_at_once() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        let elsewhere = path("a/b");
        let out_of = |out: Option<&Path>, source: &str| {
            Scripts::new(directory.path(), out).out_of(&path(source))
        };
        assert_eq!(out_of(None, "x.js").unwrap(), path("x.wasm"));
        let there = out_of(Some(&elsewhere), "x.js").unwrap();
        assert_eq!(there, elsewhere.join("x.wasm"));
        let left = fs::read_dir(directory.path()).unwrap();
        assert_eq!(left.count(), 1, "the attempt is removed");
        let failure = out_of(None, "none/x.js").unwrap_err();
        let reason = "x.wasm: cannot be written: entity not found";
        assert!(failure.message.ends_with(reason), "{failure}");
        let help = failure.help.as_deref();
        assert!(help.is_some_and(|help| help.contains("--out")));
    }

    #[test]
    fn a_path_gives_an_id_or_none() {
        for good in ["x.js", "./workers/my-job_2.py"] {
            assert!(is_named(Path::new(good)), "{good}");
        }
        for bad in ["main test.js", "größe/x.py", "x.test.js"] {
            assert!(!is_named(Path::new(bad)), "{bad}");
        }
    }

    #[test]
    fn size_and_packages_are_told() {
        assert_eq!(summary(12 << 20, &[]), "12.0 MiB");
        let packages = ["a 1.0.0".to_owned(), "b 2.0.0".to_owned()];
        assert_eq!(summary(1536, &packages), "1.5 KiB with a 1.0.0, b 2.0.0");
    }
}
