/* Every call of the C SDK that the pairs do not make, against the runtime. */
#include "warren.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define HOST "app:processes"
#define CHECK(condition)                                                        \
  do {                                                                          \
    if (!(condition))                                                           \
      warren_panic("%s (last error: %.*s)", #condition,                          \
                   WARREN_TEXT(warren_last_error()->message));                  \
  } while (0)
#define FAILS(call, expected)                                       \
  do {                                                              \
    CHECK((call) == -1);                                            \
    CHECK(warren_text_is(warren_last_error()->kind, expected));     \
  } while (0)

static warren_message message = WARREN_MESSAGE;
static warren_reader value;

static warren_start me(const char *role, warren_writer *arguments) {
  warren_writer_clear(arguments);
  warren_write_string(arguments, role);
  warren_start start = {.definition = "app:main", .host = HOST, .arguments = arguments};
  return start;
}

/* The next event; it must be of this kind and process. */
static warren_event next_event(warren_event_kind kind, const char *from) {
  warren_event event;
  CHECK(warren_receive(&message, warren_events(), WARREN_FOREVER) == 1);
  CHECK(warren_read_event(&message, &event) == 0);
  CHECK(event.kind == kind);
  CHECK(warren_text_is(event.from, from));
  CHECK(event.at.len > 0);
  return event;
}

static void itself(void) {
  warren_pid pid;
  CHECK(warren_self(&pid) == 0);
  CHECK(strncmp(pid.text, "{app:processes|", 15) == 0);
  unsigned char bytes[16] = {0}, zero[16] = {0};
  warren_random(bytes, sizeof bytes);
  CHECK(memcmp(bytes, zero, sizeof bytes) != 0);
  int64_t before = warren_monotonic();
  warren_sleep(2 * WARREN_MILLISECOND);
  CHECK(warren_monotonic() - before >= 2 * WARREN_MILLISECOND);
  CHECK(warren_now() > INT64_C(1500000000000000000));
  CHECK(!warren_trap_links());
}

static void messages(void) {
  warren_pid pid;
  warren_queue jobs, other;
  warren_writer payload = WARREN_WRITER;
  CHECK(warren_self(&pid) == 0);
  CHECK(warren_listen("job", &jobs) == 0);
  CHECK(warren_listen("job", &other) == 0 && other == jobs);
  CHECK(warren_receive(&message, jobs, 0) == 0);
  CHECK(warren_receive(&message, jobs, WARREN_MILLISECOND) == 0);

  warren_write_string(&payload, "resize");
  warren_write_float(&payload, NAN);
  CHECK(warren_send(pid.text, "job", &payload) == 0);
  CHECK(warren_send(pid.text, "else", NULL) == 0);
  warren_queue both[2] = {warren_inbox(), jobs};
  CHECK(warren_receive_any(&message, both, 2, WARREN_FOREVER) == 1);
  CHECK(message.queue == both[0] && warren_text_is(message.topic, "else"));
  CHECK(message.payload.count == 0 && warren_peek(&message.payload) == WARREN_END);
  CHECK(warren_receive_any(&message, both, 2, WARREN_FOREVER) == 1);
  CHECK(strcmp(message.from.text, pid.text) == 0 && message.payload.count == 2);
  CHECK(warren_text_is(warren_read_text(&message.payload), "resize"));
  CHECK(isnan(warren_read_float(&message.payload)));
  CHECK(warren_read_done(&message.payload, "job") == 0);

  /* A mistake is told once, at the end. */
  CHECK(warren_send(pid.text, "job", &payload) == 0);
  CHECK(warren_receive(&message, jobs, WARREN_FOREVER) == 1);
  CHECK(warren_read_int(&message.payload) == 0 && warren_read_bool(&message.payload) == false);
  FAILS(warren_read_done(&message.payload, "job"), WARREN_INVALID);
  CHECK(warren_text_is(warren_last_error()->message, "job: expected an integer"));

  warren_unlisten(jobs);
  CHECK(warren_send(pid.text, "job", &payload) == 0);
  CHECK(warren_receive(&message, warren_inbox(), WARREN_FOREVER) == 1);
  FAILS(warren_send("nobody", "job", &payload), WARREN_NOT_FOUND);
  FAILS(warren_send(pid.text, "@job", &payload), WARREN_INVALID);
  FAILS(warren_listen("", &jobs), WARREN_INVALID);
  warren_write_map(&payload, 1);
  FAILS(warren_send(pid.text, "job", &payload), WARREN_INVALID);
  warren_writer_free(&payload);
}

