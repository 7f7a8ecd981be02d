//! Attacks by the sources of a program.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use warren_tests::{Program, Warren};

use crate::scene::{Scene, lines, module, refused};

pub(crate) const SCENES: &[Scene] = &[
    Scene {
        name: "sources/no_file",
        tries: "pipes, devices, directories and 100 GiB of nothing as code",
        end: "refused, before a byte is read",
        run: no_file,
    },
    Scene {
        name: "sources/names_that_terminals_obey",
        tries: "escape sequences in the name of the program's file",
        end: "shown escaped",
        run: names_that_terminals_obey,
    },
    Scene {
        name: "sources/modules_from_elsewhere",
        tries: "to load code from outside the program by `require` and `spawn`",
        end: "none is found",
        run: modules_from_elsewhere,
    },
    Scene {
        name: "sources/links",
        tries: "links as program files, that lead outside, to nothing, to themselves and to devices",
        end: "what is outside is not read, a link inside runs",
        run: links,
    },
    Scene {
        name: "sources/locals",
        tries: "1,000 functions of 50,000 locals each, in a few bytes",
        end: "runs, or is refused, in the time and memory of a module of that size",
        run: locals,
    },
    Scene {
        name: "sources/nested_blocks",
        tries: "blocks nested 100,000 deep",
        end: "runs, or is refused, without a stack overflow",
        run: nested_blocks,
    },
    Scene {
        name: "sources/branch_table",
        tries: "a branch with 60,000 targets, three times and ten times",
        end: "three run, and ten are refused with the limit",
        run: branch_table,
    },
    Scene {
        name: "sources/instances_of_components",
        tries: "1,000 core instances in one component",
        end: "refused as `Invalid` with the limit",
        run: instances,
    },
    Scene {
        name: "sources/nested_component_types",
        tries: "component types that double in size with each level, 60 levels deep",
        end: "refused, before a comparison of them begins",
        run: nested_types,
    },
    Scene {
        name: "sources/exports",
        tries: "a component with 50,000 exports",
        end: "the program runs, or is refused",
        run: exports,
    },
    Scene {
        name: "sources/nested_components",
        tries: "components nested 500 deep",
        end: "runs, or is refused, without a stack overflow",
        run: nested_components,
    },
    Scene {
        name: "sources/cut_and_claimed",
        tries: "modules that are cut, or claim more functions, types and bytes than they have",
        end: "each is refused",
        run: cut_and_claimed,
    },
];

/// Asserts that the program runs to its end or is refused.
#[track_caller]
fn survives(program: &Program) {
    let outcome = program.run();
    match outcome.status {
        Some(0) => {
            outcome.ends_with(0);
        }
        _ => {
            refused(outcome, 1, &["main.wat"]);
        }
    }
}

fn no_file() {
    for name in ["main.lua", "main.wasm", "main.wat"] {
        let program = Program::of(&[("other.lua", "")]);
        let path = program.path().join(name);
        let made = Command::new("mkfifo").arg(&path).status();
        assert!(made.expect("mkfifo is there").success());
        refused(program.run(), 2, &["app:main"]);
        fs::remove_file(&path).expect("is removed");
        fs::create_dir(&path).expect("is made");
        refused(program.run(), 2, &["app:main"]);
        fs::remove_dir(&path).expect("is removed");
        symlink("/dev/zero", &path).expect("is made");
        refused(program.run(), 2, &[]);
        fs::remove_file(&path).expect("is removed");
        let file = File::create(&path).expect("is made");
        file.set_len(100 << 30).expect("is set");
        refused(program.run(), 2, &["it may have at most"]);
    }
}

fn names_that_terminals_obey() {
    let name = "\u{1b}[2J\u{7}x.lua";
    let program = Program::of(&[(name, "error('over')")]);
    let outcome = Warren::run(name).current_dir(program.path()).outcome();
    refused(outcome, 1, &[r"\u{1b}[2J", "over"]);
    let missing = Warren::run("\u{1b}[31mno.lua").outcome();
    refused(missing, 2, &[r"\u{1b}[31m"]);
}

