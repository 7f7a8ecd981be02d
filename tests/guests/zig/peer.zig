//! The conformance peer in Zig; guest-sdk/conformance/lua.lua says what each command does.
//! It uses warren.h as `zig translate-c` writes it in Zig, and the C library below it.
const std = @import("std");
const w = @import("warren.zig");

const host = "app:processes";
const forever: i64 = -1;
const nowhere = "app:no-such-definition";

/// The reason is in warren_last_error().
const Failed = error{Failed};

fn check(status: c_int) Failed!void {
    if (status != 0) return error.Failed;
}

fn zeroed(comptime T: type) T {
    return std.mem.zeroes(T);
}

fn textOf(bytes: []const u8) w.warren_text {
    return .{ .data = bytes.ptr, .len = bytes.len };
}

fn is(text: w.warren_text, bytes: []const u8) bool {
    if (text.len != bytes.len) return false;
    return std.mem.eql(u8, text.data[0..text.len], bytes);
}

fn writeText(out: *w.warren_writer, bytes: []const u8) void {
    w.warren_write_text(out, textOf(bytes));
}

/// Receives a message of a queue into a new message, which lives until the process ends.
fn receive(queue: w.warren_queue) Failed!w.warren_message {
    var message = zeroed(w.warren_message);
    if (w.warren_receive(&message, queue, forever) != 1) return error.Failed;
    return message;
}

fn listen(topic: [*:0]const u8) Failed!w.warren_queue {
    var queue: w.warren_queue = undefined;
    try check(w.warren_listen(topic, &queue));
    return queue;
}

fn writeParts(out: *w.warren_writer, failure: *const w.warren_error) void {
    w.warren_write_map(out, 4);
    writeText(out, "kind");
    w.warren_write_text(out, failure.kind);
    writeText(out, "message");
    w.warren_write_text(out, failure.message);
    writeText(out, "retryable");
    if (failure.retryable == -1) w.warren_write_nil(out) else w.warren_write_bool(out, failure.retryable != 0);
    writeText(out, "details");
    if (failure.details.len == 0) return w.warren_write_nil(out);
    var details = zeroed(w.warren_reader);
    details.at = failure.details.data;
    details.end = failure.details.data + failure.details.len;
    details.count = 1;
    w.warren_write_value(out, &details);
}

fn writeKind(out: *w.warren_writer, status: c_int) void {
    if (status == 0) return w.warren_write_nil(out);
    w.warren_write_text(out, w.warren_last_error().*.kind);
}

fn refusals(result: *w.warren_writer) Failed!void {
    var self: w.warren_pid = undefined;
    var other: w.warren_pid = undefined;
    try check(w.warren_self(&self));
    var start = zeroed(w.warren_start);
    start.definition = nowhere;
    start.host = host;
    w.warren_write_array(result, 7);
    writeKind(result, w.warren_send("nobody is called this", "topic", null));
    writeKind(result, w.warren_send(&self.text, "@topic", null));
    writeKind(result, w.warren_spawn(&start, &other));
    writeKind(result, w.warren_register("@name", null));
    writeKind(result, w.warren_lookup("nobody is called this", &other));
    writeKind(result, w.warren_monitor(&self.text));
    writeKind(result, w.warren_upgrade(nowhere, null));
}

/// Starts a process that fails, and says what the event tells of it.
fn down(start: *const w.warren_start, result: *w.warren_writer) Failed!void {
    var pid: w.warren_pid = undefined;
    try check(w.warren_spawn(start, &pid));
    var message = try receive(w.warren_events());
    var event: w.warren_event = undefined;
    try check(w.warren_read_event(&message, &event));
    const from = std.mem.sliceTo(&pid.text, 0);
    if (!event.failed or !is(event.from, from)) return fail("Internal", "another event");
    w.warren_write_map(result, 2);
    writeText(result, "event");
    writeText(result, if (event.kind == w.WARREN_EVENT_EXIT) "pid.exit" else "pid.link.down");
    writeText(result, "cause");
    writeParts(result, &event.@"error");
}

