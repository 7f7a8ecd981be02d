//! Reading takes time in proportion to the bytes, however long a line or a block is.

#![allow(clippy::expect_used, reason = "a test program")]

use std::fs::{self, File};
use std::time::Duration;

use warren_tests::{Program, growth};

/// Reads an input of twice `size` bytes in two halves, in one way, and prints the
/// nanoseconds of the second half: the first one touches the memory for both.
const PROGRAM: &str = r#"
    local path, way, size = ...
    size = math.tointeger(tonumber(size))
    local file = path == "-" and io.stdin or assert(io.open(path))
    local ways = {
      line = function() return #file:read("l") + 1 end,
      block = function() return #file:read(size) end,
      rest = function() return #file:read("a") end,
      lines = function()
        local read = 0
        for line in file:lines() do
          read = read + #line + 1
          if read == size then break end
        end
        return read
      end,
    }
    assert(ways[way == "rest" and "block" or way]() == size)
    collectgarbage()
    local began = time.now()
    local read = ways[way]()
    local took = time.now():sub(began):nanoseconds()
    assert(read == size, read)
    print(took)
"#;

/// Room for the larger line, its buffer, and the line before.
const MANIFEST: &str = "[hosts.\"app:processes\"]\nmax_memory = \"256MiB\"\n";

/// Bytes of the smaller of two long lines. If reading copied the line so far with each
/// 64 KiB, it would copy 2 GiB for the larger line.
const LONG: usize = 4 << 20;

/// Bytes of the smaller of two inputs of short lines, and of each of these lines.
const MANY: usize = 512 << 10;
const SHORT: usize = 32;

/// Asserts that standard input and a file are read in proportion to their size. Their
/// lines have `line` bytes with their newlines.
#[track_caller]
fn is_read_in_proportion(way: &str, small: usize, line: impl Fn(usize) -> usize) {
    let program = Program::of(&[("main.lua", PROGRAM), ("warren.toml", MANIFEST)]);
    let input = |size: usize| program.path().join(size.to_string());
    for size in [small, 4 * small] {
        let line = format!("{}\n", "x".repeat(line(size) - 1));
        let text = line.repeat(2 * size / line.len());
        fs::write(input(size), text).expect("the input is written");
    }
    for from in ["standard input", "a file"] {
        growth::is_in_proportion(&format!("{way} of {from}"), small, |size| {
            let name = size.to_string();
            let path = if from == "a file" { &*name } else { "-" };
            let ended = program
                .command()
                .options(["--read", "."])
                .arguments([path, way, name.as_str()])
                .stdin(File::open(input(size)).expect("it was written"))
                .outcome()
                .ends_with(0);
            let took = ended.text().trim().parse();
            Duration::from_nanos(took.expect("the program prints nanoseconds"))
        });
    }
}

#[test]
fn a_long_line_is_read_in_proportion_to_its_length() {
    is_read_in_proportion("line", LONG, |size| size);
}

#[test]
fn a_large_block_is_read_in_proportion_to_its_size() {
    is_read_in_proportion("block", LONG, |size| size);
}

#[test]
fn the_rest_of_a_file_is_read_in_proportion_to_its_size() {
    is_read_in_proportion("rest", LONG, |size| size);
}

#[test]
fn many_lines_are_read_in_proportion_to_their_number() {
    is_read_in_proportion("lines", MANY, |_| SHORT);
}
