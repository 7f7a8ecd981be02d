//! Grants of the command line and the manifest, and hints about missing ones.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::support::{outcome, run, warren};
use warren_tests::Program;

/// Opens each given path, and prints the result.
const OPENS: &str = r#"
    for _, path in ipairs { ... } do
        local file, why, number = io.open(path)
        print(file and file:read("a") or "refused", number)
    end
"#;

#[test]
fn a_granted_path_is_reached_however_it_is_written() {
    let dir = Program::of(&[("main.lua", OPENS), ("data/a.txt", "A")]);
    let absolute = dir.path().canonicalize().unwrap().join("data/a.txt");
    let absolute = absolute.to_str().unwrap();
    let paths = [
        "data/a.txt",
        "./data/a.txt",
        "data/../data/a.txt",
        "data//a.txt",
        absolute,
    ];
    for granted in ["data", "./data/", "data/a.txt", "."] {
        let mut args = vec!["--read", granted, "main.lua"];
        args.extend(paths);
        run(dir.path(), &args)
            .ends_with(0)
            .prints(&"A\tnil\n".repeat(paths.len()));
    }
    let directory = absolute.strip_suffix("/a.txt").unwrap();
    run(dir.path(), &["--read", directory, "main.lua", absolute])
        .ends_with(0)
        .prints("A\tnil\n");
}

#[test]
fn a_missing_file_is_missing_by_any_path() {
    let dir = Program::of(&[("main.lua", OPENS), ("data/a.txt", "A")]);
    let paths = [
        "none",
        "../none",
        "/etc/none",
        "data/none",
        "data/../none",
        "data/../../none",
    ];
    let mut args = vec!["--read", "data", "main.lua"];
    args.extend(paths);
    run(dir.path(), &args)
        .ends_with(0)
        .prints(&"refused\t2\n".repeat(paths.len()))
        .says_nothing();
}

