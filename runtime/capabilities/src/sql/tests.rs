//! Databases in memory and in files, for processes without guests.

use std::time::Duration;

use futures::FutureExt as _;
use warren_engine::Uses;
use warren_engine::capability::Migration;
use warren_kernel::{HostConfig, Kernel, Kind};
use warren_values::Value;

use super::rows::MAX_RESULT;
use super::*;
use crate::test::{Tester, of};

fn memory() -> DatabaseSettings {
    DatabaseSettings::new("app:d", DatabasePlace::Memory)
}

fn open(settings: DatabaseSettings) -> Databases {
    Databases::open(vec![settings], None).unwrap()
}

fn tester() -> Tester {
    let mut tester = Tester::new(&Kernel::new(), HostConfig::default());
    tester.grants.uses = Uses::default().with("sql", "app:d");
    tester
}

/// Begins a call, and returns its future.
fn begun(
    tester: &mut Tester,
    databases: &Databases,
    operation: &str,
    arguments: &[Value],
) -> warren_engine::capability::WaitingFuture {
    let request = warren_values::to_value(arguments).unwrap();
    match databases.call(tester, operation, request.as_slice()) {
        Step::Done(answer) => Box::pin(async move { answer }),
        Step::Wait(waiting) => (waiting.run)(Charge::new(|_| Ok(()))),
        step => panic!("{operation}: {step:?}"),
    }
}

async fn call(
    tester: &mut Tester,
    databases: &Databases,
    operation: &str,
    arguments: &[Value],
) -> Result<Value, Error> {
    let answer = begun(tester, databases, operation, arguments).await;
    Ok(warren_values::from_value(&answer?).unwrap())
}

async fn query(
    tester: &mut Tester,
    databases: &Databases,
    transaction: Value,
    text: &str,
) -> Result<Value, Error> {
    let arguments = [of("d"), transaction, of(text), Value::Nil];
    call(tester, databases, "query", &arguments).await
}

async fn execute(
    tester: &mut Tester,
    databases: &Databases,
    transaction: Value,
    text: &str,
) -> Result<Value, Error> {
    let arguments = [of("d"), transaction, of(text), Value::Nil];
    call(tester, databases, "execute", &arguments).await
}

