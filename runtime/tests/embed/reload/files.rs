//! The files that a reload takes, and the processes that run them.

use std::fs;
use std::time::Duration;

use warren::{Kind, ReloadError, Spawn};

use super::{ASK, World, asked, returns, wasm};
use crate::setup::{builder, in_time, run};

#[test]
fn without_a_reload_the_code_of_the_start_stays() {
    run(async {
        for reloadable in [false, true] {
            let world = World::with(
                &[
                    ("code.lua", &returns(1)),
                    ("guest.wat", &wasm(1)),
                    ("lib.lua", "return 1"),
                    ("asked.lua", &asked(1)),
                    ("ask.lua", ASK),
                ],
                reloadable,
            );
            let process = world.spawn("app:asked").await;
            assert_eq!(world.ask(&process).await, 1_001);
            assert_eq!(world.exec("app:code").await, 1);
            assert_eq!(world.exec("app:guest").await, 1);
            world.write("code.lua", &returns(2));
            world.write("guest.wat", &wasm(2));
            world.write("lib.lua", "return 2");
            world.write("asked.lua", &asked(2));
            assert_eq!(world.exec("app:code").await, 1);
            assert_eq!(world.exec("app:guest").await, 1);
            // An upgrade reads nothing anew either, and neither does a new process.
            process.send("upgrade", ()).unwrap();
            assert_eq!(world.ask(&process).await, 1_001);
            let other = world.spawn("app:asked").await;
            assert_eq!(world.ask(&other).await, 1_001);
            match (reloadable, world.runtime.reload().await) {
                (true, Ok(reloaded)) => assert_eq!(reloaded.changed.len(), 4, "{reloaded:?}"),
                (false, Err(ReloadError::Files(error))) => {
                    assert!(error.to_string().contains("not opened as reloadable"));
                }
                (_, other) => panic!("{other:?}"),
            }
            world.end().await;
        }
    });
}

#[test]
fn spawns_and_upgrades_take_what_was_reloaded() {
    run(async {
        let world = World::new(&[
            ("code.lua", &returns(1)),
            ("guest.wat", &wasm(1)),
            ("lib.lua", "return 1"),
            ("asked.lua", &asked(1)),
            ("ask.lua", ASK),
            ("same.lua", &returns(7)),
        ]);
        let process = world.spawn("app:asked").await;
        assert_eq!(world.ask(&process).await, 1_001);
        world.write("code.lua", &returns(2));
        world.write("guest.wat", &wasm(2));
        world.write("asked.lua", &asked(2));
        let reloaded = world.reload().await;
        assert_eq!(reloaded.changed, ["app:asked", "app:code", "app:guest"]);
        assert_eq!((reloaded.unchanged, reloaded.manifest_changed), (4, false));
        assert_eq!(world.exec("app:code").await, 2);
        assert_eq!(world.exec("app:guest").await, 2);
        assert_eq!(
            world.ask(&process).await,
            1_001,
            "a running process goes on"
        );
        process.send("upgrade", ()).unwrap();
        assert_eq!(world.ask(&process).await, 2_001);
        // Nothing has changed since.
        let reloaded = world.reload().await;
        assert!(
            reloaded.is_nothing() && reloaded.unchanged == 7,
            "{reloaded:?}"
        );
        // A required file changes the definitions that require it.
        world.write("lib.lua", "return 2");
        let reloaded = world.reload().await;
        assert_eq!(reloaded.changed, ["app:asked", "app:lib"]);
        let other = world.spawn("app:asked").await;
        assert_eq!(world.ask(&other).await, 2_002);
        world.end().await;
    });
}

#[test]
fn a_running_process_requires_the_files_of_its_start() {
    run(async {
        let world = World::new(&[
            ("lib.lua", "return 1"),
            ("asked.lua", &asked(1)),
            ("ask.lua", ASK),
        ]);
        let old = world.spawn("app:asked").await;
        world.write("lib.lua", "return 2");
        world.write("asked.lua", &asked(2));
        world.reload().await;
        let new = world.spawn("app:asked").await;
        assert_eq!(
            world.ask(&old).await,
            1_001,
            "it had not required it before"
        );
        assert_eq!(world.ask(&new).await, 2_002);
        world.remove("lib.lua");
        assert_eq!(world.reload().await.removed, ["app:lib"]);
        let newer = world.spawn("app:asked").await;
        assert_eq!(world.ask(&new).await, 2_002);
        assert_eq!(world.ask(&old).await, 1_001);
        newer.send("ask", new.pid()).unwrap();
        let ended = in_time(newer.wait()).await;
        assert!(
            format!("{ended:?}").contains("module 'lib' not found"),
            "{ended:?}"
        );
        world.end().await;
    });
}

