/* The peer of tests/programs/pairs, in C; peer.lua says what each command does. */
#include "warren.h"

#include <stdio.h>
#include <string.h>

#define HOST "app:processes"

static void copy(warren_text text, char *out, size_t capacity) {
  snprintf(out, capacity, "%.*s", WARREN_TEXT(text));
}

int warren_main(warren_reader *args, warren_writer *result) {
  warren_text command = warren_read_text(args);
  char other[256] = "";
  if (warren_text_is(command, "exec") || warren_text_is(command, "upgrade") || warren_text_is(command, "catch") ||
      warren_text_is(command, "ask"))
    copy(warren_read_text(args), other, sizeof other);
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
    const warren_error *error = warren_last_error();
    warren_write_map(result, 4);
    warren_write_string(result, "kind");
    warren_write_text(result, error->kind);
    warren_write_string(result, "message");
    warren_write_text(result, error->message);
    warren_write_string(result, "retryable");
    if (error->retryable == WARREN_RETRYABLE_UNKNOWN) warren_write_nil(result);
    else warren_write_bool(result, error->retryable);
    warren_write_string(result, "details");
    warren_reader details = {error->details.data, error->details.data + error->details.len, 1, NULL};
    if (error->details.len) warren_write_value(result, &details);
    else warren_write_nil(result);
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
  return warren_fail(WARREN_INVALID, "no command `%.*s`", WARREN_TEXT(command));
}