static void ties(void) {
  warren_pid pid;
  warren_writer arguments = WARREN_WRITER;
  warren_start park = me("park", &arguments);
  park.relation = WARREN_MONITORED;
  CHECK(warren_spawn(&park, &pid) == 0);
  CHECK(warren_cancel(pid.text, 60 * WARREN_SECOND) == 0);
  warren_event event = next_event(WARREN_EVENT_EXIT, pid.text);
  CHECK(!event.failed && warren_read_bool(&event.value));

  park.relation = 0;
  CHECK(warren_spawn(&park, &pid) == 0);
  CHECK(warren_monitor(pid.text) == 0);
  CHECK(warren_terminate(pid.text) == 0);
  event = next_event(WARREN_EVENT_EXIT, pid.text);
  CHECK(event.failed && warren_text_is(event.error.kind, WARREN_CANCELED));
  FAILS(warren_terminate(pid.text), WARREN_NOT_FOUND);

  CHECK(warren_spawn(&park, &pid) == 0);
  CHECK(warren_link(pid.text) == 0 && warren_unlink(pid.text) == 0);
  CHECK(warren_monitor(pid.text) == 0 && warren_unmonitor(pid.text) == 0);
  CHECK(warren_terminate(pid.text) == 0);

  warren_set_trap_links(true);
  CHECK(warren_trap_links());
  warren_start failing = me("fail", &arguments);
  failing.relation = WARREN_LINKED;
  CHECK(warren_spawn(&failing, &pid) == 0);
  event = next_event(WARREN_EVENT_LINK_DOWN, pid.text);
  CHECK(event.failed && warren_text_is(event.error.message, "as asked"));
  warren_set_trap_links(false);
  warren_writer_free(&arguments);
}

static void spawning(void) {
  warren_writer arguments = WARREN_WRITER, context = WARREN_WRITER, first = WARREN_WRITER;
  warren_start inherits = me("context", &arguments);
  warren_write_map(&context, 1);
  warren_write_string(&context, "region");
  warren_write_string(&context, "eu");
  inherits.context = &context;
  CHECK(warren_exec(&inherits, &message, &value) == 0);
  CHECK(warren_text_is(warren_read_text(&value), "eu"));
  CHECK(warren_context("region", &message, &value) == 0 && warren_peek(&value) == WARREN_NIL);
  CHECK(warren_context_all(&message, &value) == 0 && warren_read_map(&value) == 0);

  warren_start who = me("who", &arguments);
  const char *policies[] = {"readers", "writers"};
  who.actor = "ada";
  who.policies = policies;
  who.policy_count = 2;
  CHECK(warren_exec(&who, &message, &value) == 0);
  CHECK(warren_text_is(warren_read_text(&value), "ada readers writers"));
  CHECK(warren_actor(&message, &value) == 0 && warren_peek(&value) == WARREN_NIL);
  CHECK(warren_can("process.send", "x", NULL));
  FAILS(warren_policy("none"), WARREN_NOT_FOUND);
  FAILS(warren_named_scope("none", &message, &value), WARREN_NOT_FOUND);

  warren_start finds = me("first", &arguments);
  warren_write_int(&first, 7);
  warren_message_spec spec = {"early", &first};
  finds.messages = &spec;
  finds.message_count = 1;
  finds.name = "finder";
  CHECK(warren_exec(&finds, &message, &value) == 0);
  CHECK(warren_read_int(&value) == 7);

  warren_start nowhere = me("park", &arguments);
  nowhere.definition = "app:none";
  FAILS(warren_exec(&nowhere, &message, &value), WARREN_NOT_FOUND);
  FAILS(warren_upgrade("app:none", NULL), WARREN_NOT_FOUND);
  warren_writer_free(&arguments);
  warren_writer_free(&context);
  warren_writer_free(&first);
}

