/* The conformance peer in C; guest-sdk/conformance/lua.lua says what each command
 * does. */
#include "warren.h"

#include <stdio.h>
#include <string.h>

#define HOST "app:processes"

static void copy(warren_text text, char *out, size_t capacity) {
  snprintf(out, capacity, "%.*s", WARREN_TEXT(text));
}

static void write_parts(warren_writer *out, const warren_error *error) {
  warren_write_map(out, 4);
  warren_write_string(out, "kind");
  warren_write_text(out, error->kind);
  warren_write_string(out, "message");
  warren_write_text(out, error->message);
  warren_write_string(out, "retryable");
  if (error->retryable == WARREN_RETRYABLE_UNKNOWN) warren_write_nil(out);
  else warren_write_bool(out, error->retryable);
  warren_write_string(out, "details");
  warren_reader details = {error->details.data, error->details.data + error->details.len, 1, NULL};
  if (error->details.len) warren_write_value(out, &details);
  else warren_write_nil(out);
}

static void write_kind(warren_writer *out, int failed) {
  if (failed) warren_write_text(out, warren_last_error()->kind);
  else warren_write_nil(out);
}

static int refusals(warren_writer *result) {
  warren_pid self, other;
  if (warren_self(&self)) return -1;
  warren_start nowhere = {.definition = "app:no-such-definition", .host = HOST};
  warren_write_array(result, 7);
  write_kind(result, warren_send("nobody is called this", "topic", NULL));
  write_kind(result, warren_send(self.text, "@topic", NULL));
  write_kind(result, warren_spawn(&nowhere, &other));
  write_kind(result, warren_register("@name", NULL));
  write_kind(result, warren_lookup("nobody is called this", &other));
  write_kind(result, warren_monitor(self.text));
  write_kind(result, warren_upgrade("app:no-such-definition", NULL));
  return 0;
}

/* Starts a process that fails, and says what the event tells of it. */
static int down(warren_start *start, warren_writer *result) {
  warren_message message = WARREN_MESSAGE;
  warren_pid pid;
  warren_event event;
  if (warren_spawn(start, &pid)) return -1;
  if (warren_receive(&message, warren_events(), WARREN_FOREVER) != 1) return -1;
  if (warren_read_event(&message, &event)) return -1;
  if (!event.failed || !warren_text_is(event.from, pid.text)) return warren_fail(WARREN_INTERNAL, "another event");
  warren_write_map(result, 2);
  warren_write_string(result, "event");
  warren_write_string(result, event.kind == WARREN_EVENT_EXIT ? "pid.exit" : "pid.link.down");
  warren_write_string(result, "cause");
  write_parts(result, &event.error);
  return 0;
}

static int await_event(warren_writer *result) {
  warren_message message = WARREN_MESSAGE;
  warren_event event;
  if (warren_receive(&message, warren_events(), WARREN_FOREVER) != 1) return -1;
  if (warren_read_event(&message, &event)) return -1;
  warren_write_map(result, 2);
  warren_write_string(result, "event");
  warren_write_string(result, event.kind == WARREN_EVENT_CANCEL ? "pid.cancel" : "another");
  warren_write_string(result, "deadline");
  warren_write_bool(result, event.deadline.len > 0);
  return 0;
}

static int cancel(warren_start *start, warren_writer *result) {
  warren_message message = WARREN_MESSAGE;
  warren_pid pid;
  warren_event event;
  start->relation = WARREN_MONITORED;
  if (warren_spawn(start, &pid) || warren_cancel(pid.text, 60 * WARREN_SECOND)) return -1;
  if (warren_receive(&message, warren_events(), WARREN_FOREVER) != 1) return -1;
  if (warren_read_event(&message, &event)) return -1;
  if (event.failed) return warren_fail_with(&event.error);
  warren_write_value(result, &event.value);
  return 0;
}

static int dress(warren_start *start, warren_reader *value, warren_writer *result) {
  warren_writer context = WARREN_WRITER, first = WARREN_WRITER, second = WARREN_WRITER;
  warren_reader again = *value;
  warren_write_map(&context, 1);
  warren_write_string(&context, "dress");
  warren_write_value(&context, &again);
  warren_write_int(&first, 1);
  warren_write_nil(&first);
  warren_write_value(&second, value);
  warren_message_spec messages[] = {{"first", &first}, {"second", &second}};
  start->name = "dressed";
  start->context = &context;
  start->messages = messages;
  start->message_count = 2;
  warren_message message = WARREN_MESSAGE;
  warren_reader found;
  if (warren_exec(start, &message, &found)) return -1;
  warren_write_value(result, &found);
  return 0;
}

static int found(warren_writer *result) {
  warren_pid self, named;
  warren_message first = WARREN_MESSAGE, second = WARREN_MESSAGE, kept = WARREN_MESSAGE;
  warren_reader context;
  if (warren_self(&self) || warren_lookup("dressed", &named) || warren_context("dress", &kept, &context)) return -1;
  if (warren_receive(&first, warren_inbox(), WARREN_FOREVER) != 1) return -1;
  if (warren_receive(&second, warren_inbox(), WARREN_FOREVER) != 1) return -1;
  warren_write_map(result, 5);
  warren_write_string(result, "named");
  warren_write_bool(result, strcmp(self.text, named.text) == 0);
  warren_write_string(result, "context");
  warren_write_value(result, &context);
  warren_write_string(result, "topics");
  warren_write_array(result, 2);
  warren_write_text(result, first.topic);
  warren_write_text(result, second.topic);
  warren_write_string(result, "counts");
  warren_write_array(result, 2);
  warren_write_int(result, first.payload.count);
  warren_write_int(result, second.payload.count);
  warren_write_string(result, "value");
  warren_write_value(result, &second.payload);
  return 0;
}

