// The process that `warren run` starts, as app:main; and the one that it spawns.
#include "warren.h"

#include <stdio.h>

namespace {

// A message that is freed with its scope.
class Message {
 public:
  Message() = default;
  Message(const Message &) = delete;
  Message &operator=(const Message &) = delete;
  ~Message() { warren_message_free(&message_); }

  bool receive(warren_queue queue) { return warren_receive(&message_, queue, WARREN_FOREVER) == 1; }
  warren_text text() { return warren_read_text(&message_.payload); }
  int done(const char *what) { return warren_read_done(&message_.payload, what); }
  const char *from() const { return message_.from.text; }

 private:
  warren_message message_ = WARREN_MESSAGE;
};

// Values to be sent, which are freed with their scope.
class Values {
 public:
  Values() = default;
  Values(const Values &) = delete;
  Values &operator=(const Values &) = delete;
  ~Values() { warren_writer_free(&writer_); }

  Values &operator<<(bool value) { return warren_write_bool(&writer_, value), *this; }
  Values &operator<<(warren_text value) { return warren_write_text(&writer_, value), *this; }
  Values &operator<<(const char *value) { return warren_write_string(&writer_, value), *this; }
  const warren_writer *get() const { return &writer_; }

 private:
  warren_writer writer_ = WARREN_WRITER;
};

// Answers each message with another. Runs until the program ends.
int greet() {
  Message message;
  while (message.receive(warren_inbox())) {
    warren_text name = message.text();
    if (message.done("greet")) return -1;
    char text[256];
    snprintf(text, sizeof text, "hello, %.*s", WARREN_TEXT(name));
    Values reply;
    reply << static_cast<const char *>(text);
    if (warren_send(message.from(), "reply", reply.get())) return -1;
  }
  return -1;
}

int ask(warren_text name) {
  Values role, request;
  role << true;
  warren_start start = {};
  start.definition = "app:main";
  start.host = "app:processes";
  start.arguments = role.get();
  warren_pid greeter;
  if (warren_spawn(&start, &greeter)) return -1;

  warren_queue replies;
  if (warren_listen("reply", &replies)) return -1;
  request << name;
  if (warren_send(greeter.text, "greet", request.get())) return -1;
  Message message;
  if (!message.receive(replies)) return -1;
  warren_text reply = message.text();
  printf("%.*s\n", WARREN_TEXT(reply));
  return 0;
}

}  // namespace

int warren_main(warren_reader *args, warren_writer *) {
  if (warren_peek(args) == WARREN_BOOL) return greet();
  warren_text name = {"world", 5};
  if (warren_peek(args) == WARREN_STRING) name = warren_read_text(args);
  if (warren_read_done(args, "arguments")) return -1;
  return ask(name);
}
