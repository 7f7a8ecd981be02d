//! News of a reload for processes with the option `upgradable`.

use warren::{Handle, Spawn};

use super::{Main, World};
use crate::setup::{in_time, run};

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

impl Main {
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
