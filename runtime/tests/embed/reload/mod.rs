//! Reloads of a program while it runs.

mod files;
mod outdated;
mod races;
mod services;

use std::fs;
use std::path::Path;
use std::time::Duration;

use warren::app::{App, AppOptions};
use warren::{Handle, Reloaded, Runtime, Spawn};

use crate::setup::{builder, in_time, returns, wasm};

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
}
