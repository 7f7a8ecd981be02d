//! Services of a program, looked after by the embedder's runtime.

use std::fs;
use std::time::Duration;

use warren::app::{App, AppOptions};
use warren::{Runtime, ServiceError};

use crate::setup::{builder, in_time, run};

/// Starts a program with one service, `app:svc`, and this manifest for it.
pub(crate) fn program(manifest: &str) -> (tempfile::TempDir, Runtime) {
    let dir = tempfile::tempdir().unwrap();
    let service = "return function() process.listen('stop'):receive() end";
    fs::write(dir.path().join("main.lua"), "").unwrap();
    fs::write(dir.path().join("svc.lua"), service).unwrap();
    let manifest = format!("[services.\"app:svc\"]\nprocess = \"app:svc\"\n{manifest}");
    fs::write(dir.path().join("warren.toml"), manifest).unwrap();
    let app = App::open(dir.path(), AppOptions::default()).unwrap();
    let runtime = builder().app(app).start().unwrap();
    (dir, runtime)
}

#[test]
fn a_service_is_started_again_until_it_returns() {
    run(async {
        let (_dir, runtime) = program("restart = { initial_delay = \"1ms\" }");
        runtime.services_ended().await.unwrap();
        assert!(runtime.find("app:svc").is_err(), "none was started yet");
        runtime.start_services().await.unwrap();
        runtime.start_services().await.unwrap();
        assert_eq!(runtime.live(), 1, "it is started once");

        let first = runtime.find("app:svc").unwrap();
        first.terminate().unwrap();
        let second = in_time(async {
            loop {
                match runtime.find("app:svc") {
                    Ok(next) if next.pid() != first.pid() => return next,
                    _ => tokio::time::sleep(Duration::from_millis(1)).await,
                }
            }
        })
        .await;
        second.send("stop", ()).unwrap();
        runtime.services_ended().await.unwrap();
        assert_eq!(runtime.live(), 0);
        runtime.shutdown(Duration::ZERO).await;
    });
}

#[test]
fn a_service_of_the_cluster_runs_without_one() {
    run(async {
        let (_dir, runtime) = program("cluster = \"one\"");
        runtime.start_services().await.unwrap();
        assert_eq!(runtime.live(), 1);
        runtime.find("app:svc").unwrap().send("stop", ()).unwrap();
        in_time(runtime.services_ended()).await.unwrap();
        runtime.shutdown(Duration::ZERO).await;
    });
}

#[test]
fn concurrent_starts_start_each_service_once() {
    run(async {
        let (_dir, runtime) = program("");
        let (one, other) = tokio::join!(runtime.start_services(), runtime.start_services());
        one.unwrap();
        other.unwrap();
        assert_eq!(runtime.live(), 1);
        runtime.shutdown(Duration::ZERO).await;
        let late = runtime.start_services().await;
        late.unwrap(); // they were started, and have ended
        assert_eq!(runtime.live(), 0);
    });
}

#[test]
fn a_critical_service_that_failed_for_good_is_told_of() {
    run(async {
        let (_dir, runtime) = program("critical = true\nrestart = { policy = \"never\" }");
        runtime.start_services().await.unwrap();
        runtime.find("app:svc").unwrap().terminate().unwrap();
        let ServiceError::Failed { name, restarts, .. } =
            runtime.services_ended().await.unwrap_err()
        else {
            panic!("it had been started");
        };
        assert_eq!((&*name, restarts), ("app:svc", 0));
        runtime.shutdown(Duration::ZERO).await;
    });
}

#[test]
fn a_dropped_runtime_starts_nothing_again() {
    run(async {
        let (_dir, runtime) = program("restart = { policy = \"always\", initial_delay = \"0s\" }");
        runtime.start_services().await.unwrap();
        let service = runtime.find("app:svc").unwrap();
        drop(runtime);
        service.wait().await;
    });
}

#[test]
fn a_service_waits_while_its_host_is_emptied() {
    run(async {
        let (_dir, runtime) = program(
            "restart = { initial_delay = \"1ms\", max_attempts = 2 }\n\
             [hosts.\"app:processes\"]\nmax_processes = 10",
        );
        runtime.start_services().await.unwrap();
        let inspector = runtime.inspector();
        let other = warren::Spawn::new("app:svc").host("app:processes");
        let other = runtime.spawn(other).await.unwrap();
        let hour = Duration::from_secs(3_600);
        let ending = inspector.cancel_hosts(&["app:processes"], hour).unwrap();
        let first = runtime.find("app:svc").unwrap();
        first.terminate().unwrap();
        first.wait().await;
        // Far longer than all attempts take, if refused starts counted.
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(runtime.find("app:svc").is_err());
        other.terminate().unwrap();
        ending.wait().await;
        let second = in_time(async {
            loop {
                match runtime.find("app:svc") {
                    Ok(second) => return second,
                    Err(_) => tokio::time::sleep(Duration::from_millis(1)).await,
                }
            }
        })
        .await;
        second.send("stop", ()).unwrap();
        runtime.services_ended().await.unwrap();
        runtime.shutdown(Duration::ZERO).await;
    });
}
