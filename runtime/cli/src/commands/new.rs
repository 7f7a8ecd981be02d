//! `warren new`: the files of a new program.

use clap::{Args, ValueEnum};
use std::fs;
use std::path::{Path, PathBuf};

use warren::text;

use crate::exit::Exit;
use crate::lua_types;
use crate::report::failure::Failure;
use crate::report::stdout;
use crate::sdk::{C_SDK, JS_SDK, PYTHON_SDK, RUST_SDK};

/// The options of `warren new`.
#[derive(Debug, Args)]
pub(crate) struct NewArgs {
    /// The directory to create; its name becomes the program's
    pub(crate) path: PathBuf,
    /// The program's language
    #[arg(long, visible_alias = "language", value_enum, default_value_t)]
    pub(crate) lang: Language,
}

/// A language of new programs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    /// Lua, which needs no build.
    #[default]
    Lua,
    /// Rust.
    Rust,
    /// C.
    C,
    /// C++.
    #[value(name = "cpp", alias = "c++")]
    Cpp,
    /// Zig.
    Zig,
    /// JavaScript, as components.
    #[value(name = "javascript", alias = "js")]
    JavaScript,
    /// Python, as components.
    #[value(alias = "py")]
    Python,
}

/// Creates the directory and prints the next steps.
pub(crate) fn new(args: &NewArgs) -> Result<Exit, Box<Failure>> {
    let name = name(&args.path)?;
    match fs::create_dir(&args.path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            return Err(refused(&args.path, &error));
        }
        // An empty directory may exist already.
        Err(_) if !is_empty(&args.path) => {
            return Err(Box::new(Failure {
                help: Some("give a new path or an empty directory".to_owned()),
                ..Failure::new(
                    Exit::Usage,
                    format!(
                        "{}: already exists and is not an empty directory",
                        text::path(&args.path)
                    ),
                )
            }));
        }
        _ => {}
    }
    for (file, content) in files(args.lang, name) {
        let path = args.path.join(&file);
        let written = path
            .parent()
            .map_or(Ok(()), fs::create_dir_all)
            .and_then(|()| fs::write(&path, content));
        written.map_err(|error| refused(&path, &error))?;
    }
    let path = text::path(&args.path);
    let next = match args.lang {
        Language::Lua => format!("warren test {path}\nwarren run {path}\n"),
        _ => {
            format!("warren build {path}\nwarren run {path}\n")
        }
    };
    stdout::print(&next, Exit::Success)
}

/// Returns the last part of the path, which is also a package's name in Rust.
fn name(path: &Path) -> Result<&str, Box<Failure>> {
    let name = path.file_name().and_then(|name| name.to_str());
    let is_name = |name: &&str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
    };
    name.filter(is_name).ok_or_else(|| {
        let shown = text::path(path);
        Box::new(Failure {
            help: Some(
                "a name consists of ASCII letters, digits, `-` and `_`, and begins with a letter"
                    .into(),
            ),
            ..Failure::new(Exit::Usage, format!("{shown}: not a name for a program"))
        })
    })
}

fn is_empty(path: &Path) -> bool {
    fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none())
}

