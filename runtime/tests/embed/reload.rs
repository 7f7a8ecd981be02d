//! Reloads of a program while it runs.

use std::fs;
use std::future::Future;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Waker};
use std::time::Duration;

use warren::app::{App, AppOptions};
use warren::{Handle, Kind, ReloadError, Reloaded, Runtime, ServiceError, Spawn};

use crate::setup::{builder, in_time, run};

/// A program in a directory of its own, and its runtime.
struct World {
    dir: tempfile::TempDir,
    runtime: Runtime,
}

impl World {
    fn new(files: &[(&str, &str)]) -> World {
        World::with(files, true)
    }

    fn with(files: &[(&str, &str)], reloadable: bool) -> World {
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in files {
            write(dir.path(), path, text);
        }
        if !dir.path().join("main.lua").exists() {
            write(dir.path(), "main.lua", "");
        }
        let options = AppOptions {
            reloadable,
            ..AppOptions::default()
        };
        let app = App::open(dir.path(), options).unwrap();
        let runtime = builder().app(app).start().unwrap();
        World { dir, runtime }
    }

    fn write(&self, path: &str, text: &str) {
        write(self.dir.path(), path, text);
    }

    fn remove(&self, path: &str) {
        fs::remove_file(self.dir.path().join(path)).unwrap();
    }

    async fn reload(&self) -> Reloaded {
        in_time(self.runtime.reload()).await.unwrap()
    }

    async fn refused(&self) -> String {
        in_time(self.runtime.reload())
            .await
            .unwrap_err()
            .to_string()
    }

    async fn exec(&self, id: &str) -> i64 {
        in_time(self.runtime.exec(Spawn::new(id))).await.unwrap()
    }

    async fn spawn(&self, id: &str) -> Handle {
        self.runtime.spawn(Spawn::new(id)).await.unwrap()
    }

    async fn end(self) {
        self.runtime.shutdown(Duration::ZERO).await;
    }
}

fn write(dir: &Path, path: &str, text: &str) {
    let path = dir.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    // Whole at once: another reload may read it.
    let whole = path.with_extension("new");
    fs::write(&whole, text).unwrap();
    fs::rename(whole, path).unwrap();
}

fn returns(n: i64) -> String {
    format!("return function() return {n} end")
}

/// A guest that fails with its number as the text of its error.
fn wasm(n: u8) -> String {
    format!(
        r#"(module
             (import "warren:core/program@0.1.0" "finish" (func $finish (param i32 i32)))
             (memory (export "memory") 1)
             (data (i32.const 0) "\{n:02x}")
             (func (export "start") (call $finish (i32.const 0) (i32.const 1))))"#
    )
}

/// A process that answers each message "ask" with what `main` returns for it: the version
/// of its code, and that of a file it requires now. A message "upgrade" upgrades it.
fn asked(version: i64) -> String {
    format!(
        "return function()
           local asks, upgrades = process.listen('ask'), process.listen('upgrade')
           while true do
             local got = channel.select {{upgrades:case_receive(), asks:case_receive()}}
             if got.channel == upgrades then
               process.upgrade(nil)
             else
               process.send(got.value, 'answer', {version}, require('lib'))
             end
           end
         end"
    )
}

/// Sends "ask" to a process by this name, and returns its answer.
const ASK: &str = "return function(name)
  local answers = process.listen('answer')
  assert(process.send(name, 'ask', process.pid()))
  local answer = answers:receive()
  return answer[1] * 1000 + answer[2]
end";

impl World {
    async fn ask(&self, process: &Handle) -> i64 {
        let ask = Spawn::new("app:ask").arg(process.pid());
        in_time(self.runtime.exec(ask)).await.unwrap()
    }
}

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

/// A process that asks for OUTDATED and sends the sources of each to `app:main` by name.
const TOLD: &str = "return function(name, upgradable)
  process.registry.register(name)
  assert(process.set_options { upgradable = upgradable })
  assert(process.get_options().upgradable == upgradable)
  local events, requires = process.events(), process.listen('require')
  local upgrades, reads = process.listen('upgrade'), process.listen('read')
  local received = {}
  process.send('main', 'ready', name)
  while true do
    local got = channel.select {requires:case_receive(), upgrades:case_receive(), reads:case_receive()}
    if got.channel == requires then
      require(got.value)
      process.send('main', 'required', name)
    elseif got.channel == upgrades then
      process.upgrade(nil, name, upgradable)
    else
      local event = channel.select {events:case_receive(), default = true}
      local told = 'nothing'
      if not event.default then
        event = event.value
        assert(event.kind == process.event.OUTDATED and event.from == nil)
        assert(time.parse(event.at))
        told = table.concat(event.sources, ' ')
      end
      process.send('main', 'told', name .. ': ' .. told)
    end
  end
end";

/// The process to which the others talk: returns the next message of a topic.
struct Main {
    texts: tokio::sync::mpsc::UnboundedReceiver<String>,
    _process: Handle,
}

impl Main {
    async fn start(runtime: &Runtime) -> Main {
        let (sender, texts) = tokio::sync::mpsc::unbounded_channel();
        let process = runtime
            .spawn_native(
                Spawn::new("app:main").name("main"),
                |mut context| async move {
                    loop {
                        let message = context.message().await?;
                        let text: String = message
                            .get()
                            .map_err(|e| warren::Error::internal(e.to_string()))?;
                        if sender.send(text).is_err() {
                            return Ok(());
                        }
                    }
                },
            )
            .await
            .unwrap();
        Main {
            texts,
            _process: process,
        }
    }