fn awaitEvent(result: *w.warren_writer) Failed!void {
    var message = try receive(w.warren_events());
    var event: w.warren_event = undefined;
    try check(w.warren_read_event(&message, &event));
    w.warren_write_map(result, 2);
    writeText(result, "event");
    writeText(result, if (event.kind == w.WARREN_EVENT_CANCEL) "pid.cancel" else "another");
    writeText(result, "deadline");
    w.warren_write_bool(result, event.deadline.len > 0);
}

fn cancel(start: *w.warren_start, result: *w.warren_writer) Failed!void {
    var pid: w.warren_pid = undefined;
    start.relation = 1;
    try check(w.warren_spawn(start, &pid));
    try check(w.warren_cancel(&pid.text, 60 * std.time.ns_per_s));
    var message = try receive(w.warren_events());
    var event: w.warren_event = undefined;
    try check(w.warren_read_event(&message, &event));
    if (event.failed) return check(w.warren_fail_with(&event.@"error"));
    w.warren_write_value(result, &event.value);
}

fn dress(start: *w.warren_start, value: *w.warren_reader, result: *w.warren_writer) Failed!void {
    var context = zeroed(w.warren_writer);
    var first = zeroed(w.warren_writer);
    var second = zeroed(w.warren_writer);
    var again = value.*;
    w.warren_write_map(&context, 1);
    writeText(&context, "dress");
    w.warren_write_value(&context, &again);
    w.warren_write_int(&first, 1);
    w.warren_write_nil(&first);
    w.warren_write_value(&second, value);
    const messages = [_]w.warren_message_spec{
        .{ .topic = "first", .payload = &first },
        .{ .topic = "second", .payload = &second },
    };
    start.name = "dressed";
    start.context = &context;
    start.messages = &messages;
    start.message_count = messages.len;
    try exec(start, result);
}

fn found(result: *w.warren_writer) Failed!void {
    var self: w.warren_pid = undefined;
    var named: w.warren_pid = undefined;
    var kept = zeroed(w.warren_message);
    var context: w.warren_reader = undefined;
    try check(w.warren_self(&self));
    try check(w.warren_lookup("dressed", &named));
    try check(w.warren_context("dress", &kept, &context));
    const first = try receive(w.warren_inbox());
    var second = try receive(w.warren_inbox());
    w.warren_write_map(result, 5);
    writeText(result, "named");
    w.warren_write_bool(result, std.mem.eql(u8, std.mem.sliceTo(&self.text, 0), std.mem.sliceTo(&named.text, 0)));
    writeText(result, "context");
    w.warren_write_value(result, &context);
    writeText(result, "topics");
    w.warren_write_array(result, 2);
    w.warren_write_text(result, first.topic);
    w.warren_write_text(result, second.topic);
    writeText(result, "counts");
    w.warren_write_array(result, 2);
    w.warren_write_int(result, first.payload.count);
    w.warren_write_int(result, second.payload.count);
    writeText(result, "value");
    w.warren_write_value(result, &second.payload);
}

fn wait(result: *w.warren_writer) Failed!void {
    const short = 2 * std.time.ns_per_ms;
    const never = try listen("never");
    var message = zeroed(w.warren_message);
    const began = w.warren_monotonic();
    const came = w.warren_receive(&message, never, short);
    if (came < 0) return error.Failed;
    w.warren_write_map(result, 2);
    writeText(result, "came");
    w.warren_write_bool(result, came != 0);
    writeText(result, "waited");
    w.warren_write_bool(result, w.warren_monotonic() - began >= short);
}

fn exec(start: *const w.warren_start, result: *w.warren_writer) Failed!void {
    var message = zeroed(w.warren_message);
    var value: w.warren_reader = undefined;
    try check(w.warren_exec(start, &message, &value));
    w.warren_write_value(result, &value);
}

fn fail(kind: [*:0]const u8, message: [*:0]const u8) Failed {
    _ = w.warren_fail(kind, "%s", message);
    return error.Failed;
}