#[test]
fn the_operator_is_told_what_to_grant() {
    let dir = Program::of(&[
        ("main.lua", "print(io.open(...))"),
        ("single.txt", "S"),
        ("data/a.txt", "A"),
    ]);
    run(dir.path(), &["main.lua", "single.txt"])
        .ends_with(0)
        .prints("nil\tsingle.txt: Exists, but access is not granted (allow it with --read or --write)\t13\n")
        .says(&[
            "`single.txt` exists, but was not granted to app:main",
            "run with --read single.txt",
        ]);
    run(dir.path(), &["--read", "data", "main.lua", "/etc/passwd"])
        .ends_with(0)
        .says(&["run with --read /etc/passwd"]);
    // By another directory the path means the program's own only in its
    // manifest.
    let above = dir.path().parent().unwrap();
    let name = dir.path().file_name().unwrap().to_str().unwrap();
    run(above, &[name, "data/a.txt"])
        .ends_with(0)
        .says(&[r#"add "data/a.txt" to read of [grants."app:main"] in warren.toml"#]);
    // A granted path that is missing is nobody's mistake.
    let removes = Program::of(&[("main.lua", "print(os.remove(...))"), ("data/a.txt", "A")]);
    run(
        removes.path(),
        &["--write", "data", "main.lua", "data/none"],
    )
    .ends_with(0)
    .prints("nil\tdata/none: No such file or directory\t2\n")
    .says_nothing();
    let writes = Program::of(&[
        ("main.lua", "print(io.open(..., 'w'))"),
        ("data/a.txt", "A"),
    ]);
    run(writes.path(), &["--read", "data", "main.lua", "data/a.txt"])
        .ends_with(0)
        .prints("nil\tdata/a.txt: Read-only file system\t30\n")
        .says(&["for writing", "run with --write data/a.txt"]);
    run(writes.path(), &["main.lua", "new.txt"])
        .ends_with(0)
        .says(&["`new.txt` can be created", "run with --write new.txt"]);
}

#[test]
fn a_process_with_an_actor_cannot_probe_for_files() {
    let main = r#"
        local tenant = process.with_context({}):with_actor(security.new_actor("t", {}))
        print(tenant:exec("app:tenant", "app:processes"))
        print(process.exec("app:tenant", "app:processes"))
    "#;
    let tenant = r#"
        return function()
            local _, _, there = io.open("single.txt")
            local _, _, missing = io.open("none.txt")
            return there .. " " .. missing
        end
    "#;
    let dir = Program::of(&[
        ("main.lua", main),
        ("tenant.lua", tenant),
        ("single.txt", "S"),
    ]);
    run(dir.path(), &["main.lua"])
        .ends_with(0)
        .prints("2 2\tnil\n2 2\tnil\n")
        .says(&["`single.txt` exists, but was not granted to app:tenant"]);
}

#[test]
fn a_manifests_paths_are_below_the_program() {
    let dir = Program::of(&[
        ("main.lua", OPENS),
        ("data/a.txt", "A"),
        ("warren.toml", "[grants.\"app:main\"]\nread = [\"data\"]\n"),
    ]);
    let above = dir.path().parent().unwrap();
    let name = dir.path().file_name().unwrap().to_str().unwrap();
    for path in ["data/a.txt", "./data/a.txt"] {
        run(above, &[name, path]).ends_with(0).prints("A\tnil\n");
        run(dir.path(), &[".", path])
            .ends_with(0)
            .prints("A\tnil\n");
    }
}

#[test]
fn a_grant_to_write_the_program_says_what_it_gives() {
    let dir = Program::of(&[
        ("main.lua", "print(1)"),
        ("workers/one.lua", "return 1"),
        ("data/a.txt", "A"),
        ("policies/p.cedar", "permit (principal, action, resource);"),
    ]);
    let warning = |granted: &str| run(dir.path(), &["--write", granted, "main.lua"]).ends_with(0);
    warning(".").says(&[
        "can rewrite its own manifest and policies and sources",
        "such as `data`",
    ]);
    warning("..").says(&["manifest and policies and sources"]);
    warning("workers").says(&["can rewrite its own sources"]);
    warning("main.lua").says(&["can rewrite its own sources"]);
    warning("warren.toml").says(&["can rewrite its own manifest"]);
    warning("policies").says(&["can rewrite its own policies"]);
    warning("data").says_nothing();
    run(dir.path(), &["--read", ".", "main.lua"])
        .ends_with(0)
        .says_nothing();
}

#[test]
fn the_code_cache_is_not_granted_for_writing() {
    let dir = Program::of(&[("main.lua", "print(1)")]);
    let home = tempfile::tempdir().unwrap();
    for (variable, place) in [("XDG_CACHE_HOME", ""), ("HOME", ".cache/")] {
        for granted in ["", "warren", "warren/new"] {
            let cache = home.path().join(place);
            fs::create_dir_all(cache.join("warren")).unwrap();
            fs::set_permissions(cache.join("warren"), fs::Permissions::from_mode(0o700)).unwrap();
            let granted = cache.join(granted);
            let args = ["run", "--write", granted.to_str().unwrap(), "main.lua"];
            let mut command = warren(dir.path(), &args);
            command
                .env_remove("XDG_CACHE_HOME")
                .env(variable, home.path());
            outcome(command).ends_with(2).prints("").says(&[
                "cannot be granted",
                "code cache",
                "help: ",
            ]);
        }
    }
}

#[test]
fn a_file_that_grows_too_large_is_an_error_of_the_guest() {
    let source = r#"
        local file = assert(io.open("data/large", "w"))
        file:setvbuf("no")
        local ok, why, number
        for _ = 1, 40 do
            ok, why, number = file:write(("x"):rep(2 << 20))
            if not ok then break end
        end
        print(ok, why, number)
    "#;
    let dir = Program::of(&[("main.lua", source), ("data/a.txt", "A")]);
    let path = warren(dir.path(), &["run", "--write", "data", "main.lua"]);
    // Some 32 MiB: room for the code cache.
    let mut command = std::process::Command::new("sh");
    command
        .args(["-c", "ulimit -f 65536; exec \"$0\" \"$@\""])
        .arg(path.get_program())
        .args(path.get_args())
        .current_dir(dir.path());
    for (name, value) in path.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    outcome(command)
        .ends_with(0)
        .prints("nil\tFile too large\t27\n");
}

#[test]
fn a_host_has_limits_of_files_and_disk() {
    let manifest = "[hosts.\"app:processes\"]\nmax_files = 2\nmax_disk = \"64KiB\"\n\
                    [grants.\"app:main\"]\nwrite = [\"data\"]\n";
    let source = r#"
        local open = {}
        for n = 1, 3 do
            local file, why, number = io.open("data/a.txt")
            open[n] = file
            print(file ~= nil, number)
        end
        open[1]:close()
        local file = assert(io.open("data/large", "w"))
        file:setvbuf("no")
        local ok, why, number = file:write(("x"):rep(1 << 17))
        print(ok, why, number)
        file:close()
        print(os.remove("data/large"))
    "#;
    let dir = Program::of(&[
        ("main.lua", source),
        ("data/a.txt", "A"),
        ("warren.toml", manifest),
    ]);
    run(dir.path(), &["."])
        .ends_with(0)
        .prints("true\tnil\ntrue\tnil\nfalse\t24\nnil\tQuota exceeded\t122\ntrue\n")
        .says(&[
            "a process has reached max_files = 2 of host",
            "the processes together have reached max_disk =",
        ]);
}

#[test]
fn a_fifo_is_refused_and_holds_nobody_up() {
    let source = r#"
        if ... then
            return function()
                local _, why = io.open("data/fifo")
                return why
            end
        end
        local events = process.events()
        for _ = 1, 700 do
            assert(process.spawn_monitored("app:main", "app:processes", "child"))
        end
        for _ = 1, 700 do
            local why = events:receive().result.value
            assert(why == "data/fifo: Not supported", why)
        end
        print(assert(io.open("data/a.txt")):read("a"))
    "#;
    let dir = Program::of(&[("main.lua", source), ("data/a.txt", "A")]);
    let made = std::process::Command::new("mkfifo")
        .arg(dir.path().join("data/fifo"))
        .status()
        .unwrap();
    assert!(made.success());
    run(dir.path(), &["--read", "data", "main.lua"])
        .ends_with(0)
        .prints("A\n");
}
