//! Databases on a server of PostgreSQL, and the programs of SQL on both kinds of databases.

#![allow(clippy::expect_used, reason = "a test program")]

use std::fs;
use std::path::Path;

use tempfile::TempDir;
use warren_tests::postgres::Postgres;
use warren_tests::{Outcome, Program, Warren, entries, project};

/// The variable of the programs that has the URL of their database.
const URL: &str = "DATABASE_URL";

/// The suite `conformance` runs them on SQLite.
#[test]
fn the_programs_of_sql_run_on_postgresql() {
    let server = Postgres::start();
    let programs = entries(&project().join("tests/conformance/sql")).expect("the programs");
    assert!(programs.len() > 8, "{programs:?}");
    for program in programs {
        let name = program.file_name().expect("it has a name");
        let name = name.to_str().expect("UTF-8");
        println!("{name}");
        let copy = on_a_server(&program);
        Warren::run(".")
            .current_dir(copy.path())
            .env(URL, server.database(name))
            .outcome()
            .ends_with(0);
    }
}

/// Copies a program, with its databases on a server.
fn on_a_server(program: &Path) -> TempDir {
    let copy = tempfile::tempdir().expect("a temporary directory");
    copy_all(program, copy.path());
    let manifest = copy.path().join("warren.toml");
    let text = fs::read_to_string(&manifest).expect("a manifest");
    let lines = text.lines().flat_map(|line| {
        let is_database = line.starts_with("[databases.");
        [line.to_owned()]
            .into_iter()
            .chain(is_database.then(|| format!("url = \"{URL}\"")))
    });
    let text: Vec<String> = lines.collect();
    fs::write(manifest, text.join("\n")).expect("a manifest");
    copy
}

fn copy_all(from: &Path, to: &Path) {
    for path in entries(from).expect("the files of a program") {
        let copy = to.join(path.file_name().expect("it has a name"));
        if path.is_dir() {
            fs::create_dir(&copy).expect("a directory");
            copy_all(&path, &copy);
        } else {
            fs::copy(&path, copy).expect("a file is copied");
        }
    }
}

/// Grants a database by the option of the command: for all, for reading, and not at all.
#[test]
fn the_command_grants_a_database() {
    const MAIN: &str = "local db, err = sql.get('db')
        print(db and select(2, db:execute('CREATE TABLE t (v INTEGER)')) or err or 'made')";
    let program = Program::of(&[
        ("main.lua", MAIN),
        ("warren.toml", "[databases.\"app:db\"]\nfile = \"db.db\"\n"),
    ]);
    let denied = "not allowed: sql.write on app:db, which is granted for reading; grant it by sql = \
                  [\"app:db\"] in [grants.\"app:main\"], or by --sql app:db\n";
    let missing = "database not found: app:db; declare it by [databases.\"app:db\"], and grant it by \
                   sql = [\"app:db\"] in [grants.\"app:main\"], or by --sql app:db\n";
    for (options, output) in [
        (&[][..], missing),
        (&["--sql", "db=read"][..], denied),
        (&["--sql", "app:db", "--data", "data"][..], "made\n"),
        (&["--sql", "db"][..], "made\n"),
    ] {
        let outcome = program.command().options(options).outcome();
        outcome.ends_with(0).prints(output);
    }
    assert!(program.path().join("data/databases/db.db").is_file());
    for (option, why) in [("none", "app:none"), ("db=write=x", "ID=read")] {
        let outcome = program.command().options(["--sql", option]).outcome();
        outcome.ends_with(2).says(&[why]);
    }
}

/// Runs a program with the database `db` on a server.
fn run(url: &str, files: &[(&str, &str)]) -> Outcome {
    let mut manifest =
        format!("[databases.\"app:db\"]\nurl = \"{URL}\"\nmax_statement = \"120s\"\n");
    for (name, _) in files {
        let name = name.trim_end_matches(".lua");
        manifest += &format!("\n[grants.\"app:{name}\"]\nsql = [\"db\"]\n");
    }
    let manifest = [("warren.toml", manifest.as_str())];
    let files = [&manifest[..], files].concat();
    Program::of(&files).command().env(URL, url).outcome()
}

/// Terminates a process in the middle of a statement, which then ends on the server, too.
#[test]
fn a_statement_ends_on_the_server_with_its_process() {
    const MAIN: &str = "local db = assert(sql.get('db'))
        local ACTIVE <const> = [[SELECT count(*) AS n FROM pg_stat_activity
          WHERE query LIKE '%pg_sleep(100)%' AND state = 'active' AND pid <> pg_backend_pid()]]
        local function wait_for(n)
          repeat until assert(db:query(ACTIVE))[1].n == n
        end
        for _, how in ipairs { 'alone', 'in a transaction' } do
          local child = assert(process.spawn('app:child', 'app:processes', how))
          wait_for(1)
          assert(process.terminate(child))
          wait_for(0)
        end
        print('ended')";
    const CHILD: &str = "return function(how)
          local db = assert(sql.get('db'))
          local run = how == 'alone' and db or assert(db:begin())
          run:query('SELECT pg_sleep(100)')
        end";
    let server = Postgres::start();
    let files = [("main.lua", MAIN), ("child.lua", CHILD)];
    run(&server.database("ends"), &files)
        .ends_with(0)
        .prints("ended\n");
}

