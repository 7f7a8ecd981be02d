//! `warren new`, `build`, `check` and `inspect`, as far as no other compiler is
//! needed.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test")]

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::support::{outcome, warren};
use warren_tests::Program;

const EMPTY: &str = r#"(module (memory (export "memory") 1) (func (export "start")))"#;

#[test]
fn new_refuses_a_path_that_exists() {
    let dir = Program::of(&[("taken/main.lua", "return 1")]);
    outcome(warren(dir.path(), &["new", "taken"]))
        .ends_with(2)
        .says(&["taken: already exists"]);
    assert_eq!(
        fs::read_to_string(dir.path().join("taken/main.lua")).unwrap(),
        "return 1"
    );
    outcome(warren(dir.path(), &["new", "2 b"]))
        .ends_with(2)
        .says(&["2 b: not a name for a program"]);
    outcome(warren(dir.path(), &["new", "no/such/place"]))
        .ends_with(1)
        .says(&["cannot be created"]);
    fs::create_dir(dir.path().join("empty")).unwrap();
    outcome(warren(dir.path(), &["new", "empty"]))
        .ends_with(0)
        .prints("warren test empty\nwarren run empty\n");
    outcome(warren(dir.path(), &["run", "empty"])).ends_with(0);
}

#[test]
fn build_names_the_missing_tool() {
    let dir = Program::of(&[
        ("c/Makefile", "all:\n"),
        ("rust/Cargo.toml", "[package]\nname = \"x\"\n"),
        ("nothing/x.txt", ""),
        ("script/tool.js", ""),
        (
            "js/x.js",
            "import { main } from './warren.js';\nexport const start = main(() => {});\n",
        ),
        (
            "python/x.py",
            "import warren\n\n@warren.main\ndef main():\n    pass\n",
        ),
    ]);
    let build = |path: &str| {
        let mut command = warren(dir.path(), &["build", path]);
        for variable in ["CC", "WASI_SDK", "ZIG", "WARREN_CARGO", "WARREN_PYTHON"] {
            command.env_remove(variable);
        }
        // No tool is installed there.
        command.env("PATH", dir.path()).env("HOME", dir.path());
        outcome(command)
    };
    build("c")
        .ends_with(1)
        .says(&["cannot run clang", "there is no Zig", "set WASI_SDK"]);
    build("rust").ends_with(1).says(&[
        "cannot run rustc",
        "install Rust with rustup",
        "WARREN_CARGO",
    ]);
    let run = outcome(warren(dir.path(), &["run", "rust"]));
    run.ends_with(2)
        .says(&["there is no definition app:main", "warren build rust"]);
    build("nothing")
        .ends_with(0)
        .says(&["nothing to build in nothing"]);
    build("script").ends_with(0).says(&[
        "nothing to build in script",
        "exports `start`",
        "@warren.main",
    ]);
    build("js")
        .ends_with(1)
        .says(&["cannot run node", "install Node.js 22"]);
    build("python")
        .ends_with(1)
        .says(&["cannot run python3", "install Python 3.11"]);
    let run = outcome(warren(dir.path(), &["run", "python"]));
    run.ends_with(2)
        .says(&["there is a x.py: run `warren build python` first"]);
    build("none").ends_with(2).says(&["none: "]);

    // A Rust without the library of the target.
    let rustc = dir.path().join("tools/rustc");
    fs::create_dir(dir.path().join("tools")).unwrap();
    fs::write(&rustc, "#!/bin/sh\necho /no/such/directory\n").unwrap();
    fs::set_permissions(&rustc, fs::Permissions::from_mode(0o755)).unwrap();
    let mut without = warren(dir.path(), &["build", "rust"]);
    without.env_remove("WARREN_CARGO");
    without.env("PATH", rustc.parent().unwrap());
    outcome(without).ends_with(1).says(&[
        "no standard library for wasm32-wasip1",
        "rustup target add wasm32-wasip1",
        "set WARREN_CARGO",
        "cargo xtask guests --toolchain",
    ]);

    // With rustup, and a Python with pip, the one command comes first.
    for (name, script) in [
        ("rustup", "exit 0"),
        ("python3", "test \"$1\" = -c && echo"),
    ] {
        let path = dir.path().join("tools").join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let with_installers = |path: &str| {
        let mut command = warren(dir.path(), &["build", path]);
        for variable in ["CC", "WASI_SDK", "ZIG", "WARREN_CARGO", "WARREN_PYTHON"] {
            command.env_remove(variable);
        }
        command.env("PATH", rustc.parent().unwrap());
        command.env("HOME", dir.path());
        outcome(command).ends_with(1)
    };
    with_installers("rust").says(&[
        "help: run `rustup target add wasm32-wasip1`\n  or set WARREN_CARGO",
        "`cargo xtask guests --toolchain`",
    ]);
    with_installers("c").says(&[
        "help: run `python3 -m pip install ziglang`\n  or set CC",
        "WASI_SDK",
        "`cargo xtask guests --toolchain`",
    ]);

    let mut broken = warren(dir.path(), &["build", "c"]);
    broken.env("CC", "false");
    outcome(broken).ends_with(1).says(&["false does not work"]);

    let mut old = warren(dir.path(), &["build", "python"]);
    old.env("WARREN_PYTHON", "/bin/echo");
    outcome(old)
        .ends_with(1)
        .says(&["components need 3.11 to 3.14", "WARREN_PYTHON names it"]);

    let mut failing = warren(dir.path(), &["build", "rust"]);
    failing.env("WARREN_CARGO", "false");
    outcome(failing)
        .ends_with(1)
        .says(&["rust: cargo ended with exit status: 1"]);
}

#[test]
fn build_says_what_it_builds() {
    let files = [
        "main.lua",
        "x.rs",
        "x.cpp",
        "x.d.ts",
        "x.tsx",
        "notes.txt",
        "as/main.ts",
    ];
    let dir = Program::of(&files.map(|name| (name, "export function start(): void {}")));
    for (file, help) in files.into_iter().zip([
        "it needs no build: `warren run main.lua`",
        "the package's Cargo.toml",
        "`warren new --lang cpp NAME`",
        "it has types alone",
        "TypeScript (.ts, .mts)",
        "JavaScript (.js, .mjs)",
    ]) {
        let reason = format!("error: {file}: no source that `warren build` knows");
        outcome(warren(dir.path(), &["build", file]))
            .ends_with(2)
            .prints("")
            .says(&[&reason, help]);
    }
    // The file is AssemblyScript.
    outcome(warren(dir.path(), &["build", "as"]))
        .ends_with(0)
        .says(&[
            "nothing to build in as",
            "no .ts file that also imports warren.js",
        ]);
}

/// Builds with a node and an npm that record what they are asked for.
#[test]
fn npm_does_not_wait_for_a_network_for_a_minute() {
    let source = "import { main } from './warren.js';\nexport const start = main(() => {});\n";
    let dir = Program::of(&[("x.js", source)]);
    let tools = dir.path().join("tools");
    fs::create_dir(&tools).unwrap();
    // One of the settings is the user's own.
    let npm = "case \"$1\" in\n\
               config) echo fetch-timeout=300000\n\
                 echo fetch-retry-mintimeout=10000\n\
                 echo fetch-retry-maxtimeout=90000 ;;\n\
               *) for word; do echo \"$word\"; done > \"$0.asked\"\n\
                 echo 'npm error code ECONNREFUSED' >&2\n\
                 exit 1 ;;\n\
               esac\n";
    for (name, script) in [("node", "echo v22.12.0\n"), ("npm", npm)] {
        let path = tools.join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let mut build = warren(dir.path(), &["build", "x.js"]);
    build
        .env("PATH", &tools)
        .env("XDG_CACHE_HOME", dir.path().join("cache"));
    outcome(build)
        .ends_with(1)
        .says(&["npm error code ECONNREFUSED", "help: check the network"]);
    let asked = fs::read_to_string(tools.join("npm.asked")).unwrap();
    let asked: Vec<&str> = asked.lines().collect();
    assert_eq!(asked[0], "ci");
    assert!(
        asked.contains(&"--fetch-retry-mintimeout=1000"),
        "{asked:?}"
    );
    assert!(asked.contains(&"--fetch-timeout=60000"), "{asked:?}");
    let own = asked.iter().find(|word| word.contains("maxtimeout"));
    assert_eq!(own, None, "the user's own setting stays");
}

#[test]
fn check_compiles_all_and_runs_nothing() {
    let dir = Program::of(&[
        ("main.lua", "print('it ran')"),
        ("lib/util.lua", "return {}"),
        ("empty.wat", EMPTY),
        ("target/left.lua", "this is no Lua"),
    ]);
    outcome(warren(dir.path(), &["check"]))
        .ends_with(0)
        .prints("3 definitions, nothing wrong\n");

    for (name, content) in [
        ("lib/broken.lua", "return 1 +"),
        ("starts.wat", "(module (memory (export \"memory\") 1))"),
        (
            "imports.wat",
            "(module (import \"env\" \"open\" (func)) (memory (export \"memory\") 1) \
             (func (export \"start\")))",
        ),
        (
            "component.wat",
            "(component (import \"wasi:sockets/tcp@0.2.0\" (instance)))",
        ),
    ] {
        fs::write(dir.path().join(name), content).unwrap();
    }
    outcome(warren(dir.path(), &["check", "."]))
        .ends_with(1)
        .prints("")
        .says(&[
            "lib/broken.lua:1: ",
            "in definition app.lib:broken",
            "starts.wat: it exports no function called `start`",
            "the runtime does not provide its imports `env` `open`",
            "in definition app:component",
        ]);
}

#[test]
fn check_reads_the_manifest() {
    let dir = Program::of(&[
        ("main.lua", ""),
        ("warren.toml", "[processes.\"app:x\"]\nsource = \"x.lua\"\n"),
    ]);
    outcome(warren(dir.path(), &["check"]))
        .ends_with(2)
        .says(&["there is no file `x.lua`", "warren.toml:2"]);

    // A host of its own, and a name outside the app's.
    let dir = Program::of(&[
        ("main.lua", ""),
        ("x.wat", EMPTY),
        (
            "warren.toml",
            "[hosts.\"app:few\"]\nmax_processes = 1\n\
             [processes.\"other:x\"]\nsource = \"x.wat\"\nhost = \"app:few\"\n",
        ),
    ]);
    outcome(warren(dir.path(), &["check"]))
        .ends_with(0)
        .prints("3 definitions, nothing wrong\n");
}

#[test]
fn inspect_describes_a_file() {
    let dir = Program::of(&[
        ("core.wat", EMPTY),
        (
            "foreign.wat",
            "(module (import \"env\" \"open\" (func)) (memory (export \"memory\") 1) \
             (func (export \"start\")))",
        ),
        (
            "component.wat",
            "(component (core module $m (func (export \"start\"))) \
             (core instance $i (instantiate $m)) \
             (func (export \"start\") (canon lift (core func $i \"start\"))))",
        ),
        (
            "interpreter.wat",
            "(module (memory (export \"memory\") 1) (func (export \"start\")) \
             (func (export \"prepare\")))",
        ),
        (
            "served.wat",
            "(component \
             (import \"wasi:http/types@0.2.0\" (instance $types \
             (export \"incoming-request\" (type (sub resource))) \
             (export \"response-outparam\" (type (sub resource))))) \
             (import \"wasi:keyvalue/store@0.2.0-draft\" (instance)) \
             (alias export $types \"incoming-request\" (type $request)) \
             (alias export $types \"response-outparam\" (type $out)) \
             (core module $m (func (export \"handle\") (param i32 i32))) \
             (core instance $i (instantiate $m)) \
             (func $handle (param \"request\" (own $request)) (param \"response-out\" (own $out)) \
             (canon lift (core func $i \"handle\"))) \
             (instance $e (export \"handle\" (func $handle))) \
             (export \"wasi:http/incoming-handler@0.2.0\" (instance $e)))",
        ),
        ("text.wasm", "hello"),
    ]);
    let inspect = |path: &str| outcome(warren(dir.path(), &["inspect", path]));
    let core = inspect("core.wat").ends_with(0);
    for text in [
        "core.wat: a core module of",
        "imports\n  none\n",
        "exports\n  memory\n  start\n",
        "memory\n  64 KiB at the start",
        "It runs as a process.",
        "the faster way in",
    ] {
        assert!(core.text().contains(text), "{text:?}: {core}");
    }
    let interpreter = inspect("interpreter.wat").ends_with(0);
    assert!(
        interpreter
            .text()
            .contains("It is an interpreter: it runs other code."),
        "{interpreter}"
    );
    let component = inspect("component.wat").ends_with(0);
    for text in [
        "a component of",
        "It takes the component path",
        "wasm32-unknown-unknown",
    ] {
        assert!(component.text().contains(text), "{text:?}: {component}");
    }
    let served = inspect("served.wat").ends_with(0);
    for text in [
        "grants, without which these imports reach nothing\n  \
         wasi:keyvalue/store@0.2.0-draft: store = [\"ID\"], or --store ID\n",
        "It answers requests of a route, each in a process of its own.",
    ] {
        assert!(served.text().contains(text), "{text:?}: {served}");
    }
    let foreign = inspect("foreign.wat").ends_with(1);
    for text in [
        "  env: open\n",
        "It does not run: ",
        "the runtime does not provide its imports",
    ] {
        assert!(foreign.text().contains(text), "{text:?}: {foreign}");
    }
    inspect("text.wasm").ends_with(2).says(&["not WebAssembly"]);
    inspect("none.wasm").ends_with(2).says(&["none.wasm"]);
    for path in [".", "main.lua"] {
        inspect(path)
            .ends_with(2)
            .says(&["not a WebAssembly file", "warren check"]);
    }
}

#[test]
fn bash_completes_commands_and_options() {
    let dir = Program::of(&[("x.txt", "")]);
    let script = warren(dir.path(), &["completions", "bash"])
        .output()
        .unwrap();
    assert!(script.status.success());
    fs::write(dir.path().join("warren.bash"), script.stdout).unwrap();
    let completed = |words: &str, current: &str| {
        let mut bash = std::process::Command::new("bash");
        bash.current_dir(dir.path()).arg("-c").arg(format!(
            ". ./warren.bash; COMP_WORDS=({words} {current}); \
             COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
             _warren warren {current} x; echo \"${{COMPREPLY[@]}}\""
        ));
        let output = bash.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(completed("warren", "ru"), "run\n");
    assert_eq!(completed("warren run", "--grac"), "--grace\n");
}

#[test]
fn man_pages_are_written_or_the_reason_is_given() {
    let dir = Program::of(&[("taken", "")]);
    outcome(warren(dir.path(), &["man", "pages"]))
        .ends_with(0)
        .prints("");
    let page = fs::read_to_string(dir.path().join("pages/warren-run.1")).unwrap();
    assert!(page.starts_with(".ie"), "{page}");
    outcome(warren(dir.path(), &["man", "taken"]))
        .ends_with(1)
        .says(&["cannot write man pages to taken"]);
    outcome(warren(dir.path(), &["completions", "tcsh"]))
        .ends_with(2)
        .says(&["possible values: bash"]);
}

/// Returns the commands that a help lists.
fn commands(help: &str) -> Vec<&str> {
    let commands = help.lines().skip_while(|line| *line != "Commands:");
    let commands = commands.skip(1).take_while(|line| !line.is_empty());
    // A long description goes on below, further to the right.
    let named = commands.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    named
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect()
}

#[test]
fn help_fits_into_the_terminal() {
    let dir = Program::of::<&str>(&[]);
    let help = |words: &[&str], columns: usize| {
        let mut command = warren(dir.path(), &[words, &["--help"]].concat());
        command.env("COLUMNS", columns.to_string());
        let ended = outcome(command).ends_with(0).says_nothing();
        let text = ended.text().to_owned();
        assert!(!text.contains('\u{1b}'), "{words:?}: {text}");
        let mut is_usage = false;
        for line in text.lines() {
            is_usage = line.starts_with("Usage:") || is_usage && !line.is_empty();
            // The usage is one line, and a word is never cut.
            let may_be_long = is_usage || !line.trim().contains(' ');
            assert!(
                may_be_long || line.chars().count() <= columns,
                "{words:?} in {columns} columns: {line:?}"
            );
        }
        text
    };
    for columns in [50, 80] {
        let all = help(&[], columns);
        for name in commands(&all) {
            let of_command = help(&[name], columns);
            for subcommand in commands(&of_command) {
                help(&[name, subcommand], columns);
            }
        }
    }
}

#[test]
fn the_readme_has_every_command() {
    let readme = warren_tests::project().join("README.md");
    let readme = fs::read_to_string(readme).unwrap();
    let dir = Program::of::<&str>(&[]);
    let help = outcome(warren(dir.path(), &["--help"])).ends_with(0);
    let mut listed = commands(help.text());
    let mut rows: Vec<&str> = readme
        .lines()
        .filter_map(|line| line.strip_prefix("| `warren ")?.split('`').next())
        .collect();
    assert!(listed.len() > 15, "{listed:?}");
    listed.sort_unstable();
    rows.sort_unstable();
    assert_eq!(rows, listed);
}