static void naming(void) {
  warren_pid pid, found;
  CHECK(warren_self(&pid) == 0);
  CHECK(warren_register("tour", NULL) == 0 && warren_register("tour", pid.text) == 0);
  CHECK(warren_lookup("tour", &found) == 0 && strcmp(pid.text, found.text) == 0);
  warren_writer arguments = WARREN_WRITER;
  warren_start taken = me("park", &arguments);
  taken.name = "tour";
  FAILS(warren_spawn(&taken, &found), WARREN_ALREADY_EXISTS);
  CHECK(warren_last_error()->details.len > 0);
  warren_writer_free(&arguments);
  CHECK(warren_unregister("tour") == 1 && warren_unregister("tour") == 0);
  FAILS(warren_lookup("tour", &found), WARREN_NOT_FOUND);
  FAILS(warren_unregister("@"), WARREN_INVALID);
}

static void operations(void) {
  static const char digest[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  warren_writer arguments = WARREN_WRITER;
  warren_write_string(&arguments, "abc");
  CHECK(warren_call("hash.sha256", &arguments, &message, &value) == 0);
  CHECK(warren_text_is(warren_read_text(&value), digest));

  /* This one takes longer. */
  warren_writer_clear(&arguments);
  warren_write_string(&arguments, "password");
  warren_write_string(&arguments, "salt");
  warren_write_int(&arguments, 20000);
  warren_write_int(&arguments, 32);
  CHECK(warren_call("crypto.pbkdf2", &arguments, &message, &value) == 0);
  CHECK(warren_read_text(&value).len == 32);
  warren_queue queue;
  CHECK(warren_call_start("crypto.pbkdf2", &arguments, &message, &value, &queue) == 1);
  CHECK(warren_receive(&message, queue, WARREN_FOREVER) == 1);
  CHECK(warren_exec_result(&message, &value) == 0 && warren_read_text(&value).len == 32);

  FAILS(warren_call("hash.sha256", NULL, &message, &value), WARREN_INVALID);
  FAILS(warren_call("hash.none", NULL, &message, &value), WARREN_NOT_FOUND);
  warren_writer_clear(&arguments);
  warren_write_string(&arguments, "none");
  FAILS(warren_call("store.open", &arguments, &message, &value), WARREN_NOT_FOUND);
  warren_write_string(&arguments, "a key");
  FAILS(warren_call("store.get", &arguments, &message, &value), WARREN_NOT_FOUND);
  warren_writer_free(&arguments);
}

#define TOO_LARGE(call, what)                                                            \
  do {                                                                                   \
    FAILS(call, WARREN_INVALID);                                                         \
    CHECK(warren_text_is(warren_last_error()->message, what ": more than 1048576 bytes (max_message)")); \
    CHECK(is_at_limit("max_message"));                                                   \
  } while (0)

/* Returns whether the details of the last error name the limit. */
static bool is_at_limit(const char *limit) {
  warren_text details = warren_last_error()->details;
  size_t len = strlen(limit);
  for (size_t at = 0; at + len <= details.len; at++)
    if (memcmp(details.data + at, limit, len) == 0) return true;
  return false;
}

/* Writes a value of some bytes that is copied into itself twice, 60 times over. */
static void write_doubled(warren_writer *writer) {
  warren_writer inner = WARREN_WRITER;
  warren_write_string(&inner, "a string of some bytes");
  for (int level = 0; level < 60; level++) {
    warren_writer outer = WARREN_WRITER;
    warren_write_array(&outer, 2);
    for (int copy = 0; copy < 2; copy++) {
      warren_reader one = {inner.bytes, inner.bytes + inner.len, 1, inner.mistake};
      warren_write_value(&outer, &one);
    }
    warren_writer_free(&inner);
    inner = outer;
  }
  warren_reader whole = {inner.bytes, inner.bytes + inner.len, 1, inner.mistake};
  warren_write_value(writer, &whole);
  warren_writer_free(&inner);
}

/* Writes one value of more than a message holds. */
static void write_large(warren_writer *writer, const char *what) {
  static char bytes[2 << 20];
  warren_text text = {bytes, sizeof bytes};
  if (strcmp(what, "doubled") == 0) {
    write_doubled(writer);
    return;
  }
  memset(bytes, strcmp(what, "text") == 0 ? 'x' : '\xff', sizeof bytes);
  warren_write_text(writer, text);
}

static void too_large(void) {
  static const char *const kinds[] = {"doubled", "text", "bytes"};
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    warren_pid pid;
    warren_queue queue;
    warren_writer large = WARREN_WRITER, arguments = WARREN_WRITER;
    CHECK(warren_self(&pid) == 0);
    write_large(&large, kinds[i]);
    TOO_LARGE(warren_send(pid.text, "topic", &large), "payload");
    warren_start start = me("park", &arguments);
    start.arguments = &large;
    TOO_LARGE(warren_spawn(&start, &pid), "arguments");
    TOO_LARGE(warren_exec_start(&start, &queue), "arguments");
    TOO_LARGE(warren_upgrade(NULL, &large), "arguments");
    start.arguments = NULL;
    start.context = &large;
    TOO_LARGE(warren_spawn(&start, &pid), "context");
    start.context = NULL;
    start.actor = "ada";
    start.actor_meta = &large;
    TOO_LARGE(warren_spawn(&start, &pid), "meta of the actor");
    start.actor = NULL;
    start.actor_meta = NULL;
    warren_message_spec spec = {"early", &large};
    start.messages = &spec;
    start.message_count = 1;
    TOO_LARGE(warren_spawn(&start, &pid), "early");
    warren_start returns = me("large", &arguments);
    warren_write_string(&arguments, kinds[i]);
    TOO_LARGE(warren_exec(&returns, &message, &value), "result");
    warren_writer_free(&large);
    warren_writer_free(&arguments);
  }
  warren_pid pid;
  warren_writer long_map = WARREN_WRITER, deep = WARREN_WRITER;
  CHECK(warren_self(&pid) == 0);
  warren_write_map(&long_map, UINT32_MAX);
  TOO_LARGE(warren_send(pid.text, "topic", &long_map), "payload");
  for (int level = 0; level <= WARREN_MAX_DEPTH; level++) warren_write_array(&deep, 1);
  FAILS(warren_send(pid.text, "topic", &deep), WARREN_INVALID);
  CHECK(is_at_limit("max_nesting"));
  warren_writer_free(&long_map);
  warren_writer_free(&deep);
}

