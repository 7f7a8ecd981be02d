//! `warren build` of JavaScript and Python: packages, modules that are imported late, and
//! the faults of sources.

use std::fs;
use std::path::{Path, PathBuf};

use warren_tests::{Outcome, Program, Warren, packages, project, scripts};

/// Returns a copy of a program of the tests' guests, in which packages of an earlier run
/// are still installed.
fn program(name: &str) -> PathBuf {
    let place = project().join("target/tmp/components").join(name);
    packages::copy_tree(&project().join("tests/guests").join(name), &place);
    place
}

/// Puts the SDK for JavaScript beside a program, as `warren new` does.
fn add_js_sdk(program: &Path) {
    let sdk = program.join("warren-guest");
    fs::create_dir_all(&sdk).unwrap_or_else(|error| panic!("{error}"));
    for file in ["warren.js", "values.js", "imports.js"] {
        let from = project().join("guest-sdk/js").join(file);
        packages::copy_tree(&from, &sdk.join(file));
    }
}

#[track_caller]
fn build(path: impl AsRef<std::ffi::OsStr>) -> Outcome {
    Warren::tool("build", path)
        .options(["--no-compile"])
        .outcome()
}

#[test]
fn packages_of_npm_are_bundled() {
    scripts::need_node();
    let path = program("npm");
    add_js_sdk(&path);
    let built = build(&path).ends_with(0);
    for package in ["ms 2.1.3", "nanoid 5.1.5"] {
        assert!(built.stderr.contains(package), "{package}: {built}");
    }
    Warren::run(&path)
        .outcome()
        .ends_with(0)
        .prints("172800000\n21\n8\ntrue\n")
        .says_nothing();
    // The installed packages are those of the lock file, and stay.
    let again = build(&path).ends_with(0);
    assert!(!again.stderr.contains("installing"), "{again}");
}

#[test]
fn packages_of_pip_and_late_imports_are_in_the_component() {
    scripts::need_python();
    let path = program("pip");
    let built = build(&path).ends_with(0);
    for package in ["python-slugify 8.0.4", "Unidecode 1.4.0"] {
        assert!(built.stderr.contains(package), "{package}: {built}");
    }
    Warren::run(&path)
        .outcome()
        .ends_with(0)
        .prints("gross-o-bei-jing\n2.5\nlate\n8.0.4\ndata of a module\n{\"a\": [1, null]}\n")
        .says_nothing();
    let again = build(&path).ends_with(0);
    assert!(!again.stderr.contains("installing"), "{again}");
}

/// Texts of tools, which no fault of a source shows.
const OF_TOOLS: [&str; 6] = [
    "wasm function",
    "wasm backtrace",
    "componentize",
    "node:internal",
    "Traceback",
    "ended with exit",
];

/// Asserts that a build fails with these texts and none of a tool.
#[track_caller]
fn fails(program: &Program, file: &str, texts: &[&str]) {
    let path = program.path().join(file);
    let failed = build(path).ends_with(1).says(texts);
    for text in OF_TOOLS {
        assert!(!failed.stderr.contains(text), "{text:?} is there: {failed}");
    }
}

/// Returns a program with the SDK for JavaScript beside it.
fn with_js(files: &[(&str, String)]) -> Program {
    let program = Program::of(files);
    add_js_sdk(program.path());
    program
}

#[test]
fn faults_of_javascript_have_a_place() {
    scripts::need_node();
    const IMPORT: &str = "import { main, pid } from \"./warren-guest/warren.js\";\n";
    let start = |line: &str| format!("{IMPORT}{line}\nexport const start = main(() => pid());\n");
    let program = with_js(&[
        (
            "syntax.js",
            format!("{IMPORT}\nexport const start = main(() => {{\n"),
        ),
        ("forgotten.js", format!("{IMPORT}\nmain(() => pid());\n")),
        ("early.js", start("\nconst me = pid();")),
        ("network.js", start("const page = fetch(\"x\");")),
        ("throws.js", start("import \"./lib/bad.js\";")),
        ("lib/bad.js", "// A module\n\nnull.field;\n".to_owned()),
        ("package.js", start("import slugify from \"slugify\";")),
        ("node.js", start("import { readFile } from \"node:fs\";")),
        ("file.js", start("import { x } from \"./lib/bad\";")),
        (
            "bare.js",
            format!("{IMPORT}export function start() {{\n  pid();\n}}\n"),
        ),
        ("sdk.js", start("import { send } from \"warren\";")),
        (
            "name.js",
            start("import { sned } from \"./warren-guest/warren.js\";"),
        ),
        ("text.js", start("throw \"a text\";")),
        ("waits.js", start("await new Promise(() => {});")),
    ]);
    for (file, texts) in [
        ("syntax.js", &["syntax.js:4:"][..]),
        (
            "forgotten.js",
            &["forgotten.js does not export `start`", "export const start"],
        ),
        (
            "early.js",
            &["process.pid is called at the top level", "early.js:3:12"],
        ),
        (
            "network.js",
            &["fetch: a process has no network", "network.js:2:"],
        ),
        ("throws.js", &["TypeError", "lib/bad.js:3:"]),
        (
            "package.js",
            &[
                "there is no package slugify",
                "package.js:2:",
                "npm install slugify",
            ],
        ),
        ("node.js", &["node:fs is a module of Node.js", "node.js:2:"]),
        (
            "file.js",
            &[
                "there is no file ./lib/bad",
                "write the whole name: ./lib/bad.js",
            ],
        ),
        (
            "bare.js",
            &[
                "nothing begins the process",
                "bare.js:2:17",
                "start = main(",
            ],
        ),
        (
            "sdk.js",
            &[
                "there is no package warren",
                "sdk.js:2:",
                "./warren-guest/warren.js",
            ],
        ),
        ("name.js", &["an export named: 'sned'", "name.js:2:"]),
        ("text.js", &["text.js: uncaught exception: a text"]),
        (
            "waits.js",
            &["the top level of a module awaits", "await inside `main`"],
        ),
    ] {
        fails(&program, file, texts);
    }
}