/// The one value of the one row of a query.
async fn value(tester: &mut Tester, databases: &Databases, text: &str) -> Value {
    match query(tester, databases, Value::Nil, text).await.unwrap() {
        Value::Array(rows) => match &rows[..] {
            [row] => row.get("v").cloned().unwrap_or(Value::Nil),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

async fn begin(tester: &mut Tester, databases: &Databases) -> Result<Value, Error> {
    call(tester, databases, "begin", &[of("d"), Value::Nil]).await
}

#[tokio::test]
async fn a_database_is_there_for_those_who_are_granted_it() {
    let databases = open(memory());
    let mut tester = tester();
    let opened = call(&mut tester, &databases, "open", &[of("d")])
        .await
        .unwrap();
    assert_eq!(opened.get("id"), Some(&of("app:d")));
    assert_eq!(opened.get("type"), Some(&of("sqlite")));
    for id in ["other", "x:d", "app:other"] {
        let error = call(&mut tester, &databases, "open", &[of(id)]).await;
        assert_eq!(error.unwrap_err().kind, Kind::NotFound, "{id}");
    }
    tester.grants.uses = Uses::default();
    let error = call(&mut tester, &databases, "open", &[of("d")])
        .await
        .unwrap_err();
    let starts =
        "database not found: app:d; declare it by [databases.\"app:d\"], and grant it by sql";
    assert!(error.message.starts_with(starts), "{error}");
}

#[tokio::test]
async fn reading_and_changing_are_granted_and_permitted_apart() {
    let databases = open(memory());
    let mut writer = tester();
    let create = "CREATE TABLE t (v)";
    execute(&mut writer, &databases, Value::Nil, create)
        .await
        .unwrap();

    let mut reader = writer.beside();
    reader.grants.uses = Uses::default().with_right("sql", "app:d", "read");
    assert_eq!(
        value(&mut reader, &databases, "SELECT count(*) v FROM t").await,
        Value::from(0)
    );
    let insert = "INSERT INTO t VALUES (1)";
    let error = execute(&mut reader, &databases, Value::Nil, insert)
        .await
        .unwrap_err();
    assert_eq!(error.kind, Kind::PermissionDenied);
    let grant = "not allowed: sql.write on app:d, which is granted for reading; grant it by sql = \
                 [\"app:d\"] in [grants.";
    assert!(error.message.starts_with(grant), "{error}");
    // A statement that begins like a query is held to it.
    let several = "SELECT 1; DELETE FROM t";
    let error = execute(&mut reader, &databases, Value::Nil, several)
        .await
        .unwrap_err();
    assert_eq!(error.kind, Kind::Invalid, "{error}");
    let transaction = begin(&mut reader, &databases).await.unwrap();
    let within = execute(&mut reader, &databases, transaction.clone(), insert).await;
    let prepared = [of("d"), transaction.clone(), of(insert)];
    let prepared = call(&mut reader, &databases, "prepare", &prepared).await;
    for refused in [within, prepared] {
        let error = refused.unwrap_err();
        assert_eq!(error.kind, Kind::PermissionDenied);
        assert!(error.message.starts_with(grant), "{error}");
    }
    // The transaction goes on, and is held to what it is for.
    query(&mut reader, &databases, transaction.clone(), "SELECT 1 v")
        .await
        .unwrap();
    let error = execute(&mut reader, &databases, transaction.clone(), several).await;
    assert_eq!(error.unwrap_err().kind, Kind::Invalid);
    let ended = [of("d"), transaction];
    call(&mut reader, &databases, "rollback", &ended)
        .await
        .unwrap();

    writer.denied = vec!["sql.write"];
    assert_eq!(
        value(&mut writer, &databases, "SELECT 1 v").await,
        Value::from(1)
    );
    let error = execute(&mut writer, &databases, Value::Nil, insert)
        .await
        .unwrap_err();
    assert_eq!(error.kind, Kind::PermissionDenied);
    writer.denied = vec!["sql.read"];
    let error = query(&mut writer, &databases, Value::Nil, "SELECT 1 v")
        .await
        .unwrap_err();
    assert_eq!(error.kind, Kind::PermissionDenied);
    let error = call(&mut writer, &databases, "stats", &[of("d")])
        .await
        .unwrap_err();
    assert_eq!(error.kind, Kind::PermissionDenied);
}

#[tokio::test]
async fn rows_have_the_types_of_their_values() {
    let databases = open(memory());
    let mut tester = tester();
    let text = "SELECT ?1 + 0 AS i, ?2 AS f, ?3 AS s, ?4 AS b, ?5 AS n, typeof(?4) AS t";
    let params = Value::Array(vec![
        Value::from(i64::MAX),
        Value::Float(0.5),
        of("ü"),
        of("ab"),
        Value::Nil,
    ]);
    let arguments = [of("d"), Value::Nil, of(text), params, of("---b-")];
    let rows = call(&mut tester, &databases, "query", &arguments)
        .await
        .unwrap();
    let Value::Array(rows) = rows else {
        panic!("{rows:?}")
    };
    let field = |name| rows[0].get(name).cloned();
    assert_eq!(field("i"), Some(Value::from(i64::MAX)));
    assert_eq!(field("f"), Some(Value::Float(0.5)));
    assert_eq!(field("s"), Some(of("ü")));
    assert_eq!(field("b"), Some(of("ab")));
    assert_eq!(field("n"), None);
    assert_eq!(field("t"), Some(of("blob")));
}

#[tokio::test]
async fn a_change_tells_its_rows_and_the_last_of_its_own() {
    let databases = open(memory());
    let mut tester = tester();
    let mut change = async |text: &str| {
        let done = execute(&mut tester, &databases, Value::Nil, text)
            .await
            .unwrap();
        (
            done.get("rows_affected").cloned(),
            done.get("last_insert_id").cloned(),
        )
    };
    let none = Some(Value::from(0));
    assert_eq!(
        change("CREATE TABLE t (id INTEGER PRIMARY KEY, v)").await,
        (none.clone(), None)
    );
    let two = change("INSERT INTO t (v) VALUES (1), (2)").await;
    assert_eq!(two, (Some(Value::from(2)), Some(Value::from(2))));
    assert_eq!(
        change("UPDATE t SET v = 3").await,
        (Some(Value::from(2)), None)
    );
    assert_eq!(change("SELECT * FROM t").await, (none, None));
    let several = "INSERT INTO t (v) VALUES (4); DELETE FROM t WHERE v = 3; -- end";
    assert_eq!(
        change(several).await,
        (Some(Value::from(3)), Some(Value::from(3)))
    );
}

#[tokio::test]
async fn statements_are_done_together_or_not_at_all() {
    let databases = open(memory());
    let mut tester = tester();
    let create = "CREATE TABLE t (v UNIQUE)";
    execute(&mut tester, &databases, Value::Nil, create)
        .await
        .unwrap();
    let text = "INSERT INTO t VALUES (1); INSERT INTO t VALUES (1)";
    let error = execute(&mut tester, &databases, Value::Nil, text)
        .await
        .unwrap_err();
    assert_eq!(error.kind, Kind::Conflict);
    assert!(
        error.message.contains("UNIQUE constraint failed: t.v"),
        "{error}"
    );
    assert_eq!(
        value(&mut tester, &databases, "SELECT count(*) v FROM t").await,
        Value::from(0)
    );
    let error = query(&mut tester, &databases, Value::Nil, "SELECT 1; SELECT 2").await;
    assert!(error.unwrap_err().message.contains("several statements"));
}

#[tokio::test]
async fn a_statement_reaches_nothing_but_its_database() {
    let databases = open(memory());
    let mut tester = tester();
    for text in [
        "PRAGMA journal_mode = OFF",
        "SELECT * FROM pragma_user_version",
        "ATTACH '/tmp/x' AS x",
        "DETACH main",
        "VACUUM INTO '/tmp/x'",
        "BEGIN",
        "SAVEPOINT a",
        "SELECT 1; COMMIT",
        "CREATE TEMP TABLE t (a)",
        "CREATE VIRTUAL TABLE t USING csv(filename='/etc/passwd')",
        "CREATE VIRTUAL TABLE t USING sqlite_stmt",
        "SELECT load_extension('x')",
        "SELECT readfile('/etc/passwd')",
        "SELECT writefile('/tmp/x', 'x')",
        "SELECT edit('x')",
        "SELECT fts3_tokenizer('simple')",
        "SELECT json_patch('{}', '{}')",
        "INSERT INTO sqlite_schema VALUES (1, 2, 3, 4, 5)",
        "DELETE FROM sqlite_master",
        "SELECT 'a\0b'",
        "",
        "-- nothing",
        "gibberish",
    ] {
        let error = execute(&mut tester, &databases, Value::Nil, text).await;
        let error = error.expect_err(text);
        assert_eq!(error.kind, Kind::Invalid, "{text}: {error}");
    }
    // These are of the database.
    let text = "CREATE VIRTUAL TABLE f USING fts5(a); INSERT INTO f VALUES ('one two'); \
                CREATE VIRTUAL TABLE r USING rtree(id, a, b); CREATE VIEW w AS SELECT 1 AS v; \
                ALTER TABLE f RENAME TO g; ANALYZE; REINDEX";
    execute(&mut tester, &databases, Value::Nil, text)
        .await
        .unwrap();
    let found = value(
        &mut tester,
        &databases,
        "SELECT a v FROM g WHERE g MATCH 'two'",
    )
    .await;
    assert_eq!(found, of("one two"));
    // Their time grows with the square of the words that are found.
    for function in [
        "highlight(g, 0, '[', ']')",
        "snippet(g, 0, '[', ']', '', 8)",
    ] {
        let text = format!("SELECT {function} AS v FROM g WHERE g MATCH 'two'");
        let error = query(&mut tester, &databases, Value::Nil, &text).await;
        let error = error.expect_err(&text);
        assert_eq!(error.kind, Kind::Invalid, "{error}");
        assert!(error.message.contains("is not available"), "{error}");
    }
}

/// With another row in it the program would not start again.
#[tokio::test]
async fn the_table_of_migrations_is_not_for_programs() {
    let migration = |version: u32| Migration {
        version,
        name: format!("{version:03}.sql").into(),
        text: format!("CREATE TABLE t{version} (v)").into(),
    };
    let databases = open(DatabaseSettings {
        migrations: vec![migration(1), migration(2)],
        ..memory()
    });
    let mut tester = tester();
    for text in [
        "INSERT INTO warren_migrations VALUES (9, 'x', 'y')",
        "UPDATE warren_migrations SET hash = 'x'",
        "DELETE FROM WARREN_migrations",
        "DROP TABLE warren_migrations",
        "ALTER TABLE warren_migrations RENAME TO w",
        "CREATE UNIQUE INDEX i ON warren_migrations (name)",
        "CREATE TRIGGER a INSERT ON t1 BEGIN DELETE FROM warren_migrations; END; \
         INSERT INTO t1 VALUES (1)",
    ] {
        let error = execute(&mut tester, &databases, Value::Nil, text).await;
        let error = error.expect_err(text);
        assert_eq!(error.kind, Kind::Invalid, "{text}: {error}");
        assert!(error.message.contains("warren_migrations"), "{error}");
    }
    let made = "SELECT count(*) v FROM warren_migrations";
    let made = value(&mut tester, &databases, made).await;
    assert_eq!(made, Value::from(2));
}

/// Opens a database in a file, below a directory.
fn open_file(directory: &tempfile::TempDir, max_bytes: u64) -> Databases {
    let data = Data::open(directory.path()).unwrap();
    let settings = DatabaseSettings {
        max_bytes,
        ..DatabaseSettings::new("app:d", DatabasePlace::File("d.db".into()))
    };
    Databases::open(vec![settings], Some(&data)).unwrap()
}

#[tokio::test]
async fn an_error_does_not_tell_where_the_file_is() {
    let directory = tempfile::tempdir().unwrap();
    let databases = open_file(&directory, 1 << 20);
    // The connection that writes has it open, and those that read open it now.
    std::fs::remove_file(directory.path().join("databases/d.db")).unwrap();
    let error = query(&mut tester(), &databases, Value::Nil, "SELECT 1 v").await;
    let error = error.unwrap_err();
    assert_eq!(error.kind, Kind::Unavailable, "{error}");
    assert!(!error.message.contains("d.db"), "{error}");
}

/// The log becomes longer while a transaction reads, whatever the database may have.
#[tokio::test]
async fn transactions_that_read_do_not_fill_the_disk_with_the_log() {
    /// More than the log may have before a change makes it shorter.
    const MOST: u64 = 20 << 20;
    let directory = tempfile::tempdir().unwrap();
    let databases = open_file(&directory, 4 << 20);
    let (mut reader, mut writer) = (tester(), tester());
    let create = "CREATE TABLE t (v); INSERT INTO t VALUES (zeroblob(1000000))";
    execute(&mut writer, &databases, Value::Nil, create)
        .await
        .unwrap();
    let read_only = Value::Map(vec![(of("read_only"), Value::from(true))]);
    let arguments = [of("d"), read_only];
    let transaction = call(&mut reader, &databases, "begin", &arguments)
        .await
        .unwrap();
    let length = "SELECT length(v) v FROM t";
    query(&mut reader, &databases, transaction.clone(), length)
        .await
        .unwrap();
    let change = "UPDATE t SET v = randomblob(1000000)";
    let mut refused = None;
    for _ in 0..50 {
        if let Err(error) = execute(&mut writer, &databases, Value::Nil, change).await {
            refused = Some(error);
            break;
        }
    }
    let error = refused.expect("the log stays within its bound");
    assert_eq!(error.kind, Kind::Unavailable, "{error}");
    assert!(error.message.contains("its log"), "{error}");
    let log = directory.path().join("databases/d.db-wal");
    let bytes = || std::fs::metadata(&log).unwrap().len();
    assert!(bytes() < MOST, "{}", bytes());
    let ended = [of("d"), transaction];
    call(&mut reader, &databases, "rollback", &ended)
        .await
        .unwrap();
    execute(&mut writer, &databases, Value::Nil, change)
        .await
        .unwrap();
    assert!(bytes() < 4 << 20, "{}", bytes());
}

#[tokio::test]
async fn a_statement_ends_with_its_time() {
    let databases = open(DatabaseSettings {
        max_statement: Duration::from_millis(50),
        ..memory()
    });
    let mut tester = tester();
    for text in [
        "WITH RECURSIVE n (v) AS (SELECT 1 UNION ALL SELECT v + 1 FROM n) SELECT max(v) v FROM n",
        "WITH RECURSIVE n (v) AS (SELECT 1 UNION ALL SELECT v + 1 FROM n) SELECT count(*) v \
         FROM n a, n b, n c",
    ] {
        let error = query(&mut tester, &databases, Value::Nil, text)
            .await
            .unwrap_err();
        assert_eq!(error.kind, Kind::Timeout, "{error}");
        assert!(error.message.contains("max_statement = 50ms"), "{error}");
    }
    assert_eq!(
        value(&mut tester, &databases, "SELECT 1 v").await,
        Value::from(1)
    );
}

#[tokio::test]
async fn results_and_statements_have_limits() {
    let databases = open(DatabaseSettings {
        max_rows: 10,
        max_bytes: 1 << 20,
        ..memory()
    });
    let mut tester = tester();
    let count = |rows: u32| {
        format!(
            "WITH RECURSIVE n (v) AS (SELECT 1 UNION ALL SELECT v + 1 FROM n WHERE v < {rows}) \
             SELECT v FROM n"
        )
    };
    query(&mut tester, &databases, Value::Nil, &count(10))
        .await
        .unwrap();
    let of_result = MAX_RESULT;
    for (text, kind, name) in [
        (count(11), Kind::Invalid, "max_rows = 10"),
        (
            format!("SELECT zeroblob({of_result} / 2) a, zeroblob({of_result} / 2) b"),
            Kind::Invalid,
            "max_result",
        ),
        (
            format!("SELECT zeroblob({of_result} + 1)"),
            Kind::Invalid,
            "max_result",
        ),
        ("SELECT 1;".repeat(10_001), Kind::Invalid, "max_statements"),
        (
            // Nothing could interrupt so many large values in a row.
            format!(
                "SELECT {}1",
                "length(hex(zeroblob(4000000))) + ".repeat(300)
            ),
            Kind::Invalid,
            "max_result",
        ),
        (
            "CREATE TABLE t AS SELECT zeroblob(2000000) AS v".into(),
            Kind::RateLimited,
            "max_bytes",
        ),
    ] {
        let error = query(&mut tester, &databases, Value::Nil, &text)
            .await
            .unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
        assert!(error.message.contains(name), "{error}");
    }
    let mut request = warren_values::msgpack::Output::new();
    request.lift_limit();
    request.array(4).unwrap();
    request.string(b"d").unwrap();
    request.nil().unwrap();
    let long = format!("SELECT '{}'", "x".repeat(MAX_TEXT));
    request.string(long.as_bytes()).unwrap();
    request.nil().unwrap();
    let Step::Done(Err(error)) = databases.call(&mut tester, "query", request.as_slice()) else {
        panic!("it is not refused")
    };
    assert!(error.message.contains("max_text"), "{error}");
    let refusing = Charge::new(|_| Err(Error::internal("no memory")));
    let request = [of("d"), Value::Nil, of("SELECT 1"), Value::Nil];
    let request = warren_values::to_value(&request).unwrap();
    let Step::Wait(waiting) = databases.call(&mut tester, "query", request.as_slice()) else {
        panic!("it does not wait")
    };
    let error = (waiting.run)(refusing).await.unwrap_err();
    assert_eq!(error.message, "no memory");
}

#[tokio::test]
async fn a_transaction_is_the_only_one_of_its_process_and_ends_once() {
    let databases = open(memory());
    let mut tester = tester();
    let create = "CREATE TABLE t (v)";
    execute(&mut tester, &databases, Value::Nil, create)
        .await
        .unwrap();
    let count = "SELECT count(*) v FROM t";
    let insert = "INSERT INTO t VALUES (1)";
    for (end, rows) in [("rollback", 0), ("commit", 1)] {
        let transaction = begin(&mut tester, &databases).await.unwrap();
        let error = begin(&mut tester, &databases).await.unwrap_err();
        assert_eq!(error.kind, Kind::Conflict);
        execute(&mut tester, &databases, transaction.clone(), insert)
            .await
            .unwrap();
        let ended = [of("d"), transaction.clone()];
        call(&mut tester, &databases, end, &ended).await.unwrap();
        for operation in ["commit", "rollback"] {
            let error = call(&mut tester, &databases, operation, &ended)
                .await
                .unwrap_err();
            assert_eq!(error.message, "the transaction has ended");
        }
        let error = query(&mut tester, &databases, transaction, count)
            .await
            .unwrap_err();
        assert_eq!(error.kind, Kind::Invalid);
        assert_eq!(
            value(&mut tester, &databases, count).await,
            Value::from(rows)
        );
    }
    let mut other = tester.beside();
    other.grants = tester.grants.clone();
    let transaction = begin(&mut tester, &databases).await.unwrap();
    let error = query(&mut other, &databases, transaction, count)
        .await
        .unwrap_err();
    assert_eq!(error.kind, Kind::Invalid);
}

#[tokio::test]
async fn a_savepoint_takes_a_part_of_a_transaction_back() {
    let databases = open(memory());
    let mut tester = tester();
    let transaction = begin(&mut tester, &databases).await.unwrap();
    let create = "CREATE TABLE t (v)";
    execute(&mut tester, &databases, transaction.clone(), create)
        .await
        .unwrap();
    let point = |name: &str| [of("d"), transaction.clone(), of(name)];
    call(&mut tester, &databases, "savepoint", &point("a"))
        .await
        .unwrap();
    let insert = "INSERT INTO t VALUES (1)";
    execute(&mut tester, &databases, transaction.clone(), insert)
        .await
        .unwrap();
    call(&mut tester, &databases, "rollback_to", &point("a"))
        .await
        .unwrap();
    call(&mut tester, &databases, "release", &point("a"))
        .await
        .unwrap();
    for name in ["a", "", "a b", "a\"", "ä", &"x".repeat(49)] {
        let error = call(&mut tester, &databases, "rollback_to", &point(name)).await;
        assert_eq!(error.unwrap_err().kind, Kind::Invalid, "{name}");
    }
    call(&mut tester, &databases, "commit", &point("")[..2])
        .await
        .unwrap();
    assert_eq!(
        value(&mut tester, &databases, "SELECT count(*) v FROM t").await,
        Value::from(0)
    );
}

#[tokio::test]
async fn a_transaction_ends_with_its_process() {
    let databases = open(memory());
    let mut first = tester();
    let mut second = first.beside();
    second.grants = first.grants.clone();
    let transaction = begin(&mut first, &databases).await.unwrap();
    let create = "CREATE TABLE t (v)";
    execute(&mut first, &databases, transaction, create)
        .await
        .unwrap();
    // The other one waits for the connection, which the end of the first gives back.
    let waiting = begun(&mut second, &databases, "begin", &[of("d"), Value::Nil]);
    first.end_code();
    waiting.await.unwrap();
    let tables = "SELECT count(*) v FROM sqlite_schema";
    let arguments = [of("d"), Value::from(1), of(tables), Value::Nil];
    let rows = call(&mut second, &databases, "query", &arguments)
        .await
        .unwrap();
    assert!(format!("{rows:?}").contains("Integer(0)"), "{rows:?}");
}

#[tokio::test]
async fn a_call_that_is_abandoned_ends_its_transaction() {
    let databases = open(memory());
    let mut tester = tester();
    let transaction = begin(&mut tester, &databases).await.unwrap();
    let endless = "WITH RECURSIVE n (v) AS (SELECT 1 UNION ALL SELECT v + 1 FROM n) \
                   SELECT max(v) v FROM n";
    let arguments = [of("d"), transaction.clone(), of(endless), Value::Nil];
    let mut running = begun(&mut tester, &databases, "query", &arguments);
    assert!((&mut running).now_or_never().is_none());
    drop(running);
    let error = query(&mut tester, &databases, transaction, "SELECT 1 v")
        .await
        .unwrap_err();
    assert!(error.message.contains("abandoned"), "{error}");
    // The connection does something else by now.
    assert_eq!(
        value(&mut tester, &databases, "SELECT 1 v").await,
        Value::from(1)
    );
}

#[tokio::test]
async fn a_transaction_that_is_open_for_too_long_is_rolled_back() {
    let databases = open(DatabaseSettings {
        max_transaction: Duration::from_millis(20),
        ..memory()
    });
    let (mut first, mut second) = (tester(), tester());
    let transaction = begin(&mut first, &databases).await.unwrap();
    // The other one gets the connection at the end of the first one's time.
    begin(&mut second, &databases).await.unwrap();
    let error = query(&mut first, &databases, transaction, "SELECT 1 v")
        .await
        .unwrap_err();
    assert_eq!(error.kind, Kind::Timeout);
    assert!(error.message.contains("max_transaction = 20ms"), "{error}");
    begin(&mut first, &databases).await.unwrap();
}

#[tokio::test]
async fn a_file_is_read_while_it_is_changed_and_outlives_the_program() {
    let directory = tempfile::tempdir().unwrap();
    let migration = |version, text: &str| Migration {
        version,
        name: format!("{version:03}.sql").into(),
        text: text.into(),
    };
    let first = migration(1, "CREATE TABLE t (v); INSERT INTO t VALUES (1)");
    let open = |migrations: &[Migration]| {
        let data = Data::open(directory.path()).unwrap();
        let place = DatabasePlace::File("d.db".into());
        let settings = DatabaseSettings {
            migrations: migrations.to_vec(),
            ..DatabaseSettings::new("app:d", place)
        };
        Databases::open(vec![settings], Some(&data))
    };
    let count = "SELECT count(*) v FROM t";
    {
        let databases = open(std::slice::from_ref(&first)).unwrap();
        let (mut writer, mut reader) = (tester(), tester());
        let transaction = begin(&mut writer, &databases).await.unwrap();
        let insert = "INSERT INTO t VALUES (2)";
        execute(&mut writer, &databases, transaction.clone(), insert)
            .await
            .unwrap();
        assert_eq!(value(&mut reader, &databases, count).await, Value::from(1));
        let ended = [of("d"), transaction];
        call(&mut writer, &databases, "commit", &ended)
            .await
            .unwrap();
        assert_eq!(value(&mut reader, &databases, count).await, Value::from(2));
        let stats = call(&mut reader, &databases, "stats", &[of("d")])
            .await
            .unwrap();
        assert_eq!(stats.get("max_open_connections"), Some(&Value::from(5)));
        assert_eq!(stats.get("in_use"), Some(&Value::from(0)));
    }
    let second = migration(2, "DELETE FROM t WHERE v = 1");
    {
        let databases = open(&[first.clone(), second.clone()]).unwrap();
        assert_eq!(
            value(&mut tester(), &databases, count).await,
            Value::from(1)
        );
    }
    for (migrations, why) in [
        (
            vec![migration(1, "CREATE TABLE t (v)"), second.clone()],
            "001.sql was changed",
        ),
        (
            vec![first.clone()],
            "002.sql, which the program does not have",
        ),
        (
            vec![first, second, migration(3, "gibberish")],
            "003.sql fails",
        ),
    ] {
        let error = open(&migrations).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
}

#[test]
fn a_database_without_data_is_in_memory_and_an_address_that_is_none_is_an_error() {
    let place = DatabasePlace::File("d.db".into());
    Databases::open(vec![DatabaseSettings::new("app:d", place)], None).unwrap();
    let place = DatabasePlace::Postgres("mysql://u:secret@h".into());
    let error = Databases::open(vec![DatabaseSettings::new("app:d", place)], None).unwrap_err();
    assert!(matches!(error, DataError::Server { .. }), "{error}");
    assert!(!error.to_string().contains("secret"), "{error}");
}