#define NOT_UTF8(call, what)                                                   \
  do {                                                                         \
    FAILS(call, WARREN_INVALID);                                               \
    CHECK(warren_text_is(warren_last_error()->message, what " is not UTF-8")); \
  } while (0)

static void not_utf8(void) {
  /* A continuation alone, half a surrogate pair, and more than Unicode has. */
  static const char *const strings[] = {"half \x80", "half \xed\xa0\xbd", "\xf4\x90\x80\x80"};
  for (size_t i = 0; i < sizeof strings / sizeof *strings; i++) {
    const char *bytes = strings[i];
    warren_pid self, pid;
    warren_queue queue;
    warren_writer arguments = WARREN_WRITER;
    CHECK(warren_self(&self) == 0);
    NOT_UTF8(warren_send(self.text, bytes, NULL), "topic");
    NOT_UTF8(warren_send(bytes, "topic", NULL), "destination");
    NOT_UTF8(warren_listen(bytes, &queue), "topic");
    warren_start start = me("park", &arguments);
    start.definition = bytes;
    NOT_UTF8(warren_spawn(&start, &pid), "definition");
    NOT_UTF8(warren_exec_start(&start, &queue), "definition");
    start = me("park", &arguments);
    start.host = bytes;
    NOT_UTF8(warren_spawn(&start, &pid), "host");
    start = me("park", &arguments);
    start.name = bytes;
    NOT_UTF8(warren_spawn(&start, &pid), "name");
    start = me("park", &arguments);
    start.actor = bytes;
    NOT_UTF8(warren_spawn(&start, &pid), "actor");
    start = me("park", &arguments);
    start.policies = &bytes;
    start.policy_count = 1;
    NOT_UTF8(warren_spawn(&start, &pid), "policy");
    start = me("park", &arguments);
    warren_message_spec spec = {bytes, NULL};
    start.messages = &spec;
    start.message_count = 1;
    NOT_UTF8(warren_spawn(&start, &pid), "topic");
    NOT_UTF8(warren_upgrade(bytes, NULL), "definition");
    NOT_UTF8(warren_terminate(bytes), "destination");
    NOT_UTF8(warren_cancel(bytes, -1), "destination");
    NOT_UTF8(warren_monitor(bytes), "destination");
    NOT_UTF8(warren_unmonitor(bytes), "destination");
    NOT_UTF8(warren_link(bytes), "destination");
    NOT_UTF8(warren_unlink(bytes), "destination");
    NOT_UTF8(warren_register(bytes, NULL), "name");
    NOT_UTF8(warren_register("here", bytes), "pid");
    NOT_UTF8(warren_lookup(bytes, &pid), "name");
    NOT_UTF8(warren_unregister(bytes), "name");
    NOT_UTF8(warren_context(bytes, &message, &value), "key");
    NOT_UTF8(warren_named_scope(bytes, &message, &value), "id");
    NOT_UTF8(warren_policy(bytes), "id");
    CHECK(!warren_can(bytes, "x", NULL) && !warren_can("process.send", bytes, NULL));
    /* As a value, it crosses as bytes. */
    warren_writer payload = WARREN_WRITER;
    warren_write_string(&payload, bytes);
    CHECK(warren_send(self.text, "bytes", &payload) == 0);
    CHECK(warren_receive(&message, warren_inbox(), WARREN_FOREVER) == 1);
    CHECK(warren_text_is(warren_read_text(&message.payload), bytes));
    warren_writer_free(&payload);
    warren_writer_free(&arguments);
  }
  CHECK(warren_receive(&message, warren_inbox(), 0) == 0);
}