#[test]
fn one_file_that_does_not_compile_refuses_all() {
    run(async {
        let world = World::new(&[
            ("code.lua", &returns(1)),
            ("guest.wat", &wasm(1)),
            ("lib/no id.lua", "return 1"),
        ]);
        world.write("code.lua", &returns(2));
        for (path, text, line) in [
            ("broken.lua", "\n\nreturn function( end", "broken.lua:3:"),
            (
                "guest.wat",
                "(module\n (func (export \"start\") x))",
                "guest.wat:2:",
            ),
            ("lib/no id.lua", "\nreturn +", "lib/no id.lua:2:"),
        ] {
            let before = fs::read(world.dir.path().join(path)).ok();
            world.write(path, text);
            let refused = world.refused().await;
            assert!(refused.contains(line), "{refused}");
            assert_eq!(world.exec("app:code").await, 1);
            assert_eq!(world.exec("app:guest").await, 1);
            match before {
                Some(before) => fs::write(world.dir.path().join(path), before).unwrap(),
                None => world.remove(path),
            }
        }
        // All of them are told at once.
        world.write("a.lua", "x");
        world.write("b.lua", "y");
        let Err(ReloadError::Code(refused)) = world.runtime.reload().await else {
            panic!("it was taken");
        };
        let ids: Vec<_> = refused.iter().map(|one| &*one.definition).collect();
        assert_eq!(ids, ["app:a", "app:b"]);
        for path in ["a.lua", "b.lua"] {
            world.remove(path);
        }
        world.reload().await;
        assert_eq!(world.exec("app:code").await, 2);
        world.end().await;
    });
}

#[test]
fn files_come_and_go_with_a_reload() {
    run(async {
        let world = World::new(&[("code.lua", &returns(1)), ("old.lua", &returns(3))]);
        let old = "return function() process.listen('stop'):receive() return 3 end";
        world.write("old.lua", old);
        world.reload().await;
        let process = world.spawn("app:old").await;
        world.write("jobs/new.lua", &returns(4));
        world.remove("old.lua");
        assert_eq!(world.runtime.live(), 1);
        let reloaded = world.reload().await;
        assert_eq!(reloaded.added, ["app.jobs:new"]);
        assert_eq!(reloaded.removed, ["app:old"]);
        assert_eq!(world.exec("app.jobs:new").await, 4);
        let gone = world
            .runtime
            .spawn(Spawn::new("app:old"))
            .await
            .unwrap_err();
        assert_eq!(gone.kind(), &Kind::NotFound);
        process.send("stop", ()).unwrap();
        let ended: i64 = in_time(process.result()).await.unwrap();
        assert_eq!(ended, 3, "a process goes on without its file");
        // Two files of one definition.
        world.write("code.wat", &wasm(9));
        let refused = world.refused().await;
        assert!(
            refused.contains("app:code is ambiguous: found code.lua, code.wat"),
            "{refused}"
        );
        assert_eq!(world.exec("app:code").await, 1);
        world.end().await;
    });
}

#[test]
fn a_new_file_waits_for_the_reload() {
    run(async {
        let world = World::new(&[
            ("asked.lua", &asked(1)),
            ("ask.lua", ASK),
            ("guest.lua", &returns(6)),
        ]);
        let old = world.spawn("app:asked").await;
        world.write("new.lua", &returns(5));
        world.write("lib.lua", "return 1");
        // A second file of a definition that has its code.
        world.write("guest.wat", &wasm(9));
        let gone = world
            .runtime
            .spawn(Spawn::new("app:new"))
            .await
            .unwrap_err();
        assert_eq!(gone.kind(), &Kind::NotFound);
        let gone = gone.to_string();
        assert!(gone.contains("new.lua was added after"), "{gone}");
        assert_eq!(world.exec("app:guest").await, 6);
        let early = world.spawn("app:asked").await;
        early.send("ask", old.pid()).unwrap();
        let ended = in_time(early.wait()).await;
        assert!(
            format!("{ended:?}").contains("module 'lib' not found"),
            "{ended:?}"
        );
        world.remove("guest.wat");
        let reloaded = world.reload().await;
        assert_eq!(reloaded.added, ["app:lib", "app:new"]);
        assert!(reloaded.changed.is_empty(), "{reloaded:?}");
        assert_eq!(world.exec("app:new").await, 5);
        let new = world.spawn("app:asked").await;
        assert_eq!(world.ask(&new).await, 1_001);
        // The file came after the code of this process.
        old.send("ask", new.pid()).unwrap();
        let ended = in_time(old.wait()).await;
        assert!(
            format!("{ended:?}").contains("module 'lib' not found"),
            "{ended:?}"
        );
        // A file that comes back is a new one.
        world.remove("new.lua");
        assert_eq!(world.reload().await.removed, ["app:new"]);
        world.write("new.lua", &returns(7));
        let gone = world
            .runtime
            .spawn(Spawn::new("app:new"))
            .await
            .unwrap_err();
        assert_eq!(gone.kind(), &Kind::NotFound);
        assert_eq!(world.reload().await.added, ["app:new"]);
        assert_eq!(world.exec("app:new").await, 7);
        world.end().await;
    });
}