/// Returns the paths and contents.
fn files(language: Language, name: &str) -> Vec<(String, String)> {
    let file = |path: &str, content: &str| (path.to_owned(), content.replace("@NAME@", name));
    match language {
        Language::Lua => {
            let mut files = vec![
                file("main.lua", include_str!("../../templates/lua/main.lua")),
                file(
                    "greeter.lua",
                    include_str!("../../templates/lua/greeter.lua"),
                ),
                file(
                    "greeter_test.lua",
                    include_str!("../../templates/lua/greeter_test.lua"),
                ),
                file(
                    ".luarc.json",
                    include_str!("../../templates/lua/luarc.json"),
                ),
            ];
            let types = lua_types::files().into_iter();
            files.extend(types.map(|(path, content)| (format!(".warren/types/{path}"), content)));
            files
        }
        Language::Rust => {
            let mut files = vec![
                file(
                    "Cargo.toml",
                    include_str!("../../templates/rust/Cargo.toml.in"),
                ),
                file(
                    "src/bin/main.rs",
                    include_str!("../../templates/rust/main.rs"),
                ),
                file(
                    "src/bin/greeter.rs",
                    include_str!("../../templates/rust/greeter.rs"),
                ),
                file(".gitignore", "/target\n/*.wasm\n"),
            ];
            let sdk = RUST_SDK.iter();
            files.extend(
                sdk.map(|(path, content)| (format!("warren-guest/{path}"), (*content).to_owned())),
            );
            files
        }
        Language::C => with_c_sdk(vec![
            file("main.c", include_str!("../../templates/c/main.c")),
            file("Makefile", include_str!("../../templates/c/Makefile.in")),
            file(".gitignore", "/*.wasm\n"),
        ]),
        Language::Cpp => with_c_sdk(vec![
            file("main.cpp", include_str!("../../templates/cpp/main.cpp")),
            file("Makefile", include_str!("../../templates/cpp/Makefile.in")),
            file(".gitignore", "/*.o\n/*.wasm\n"),
        ]),
        Language::Zig => with_c_sdk(vec![
            file("main.zig", include_str!("../../templates/zig/main.zig")),
            file("Makefile", include_str!("../../templates/zig/Makefile.in")),
            file(".gitignore", "/.zig-cache\n/*.o\n/*.wasm\n/warren.zig\n"),
        ]),
        Language::JavaScript => {
            let mut files = vec![
                file("main.js", include_str!("../../templates/js/main.js")),
                file("greeter.js", include_str!("../../templates/js/greeter.js")),
                file(
                    "greeting.js",
                    include_str!("../../templates/js/greeting.js"),
                ),
                file(
                    "tests/greet.test.js",
                    include_str!("../../templates/js/greet.test.js"),
                ),
                file(
                    "package.json",
                    include_str!("../../templates/js/package.json"),
                ),
                file(".gitignore", "/node_modules\n*.wasm\n"),
            ];
            let sdk = JS_SDK.iter();
            files.extend(
                sdk.map(|(path, content)| (format!("warren-guest/{path}"), (*content).to_owned())),
            );
            files
        }
        Language::Python => {
            let mut files = vec![
                file("main.py", include_str!("../../templates/python/main.py")),
                file(
                    "greeter.py",
                    include_str!("../../templates/python/greeter.py"),
                ),
                file(
                    "greeting.py",
                    include_str!("../../templates/python/greeting.py"),
                ),
                file(
                    "tests/test_greet.py",
                    include_str!("../../templates/python/test_greet.py"),
                ),
                file(".gitignore", "/.venv\n__pycache__\n*.wasm\n"),
            ];
            let sdk = PYTHON_SDK.iter();
            files.extend(sdk.map(|(path, content)| ((*path).to_owned(), (*content).to_owned())));
            files
        }
    }
}

/// Adds the SDK for C, which C++ and Zig use as well.
fn with_c_sdk(mut files: Vec<(String, String)>) -> Vec<(String, String)> {
    let sdk = C_SDK.iter();
    files.extend(sdk.map(|(path, content)| ((*path).to_owned(), (*content).to_owned())));
    files
}

fn refused(path: &Path, error: &std::io::Error) -> Box<Failure> {
    Box::new(Failure::new(
        Exit::Failed,
        format!("{}: cannot be created: {error}", text::path(path)),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_for_a_package_too() {
        for good in ["greet", "my-app_2", "some/where/greet"] {
            assert!(name(Path::new(good)).is_ok(), "{good}");
        }
        for bad in ["", "..", "/", "2x", "a b", "ünder", "-x"] {
            assert!(name(Path::new(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn programs_in_javascript_and_python_bring_their_sdks_and_a_test() {
        for (language, expected) in [
            (
                Language::JavaScript,
                [
                    "warren-guest/warren.js",
                    "warren-guest/warren.d.ts",
                    "tests/greet.test.js",
                ],
            ),
            (
                Language::Python,
                [
                    "warren/__init__.py",
                    "warren/entry.py",
                    "tests/test_greet.py",
                ],
            ),
        ] {
            let files = files(language, "greet");
            for path in expected {
                assert!(files.iter().any(|(file, _)| file == path), "{path}");
            }
        }
    }

    #[test]
    fn programs_in_c_cpp_and_zig_bring_the_sdk_for_c() {
        for (language, main) in [
            (Language::C, "main.c"),
            (Language::Cpp, "main.cpp"),
            (Language::Zig, "main.zig"),
        ] {
            let files = files(language, "greet");
            for path in [main, "Makefile", "warren.c", "warren.h"] {
                assert!(files.iter().any(|(file, _)| file == path), "{path}");
            }
        }
    }

    #[test]
    fn a_rust_program_brings_its_sdk() {
        let files = files(Language::Rust, "greet");
        for path in [
            "warren-guest/Cargo.toml",
            "warren-guest/src/lib.rs",
            "warren-guest/src/sdk/supervisor/plan.rs",
            "warren-guest/macros/src/lib.rs",
            "warren-guest/values/Cargo.toml",
            "warren-guest/values/src/value.rs",
        ] {
            assert!(files.iter().any(|(file, _)| file == path), "{path}");
        }
        assert!(files[0].1.contains("name = \"greet\""));
    }
}
