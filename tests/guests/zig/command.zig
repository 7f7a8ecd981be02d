//! A command of WASI, which prints its PID and ends with a status; or, with an argument,
//! fails.
const std = @import("std");

extern "warren:core/process@0.1.0" fn pid(out: [*]u8, cap: usize) i32;
extern "warren:core/program@0.1.0" fn arguments(out: [*]u8, cap: usize) i32;

pub fn main() u8 {
    const out = std.io.getStdOut();
    var text: [64]u8 = undefined;
    const length: usize = @intCast(pid(&text, text.len));
    out.writer().print("process {s}\n", .{text[0..length]}) catch return 1;
    var given: [64]u8 = undefined;
    // An array of no values has one byte.
    const bytes: usize = @intCast(arguments(&given, given.len));
    return if (bytes == 1) 7 else fault(given[0..bytes]);
}

noinline fn fault(given: []const u8) u8 {
    return given[given.len];
}
