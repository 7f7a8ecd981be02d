//! Tests of databases.

use futures::FutureExt as _;
use futures::future::join_all;
use parking_lot::Mutex;

use super::*;

const TABLES: Tables = Tables {
    version: 7,
    text: "CREATE TABLE n (n INTEGER NOT NULL);",
};

fn add(connection: &Connection, n: i64) -> Result<(), Error> {
    connection
        .execute("INSERT INTO n VALUES (?1)", [n])
        .map(|_| ())
        .map_err(|error| failed(&error))
}

fn all(connection: &Connection) -> Result<Vec<i64>, Error> {
    let read = || -> rusqlite::Result<Vec<i64>> {
        let mut statement = connection.prepare("SELECT n FROM n ORDER BY rowid")?;
        statement.query_map([], |row| row.get(0))?.collect()
    };
    read().map_err(|error| failed(&error))
}

fn places(outer: &tempfile::TempDir) -> [Place; 2] {
    let data = Data::open(outer.path()).unwrap();
    let file = data.file("tests", "app:n").unwrap();
    [Place::Memory, Place::file(file, data)]
}

#[tokio::test]
async fn an_answered_write_is_read_and_a_failed_one_leaves_nothing() {
    let outer = tempfile::tempdir().unwrap();
    for place in places(&outer) {
        let database = Database::open(&place, &TABLES).unwrap();
        database.write(1, |c| add(c, 1), |()| {}).await.unwrap();
        let failing = database.write(
            1,
            |c| {
                add(c, 2)?;
                Err::<(), _>(Error::invalid("no"))
            },
            |()| {},
        );
        assert_eq!(failing.await.unwrap_err().message, "no");
        let panicking = database.write(1, |_| -> Result<(), Error> { panic!("a test") }, |()| {});
        assert_eq!(panicking.await.unwrap_err().kind, Kind::Internal);
        database.write(1, |c| add(c, 3), |()| {}).await.unwrap();
        assert_eq!(database.read(1, all).await.unwrap(), [1, 3]);
    }
}

#[tokio::test]
async fn a_write_whose_caller_is_gone_is_not_made() {
    let outer = tempfile::tempdir().unwrap();
    for place in places(&outer) {
        let database = Database::open(&place, &TABLES).unwrap();
        let (started, holds) = std::sync::mpsc::channel();
        let (go_on, waits) = std::sync::mpsc::channel();
        let held = database.write(
            1,
            move |_| {
                started.send(()).unwrap();
                waits.recv().unwrap();
                Ok(())
            },
            |()| {},
        );
        let mut held = Box::pin(held);
        // Begins the write, which the thread then holds.
        assert!(held.as_mut().now_or_never().is_none());
        tokio::task::spawn_blocking(move || holds.recv().unwrap())
            .await
            .unwrap();
        let mut gone = Box::pin(database.write(1, |c| add(c, 1), |()| {}));
        assert!(gone.as_mut().now_or_never().is_none());
        drop(gone);
        go_on.send(()).unwrap();
        held.await.unwrap();
        database.write(1, |c| add(c, 2), |()| {}).await.unwrap();
        assert_eq!(database.read(1, all).await.unwrap(), [2]);
    }
}

#[tokio::test]
async fn news_come_in_the_order_of_the_commits() {
    let outer = tempfile::tempdir().unwrap();
    for place in places(&outer) {
        let database = Database::open(&place, &TABLES).unwrap();
        let told = Arc::new(Mutex::new(Vec::new()));
        let writes = (0..200).map(|n| {
            let told = Arc::clone(&told);
            let job = move |c: &Connection| add(c, n).map(|()| n);
            database.write(n as usize % 3, job, move |n| told.lock().push(*n))
        });
        for answer in join_all(writes).await {
            answer.unwrap();
        }
        let read = database.read(1, all).await.unwrap();
        assert_eq!(*told.lock(), read);
        assert_eq!(read.len(), 200);
    }
}

