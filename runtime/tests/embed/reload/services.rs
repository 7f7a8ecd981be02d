//! Restarts of services after an upgrade or a reload.

use std::fs;
use std::time::Duration;

use warren::app::{App, AppOptions};
use warren::{Handle, ServiceError};

use super::{Main, World, write};
use crate::setup::{builder, in_time, run};

/// A service that tells its version and its first argument, and does as it is told.
fn service(version: i64) -> String {
    format!(
        "return function(argument)
           local go, fail = process.listen('upgrade'), process.listen('fail')
           process.send('main', 'up', '{version} ' .. tostring(argument))
           local got = channel.select {{go:case_receive(), fail:case_receive()}}
           if got.channel == go then process.upgrade(got.value, 'upgraded') end
           error('on purpose')
         end"
    )
}

const SERVICE: &str = "[services.\"app:svc\"]\nprocess = \"app:one\"\nargs = [\"fresh\"]\n";

/// Starts the service, of which the manifest says more. Returns its process, too.
async fn started(manifest: &str) -> (World, Main, Handle) {
    let manifest = format!("{SERVICE}{manifest}");
    let world = World::new(&[
        ("one.lua", &service(1)),
        ("two.lua", &service(2)),
        ("warren.toml", &manifest),
    ]);
    let mut main = Main::start(&world.runtime).await;
    world.runtime.start_services().await.unwrap();
    assert_eq!(main.next().await, "1 fresh");
    let process = world.runtime.find("app:svc").unwrap();
    (world, main, process)
}

/// Starts the service, which is upgraded and then fails.
async fn restarts(manifest: &str) -> (World, Main) {
    let (world, mut main, process) = started(manifest).await;
    process.send("upgrade", "app:two").unwrap();
    assert_eq!(main.next().await, "2 upgraded");
    process.send("fail", ()).unwrap();
    (world, main)
}

#[test]
fn a_service_restarts_with_the_code_of_its_upgrade() {
    run(async {
        let (world, mut main) = restarts("restart = { initial_delay = \"1ms\" }").await;
        assert_eq!(
            main.next().await,
            "2 fresh",
            "its arguments are the manifest's"
        );
        // Also as it was reloaded, and back again by another upgrade.
        world.write("two.lua", &service(3));
        world.reload().await;
        world
            .runtime
            .find("app:svc")
            .unwrap()
            .send("fail", ())
            .unwrap();
        assert_eq!(main.next().await, "3 fresh");
        let process = world.runtime.find("app:svc").unwrap();
        process.send("upgrade", "app:one").unwrap();
        assert_eq!(main.next().await, "1 upgraded");
        process.send("fail", ()).unwrap();
        assert_eq!(main.next().await, "1 fresh");
        world.end().await;
    });
}

#[test]
fn a_service_restarts_with_the_code_of_the_manifest_if_that_says_so() {
    run(async {
        let manifest = "restart = { initial_delay = \"1ms\", code = \"manifest\" }";
        let (world, mut main) = restarts(manifest).await;
        assert_eq!(main.next().await, "1 fresh");
        world.end().await;
    });
}

#[test]
fn a_service_whose_definition_is_gone_fails_at_once() {
    run(async {
        // A wait for any restart would be too long for the test.
        let manifest =
            "critical = true\nrestart = { initial_delay = \"10h\", max_delay = \"10h\" }\n";
        for (is_upgraded, file, id) in [
            (true, "two.lua", "app:two"),
            (true, "one.lua", "app:one"),
            (false, "one.lua", "app:one"),
        ] {
            let (world, mut main, process) = started(manifest).await;
            if is_upgraded {
                process.send("upgrade", "app:two").unwrap();
                assert_eq!(main.next().await, "2 upgraded");
            }
            world.remove(file);
            assert_eq!(world.reload().await.removed, [id]);
            process.send("fail", ()).unwrap();
            let failed = in_time(world.runtime.services_ended()).await.unwrap_err();
            assert!(matches!(failed, ServiceError::Gone { .. }), "{failed:?}");
            let told = failed.to_string();
            let expected =
                format!("the service app:svc cannot be restarted: definition not found: {id}");
            assert!(told.starts_with(&expected), "{told}");
            world.end().await;
        }
    });
}

#[test]
fn a_restart_after_an_upgrade_gains_no_grants() {
    run(async {
        let code = |n: i64| {
            format!(
                "return function()
                   process.send('main', 'env', '{n} ' .. tostring(os.getenv('ONE')) .. ' ' .. tostring(os.getenv('TWO')))
                   process.listen('upgrade'):receive()
                   process.upgrade('app:two')
                 end"
            )
        };
        let two = code(2).replace(
            "process.listen('upgrade'):receive()",
            "process.listen('fail'):receive() error('x')",
        );
        let manifest = "[services.\"app:svc\"]\nprocess = \"app:one\"\nrestart = { initial_delay = \"1ms\" }\n\
            [grants.\"app:two\"]\nenv = [\"TWO\"]\n[grants.\"app:one\"]\nenv = []\n";
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), "one.lua", &code(1));
        write(dir.path(), "two.lua", &two);
        write(dir.path(), "main.lua", "");
        let manifest = manifest.replace("TWO", "PATH");
        write(dir.path(), "warren.toml", &manifest);
        for path in ["one.lua", "two.lua"] {
            let text = fs::read_to_string(dir.path().join(path)).unwrap();
            write(dir.path(), path, &text.replace("TWO", "PATH"));
        }
        let app = App::open(dir.path(), AppOptions::default()).unwrap();
        let runtime = builder().app(app).start().unwrap();
        let mut main = Main::start(&runtime).await;
        runtime.start_services().await.unwrap();
        assert_eq!(main.next().await, "1 nil nil");
        let process = runtime.find("app:svc").unwrap();
        process.send("upgrade", ()).unwrap();
        assert_eq!(main.next().await, "2 nil nil");
        process.send("fail", ()).unwrap();
        assert_eq!(main.next().await, "2 nil nil", "as after the upgrade");
        runtime.shutdown(Duration::ZERO).await;
    });
}
