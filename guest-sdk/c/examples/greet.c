/* Greets whoever its arguments name, or else whoever writes to it. */
#include "warren.h"

#include <stdio.h>

/* Answers each message `greet` with a message `reply`. */
static int serve(void) {
  enum { GREET, EVENTS };
  warren_queue queues[2] = {[EVENTS] = warren_events()};
  if (warren_listen("greet", &queues[GREET])) return -1;

  warren_message message = WARREN_MESSAGE;
  while (warren_receive_any(&message, queues, 2, WARREN_FOREVER) == 1) {
    /* Nobody is watched here: an event is a request to end. */
    if (message.queue == queues[EVENTS]) return 0;

    warren_text name = warren_read_text(&message.payload);
    if (warren_read_done(&message.payload, "greet")) {
      warren_log(WARREN_WARN, "%.*s", WARREN_TEXT(warren_last_error()->message));
      continue;
    }
    char text[256];
    snprintf(text, sizeof text, "hello, %.*s", WARREN_TEXT(name));
    warren_writer reply = WARREN_WRITER;
    warren_write_string(&reply, text);
    if (warren_send(message.from.text, "reply", &reply))
      warren_log(WARREN_INFO, "%s is gone", message.from.text);
    warren_writer_free(&reply);
  }
  return -1;
}

int warren_main(warren_reader *args, warren_writer *result) {
  (void)result;
  if (warren_peek(args) == WARREN_END) return serve();
  while (warren_peek(args) == WARREN_STRING) {
    warren_text name = warren_read_text(args);
    printf("hello, %.*s\n", WARREN_TEXT(name));
  }
  return warren_read_done(args, "arguments");
}