int warren_main(warren_reader *args, warren_writer *result) {
  warren_text role = {"", 0};
  if (warren_peek(args) == WARREN_STRING) role = warren_read_text(args);
  if (warren_text_is(role, "park")) {
    warren_event event;
    if (warren_receive(&message, warren_events(), WARREN_FOREVER) != 1) return -1;
    if (warren_read_event(&message, &event)) return -1;
    warren_write_bool(result, event.kind == WARREN_EVENT_CANCEL && event.deadline.len > 0);
    return 0;
  }
  if (warren_text_is(role, "fail")) return warren_fail(WARREN_CONFLICT, "as asked");
  if (warren_text_is(role, "context")) {
    if (warren_context("region", &message, &value)) return -1;
    warren_write_value(result, &value);
    return 0;
  }
  if (warren_text_is(role, "who")) {
    char text[64] = "";
    CHECK(warren_actor(&message, &value) == 0);
    for (uint32_t pairs = warren_read_map(&value); pairs; pairs--) {
      warren_text key = warren_read_text(&value);
      warren_reader part = warren_read_value(&value);
      if (!warren_text_is(key, "id")) continue;
      warren_text id = warren_read_text(&part);
      snprintf(text, sizeof text, "%.*s", WARREN_TEXT(id));
    }
    CHECK(warren_scope(&message, &value) == 0);
    CHECK(warren_read_map(&value) == 1 && warren_text_is(warren_read_text(&value), "policies"));
    for (uint32_t ids = warren_read_array(&value); ids; ids--) {
      size_t len = strlen(text);
      warren_text id = warren_read_text(&value);
      snprintf(text + len, sizeof text - len, " %.*s", WARREN_TEXT(id));
    }
    warren_write_string(result, text);
    return 0;
  }
  if (warren_text_is(role, "first")) {
    CHECK(warren_receive(&message, warren_inbox(), 0) == 1 && warren_text_is(message.topic, "early"));
    warren_write_value(result, &message.payload);
    return 0;
  }
  if (warren_text_is(role, "large")) {
    char what[16];
    warren_text asked = warren_read_text(args);
    snprintf(what, sizeof what, "%.*s", WARREN_TEXT(asked));
    write_large(result, what);
    return 0;
  }
  itself();
  messages();
  ties();
  spawning();
  naming();
  operations();
  too_large();
  not_utf8();
  printf("the tour is over\n");
  return 0;
}