/// Ends sessions behind the runtime's back: a call that has one, or that takes one before its end
/// was heard, is UNAVAILABLE; others get new ones.
#[test]
fn sessions_that_break_are_replaced() {
    const MAIN: &str = "local db = assert(sql.get('db'))
        local OTHERS <const> = [[SELECT count(pg_terminate_backend(pid)) AS n FROM pg_stat_activity
          WHERE pid <> pg_backend_pid() AND datname = current_database()]]
        local function is_lost(err)
          return err:kind() == errors.UNAVAILABLE and err:retryable()
        end
        local function together()
          local ends, lost = {}, 0
          for n = 1, 3 do
            ends[n] = channel.new(1)
            coroutine.spawn(function()
              local rows, err = db:query('SELECT 1 AS v, pg_sleep(0.2)')
              ends[n]:send(rows and rows[1].v or err)
            end)
          end
          for n = 1, 3 do
            local got = ends[n]:receive()
            assert(got == 1 or is_lost(got), got)
            lost = lost + (got == 1 and 0 or 1)
          end
          return lost
        end
        assert(together() == 0)
        local rows, err
        repeat
          rows, err = db:query(OTHERS)
          assert(rows or is_lost(err), err)
        until rows and rows[1].n == 0
        local lost = together()
        assert(lost <= 2 and (lost == 0 or together() == 0), lost)
        for _, run in ipairs { db, assert(db:begin()) } do
          local _, err = run:query('SELECT pg_terminate_backend(pg_backend_pid())')
          assert(is_lost(err), err)
          assert(db:query('SELECT 1 AS v')[1].v == 1)
        end
        assert(db:begin())
        print('replaced')";
    let server = Postgres::start();
    run(&server.database("breaks"), &[("main.lua", MAIN)])
        .ends_with(0)
        .prints("replaced\n");
}

/// Starts a program without its server, and with a wrong password: the log says why, the
/// program does not hear it, and the password is nowhere.
#[test]
fn a_server_that_cannot_be_reached_is_a_warning() {
    const MAIN: &str = "local db = assert(sql.get('db'))
        for _ = 1, 3 do print(db:query('SELECT 1 AS v')) end";
    let server = Postgres::start();
    let url = server.database("wrong");
    let nowhere = tempfile::tempdir().expect("a temporary directory");
    let nowhere = nowhere.path().display();
    for (url, why) in [
        (
            format!("postgres:///x?host={nowhere}&user=u&password=hidden"),
            "No such file",
        ),
        (
            url.replace("secret", "hidden"),
            "password authentication failed",
        ),
        (url.replace("/wrong?", "/hidden_no_database?"), "3D000"),
    ] {
        let outcome = run(&url, &[("main.lua", MAIN)])
            .ends_with(0)
            .prints(&"nil\tthe database cannot be reached\n".repeat(3))
            .says(&["a database cannot be reached", "app:db", why]);
        assert_eq!(outcome.stderr.matches(why).count(), 1, "{outcome}");
        assert!(!outcome.stderr.contains("hidden of"), "{outcome}");
    }
}

/// Starts programs with the same migrations at the same time, and one that has another text.
#[test]
fn migrations_are_made_once_by_one_of_several_programs() {
    const MAIN: &str = "local rows, err = sql.get('db'):query('SELECT count(*) AS n FROM t')
        print(rows and rows[1].n or err)";
    let manifest = format!(
        "[databases.\"app:db\"]\nurl = \"{URL}\"\nmigrations = \"steps\"\n\n\
         [grants.\"app:main\"]\nsql = [\"db\"]\n"
    );
    let program = |first: &str| {
        Program::of(&[
            ("main.lua", MAIN),
            ("warren.toml", manifest.as_str()),
            ("steps/001_t.sql", first),
            (
                "steps/002_rows.sql",
                "INSERT INTO t VALUES (1); SELECT pg_sleep(0.2)",
            ),
        ])
    };
    let server = Postgres::start();
    let url = server.database("steps");
    let programs: Vec<Program> = (0..4)
        .map(|_| program("CREATE TABLE t (v INTEGER)"))
        .collect();
    let sessions: Vec<_> = programs
        .iter()
        .map(|program| program.command().env(URL, &url).start())
        .collect();
    for session in sessions {
        session.end().ends_with(0).prints("1\n");
    }
    let changed = program("CREATE TABLE t (v BIGINT)");
    let why = "the migration 001_t.sql was changed after it was made: undo the change, and add a \
               migration";
    changed
        .command()
        .env(URL, &url)
        .outcome()
        .ends_with(0)
        .prints(&format!("{why}\n"))
        .says(&[why]);
}