static int wait(warren_writer *result) {
  warren_queue never;
  warren_message message = WARREN_MESSAGE;
  int64_t began = warren_monotonic();
  if (warren_listen("never", &never)) return -1;
  int came = warren_receive(&message, never, 2 * WARREN_MILLISECOND);
  if (came < 0) return -1;
  warren_write_map(result, 2);
  warren_write_string(result, "came");
  warren_write_bool(result, came);
  warren_write_string(result, "waited");
  warren_write_bool(result, warren_monotonic() - began >= 2 * WARREN_MILLISECOND);
  return 0;
}

int warren_main(warren_reader *args, warren_writer *result) {
  warren_text command = warren_read_text(args);
  char other[256] = "";
  static const char *const with_other[] = {"exec", "upgrade", "catch", "ask", "watch", "trap", "cancel", "context", "dress"};
  for (size_t i = 0; i < sizeof with_other / sizeof *with_other; i++)
    if (warren_text_is(command, with_other[i])) copy(warren_read_text(args), other, sizeof other);
  if (args->mistake) return warren_read_done(args, "arguments");

  warren_writer arguments = WARREN_WRITER;
  warren_message message = WARREN_MESSAGE;
  warren_reader value;
  warren_start start = {.definition = other, .host = HOST, .arguments = &arguments};

  if (warren_text_is(command, "echo")) {
    if (args->at == args->end) return 0;
    warren_write_value(result, args);
    return warren_read_done(args, "arguments");
  }
  if (warren_text_is(command, "exec")) {
    warren_write_string(&arguments, "echo");
    warren_write_value(&arguments, args);
    if (warren_exec(&start, &message, &value)) return -1;
    warren_write_value(result, &value);
    return 0;
  }
  if (warren_text_is(command, "upgrade")) {
    warren_write_string(&arguments, "echo");
    warren_write_value(&arguments, args);
    return warren_upgrade(other, &arguments);
  }
  if (warren_text_is(command, "fail")) {
    warren_reader details = warren_read_value(args);
    warren_error error = {{"Conflict", 8}, {"it contradicts", 14}, 1, {NULL, 0}, {NULL, 0}};
    if (warren_peek(&details) != WARREN_NIL) {
      error.details.data = details.at;
      error.details.len = (size_t)(details.end - details.at);
    }
    return warren_fail_with(&error);
  }
  if (warren_text_is(command, "catch")) {
    warren_write_string(&arguments, "fail");
    warren_write_value(&arguments, args);
    if (!warren_exec(&start, &message, &value)) return warren_fail(WARREN_INTERNAL, "it did not fail");
    write_parts(result, warren_last_error());
    return 0;
  }
  if (warren_text_is(command, "reply")) {
    warren_queue asked;
    if (warren_listen("ask", &asked)) return -1;
    if (warren_receive(&message, asked, WARREN_FOREVER) != 1) return -1;
    warren_write_value(&arguments, &message.payload);
    return warren_send(message.from.text, "answer", &arguments);
  }
  if (warren_text_is(command, "ask")) {
    warren_queue answers;
    warren_pid pid;
    if (warren_listen("answer", &answers)) return -1;
    warren_write_string(&arguments, "reply");
    if (warren_spawn(&start, &pid)) return -1;
    warren_writer_clear(&arguments);
    warren_write_value(&arguments, args);
    if (warren_send(pid.text, "ask", &arguments)) return -1;
    if (warren_receive(&message, answers, WARREN_FOREVER) != 1) return -1;
    warren_write_value(result, &message.payload);
    return 0;
  }
  if (warren_text_is(command, "refusals")) return refusals(result);
  if (warren_text_is(command, "watch") || warren_text_is(command, "trap")) {
    bool trap = warren_text_is(command, "trap");
    warren_set_trap_links(trap);
    start.relation = trap ? WARREN_LINKED : WARREN_MONITORED;
    warren_write_string(&arguments, "fail");
    warren_write_value(&arguments, args);
    return down(&start, result);
  }
  if (warren_text_is(command, "await_event")) return await_event(result);
  if (warren_text_is(command, "cancel")) {
    warren_write_string(&arguments, "await_event");
    return cancel(&start, result);
  }
  if (warren_text_is(command, "context")) {
    if (warren_context(other, &message, &value)) return -1;
    warren_write_value(result, &value);
    return 0;
  }
  if (warren_text_is(command, "dress")) {
    warren_write_string(&arguments, "found");
    return dress(&start, args, result);
  }
  if (warren_text_is(command, "found")) return found(result);
  if (warren_text_is(command, "wait")) return wait(result);
  if (warren_text_is(command, "bug")) warren_panic("a bug");
  return warren_fail(WARREN_INVALID, "no command `%.*s`", WARREN_TEXT(command));
}
