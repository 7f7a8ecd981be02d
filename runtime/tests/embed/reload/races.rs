//! Reloads beside spawns, upgrades, the end of the program, and each other.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Waker};
use std::time::Duration;

use warren::Spawn;

use super::{World, returns, write};
use crate::setup::{in_time, run};

#[test]
fn no_process_sees_files_of_two_moments() {
    run(async {
        let pair = |n: i64| format!("return function() return {n} * 1000 + require('lib') end");
        let world = World::new(&[("pair.lua", &pair(0)), ("lib.lua", "return 0")]);
        let running = Arc::new(AtomicBool::new(true));
        let spawner = {
            let (runtime, running) = (world.runtime.clone(), Arc::clone(&running));
            tokio::spawn(async move {
                let (mut last, mut seen) = (0, 0);
                while running.load(Ordering::Relaxed) {
                    let pair: i64 = runtime.exec(Spawn::new("app:pair")).await.unwrap();
                    assert_eq!(pair / 1000, pair % 1000, "files of two moments");
                    assert!(pair >= last, "{pair} after {last}");
                    seen += 1;
                    last = pair;
                }
                seen
            })
        };
        for n in 1..50 {
            world.write("lib.lua", &format!("return {n}"));
            world.write("pair.lua", &pair(n));
            world.reload().await;
            assert_eq!(world.exec("app:pair").await, n * 1000 + n);
        }
        running.store(false, Ordering::Relaxed);
        assert!(in_time(spawner).await.unwrap() > 0);
        world.end().await;
    });
}

#[test]
fn a_reload_beside_upgrades_and_the_end_of_the_program() {
    run(async {
        let restless = |n: i64| {
            format!("return function() process.upgrade(nil) error('no upgrade from {n}') end")
        };
        for round in 0..5 {
            let world = World::new(&[("restless.lua", &restless(0))]);
            for _ in 0..4 {
                world.spawn("app:restless").await;
            }
            let reloading = {
                let (runtime, dir) = (world.runtime.clone(), world.dir.path().to_owned());
                tokio::spawn(async move {
                    for n in 1.. {
                        write(&dir, "restless.lua", &restless(n));
                        if runtime.reload().await.is_err() {
                            return;
                        }
                        if n > 20 * round {
                            tokio::task::yield_now().await;
                        }
                        if runtime.live() == 0 {
                            return;
                        }
                    }
                })
            };
            for _ in 0..round {
                world.reload().await;
            }
            assert_eq!(world.runtime.live(), 4);
            world.runtime.shutdown(Duration::ZERO).await;
            in_time(reloading).await.unwrap();
            assert_eq!(world.runtime.live(), 0);
        }
    });
}

#[test]
fn a_dropped_reload_takes_nothing_and_the_next_one_works() {
    run(async {
        let world = World::new(&[("code.lua", &returns(1))]);
        world.write("code.lua", &returns(2));
        {
            let reload = pin!(world.runtime.reload());
            let first = reload.poll(&mut Context::from_waker(Waker::noop()));
            assert!(first.is_pending());
        }
        assert_eq!(world.exec("app:code").await, 1);
        world.reload().await;
        assert_eq!(world.exec("app:code").await, 2);
        world.end().await;
    });
}