/// Returns a program in TypeScript, a file for each kind of import.
fn typed() -> Program {
    const MAIN: &str = r#"import { main, print } from "./warren-guest/warren.js";
import type { Job } from "./lib/job.ts";
import { price, type Priced } from "./lib/price.js";

interface Answer<T> { readonly value: T }

abstract class Counter<T> extends Map<string, T> implements /* implements */ Iterable<[string, T]> {
  private /* ? */ count /* ? */ ?: number = 0
  declare hidden: string;
  abstract add(by: number): void
  protected next(this: Counter<T>, by?: number): number {
    return this.count! += by ?? 1
  }
}
class Ours extends Counter<number> {
  override add(by: number): void { this.next(by) }
  get total(): number { return this.next(0) }
}

const answer = async <
  T,
>(value: T): Promise<
  Answer<T>
> => ({ value })
const twice = ((n) => 2 * n) as (n: number) => number
type Role = "bug" | "later"
[1].map((n: number): number => twice(n))

export const start = main(async (role?: Role) => {
  const job: Job = { name: "tea", count: 3 };
  if (role === "bug") return (undefined as any).length;
  if (role === "later") return price(null as unknown as Priced);
  const { late } = await import("./lib/late.js");
  const ours = new Ours()
  ours.add(7)
  print((await answer(price(job))).value, late satisfies string, ours.total);
});
"#;
    with_js(&[
        ("main.ts", MAIN.to_owned()),
        (
            "lib/job.ts",
            "export interface Job { name: string; count: number }\n".to_owned(),
        ),
        (
            "lib/price.ts",
            "import { type Job } from \"./job.js\";\n\n\
             export type Priced = Job;\n\
             export function price(job: Priced): number {\n  return job.count * 2;\n}\n"
                .to_owned(),
        ),
        (
            "lib/late.ts",
            // As long as generated code may be.
            format!(
                "export const late: string = \"late\"{};\n",
                " + \"\"".repeat(5_000)
            ),
        ),
    ])
}

/// Builds a program in TypeScript. Types become spaces: places are those of the source.
#[test]
fn typescript_runs_with_the_places_of_its_sources() {
    scripts::need_node();
    let program = typed();
    let built = build(program.path()).ends_with(0);
    let made = program.path().join("main.wasm");
    let built = built.prints(&format!("{}\n", made.display()));
    assert!(built.stderr.contains("main.ts: "), "{built}");
    let run = |arguments: &[&str]| Warren::run(&made).arguments(arguments).outcome();
    run(&[]).ends_with(0).prints("6\tlate\t7\n").says_nothing();
    run(&["bug"]).ends_with(1).says(&["error: main.ts:31:"]);
    run(&["later"])
        .ends_with(1)
        .says(&["error: lib/price.ts:5:", "start<@main.ts:32:"]);
}

#[test]
fn faults_of_typescript_have_a_place() {
    scripts::need_node();
    const IMPORT: &str = "import { main } from \"./warren-guest/warren.js\";\n";
    let start =
        |line: &str| format!("{IMPORT}{line}\nexport const start = main((n: number) => n);\n");
    let program = with_js(&[
        ("syntax.ts", start("const x: = 1;")),
        ("enum.ts", start("enum Color { Red }")),
        (
            "property.ts",
            start("class A { constructor(private b: string) {} }"),
        ),
        ("assertion.ts", start("const x = <number>1;")),
        ("namespace.ts", start("namespace A { export const b = 1 }")),
        ("untyped.ts", start("import { Job } from \"./job.js\";")),
        ("job.ts", "export interface Job {}\n".to_owned()),
        ("early.ts", start("const x: number = (null as any).y;")),
        ("near.ts", start("import \"./job\";")),
        (
            "as.ts",
            "export function start(): void { assert(memory.size() > 1) }\n".to_owned(),
        ),
    ]);
    for (file, texts) in [
        ("syntax.ts", &["syntax.ts:2:"][..]),
        ("enum.ts", &["an enum is code", "enum.ts:2:1", "as const"]),
        (
            "property.ts",
            &["a property among the parameters", "property.ts:2:23"],
        ),
        (
            "assertion.ts",
            &["`<Type>value`", "assertion.ts:2:11", "value as Type"],
        ),
        ("namespace.ts", &["a namespace is code", "namespace.ts:2:1"]),
        (
            "untyped.ts",
            &[
                "Job of ./job.js is a type",
                "untyped.ts:2:21",
                "write `type Job`",
            ],
        ),
        ("early.ts", &["TypeError", "early.ts:2:20"]),
        ("near.ts", &["write the whole name: ./job.ts"]),
        (
            "as.ts",
            &["as.ts does not import the SDK", "AssemblyScript"],
        ),
    ] {
        fails(&program, file, texts);
    }
}