#[cfg(unix)]
#[test]
fn a_linked_file_is_a_file_like_any_other() {
    run(async {
        let world = World::new(&[("work.lua", &returns(1))]);
        let link = |to: &str, from: &str| {
            std::os::unix::fs::symlink(to, world.dir.path().join(from)).unwrap();
        };
        link("work.lua", "linked.lua");
        link("nothing.lua", "dangling.lua");
        let reloaded = world.reload().await;
        assert_eq!(reloaded.added, ["app:linked"]);
        assert_eq!(world.exec("app:linked").await, 1);
        for _ in 0..2 {
            let reloaded = world.reload().await;
            assert!(
                reloaded.is_nothing() && reloaded.unchanged == 3,
                "{reloaded:?}"
            );
        }
        world.write("work.lua", &returns(2));
        assert_eq!(world.exec("app:linked").await, 1);
        let reloaded = world.reload().await;
        assert_eq!(reloaded.changed, ["app:linked", "app:work"]);
        assert_eq!((reloaded.removed.len(), reloaded.unchanged), (0, 1));
        assert_eq!(world.exec("app:linked").await, 2);
        world.remove("linked.lua");
        assert_eq!(world.reload().await.removed, ["app:linked"]);
        world.end().await;
    });
}

#[test]
fn files_that_are_left_out_are_followed_once_they_are_used() {
    run(async {
        let world = World::new(&[
            ("target/used.lua", &returns(1)),
            ("target/unused.lua", "not Lua"),
            ("node_modules/lib.lua", "return 1"),
            (
                "requires.lua",
                "return function() return (require('node_modules.lib')) end",
            ),
        ]);
        assert_eq!(world.reload().await.unchanged, 2);
        assert_eq!(world.exec("app.target:used").await, 1);
        assert_eq!(world.exec("app:requires").await, 1);
        for _ in 0..2 {
            let reloaded = world.reload().await;
            assert!(
                reloaded.is_nothing() && reloaded.unchanged == 4,
                "{reloaded:?}"
            );
            assert_eq!(world.exec("app.target:used").await, 1);
        }
        world.write("target/used.lua", &returns(2));
        world.write("node_modules/lib.lua", "return 2");
        assert_eq!(world.exec("app.target:used").await, 1);
        let reloaded = world.reload().await;
        assert_eq!(
            reloaded.changed,
            ["app.node_modules:lib", "app.target:used", "app:requires"]
        );
        let (added, removed) = (&reloaded.added, &reloaded.removed);
        assert!(added.is_empty() && removed.is_empty(), "{reloaded:?}");
        assert_eq!(world.exec("app.target:used").await, 2);
        assert_eq!(world.exec("app:requires").await, 2);
        world.remove("target/used.lua");
        let reloaded = world.reload().await;
        assert_eq!(reloaded.removed, ["app.target:used"]);
        assert!(reloaded.changed.is_empty(), "{reloaded:?}");
        world.end().await;
    });
}

#[test]
fn the_manifest_of_the_start_stays() {
    run(async {
        let world = World::new(&[
            ("code.lua", &returns(1)),
            ("other.lua", &returns(2)),
            (
                "warren.toml",
                "[processes.\"app:named\"]\nsource = \"code.lua\"\n",
            ),
        ]);
        assert_eq!(world.exec("app:named").await, 1);
        world.write(
            "warren.toml",
            "[processes.\"app:named\"]\nsource = \"other.lua\"\n",
        );
        let reloaded = world.reload().await;
        assert!(
            reloaded.manifest_changed && reloaded.is_nothing(),
            "{reloaded:?}"
        );
        assert_eq!(world.exec("app:named").await, 1);
        world.write("code.lua", &returns(5));
        assert_eq!(world.reload().await.changed, ["app:code", "app:named"]);
        assert_eq!(world.exec("app:named").await, 5);
        world.remove("code.lua");
        assert_eq!(world.reload().await.removed, ["app:code", "app:named"]);
        let gone = world
            .runtime
            .spawn(Spawn::new("app:named"))
            .await
            .unwrap_err();
        assert_eq!(gone.kind(), &Kind::NotFound);
        // Back, also under the name of the manifest, with the next reload only.
        world.write("code.lua", &returns(8));
        let gone = world
            .runtime
            .spawn(Spawn::new("app:named"))
            .await
            .unwrap_err();
        assert_eq!(gone.kind(), &Kind::NotFound);
        assert_eq!(world.reload().await.added, ["app:code", "app:named"]);
        assert_eq!(world.exec("app:named").await, 8);
        world.end().await;
    });
}

#[test]
fn a_runtime_without_a_program_has_nothing_to_reload() {
    run(async {
        let runtime = builder().start().unwrap();
        let error = runtime.reload().await.unwrap_err();
        assert!(matches!(error, ReloadError::NoProgram), "{error}");
        runtime.shutdown(Duration::ZERO).await;
    });
}