const Command = enum {
    echo,
    exec,
    upgrade,
    fail,
    @"catch",
    reply,
    ask,
    refusals,
    watch,
    trap,
    await_event,
    cancel,
    context,
    dress,
    found,
    wait,
    bug,

    /// Tells whether the name of another definition follows.
    fn hasOther(self: Command) bool {
        return switch (self) {
            .exec, .upgrade, .@"catch", .ask, .watch, .trap, .cancel, .context, .dress => true,
            else => false,
        };
    }
};

fn run(args: *w.warren_reader, result: *w.warren_writer) Failed!void {
    const name = w.warren_read_text(args);
    const command = std.meta.stringToEnum(Command, name.data[0..name.len]) orelse return fail("Invalid", "no such command");
    var other: [256:0]u8 = @splat(0);
    if (command.hasOther()) {
        const text = w.warren_read_text(args);
        const length = @min(text.len, other.len);
        @memcpy(other[0..length], text.data[0..length]);
    }
    if (args.mistake != null) return check(w.warren_read_done(args, "arguments"));

    var arguments = zeroed(w.warren_writer);
    var start = zeroed(w.warren_start);
    start.definition = &other;
    start.host = host;
    start.arguments = &arguments;
    switch (command) {
        .echo => {
            if (args.at == args.end) return;
            w.warren_write_value(result, args);
            try check(w.warren_read_done(args, "arguments"));
        },
        .exec => {
            writeText(&arguments, "echo");
            w.warren_write_value(&arguments, args);
            try exec(&start, result);
        },
        .upgrade => {
            writeText(&arguments, "echo");
            w.warren_write_value(&arguments, args);
            try check(w.warren_upgrade(&other, &arguments));
        },
        .fail => {
            const details = w.warren_read_value(args);
            var failure = zeroed(w.warren_error);
            failure.kind = textOf("Conflict");
            failure.message = textOf("it contradicts");
            failure.retryable = 1;
            if (w.warren_peek(&details) != w.WARREN_NIL) {
                failure.details = .{ .data = details.at, .len = @intFromPtr(details.end) - @intFromPtr(details.at) };
            }
            try check(w.warren_fail_with(&failure));
        },
        .@"catch" => {
            writeText(&arguments, "fail");
            w.warren_write_value(&arguments, args);
            var message = zeroed(w.warren_message);
            var value: w.warren_reader = undefined;
            if (w.warren_exec(&start, &message, &value) == 0) return fail("Internal", "it did not fail");
            writeParts(result, w.warren_last_error());
        },
        .reply => {
            var message = try receive(try listen("ask"));
            w.warren_write_value(&arguments, &message.payload);
            try check(w.warren_send(&message.from.text, "answer", &arguments));
        },
        .ask => {
            const answers = try listen("answer");
            var pid: w.warren_pid = undefined;
            writeText(&arguments, "reply");
            try check(w.warren_spawn(&start, &pid));
            w.warren_writer_clear(&arguments);
            w.warren_write_value(&arguments, args);
            try check(w.warren_send(&pid.text, "ask", &arguments));
            var message = try receive(answers);
            w.warren_write_value(result, &message.payload);
        },
        .refusals => try refusals(result),
        .watch, .trap => {
            w.warren_set_trap_links(command == .trap);
            start.relation = if (command == .trap) 2 else 1;
            writeText(&arguments, "fail");
            w.warren_write_value(&arguments, args);
            try down(&start, result);
        },
        .await_event => try awaitEvent(result),
        .cancel => {
            writeText(&arguments, "await_event");
            try cancel(&start, result);
        },
        .context => {
            var message = zeroed(w.warren_message);
            var value: w.warren_reader = undefined;
            try check(w.warren_context(&other, &message, &value));
            w.warren_write_value(result, &value);
        },
        .dress => {
            writeText(&arguments, "found");
            try dress(&start, args, result);
        },
        .found => try found(result),
        .wait => try wait(result),
        .bug => w.warren_panic_at("peer.zig", 0, "a bug"),
    }
}

export fn warren_main(args: *w.warren_reader, result: *w.warren_writer) c_int {
    run(args, result) catch return -1;
    return 0;
}