#[test]
fn faults_of_python_have_a_place() {
    scripts::need_python();
    let marked =
        |line: &str| format!("import warren\n{line}\n\n@warren.main\ndef main():\n    pass\n");
    let program = Program::of(&[
        (
            "syntax.py",
            "import warren\n\n@warren.main\ndef main(:\n    pass\n".to_owned(),
        ),
        (
            "forgotten.py",
            "import warren\n\n\ndef main():\n    pass\n".to_owned(),
        ),
        ("early.py", marked("\nME = warren.pid()")),
        ("raises.py", marked("import bad")),
        ("bad.py", "VALUE = 1\n{}['key']\n".to_owned()),
        ("absent.py", marked("import no_such_module")),
        (
            "called.py",
            "import warren\n\n@warren.main()\ndef main():\n    pass\n".to_owned(),
        ),
        ("lines.py", marked("raise ValueError(\"\\n\\none\\ntwo\")")),
    ]);
    for (file, texts) in [
        ("syntax.py", &["SyntaxError", "syntax.py:4:10"][..]),
        (
            "forgotten.py",
            &[
                "no function is marked with @warren.main",
                "forgotten.py:1:1",
            ],
        ),
        (
            "early.py",
            &["process.pid is used at the top level", "early.py:3:6"],
        ),
        ("raises.py", &["KeyError: 'key'", "bad.py:2:1"]),
        (
            "absent.py",
            &[
                "No module named 'no_such_module'",
                "absent.py:2:1",
                "name its package in requirements.txt",
            ],
        ),
        ("called.py", &["without parentheses", "called.py:3:2"]),
        ("lines.py", &["ValueError: one", "lines.py:2:1", "two"]),
    ] {
        fails(&program, file, texts);
    }
}

#[test]
fn packages_that_cannot_be_fetched_come_with_a_remedy() {
    scripts::need_node();
    let program = with_js(&[
        ("main.js", "export const start = \"warren\";\n".to_owned()),
        (
            "package.json",
            r#"{"dependencies": {"ms": "2.1.3"}}"#.to_owned(),
        ),
        (
            "package-lock.json",
            r#"{"lockfileVersion": 3, "packages": {
                "": {"dependencies": {"ms": "2.1.3"}},
                "node_modules/ms": {"version": "2.1.3", "integrity": "sha512-x"}
            }}"#
            .to_owned(),
        ),
    ]);
    // Nobody listens there, and nothing is kept.
    let failed = Warren::tool("build", program.path())
        .env("npm_config_registry", "http://127.0.0.1:9")
        .env("npm_config_fetch_retries", "0")
        .env("npm_config_cache", program.path().join("cache"))
        .outcome()
        .ends_with(1)
        .says(&["ECONNREFUSED", "help: check the network"]);
    assert!(!failed.stderr.contains("    at "), "{failed}");
}

/// The engine of JavaScript has a `fetch`, which must not trap. It would take a file with a
/// space in its name for two.
#[test]
fn fetch_is_an_error_with_its_line() {
    scripts::need_node();
    let source = "import { main } from \"./warren-guest/warren.js\";\n\
                  export const start = main(async () => {\n  await fetch(\"http://localhost\");\n});\n";
    let program = with_js(&[("the page.js", source.to_owned())]);
    build(program.path()).ends_with(0);
    let failed = Warren::run(program.path().join("the page.wasm"))
        .outcome()
        .ends_with(1)
        .says(&["fetch: a process has no network", "the page.js:3:"]);
    for text in ["initializer.js", "warren-guest"] {
        assert!(!failed.stderr.contains(text), "{text:?} is there: {failed}");
    }
}

#[test]
fn an_error_of_python_has_the_calls_of_the_program() {
    scripts::need_python();
    let source =
        "import warren\n\n@warren.main\ndef main():\n    warren.send(\"nobody\", \"topic\")\n";
    let program = Program::of(&[("main.py", source)]);
    build(program.path()).ends_with(0);
    let failed = program.run().ends_with(1).says(&[
        "name not registered: nobody",
        "File \"main.py\", line 5, in main",
    ]);
    for text in ["entry.py", "processes.py", "/0/"] {
        assert!(!failed.stderr.contains(text), "{text:?} is there: {failed}");
    }
}
