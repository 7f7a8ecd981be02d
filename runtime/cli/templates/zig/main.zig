// The process that `warren run` starts, as app:main; and the one that it spawns.
const std = @import("std");
/// warren.h, as `zig translate-c` writes it in Zig.
const w = @import("warren.zig");

extern fn puts(text: [*]const u8) c_int;

const forever: i64 = -1;
const Failed = error{Failed};

/// Turns the status of a function of warren.h into an error of Zig.
fn check(status: c_int) Failed!void {
    if (status != 0) return error.Failed;
}

fn writer() w.warren_writer {
    return std.mem.zeroes(w.warren_writer);
}

/// Answers each message with another. Runs until the program ends.
fn greet() Failed!void {
    var message = std.mem.zeroes(w.warren_message);
    while (w.warren_receive(&message, w.warren_inbox(), forever) == 1) {
        const name = w.warren_read_text(&message.payload);
        try check(w.warren_read_done(&message.payload, "greet"));
        var buffer: [256]u8 = undefined;
        const given = name.data[0..@min(name.len, 200)];
        const text = std.fmt.bufPrint(&buffer, "hello, {s}", .{given}) catch return error.Failed;
        var reply = writer();
        defer w.warren_writer_free(&reply);
        w.warren_write_text(&reply, .{ .data = text.ptr, .len = text.len });
        try check(w.warren_send(&message.from.text, "reply", &reply));
    }
    return error.Failed;
}

fn ask(name: w.warren_text) Failed!void {
    var role = writer();
    defer w.warren_writer_free(&role);
    w.warren_write_bool(&role, true);
    var start = std.mem.zeroes(w.warren_start);
    start.definition = "app:main";
    start.host = "app:processes";
    start.arguments = &role;
    var greeter: w.warren_pid = undefined;
    try check(w.warren_spawn(&start, &greeter));

    var replies: w.warren_queue = undefined;
    try check(w.warren_listen("reply", &replies));
    var request = writer();
    defer w.warren_writer_free(&request);
    w.warren_write_text(&request, name);
    try check(w.warren_send(&greeter.text, "greet", &request));
    var message = std.mem.zeroes(w.warren_message);
    defer w.warren_message_free(&message);
    if (w.warren_receive(&message, replies, forever) != 1) return error.Failed;
    const reply = w.warren_read_text(&message.payload);
    var buffer: [256]u8 = undefined;
    const text = std.fmt.bufPrint(&buffer, "{s}\x00", .{reply.data[0..@min(reply.len, 255)]}) catch
        return error.Failed;
    _ = puts(text.ptr);
}

fn run(args: *w.warren_reader) Failed!void {
    if (w.warren_peek(args) == w.WARREN_BOOL) return greet();
    var name: w.warren_text = .{ .data = "world", .len = 5 };
    if (w.warren_peek(args) == w.WARREN_STRING) name = w.warren_read_text(args);
    try check(w.warren_read_done(args, "arguments"));
    return ask(name);
}

export fn warren_main(args: *w.warren_reader, _: *w.warren_writer) c_int {
    run(args) catch return -1;
    return 0;
}