    async fn next(&mut self) -> String {
        in_time(self.texts.recv()).await.unwrap()
    }

    /// Asks a process for the event that it can read.
    async fn told(&mut self, process: &Handle) -> String {
        process.send("read", ()).unwrap();
        self.next().await
    }

    async fn told_process(&mut self, world: &World, id: &str, name: &str, asks: bool) -> Handle {
        let told = Spawn::new(id).args((name, asks));
        let process = world.runtime.spawn(told).await.unwrap();
        assert_eq!(self.next().await, name);
        process
    }
}

#[test]
fn processes_that_ask_are_told_of_changes_of_their_code() {
    run(async {
        let world = World::new(&[
            ("told.lua", TOLD),
            ("other.lua", TOLD),
            ("lib/a.lua", "return 1"),
            ("lib/b.lua", "return 1"),
        ]);
        let mut main = Main::start(&world.runtime).await;
        let one = main.told_process(&world, "app:told", "one", true).await;
        let other = main.told_process(&world, "app:other", "other", true).await;
        let silent = main.told_process(&world, "app:told", "silent", false).await;
        one.send("require", "lib.a").unwrap();
        assert_eq!(main.next().await, "one");
        assert_eq!(main.told(&one).await, "one: nothing");

        // Two reloads are one event with the union. `lib.b` is nobody's.
        world.write("told.lua", &format!("{TOLD} -- 2"));
        world.reload().await;
        world.write("lib/a.lua", "return 2");
        world.write("lib/b.lua", "return 2");
        world.reload().await;
        assert_eq!(main.told(&one).await, "one: app:told app.lib:a");
        assert_eq!(main.told(&one).await, "one: nothing");
        assert_eq!(main.told(&other).await, "other: nothing");
        assert_eq!(main.told(&silent).await, "silent: nothing");

        // A reload tells nothing about files that it did not change.
        world.write("lib/b.lua", "return 3");
        world.reload().await;
        assert_eq!(main.told(&one).await, "one: nothing");

        // A file that is required after its change, as it was before: told at once.
        one.send("require", "lib.b").unwrap();
        assert_eq!(main.next().await, "one");
        assert_eq!(main.told(&one).await, "one: app.lib:b");

        // An upgrade is up to date, and drops what was not read.
        world.write("lib/a.lua", "return 4");
        world.reload().await;
        one.send("upgrade", ()).unwrap();
        assert_eq!(main.next().await, "one");
        assert_eq!(main.told(&one).await, "one: nothing");
        // A file that is gone takes nobody's place.
        world.remove("told.lua");
        world.reload().await;
        assert_eq!(main.told(&one).await, "one: nothing");
        world.end().await;
    });
}

#[test]
fn a_process_that_asks_late_is_told_at_once() {
    run(async {
        let late = "return function()
          process.send('main', 'ready', 'up')
          process.listen('go'):receive()
          process.set_options { upgradable = true }
          process.set_options { upgradable = true }
          local events = process.events()
          local event = events:receive()
          process.set_options { upgradable = false }
          process.send('main', 'told', table.concat(event.sources, ' '))
          process.listen('go'):receive()
          local got = channel.select {events:case_receive(), default = true}
          process.send('main', 'told', tostring(got.default))
        end";
        let world = World::new(&[("late.lua", late)]);
        let mut main = Main::start(&world.runtime).await;
        let process = world.spawn("app:late").await;
        assert_eq!(main.next().await, "up");
        world.write("late.lua", &format!("{late} -- 2"));
        world.reload().await;
        process.send("go", ()).unwrap();
        assert_eq!(main.next().await, "app:late");
        world.write("late.lua", &format!("{late} -- 3"));
        world.reload().await;
        process.send("go", ()).unwrap();
        assert_eq!(main.next().await, "true", "it asks no more");
        in_time(process.wait()).await;
        world.end().await;
    });
}

#[test]
fn upgradable_ends_with_the_code_that_set_it() {
    run(async {
        let code = "return function(again)
          if not again then
            process.set_options { upgradable = true, trap_links = true }
            process.upgrade(nil, true)
          end
          local options = process.get_options()
          return (options.upgradable and 10 or 0) + (options.trap_links and 1 or 0)
        end";
        let world = World::new(&[("code.lua", code)]);
        assert_eq!(world.exec("app:code").await, 1);
        world.end().await;
    });
}

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

#[test]
fn a_runtime_without_a_program_has_nothing_to_reload() {
    run(async {
        let runtime = builder().start().unwrap();
        let error = runtime.reload().await.unwrap_err();
        assert!(matches!(error, ReloadError::NoProgram), "{error}");
        runtime.shutdown(Duration::ZERO).await;
    });
}

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

async fn restarts(manifest: &str) -> (World, Main) {
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
        let manifest = format!(
            "{SERVICE}critical = true\nrestart = {{ initial_delay = \"10h\", max_delay = \"10h\" }}\n"
        );
        for (is_upgraded, file, id) in [
            (true, "two.lua", "app:two"),
            (true, "one.lua", "app:one"),
            (false, "one.lua", "app:one"),
        ] {
            let world = World::new(&[
                ("one.lua", &service(1)),
                ("two.lua", &service(2)),
                ("warren.toml", &manifest),
            ]);
            let mut main = Main::start(&world.runtime).await;
            world.runtime.start_services().await.unwrap();
            assert_eq!(main.next().await, "1 fresh");
            let process = world.runtime.find("app:svc").unwrap();
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