fn modules_from_elsewhere() {
    let outside = tempfile::tempdir().expect("a directory");
    fs::write(outside.path().join("secret.lua"), "return 'secret'").expect("is written");
    let main = r#"
        local outside = ...
        local names = {
          outside .. "/secret", "link.secret", "..secret", "../secret", "secret\0", ".secret",
          "\27[31m", ("a."):rep(50000), "link/secret", "file://" .. outside .. "/secret",
        }
        for _, name in ipairs(names) do
          assert(not pcall(require, name), name)
          assert(not process.spawn("app:" .. name, "app:processes"), name)
          assert(not process.spawn(name, "app:processes"), name)
        end
        print("none")"#;
    let program = Program::lua(main);
    symlink(outside.path(), program.path().join("link")).expect("is made");
    program
        .command()
        .arguments([outside.path()])
        .outcome()
        .ends_with(0)
        .prints("none\n");
}

fn links() {
    let outside = tempfile::tempdir().expect("a directory");
    let secret = outside.path().join("secret.lua");
    fs::write(
        &secret,
        "private = 'private'\nprint(private) error(private)",
    )
    .expect("is written");
    let targets = [
        secret.as_path(),
        Path::new("/etc/passwd"),
        Path::new("main.lua"),
        Path::new("nothing.lua"),
        Path::new("/dev/zero"),
        Path::new("/proc/self/environ"),
        outside.path(),
    ];
    for target in targets {
        for name in ["main.lua", "main.wasm", "main.wat"] {
            let program = Program::of(&[("other.lua", "")]);
            symlink(target, program.path().join(name)).expect("is made");
            let outcome = refused(program.run(), 2, &[]);
            assert!(!outcome.stderr.contains("private ="), "{outcome}");
            assert!(!outcome.stderr.contains("root:"), "{outcome}");
        }
        // As a file that a process, the manifest or a policy names.
        let program = Program::of(&[
            (
                "main.lua",
                "for _, id in ipairs { 'app:link', 'app:down.secret' } do
                   local pid, err = process.spawn(id, 'app:processes')
                   assert(not pid and not tostring(err):find('private ='), id)
                 end
                 assert(not pcall(require, 'link'))
                 print('none')",
            ),
            ("policies/p.cedar", ""),
        ]);
        let path = |name: &str| program.path().join(name);
        // A link to `main.lua` from elsewhere is none of these.
        let circle = target == Path::new("main.lua");
        let link = if circle {
            Path::new("link.lua")
        } else {
            target
        };
        symlink(link, path("link.lua")).expect("is made");
        symlink(outside.path(), path("down")).expect("is made");
        program.run().ends_with(0).prints("none\n");
        symlink(target, path("warren.toml")).expect("is made");
        let outcome = refused(program.run(), 2, &[]);
        assert!(!outcome.stderr.contains("private ="), "{outcome}");
        fs::remove_file(path("warren.toml")).expect("is removed");
        fs::remove_file(path("policies/p.cedar")).expect("is removed");
        symlink(target, path("policies/p.cedar")).expect("is made");
        let outcome = refused(program.run(), 2, &["p.cedar"]);
        assert!(!outcome.stderr.contains("private ="), "{outcome}");
    }
    let program = Program::of(&[("code/real.lua", "print('inside')")]);
    symlink("code/real.lua", program.path().join("main.lua")).expect("is made");
    program.run().ends_with(0).prints("inside\n");
}

