//! Bytes written to files are never lost, at whatever end a process comes to
//! by itself.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Run, run};

/// A directory of its own, removed at the end of the test.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Directory {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("warren-lua-{}-{number}", std::process::id()));
        fs::create_dir(&path).expect("the directory is new");
        Directory(path)
    }

    fn path(&self) -> &Path {
        &self.0
    }

    /// Runs a program in which `open(name, mode)` opens a file here.
    fn run(&self, source: &str) -> Run {
        run(&format!(
            "local function path(name) return {:?} .. '/' .. name end
             local function open(name, mode) return assert(io.open(path(name), mode or 'w')) end
             {source}",
            self.path()
        ))
    }

    fn content(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).expect("the program has made the file")
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // Nothing depends on it.
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn written_bytes_are_in_the_file_after_every_end() {
    let writes = [
        ("a local", "local f = open('f') f:write('written')"),
        ("a global", "f = open('f') f:write('written')"),
        ("garbage", "open('f'):write('written')"),
        (
            "the default output",
            "io.output(path('f')) io.write('written')",
        ),
        (
            "another default output",
            "io.output(open('f')) io.write('writ') io.write('ten')",
        ),
        (
            "a coroutine",
            "coroutine.wrap(function() local f <close> = open('f') f:write('written') coroutine.yield() end)()",
        ),
        (
            "a scheduled coroutine",
            "coroutine.spawn(function() local f <close> = open('f') f:write('written') channel.new():receive() end) time.sleep(1)",
        ),
        (
            "a variable that closes",
            "local f <close> = open('f') f:write('written')",
        ),
        (
            "a full buffer",
            "f = open('f') f:setvbuf('full', 5) f:write('written')",
        ),
        (
            "a line",
            "f = open('f') f:setvbuf('line') f:write('written')",
        ),
        (
            "no finalizer",
            "getmetatable(io.stdout).__gc = nil open('f'):write('written')",
        ),
        (
            "reading, too",
            "f = open('f', 'w+') f:write('w') f:seek('set') f:read('a') f:write('ritten')",
        ),
        (
            "a finalizer",
            "setmetatable({ f = open('f') }, { __gc = function(t) t.f:write('written') end })",
        ),
    ];
    let ends = [
        "",
        "return 1",
        "error('failed')",
        "return nil, 'failed'",
        "return print",
        "coroutine.spawn(error, 'failed') time.sleep(1)",
        "channel.new():receive()",
        "return function() error('failed') end",
        "local t = {} t.t = t return function() return t end",
        "setmetatable({}, { __gc = function() error('in a finalizer') end })",
    ];
    for (what, write) in writes {
        for end in ends {
            let directory = Directory::new();
            let run = directory.run(&format!("{write} {end}"));
            assert_eq!(
                directory.content("f"),
                "written",
                "{what}, {end}: {:?}",
                run.outcome
            );
            assert_eq!(run.runtime.logged, [""; 0]);
        }
    }
}

#[test]
fn written_bytes_are_in_the_file_while_a_process_waits() {
    let directory = Directory::new();
    let run = directory.run(
        "local f, full = open('f'), open('full')
         full:setvbuf('full', 1000)
         f:write('one') full:write('kept')
         local function look() return io.open(path('f')):read('a'), io.open(path('full')):read('a') end
         print(look())
         time.sleep(1)
         print(look())
         f:write(' two')
         process.terminate('somebody')
         print(look())
         f:write(' three')
         print(process.upgrade('no such definition') == nil, look())",
    );
    assert_eq!(
        run.output, "\t\none\t\none two\t\ntrue\tone two three\tkept\n",
        "{:?}",
        run.outcome
    );
}

#[test]
fn an_error_of_a_late_write_is_told_or_logged() {
    let told = run("local f = io.open('/dev/full', 'w')
         for _, how in ipairs { 'write', 'flush', 'close' } do
           f:write('x') time.sleep(1) print(how, f[how](f))
         end");
    let full = "nil\tNo space left on device\t28";
    assert_eq!(
        told.output,
        format!("write\t{full}\nflush\t{full}\nclose\t{full}\n")
    );
    assert_eq!(told.runtime.logged, [""; 0]);
    for write in [
        "f = io.open('/dev/full', 'w') f:write('x')",
        "f = io.open('/dev/full', 'w') f:write('x') f = nil collectgarbage()",
        "f = io.open('/dev/full', 'w') f:write('x') time.sleep(1)",
        "local f <close> = io.open('/dev/full', 'w') f:write('x')",
        "f = io.open('/dev/full', 'w') f:setvbuf('full') f:write('x') error('failed')",
    ] {
        let lost =
            "cannot pass on what is buffered for a file, which is lost: No space left on device";
        assert_eq!(run(write).runtime.logged, [lost], "{write}");
    }
}

#[test]
fn finalizers_run_at_the_end_and_the_latest_first() {
    let run = run(
        "local function says(text) return setmetatable({}, { __gc = function() print(text, pcall(time.sleep, 1)) end }) end
         kept, first = says('kept'), says('first')
         collectgarbage() collectgarbage()
         last = says('last')
         setmetatable({}, { __gc = function() late = says('never') collectgarbage() end })
         coroutine.spawn(function() channel.new():receive() end) time.sleep(1)
         print('returns')",
    );
    let lines: Vec<_> = run
        .output
        .lines()
        .map(|line| line.split('\t').next())
        .collect();
    assert_eq!(lines, ["returns", "last", "first", "kept"].map(Some));
    assert!(
        run.output.contains("attempt to block in __gc"),
        "{}",
        run.output
    );
}

#[test]
fn buffers_are_changed_in_the_midst_of_reading_and_writing() {
    let directory = Directory::new();
    let run = directory.run(
        "local f = open('f', 'w+')
         local function size() return #io.open(path('f')):read('a') end
         f:setvbuf('no') f:write('ab') print(size())
         f:setvbuf('full', 200) f:write('cd') print(size()) f:write('efg') f:write(('w'):rep(300)) print(size() >= 200)
         f:setvbuf('full', 1 << 20) print(size()) f:write(('x'):rep(100000)) print(size())
         f:setvbuf('line') print(size()) f:write('y\\nz') print(size())
         f:seek('set', 1) print(f:read(2)) f:setvbuf('full', 1) print(f:read(3)) f:setvbuf('no') print(f:read(2))
         print(f:read('n'), f:read(0)) f:write('!') f:close()
         print(size(), f)
         for _ = 1, 100 do f = open('g') f:setvbuf('full', 1 << 16) f:write('z') f:setvbuf('no') end
         f = nil collectgarbage()",
    );
    assert_eq!(
        run.output,
        "2\n2\ntrue\n307\n307\n100307\n100309\nbc\ndef\ngw\nnil\t\n100310\tfile (closed)\n",
        "{:?}",
        run.outcome
    );
    assert_eq!(directory.content("g"), "z");
}