#[tokio::test]
async fn a_database_is_opened_again_with_what_it_has() {
    let outer = tempfile::tempdir().unwrap();
    let data = Data::open(outer.path()).unwrap();
    let place = Place::file(data.file("tests", "app:n").unwrap(), data);
    for n in 0..3 {
        let database = Database::open(&place, &TABLES).unwrap();
        let before = database.read(0, all).await.unwrap();
        assert_eq!(before, (0..n).collect::<Vec<_>>());
        database
            .write(0, move |c| add(c, n), |()| {})
            .await
            .unwrap();
    }
}

#[test]
fn a_file_that_is_no_database_is_refused_with_its_name() {
    let outer = tempfile::tempdir().unwrap();
    let data = Data::open(outer.path()).unwrap();
    let file = data.file("tests", "app:n").unwrap();
    std::fs::write(&file, vec![7; 10_000]).unwrap();
    let error = Database::open(&Place::file(file, data), &TABLES).map(|_| ());
    let message = error.unwrap_err().to_string();
    assert!(message.contains("app:n.db"), "{message}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_do_not_wait_for_the_writer() {
    let outer = tempfile::tempdir().unwrap();
    let [_, place] = places(&outer);
    let database = Database::open(&place, &TABLES).unwrap();
    let (go_on, waits) = std::sync::mpsc::channel();
    let (started, holds) = oneshot::channel();
    let writing = Arc::clone(&database);
    let held = tokio::spawn(async move {
        let job = move |c: &Connection| {
            add(c, 1)?;
            started.send(()).unwrap();
            waits.recv().map_err(|_| Error::internal("the test ended"))
        };
        writing.write(1, job, |()| {}).await
    });
    holds.await.unwrap();
    assert_eq!(database.read(1, all).await.unwrap(), Vec::<i64>::new());
    go_on.send(()).unwrap();
    held.await.unwrap().unwrap();
    assert_eq!(database.read(1, all).await.unwrap(), [1]);
}

#[tokio::test]
async fn an_error_does_not_tell_where_the_file_is() {
    let outer = tempfile::tempdir().unwrap();
    let [_, place] = places(&outer);
    let database = Database::open(&place, &TABLES).unwrap();
    // The thread that writes has it open, and those that read open it now.
    let Place::File { path, .. } = &place else {
        panic!("{place:?}");
    };
    std::fs::remove_file(path).unwrap();
    let error = database.read(1, all).await.unwrap_err();
    assert_eq!(error.kind, Kind::Unavailable, "{error}");
    assert!(!error.message.contains("app:n"), "{error}");
}

/// Under reads without a pause the log would grow for ever, and it keeps the length that it had.
#[tokio::test]
async fn a_log_that_is_long_becomes_shorter() {
    let outer = tempfile::tempdir().unwrap();
    let [_, place] = places(&outer);
    let Place::File { path, .. } = &place else {
        panic!("{place:?}");
    };
    let log = path.with_extension("db-wal");
    let bytes = || std::fs::metadata(&log).unwrap().len();
    let database = Database::open(&place, &TABLES).unwrap();
    let large = |c: &Connection| {
        let added = c.execute("INSERT INTO n VALUES (zeroblob(20000000))", []);
        added.map(|_| ()).map_err(|error| failed(&error))
    };
    database.write(1, large, |()| {}).await.unwrap();
    // The thread looks at the log between two groups.
    database.write(1, |c| add(c, 1), |()| {}).await.unwrap();
    assert!(bytes() < writer::MAX_LOG, "{}", bytes());
}

#[test]
fn a_read_keeps_the_log_as_it_is() {
    let outer = tempfile::tempdir().unwrap();
    let [_, place] = places(&outer);
    let writes = open_to_write(&place).unwrap();
    writes
        .execute_batch("CREATE TABLE n (n); INSERT INTO n VALUES (1)")
        .unwrap();
    let shorten = |most: u64| shorten_log(&writes, most, Duration::ZERO, PATIENCE).unwrap();
    assert_eq!(shorten(1 << 20), Log::Short);
    let reads = open_to_write(&place).unwrap();
    reads.execute_batch("BEGIN; SELECT n FROM n").unwrap();
    writes.execute_batch("INSERT INTO n VALUES (2)").unwrap();
    assert_eq!(shorten(0), Log::Kept);
    reads.execute_batch("COMMIT").unwrap();
    assert_eq!(shorten(0), Log::Emptied);
    assert_eq!(shorten(0), Log::Short);
}
