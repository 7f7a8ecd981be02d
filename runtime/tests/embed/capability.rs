//! Capabilities and stores that an embedder adds, and the directory of data.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use warren::app::{App, AppOptions};
use warren::capability::{
    Caller, Capability, DatabasePlace, DatabaseSettings, Migration, Step, StoreSettings,
};
use warren::{
    Code, DataError, Definition, Error, Grants, Kind, Runtime, Source, StartError, Uses, values,
};

use crate::setup::{builder, in_time, run};

/// Counts, at once or later.
#[derive(Default)]
struct Counter(Arc<AtomicI64>);

fn answer(number: i64) -> Result<Vec<u8>, Error> {
    let value = values::to_value(&number).map_err(|error| Error::internal(error.to_string()))?;
    Ok(value.as_slice().to_vec())
}

impl Capability for Counter {
    fn name(&self) -> &str {
        "counter"
    }

    fn call(&self, _: &mut dyn Caller, operation: &str, request: &[u8]) -> Step {
        let by = match values::from_value::<(i64,)>(request) {
            Ok((by,)) => by,
            Err(error) => return Step::Done(Err(Error::invalid(error.to_string()))),
        };
        let count = Arc::clone(&self.0);
        let add = move || answer(count.fetch_add(by, Ordering::SeqCst) + by);
        match operation {
            "add" => Step::Done(add()),
            "add_later" => Step::wait(0, move |_| async move {
                tokio::task::yield_now().await;
                add()
            }),
            _ => Step::Unknown,
        }
    }
}

#[test]
fn lua_calls_operations_of_the_embedder() {
    const CODE: &str = r#"return function()
        local one = assert(capability.call("counter.add", 1))
        local three = assert(capability.call("counter.add_later", 2))
        local _, wrong = capability.call("counter.add", "x")
        local _, none = capability.call("counter.none", 1)
        return { one, three, wrong:kind(), none:kind() }
    end"#;
    run(async {
        let runtime = builder()
            .capability(Counter::default())
            .lua("app:main", CODE)
            .start()
            .unwrap();
        let all: (i64, i64, String, String) = runtime.exec("app:main").await.unwrap();
        assert_eq!(all, (1, 3, "Invalid".to_owned(), "NotFound".to_owned()));
        let metrics = runtime.metrics();
        for line in [
            "warren_capability_calls_total{capability=\"counter\"} 3",
            "warren_capability_failures_total{capability=\"counter\"} 1",
            "warren_capability_open_calls{capability=\"counter\"} 0",
        ] {
            assert!(metrics.lines().any(|has| has == line), "{line}\n{metrics}");
        }
    });
}

/// A definition that is granted a store, and counts in it.
fn counts(store: &str) -> Definition {
    const CODE: &str = "return function(id)\n\
        local s, err = store.get(id)\n\
        if not s then error(err) end\n\
        return { s:incr('count'), s:info().durable }\n\
        end";
    Definition {
        id: "app:count".into(),
        code: Code::Lua(Source {
            name: "count.lua".into(),
            bytes: CODE.as_bytes().into(),
        }),
        method: "main".into(),
        host: None,
        grants: Arc::new(Grants {
            uses: Uses::default().with("store", store),
            ..Grants::default()
        }),
    }
}

fn durable() -> StoreSettings {
    StoreSettings {
        durable: true,
        ..StoreSettings::new("app:counts")
    }
}

/// Starts a runtime once the one before has given up the directory.
async fn started(data: &Path) -> Runtime {
    loop {
        let builder = builder()
            .store(durable())
            .data(data.to_owned())
            .definition(counts("app:counts"));
        match builder.start() {
            Ok(runtime) => return runtime,
            Err(StartError::Data(DataError::InUse { .. })) => tokio::task::yield_now().await,
            Err(error) => panic!("{error}"),
        }
    }
}

async fn count(runtime: &Runtime, store: &str) -> Result<(i64, bool), warren::CallError> {
    let count = warren::Spawn::new("app:count").arg(store);
    runtime.exec(count).await
}

#[test]
fn a_durable_store_outlives_the_runtime() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        for round in 1..4 {
            let runtime = started(dir.path()).await;
            let counted = count(&runtime, "counts").await.unwrap();
            assert_eq!(counted, (round, true));
            runtime.shutdown(Duration::from_secs(5)).await;
        }
    });
}