/// Encodes a number as WebAssembly does.
fn leb(mut number: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = (number & 0x7f) as u8;
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

fn locals() {
    let locals = "i64 ".repeat(50_000);
    let functions = lines(20, |_| format!("(func (local {locals}))"));
    survives(&module(&format!(
        r#"(module {functions} (memory (export "memory") 1) (func (export "start")))"#
    )));
    // The same attack in binary, in which a function of 50,000 locals takes six
    // bytes.
    let count = 1_000_u32;
    let body: &[u8] = &[6, 1, 0xd0, 0x86, 0x03, 0x7e, 0x0b];
    let mut code = leb(count);
    code.extend(body.repeat(count as usize));
    let mut functions = leb(count);
    functions.extend(vec![0; count as usize]);
    let mut wasm = b"\0asm\x01\0\0\0".to_vec();
    let exports = b"\x02\x06memory\x02\0\x05start\0\0";
    for (section, content) in [
        (1, &b"\x01\x60\0\0"[..]),
        (3, &functions),
        (5, b"\x01\0\x01"),
        (7, exports),
        (10, &code),
    ] {
        wasm.push(section);
        wasm.extend(leb(u32::try_from(content.len()).expect("it is small")));
        wasm.extend(content);
    }
    let program = Program::of(&[("main.wasm", wasm)]);
    let outcome = program.run();
    match outcome.status {
        Some(0) => {
            outcome.ends_with(0);
        }
        _ => {
            refused(outcome, 1, &["main.wasm"]);
        }
    }
}

fn nested_blocks() {
    let deep = 100_000;
    let [open, close] = ["block ", "end "].map(|word| word.repeat(deep));
    survives(&module(&format!(
        r#"(module (memory (export "memory") 1) (func (export "start") {open}{close}))"#
    )));
    let folded = ["(block ", ")"].map(|word| word.repeat(deep));
    survives(&module(&format!(
        r#"(module (memory (export "memory") 1) (func (export "start") {}{}))"#,
        folded[0], folded[1]
    )));
}

fn branch_table() {
    let targets = "0 1 ".repeat(30_000);
    let one = format!("(block (block (br_table {targets} 0 (i32.const 59999))))");
    let program = |tables| {
        let all = one.repeat(tables);
        module(&format!(
            r#"(module (memory (export "memory") 1) (func (export "start") {all}))"#
        ))
    };
    program(3).run().ends_with(0).says_nothing();
    refused(program(10).run(), 1, &["blocks of one function"]);
}

fn with_start(items: &str) -> Program {
    module(&format!(
        r#"(component {items}
          (core module $main (func (export "start")))
          (core instance $main (instantiate $main))
          (func (export "start") (canon lift (core func $main "start"))))"#
    ))
}

fn instances() {
    let instances = "(core instance (instantiate $empty))".repeat(1_000);
    let program = with_start(&format!("(core module $empty) {instances}"));
    refused(program.run(), 1, &["main.wat", "instances"]);
}

fn nested_types() {
    let types = lines(60, |n| {
        format!("(type $t{} (tuple $t{n} $t{n} $t{n} $t{n}))", n + 1)
    });
    let program = with_start(&format!("(type $t0 (tuple u8)) {types}"));
    survives(&program);
    let instance = lines(60, |n| {
        format!(
            "(type $i{} (instance (export \"a\" (instance (type $i{n}))) \
             (export \"b\" (instance (type $i{n})))))",
            n + 1
        )
    });
    survives(&with_start(&format!("(type $i0 (instance)) {instance}")));
}

fn exports() {
    let exports = lines(50_000, |n| format!("(export \"e{n}\" (func $start))"));
    survives(&module(&format!(
        r#"(component
          (core module $main (func (export "start")))
          (core instance $main (instantiate $main))
          (func $start (canon lift (core func $main "start")))
          (export "start" (func $start))
          {exports})"#
    )));
}

fn nested_components() {
    let [open, close] = ["(component ", ")"].map(|word| word.repeat(500));
    survives(&with_start(&format!("{open}{close}")));
}

fn cut_and_claimed() {
    let header = b"\0asm\x01\0\0\0";
    let claims: [&[u8]; 7] = [
        // A section, a count of types, of functions, of bytes of a name: 2^32 -
        // 1.
        b"\x01\xff\xff\xff\xff\x0f",
        b"\x01\x05\xff\xff\xff\xff\x0f",
        b"\x03\x05\xff\xff\xff\xff\x0f",
        b"\x00\x05\xff\xff\xff\xff\x0f",
        // A number without end.
        b"\x01\xff\xff\xff\xff\xff\xff\xff\xff",
        // A memory of 2^32 - 1 pages; data beyond it.
        b"\x05\x06\x01\0\xff\xff\xff\xff\x0f",
        b"\x0b\xff\xff\xff\x7f\x01",
    ];
    for claim in claims {
        let program = Program::of(&[("main.wasm", [header, claim].concat())]);
        refused(program.run(), 1, &["main.wasm"]);
    }
    let component = b"\0asm\x0d\0\x01\0\x04\xff\xff\xff\xff\x0f";
    for end in 0..component.len() {
        let program = Program::of(&[("main.wasm", &component[..end])]);
        if end == 8 {
            // An empty component: without `start`.
            refused(program.run(), 1, &["start"]);
        } else {
            refused(program.run(), 1, &["main.wasm"]);
        }
    }
}
