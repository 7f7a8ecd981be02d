/* The process that `warren run` starts, as app:main; and the one that it spawns. */
#include "warren.h"

#include <stdio.h>

/* Answers each message with another. Runs until the program ends. */
static int greet(void) {
  warren_message message = WARREN_MESSAGE;
  while (warren_receive(&message, warren_inbox(), WARREN_FOREVER) == 1) {
    warren_text name = warren_read_text(&message.payload);
    if (warren_read_done(&message.payload, "greet")) return -1;
    char text[256];
    snprintf(text, sizeof text, "hello, %.*s", WARREN_TEXT(name));
    warren_writer reply = WARREN_WRITER;
    warren_write_string(&reply, text);
    if (warren_send(message.from.text, "reply", &reply)) return -1;
    warren_writer_free(&reply);
  }
  return -1;
}

int warren_main(warren_reader *args, warren_writer *result) {
  (void)result;
  if (warren_peek(args) == WARREN_BOOL) return greet();
  warren_text name = {"world", 5};
  if (warren_peek(args) == WARREN_STRING) name = warren_read_text(args);
  if (warren_read_done(args, "arguments")) return -1;

  warren_writer role = WARREN_WRITER, request = WARREN_WRITER;
  warren_write_bool(&role, true);
  warren_start start = {.definition = "app:main", .host = "app:processes", .arguments = &role};
  warren_pid greeter;
  if (warren_spawn(&start, &greeter)) return -1;

  warren_queue replies;
  if (warren_listen("reply", &replies)) return -1;
  warren_write_text(&request, name);
  if (warren_send(greeter.text, "greet", &request)) return -1;
  warren_message message = WARREN_MESSAGE;
  if (warren_receive(&message, replies, WARREN_FOREVER) != 1) return -1;
  warren_text reply = warren_read_text(&message.payload);
  printf("%.*s\n", WARREN_TEXT(reply));
  return 0;
}