#[test]
fn without_data_a_durable_store_ends_with_the_runtime() {
    run(async {
        for _ in 0..2 {
            let runtime = builder()
                .store(durable())
                .definition(counts("app:counts"))
                .start()
                .unwrap();
            assert_eq!(count(&runtime, "counts").await.unwrap(), (1, false));
            assert_eq!(count(&runtime, "counts").await.unwrap(), (2, false));
        }
    });
}

#[test]
fn a_store_is_there_for_definitions_that_are_granted_it() {
    run(async {
        let runtime = builder()
            .store(StoreSettings::new("app:counts"))
            .store(StoreSettings::new("app:other"))
            .definition(counts("app:counts"))
            .start()
            .unwrap();
        assert_eq!(count(&runtime, "counts").await.unwrap(), (1, false));
        for id in ["other", "none"] {
            let error = count(&runtime, id).await.unwrap_err();
            assert_eq!(*error.kind(), Kind::NotFound);
            let says = format!("store not found: app:{id}");
            assert!(error.to_string().contains(&says), "{error}");
        }
    });
}

#[test]
fn a_database_outlives_the_runtime_and_its_transactions_do_not_outlive_their_process() {
    const CODE: &[u8] = b"return function()\n\
        local db = assert(sql.get('shop'))\n\
        assert(db:execute('INSERT INTO visits DEFAULT VALUES'))\n\
        local tx = assert(db:begin())\n\
        assert(tx:execute('DELETE FROM visits'))\n\
        local visits = assert(tx:query('SELECT count(*) AS n FROM visits'))\n\
        assert(visits[1].n == 0)\n\
        end\n";
    const COUNT: &[u8] = b"return function()\n\
        return sql.get('shop'):query('SELECT count(*) AS n FROM visits')[1].n\n\
        end\n";
    let definition = |id: &str, code: &'static [u8]| Definition {
        id: id.into(),
        code: Code::Lua(Source {
            name: "main.lua".into(),
            bytes: code.into(),
        }),
        method: "main".into(),
        host: None,
        grants: Arc::new(Grants {
            uses: Uses::default().with("sql", "app:shop"),
            ..Grants::default()
        }),
    };
    run(async {
        let dir = tempfile::tempdir().unwrap();
        for round in 1..4_i64 {
            let settings = DatabaseSettings {
                migrations: vec![Migration {
                    version: 1,
                    name: "001_visits.sql".into(),
                    text: "CREATE TABLE visits (id INTEGER PRIMARY KEY)".into(),
                }],
                ..DatabaseSettings::new("app:shop", DatabasePlace::File("shop.db".into()))
            };
            let runtime = loop {
                let builder = builder()
                    .database(settings.clone())
                    .data(dir.path().to_owned())
                    .definition(definition("app:visit", CODE))
                    .definition(definition("app:count", COUNT));
                match builder.start() {
                    Ok(runtime) => break runtime,
                    Err(StartError::Data(DataError::InUse { .. })) => {
                        tokio::task::yield_now().await;
                    }
                    Err(error) => panic!("{error}"),
                }
            };
            runtime.exec::<()>("app:visit").await.unwrap();
            assert_eq!(runtime.exec::<i64>("app:count").await.unwrap(), round);
            runtime.shutdown(Duration::from_secs(5)).await;
        }
    });
}

#[test]
fn one_runtime_uses_a_directory_and_no_grant_reaches_it() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        let runtime = started(&data).await;
        let second = builder().data(data.clone()).start();
        assert!(matches!(
            second,
            Err(StartError::Data(DataError::InUse { .. }))
        ));
        drop(runtime);

        let program = dir.path().join("program");
        std::fs::create_dir(&program).unwrap();
        std::fs::write(program.join("main.lua"), "return 1").unwrap();
        for (granted, refused) in [
            (dir.path(), true),
            (data.as_path(), true),
            (program.as_path(), false),
        ] {
            let start = in_time(async {
                loop {
                    let start = builder().app(app_of(&program, granted)).data(data.clone());
                    match start.start() {
                        Err(StartError::Data(DataError::InUse { .. })) => {
                            tokio::task::yield_now().await;
                        }
                        other => break other,
                    }
                }
            });
            let is_refused = matches!(start.await, Err(StartError::DataGranted { .. }));
            assert_eq!(is_refused, refused, "{granted:?}");
        }
    });
}

/// Opens a program that may write to a path.
fn app_of(program: &Path, granted: &Path) -> App {
    let options = AppOptions {
        write: vec![granted.to_owned()],
        ..AppOptions::default()
    };
    App::open(program, options).unwrap()
}
