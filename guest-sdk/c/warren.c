/* The flat ABI of docs/guest-abi.md, for C. See warren.h. */
#include "warren.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* --- Imports ---------------------------------------------------------------- */

#define IMPORT(interface, function) \
  __attribute__((import_module("warren:core/" interface "@0.1.0"), import_name(function)))
#define IN const char *, size_t

IMPORT("held", "take") int32_t held_take(char *, size_t);
IMPORT("process", "pid") int32_t process_pid(char *, size_t);
IMPORT("process", "send") int32_t process_send(IN, IN, IN);
IMPORT("process", "spawn") int32_t process_spawn(IN, IN, IN, uint32_t, IN, char *, size_t);
IMPORT("process", "exec") int32_t process_exec(IN, IN, IN, IN);
IMPORT("process", "terminate") int32_t process_terminate(IN);
IMPORT("process", "cancel") int32_t process_cancel(IN, int64_t);
IMPORT("process", "monitor") int32_t process_monitor(IN);
IMPORT("process", "unmonitor") int32_t process_unmonitor(IN);
IMPORT("process", "link") int32_t process_link(IN);
IMPORT("process", "unlink") int32_t process_unlink(IN);
IMPORT("process", "get-options") uint32_t process_get_options(void);
IMPORT("process", "set-options") void process_set_options(uint32_t);
IMPORT("process", "upgrade") int32_t process_upgrade(IN, IN);
IMPORT("mailbox", "inbox") uint32_t mailbox_inbox(void);
IMPORT("mailbox", "events") uint32_t mailbox_events(void);
IMPORT("mailbox", "listen") int32_t mailbox_listen(IN);
IMPORT("mailbox", "unlisten") void mailbox_unlisten(uint32_t);
IMPORT("mailbox", "receive")
int32_t mailbox_receive(const uint32_t *, size_t, int64_t, char *, size_t);
IMPORT("registry", "register") int32_t registry_register(IN, IN);
IMPORT("registry", "lookup") int32_t registry_lookup(IN, char *, size_t);
IMPORT("registry", "unregister") int32_t registry_unregister(IN);
IMPORT("context", "get") int32_t context_get(IN, char *, size_t);
IMPORT("context", "all") int32_t context_all(char *, size_t);
IMPORT("security", "actor") int32_t security_actor(char *, size_t);
IMPORT("security", "scope") int32_t security_scope(char *, size_t);
IMPORT("security", "can") uint32_t security_can(IN, IN, IN);
IMPORT("security", "policy") int32_t security_policy(IN);
IMPORT("security", "named-scope") int32_t security_named_scope(IN, char *, size_t);
IMPORT("capability", "call") int32_t capability_call(IN, IN, char *, size_t);
IMPORT("clock", "now") int64_t clock_now(void);
IMPORT("clock", "monotonic") int64_t clock_monotonic(void);
IMPORT("random", "bytes") void random_bytes(void *, size_t);
IMPORT("logger", "log") void logger_log(uint32_t, IN, IN, IN);
IMPORT("program", "arguments") int32_t program_arguments(char *, size_t);
IMPORT("program", "finish") void program_finish(IN);
IMPORT("program", "fail") void program_fail(IN);
IMPORT("program", "exit") void program_exit(int32_t) __attribute__((noreturn));

/* An absent range of the ABI. */
#define ABSENT ((size_t)-1)
#define STRING(string) (string), strlen(string)

/* --- Text and errors ------------------------------------------------------ */

/* MessagePack's extension types: of structured errors, and of JSON's null, which
 * is nil here. */
#define ERROR_EXTENSION 1
#define NULL_EXTENSION 2

static const char no_memory[] = "\xc7\x1c\x01\x92\xa8Internal\xb1not enough memory";
/* The error of a process that ends for want of memory. */
static const char failed_for_memory[] = "\xc7\x1f\x01\x92\xabOutOfMemory\xb1not enough memory";

static warren_error last_error;
/* Its encoded form, which the parts of last_error lie in. */
static char *last_bytes;

static bool parse_error(const char *at, const char *end, warren_error *error);

static warren_text text_of(const char *string) {
  warren_text text = {string, string ? strlen(string) : 0};
  return text;
}

bool warren_text_is(warren_text text, const char *string) {
  return text.len == strlen(string) && memcmp(text.data, string, text.len) == 0;
}

const warren_error *warren_last_error(void) { return &last_error; }

/* Takes ownership of `bytes`, an encoded error; NULL if there was no memory. */
static int set_last(char *bytes, size_t len) {
  const char *encoded = bytes ? bytes : no_memory;
  if (!bytes) len = sizeof no_memory - 1;
  free(last_bytes);
  last_bytes = bytes;
  if (!parse_error(encoded, encoded + len, &last_error)) {
    memset(&last_error, 0, sizeof last_error);
    last_error.message = text_of("an error that could not be read");
    last_error.retryable = WARREN_RETRYABLE_UNKNOWN;
  }
  return -1;
}

int warren_fail_with(const warren_error *error) {
  warren_writer writer = WARREN_WRITER;
  /* The runtime replaces an error of too many bytes. */
  writer.unlimited = true;
  warren_write_error(&writer, error);
  if (writer.mistake) {
    warren_writer_free(&writer);
    return set_last(NULL, 0);
  }
  return set_last(writer.bytes, writer.len);
}

static int fail_v(const char *kind, warren_text details, const char *format, va_list arguments) {
  va_list again;
  va_copy(again, arguments);
  int len = vsnprintf(NULL, 0, format, again);
  va_end(again);
  char *message = len < 0 ? NULL : malloc((size_t)len + 1);
  if (!message) return set_last(NULL, 0);
  vsnprintf(message, (size_t)len + 1, format, arguments);
  warren_error error = {text_of(kind), {message, (size_t)len}, WARREN_RETRYABLE_UNKNOWN,
                        details, {NULL, 0}};
  warren_fail_with(&error);
  free(message);
  return -1;
}

int warren_fail(const char *kind, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fail_v(kind, (warren_text){NULL, 0}, format, arguments);
  va_end(arguments);
  return -1;
}

/* Fails with these encoded details, or none. */
static int fail_with_details(warren_text details, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fail_v(WARREN_INVALID, details, format, arguments);
  va_end(arguments);
  return -1;
}

static void report_last(void) {
  warren_writer writer = WARREN_WRITER;
  writer.unlimited = true;
  warren_write_error(&writer, &last_error);
  if (writer.mistake) program_fail(failed_for_memory, sizeof failed_for_memory - 1);
  else program_fail(writer.bytes, writer.len);
  warren_writer_free(&writer);
}

void warren_panic_at(const char *file, int line, const char *format, ...) {
  char message[1024], place[256];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  warren_fail(WARREN_INTERNAL, "%s:%d: %s", file, line, message);
  snprintf(place, sizeof place, "at %s:%d", file, line);
  warren_error error = last_error;
  error.stack = text_of(place);
  warren_fail_with(&error);
  report_last();
  fflush(NULL);
  __builtin_trap();
}

/* Called by the macro assert of wasi-libc. */
void __assert_fail(const char *expression, const char *file, int line, const char *function) {
  warren_panic_at(file, line, "%s: assertion failed: %s", function ? function : "?", expression);
}

/* Fetches the error that a negative status announces. */
static int fetch_error(int32_t status) {
  size_t len = (size_t)-(int64_t)status;
  char *bytes = malloc(len);
  if (bytes) held_take(bytes, len);
  return set_last(bytes, len);
}

static int done(int32_t status) { return status < 0 ? fetch_error(status) : 0; }

/* --- Writing --------------------------------------------------------------- */

#define TEXT_OF(number) #number
#define DIGITS(number) TEXT_OF(number)
static const char too_large[] = "more than " DIGITS(WARREN_MAX_MESSAGE) " bytes (max_message)";
static const char too_deep[] = "nested deeper than " DIGITS(WARREN_MAX_DEPTH);

/* The details of the two as MessagePack, {limit, value}. */
static const char max_message[] = "\x82\xa5limit\xabmax_message\xa5value\xce\x00\x10\x00\x00";
static const char max_nesting[] = "\x82\xa5limit\xabmax_nesting\xa5value\x64";
_Static_assert(WARREN_MAX_MESSAGE == 0x100000 && WARREN_MAX_DEPTH == 100, "see above");

static bool reserve(warren_writer *writer, size_t more) {
  if (writer->mistake) return false;
  if (more > (writer->unlimited ? SIZE_MAX / 4 : WARREN_MAX_MESSAGE) - writer->len) {
    writer->mistake = too_large;
    return false;
  }
  if (writer->capacity - writer->len >= more) return true;
  size_t capacity = writer->capacity ? writer->capacity : 64;
  while (capacity - writer->len < more) capacity *= 2;
  char *bytes = realloc(writer->bytes, capacity);
  if (!bytes) {
    writer->mistake = "not enough memory";
    return false;
  }
  writer->bytes = bytes;
  writer->capacity = capacity;
  return true;
}

static void raw(warren_writer *writer, const void *bytes, size_t len) {
  if (!reserve(writer, len)) return;
  if (len) memcpy(writer->bytes + writer->len, bytes, len);
  writer->len += len;
}

/* Writes the output of msgpack-c to a warren_writer. */
#define MSGPACK_ENDIAN_LITTLE_BYTE 1
#define MSGPACK_ENDIAN_BIG_BYTE 0
#include <msgpack/pack_define.h>
/* The template has it; nothing here uses it. */
typedef struct msgpack_timestamp {
  int64_t tv_sec;
  uint32_t tv_nsec;
} msgpack_timestamp;
#define msgpack_pack_inline_func(name) static inline void msgpack_pack##name
#define msgpack_pack_user warren_writer *
#define msgpack_pack_append_buffer(writer, bytes, len) raw(writer, bytes, len)
#include <msgpack/pack_template.h>

/* Counts one more value in its container. */
static void count_value(warren_writer *writer) {
  if (writer->depth == 0) {
    writer->count++;
    return;
  }
  writer->open[writer->depth - 1]--;
  while (writer->depth && writer->open[writer->depth - 1] == 0) writer->depth--;
}

static void open_container(warren_writer *writer, uint32_t values) {
  /* The new container counts as a value of the enclosing one. As its last value,
   * it must not close the enclosing container before itself. */
  if (writer->depth == 0) writer->count++;
  else writer->open[writer->depth - 1]--;
  if (writer->depth == WARREN_MAX_DEPTH) {
    writer->mistake = writer->mistake ? writer->mistake : too_deep;
    return;
  }
  writer->open[writer->depth++] = values;
  while (writer->depth && writer->open[writer->depth - 1] == 0) writer->depth--;
}

static bool is_utf8(const uint8_t *at, size_t len) {
  const uint8_t *end = at + len;
  while (at < end) {
    uint8_t first = *at++;
    if (first < 0x80) continue;
    int more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
    if (first < 0xc2 || first > 0xf4 || end - at < more) return false;
    uint8_t low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    uint8_t high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    if (*at < low || *at > high) return false;
    for (int i = 1; i < more; i++)
      if ((at[i] & 0xc0) != 0x80) return false;
    at += more;
  }
  return true;
}

void warren_write_nil(warren_writer *writer) {
  msgpack_pack_nil(writer);
  count_value(writer);
}

void warren_write_bool(warren_writer *writer, bool value) {
  if (value) msgpack_pack_true(writer);
  else msgpack_pack_false(writer);
  count_value(writer);
}

void warren_write_int(warren_writer *writer, int64_t value) {
  msgpack_pack_int64(writer, value);
  count_value(writer);
}

void warren_write_float(warren_writer *writer, double value) {
  msgpack_pack_double(writer, value);
  count_value(writer);
}

void warren_write_text(warren_writer *writer, warren_text text) {
  if (text.len > WARREN_MAX_MESSAGE && !writer->unlimited) {
    /* Checked before every byte is scanned. */
    if (!writer->mistake) writer->mistake = too_large;
    return;
  }
  if (is_utf8((const uint8_t *)text.data, text.len)) msgpack_pack_str(writer, text.len);
  else msgpack_pack_bin(writer, text.len);
  raw(writer, text.data, text.len);
  count_value(writer);
}

void warren_write_string(warren_writer *writer, const char *string) {
  warren_write_text(writer, text_of(string));
}

void warren_write_array(warren_writer *writer, uint32_t count) {
  msgpack_pack_array(writer, count);
  open_container(writer, count);
}

void warren_write_map(warren_writer *writer, uint32_t count) {
  msgpack_pack_map(writer, count);
  if (count > UINT32_MAX / 2 && !writer->mistake) writer->mistake = too_large;
  open_container(writer, count * 2);
}

void warren_write_error(warren_writer *writer, const warren_error *error) {
  warren_writer parts = WARREN_WRITER;
  parts.unlimited = writer->unlimited;
  warren_write_array(&parts, 5);
  warren_write_text(&parts, error->kind);
  warren_write_text(&parts, error->message);
  if (error->retryable == WARREN_RETRYABLE_UNKNOWN) warren_write_nil(&parts);
  else warren_write_bool(&parts, error->retryable != 0);
  if (error->details.len) raw(&parts, error->details.data, error->details.len);
  else msgpack_pack_nil(&parts);
  count_value(&parts);
  if (error->stack.len) warren_write_text(&parts, error->stack);
  else warren_write_nil(&parts);
  if (parts.mistake && !writer->mistake) writer->mistake = parts.mistake;
  msgpack_pack_ext(writer, parts.len, ERROR_EXTENSION);
  raw(writer, parts.bytes, parts.len);
  count_value(writer);
  warren_writer_free(&parts);
}

void warren_write_value(warren_writer *writer, warren_reader *value) {
  warren_reader one = warren_read_value(value);
  if (value->mistake && !writer->mistake) writer->mistake = value->mistake;
  raw(writer, one.at, (size_t)(one.end - one.at));
  count_value(writer);
}

void warren_writer_clear(warren_writer *writer) {
  writer->len = 0;
  writer->count = writer->depth = 0;
  writer->mistake = NULL;
}

void warren_writer_free(warren_writer *writer) {
  free(writer->bytes);
  memset(writer, 0, sizeof *writer);
}

/* Fails if the writer holds a mistake, or an unfinished container. */
static int sound(const warren_writer *writer, const char *what) {
  warren_text details = {NULL, 0};
  if (writer && writer->mistake == too_large)
    details = (warren_text){max_message, sizeof max_message - 1};
  if (writer && writer->mistake == too_deep)
    details = (warren_text){max_nesting, sizeof max_nesting - 1};
  if (writer && writer->mistake) return fail_with_details(details, "%s: %s", what, writer->mistake);
  if (writer && writer->depth)
    return warren_fail(WARREN_INVALID, "%s: an array or map has too few elements", what);
  return 0;
}

/* Fails unless the writer holds exactly one value. */
static int sound_one(const warren_writer *writer, const char *what) {
  if (sound(writer, what)) return -1;
  if (writer && writer->count != 1)
    return warren_fail(WARREN_INVALID, "%s: %u values where one was expected", what, writer->count);
  return 0;
}

/* Returns the array of all its values; an empty one without a writer. */
static int values_of(const warren_writer *writer, const char *what, warren_writer *out) {
  if (sound(writer, what)) return -1;
  msgpack_pack_array(out, writer ? writer->count : 0);
  if (writer) raw(out, writer->bytes, writer->len);
  return sound(out, what);
}

/* --- Reading ----------------------------------------------------------------- */

/* The head of a value. */
typedef struct token {
  warren_type type;
  uint64_t number; /* also a boolean, or the bits of a float */
  warren_text text;
  uint32_t count;
} token;

/* The target of msgpack-c's reader: one token. */
typedef struct visitor {
  token *first;
} visitor;

/* Verdicts: go on; stop, the token is read; not a value of the ABI. The template
 * finds out the others itself. */
enum { GO_ON = 0, COMPLETE = 1, STRANGE = -1, HEAD_READ = -2 };
#define MSGPACK_UNPACK_PARSE_ERROR STRANGE
#define MSGPACK_UNPACK_NOMEM_ERROR STRANGE
/* The reader stops at the head of a container. */
#define MSGPACK_EMBED_STACK_SIZE 1

/* The template makes an object for each value; these objects are empty. */
typedef char object;

static int on_token(visitor *v, warren_type type, uint64_t number, warren_text text) {
  token found = {type, number, text, 0};
  *v->first = found;
  return GO_ON;
}

static int on_number(visitor *v, warren_type type, uint64_t number) {
  return on_token(v, type, number, text_of(NULL));
}

static int on_text(visitor *v, warren_type type, const char *at, size_t len) {
  /* The template gives an empty text no address. */
  warren_text text = {len ? at : "", len};
  return on_token(v, type, 0, text);
}

/* Its elements are tokens of their own. */
static int on_container(visitor *v, warren_type type, uint32_t count) {
  on_number(v, type, 0);
  v->first->count = count;
  return HEAD_READ;
}

static int on_float_value(visitor *v, double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  return on_number(v, WARREN_FLOAT, bits);
}

#define ON(name, ...) static inline int on##name(visitor *v, __VA_ARGS__ object *o)
static inline object on_root(visitor *v) { (void)v; return 0; }
ON(_nil) { *o = 0; return on_number(v, WARREN_NIL, 0); }
ON(_true) { *o = 0; return on_number(v, WARREN_BOOL, 1); }
ON(_false) { *o = 0; return on_number(v, WARREN_BOOL, 0); }
ON(_int64, int64_t n,) { *o = 0; return on_number(v, WARREN_INT, (uint64_t)n); }
ON(_int8, int8_t n,) { return on_int64(v, n, o); }
ON(_int16, int16_t n,) { return on_int64(v, n, o); }
ON(_int32, int32_t n,) { return on_int64(v, n, o); }
ON(_uint8, uint8_t n,) { return on_int64(v, n, o); }
ON(_uint16, uint16_t n,) { return on_int64(v, n, o); }
ON(_uint32, uint32_t n,) { return on_int64(v, n, o); }
ON(_double, double n,) { *o = 0; return on_float_value(v, n); }
ON(_float, float n,) { return on_double(v, n, o); }
ON(_uint64, uint64_t n,) { return n > INT64_MAX ? on_double(v, (double)n, o) : on_int64(v, (int64_t)n, o); }
ON(_str, const char *bytes, const char *at, unsigned len,) {
  (void)bytes;
  *o = 0;
  return on_text(v, WARREN_STRING, at, len);
}
ON(_bin, const char *bytes, const char *at, unsigned len,) { return on_str(v, bytes, at, len, o); }
/* The first byte is the type. */
ON(_ext, const char *bytes, const char *at, unsigned len,) {
  (void)bytes;
  *o = 0;
  if (len && *at == NULL_EXTENSION) return on_number(v, WARREN_NIL, 0);
  return len == 0 || *at != ERROR_EXTENSION ? STRANGE : on_text(v, WARREN_ERROR, at + 1, len - 1);
}
ON(_array, unsigned count,) { *o = 0; return on_container(v, WARREN_ARRAY, count); }
ON(_map, unsigned count,) { *o = 0; return on_container(v, WARREN_MAP, count); }
static inline int on_array_item(visitor *v, object *array, object item) {
  (void)v, (void)array, (void)item;
  return GO_ON;
}
static inline int on_map_item(visitor *v, object *map, object key, object item) {
  (void)key;
  return on_array_item(v, map, item);
}

#include <msgpack/unpack_define.h>
#define msgpack_unpack_struct(name) struct msgpack_unpack##name
#define msgpack_unpack_func(result, name) static inline result msgpack_unpack##name
#define msgpack_unpack_callback(name) on##name
#define msgpack_unpack_object object
#define msgpack_unpack_user visitor
#include <msgpack/unpack_template.h>

/* Shows a visitor the first token. Returns the machine's verdict, and the place where
 * it stopped. */
static int visit(token *first, const char *at, const char *end, const char **stopped) {
  struct msgpack_unpack_context machine;
  size_t len = 0;
  machine.user.first = first;
  msgpack_unpack_init(&machine);
  int verdict = msgpack_unpack_execute(&machine, at, (size_t)(end - at), &len);
  *stopped = at + len;
  return verdict;
}

static bool read_token(const char **at, const char *end, token *t) {
  const char *stopped;
  int verdict = visit(t, *at, end, &stopped);
  /* The machine stops at the last byte of a head. */
  if (verdict == HEAD_READ) stopped++;
  else if (verdict != COMPLETE) return false;
  *at = stopped;
  /* A container claims no more elements than there are bytes. */
  return t->count * (uint64_t)(t->type == WARREN_MAP ? 2 : 1) <= (uint64_t)(end - stopped);
}

/* An event holds a map, which holds an outcome, which holds a value. */
#define MAX_READ_DEPTH (WARREN_MAX_DEPTH + 8)

/* An open container, or the parts of an open error. */
typedef struct level {
  warren_type type;
  uint64_t place, count; /* of its elements; a pair of a map is two */
  const char *end;       /* of the bytes that it lies in */
} level;

static bool fits_in_error(const level *error, const token *t) {
  switch (error->place) {
    case 0:
    case 1: return t->type == WARREN_STRING;
    case 2: return t->type == WARREN_BOOL || t->type == WARREN_NIL;
    case 4: return t->type == WARREN_STRING || t->type == WARREN_NIL;
    default: return true;
  }
}

static bool fits_as_key(const token *t) {
  double number;
  switch (t->type) {
    case WARREN_BOOL:
    case WARREN_INT:
    case WARREN_STRING: return true;
    case WARREN_FLOAT: memcpy(&number, &t->number, sizeof number); return number == number;
    default: return false;
  }
}

/* Skips one value. Returns false if there is none. */
static bool skip(const char **at, const char *end) {
  level open[MAX_READ_DEPTH];
  unsigned depth = 0;
  const char *from = *at;
  do {
    level *around = depth ? &open[depth - 1] : NULL;
    token t;
    if (!read_token(&from, end, &t)) return false;
    if (around) {
      if (around->type == WARREN_MAP && around->place % 2 == 0 && !fits_as_key(&t)) return false;
      if (around->type == WARREN_ERROR && !fits_in_error(around, &t)) return false;
      around->place++;
    }
    if (t.type == WARREN_ARRAY || t.type == WARREN_MAP || t.type == WARREN_ERROR) {
      if (depth == MAX_READ_DEPTH) return false;
      level inside = {t.type, 0, t.type == WARREN_MAP ? 2 * (uint64_t)t.count : t.count, end};
      if (t.type == WARREN_ERROR) {
          /* The parts of the error come next, up to its own end. */
        from = t.text.data;
        end = from + t.text.len;
        if (!read_token(&from, end, &t) || t.type != WARREN_ARRAY || t.count < 2) return false;
        inside.count = t.count;
      }
      open[depth++] = inside;
    }
    for (; depth && open[depth - 1].place == open[depth - 1].count; depth--) {
      if (open[depth - 1].type == WARREN_ERROR && from != end) return false;
      end = open[depth - 1].end;
    }
  } while (depth);
  *at = from;
  return true;
}

/* Takes a token of a type; another type is a mistake. Elements of a container
 * belong to its value. */
static bool take(warren_reader *reader, warren_type type, const char *expected, token *t) {
  memset(t, 0, sizeof *t);
  if (reader->mistake) return false;
  const char *at = reader->at;
  if (at >= reader->end || !read_token(&at, reader->end, t) || t->type != type) {
    reader->mistake = expected;
    memset(t, 0, sizeof *t);
    return false;
  }
  reader->at = at;
  return true;
}

warren_type warren_peek(const warren_reader *reader) {
  token t;
  const char *at = reader->at;
  if (reader->mistake || at >= reader->end || !read_token(&at, reader->end, &t)) return WARREN_END;
  return t.type;
}

bool warren_read_nil(warren_reader *reader) {
  token t;
  return warren_peek(reader) == WARREN_NIL && take(reader, WARREN_NIL, "expected nil", &t);
}

bool warren_read_bool(warren_reader *reader) {
  token t;
  take(reader, WARREN_BOOL, "expected a boolean", &t);
  return t.number != 0;
}

int64_t warren_read_int(warren_reader *reader) {
  token t;
  take(reader, WARREN_INT, "expected an integer", &t);
  return (int64_t)t.number;
}

double warren_read_float(warren_reader *reader) {
  if (warren_peek(reader) == WARREN_INT) return (double)warren_read_int(reader);
  token t;
  double value;
  take(reader, WARREN_FLOAT, "expected a number", &t);
  memcpy(&value, &t.number, sizeof value);
  return value;
}

warren_text warren_read_text(warren_reader *reader) {
  token t;
  take(reader, WARREN_STRING, "expected a string", &t);
  return t.text;
}

/* An empty table serves as either. */
static uint32_t read_count(warren_reader *reader, warren_type wanted, warren_type other,
                           const char *expected) {
  token t;
  warren_reader ahead = *reader;
  if (take(&ahead, other, "", &t) && t.count == 0) {
    *reader = ahead;
    return 0;
  }
  take(reader, wanted, expected, &t);
  return t.count;
}

uint32_t warren_read_array(warren_reader *reader) {
  return read_count(reader, WARREN_ARRAY, WARREN_MAP, "expected an array");
}

uint32_t warren_read_map(warren_reader *reader) {
  return read_count(reader, WARREN_MAP, WARREN_ARRAY, "expected a map");
}

static bool parse_error_payload(const char *at, const char *end, warren_error *error) {
  memset(error, 0, sizeof *error);
  error->retryable = WARREN_RETRYABLE_UNKNOWN;
  token t;
  if (!read_token(&at, end, &t) || t.type != WARREN_ARRAY) return false;
  uint32_t count = t.count;
  for (uint32_t place = 0; place < count; place++) {
    const char *from = at, *value = at;
    if (!skip(&at, end) || !read_token(&value, at, &t)) return false;
    if (place == 0 && t.type == WARREN_STRING) error->kind = t.text;
    if (place == 1 && t.type == WARREN_STRING) error->message = t.text;
    if (place == 2 && t.type == WARREN_BOOL) error->retryable = t.number != 0;
    if (place == 3 && t.type != WARREN_NIL) {
      error->details.data = from;
      error->details.len = (size_t)(at - from);
    }
    if (place == 4 && t.type == WARREN_STRING) error->stack = t.text;
  }
  return true;
}

static bool parse_error(const char *at, const char *end, warren_error *error) {
  token t;
  return read_token(&at, end, &t) && t.type == WARREN_ERROR &&
         parse_error_payload(t.text.data, t.text.data + t.text.len, error);
}

void warren_read_error(warren_reader *reader, warren_error *error) {
  token t;
  if (!take(reader, WARREN_ERROR, "expected a structured error", &t) ||
      !parse_error_payload(t.text.data, t.text.data + t.text.len, error)) {
    memset(error, 0, sizeof *error);
    error->retryable = WARREN_RETRYABLE_UNKNOWN;
    reader->mistake = "expected a structured error";
  }
}

warren_reader warren_read_value(warren_reader *reader) {
  const char *from = reader->at;
  if (!reader->mistake && !skip(&reader->at, reader->end)) {
    reader->at = from;
    reader->mistake = "expected one more value";
  }
  warren_reader value = {from, reader->at, 1, reader->mistake};
  return value;
}

int warren_read_done(const warren_reader *reader, const char *what) {
  if (reader->mistake) return warren_fail(WARREN_INVALID, "%s: %s", what, reader->mistake);
  if (reader->at < reader->end) return warren_fail(WARREN_INVALID, "%s: more values than expected", what);
  return 0;
}

/* Returns a reader of the n values of an array; false if there is no array. */
static bool values_reader(const char *at, const char *end, warren_reader *reader) {
  token t;
  if (!read_token(&at, end, &t) || t.type != WARREN_ARRAY) return false;
  warren_reader values = {at, end, t.count, NULL};
  for (uint32_t i = 0; i < t.count; i++)
    if (!skip(&at, end)) return false;
  *reader = values;
  return at == end;
}

/* --- Results that are bytes ------------------------------------------------- */

/* A call of the ABI, for `fetch`. */
typedef struct call {
  enum { ARGUMENTS, RECEIVE, CONTEXT, CONTEXT_ALL, ACTOR, SCOPE, NAMED_SCOPE } which;
  const char *text;
  const warren_queue *queues;
  size_t count;
  int64_t deadline;
} call;

static int32_t perform(const call *c, char *out, size_t capacity) {
  switch (c->which) {
    case ARGUMENTS: return program_arguments(out, capacity);
    case RECEIVE: return mailbox_receive(c->queues, c->count, c->deadline, out, capacity);
    case CONTEXT: return context_get(STRING(c->text), out, capacity);
    case CONTEXT_ALL: return context_all(out, capacity);
    case ACTOR: return security_actor(out, capacity);
    case SCOPE: return security_scope(out, capacity);
    case NAMED_SCOPE: return security_named_scope(STRING(c->text), out, capacity);
  }
  return 0;
}

/* Gives the message memory for a result. */
static int prepare(warren_message *message) {
  if (message->bytes) return 0;
  message->bytes = malloc(1024);
  if (!message->bytes) return set_last(NULL, 0);
  message->capacity = 1024;
  return 0;
}

/* Takes the result of a call that was given the message's memory. Returns the
 * length, or -1. */
static int64_t fetched(warren_message *message, int32_t status) {
  if (status < 0) return fetch_error(status);
  size_t len = (size_t)status;
  if (len <= message->capacity) return (int64_t)len;
  char *bytes = realloc(message->bytes, len);
  if (!bytes) return set_last(NULL, 0);
  message->bytes = bytes;
  message->capacity = len;
  held_take(bytes, len);
  return (int64_t)len;
}

/* Makes a call with the message's memory. Returns the length, or -1. */
static int64_t fetch(warren_message *message, const call *c) {
  if (prepare(message)) return -1;
  return fetched(message, perform(c, message->bytes, message->capacity));
}

/* Sets `value` to a result of this length; nil if there is none. */
static int value_of(warren_message *message, warren_reader *value, int64_t len) {
  if (len < 0) return -1;
  if (len == 0) message->bytes[len++] = (char)0xc0;
  warren_reader one = {message->bytes, message->bytes + len, 1, NULL};
  *value = one;
  return 0;
}

static int fetch_value(warren_message *message, warren_reader *value, const call *c) {
  return value_of(message, value, fetch(message, c));
}

/* Fails if a string is not UTF-8, as names, topics and ids must be. */
static int check(const char *what, const char *string) {
  if (!string || is_utf8((const uint8_t *)string, strlen(string))) return 0;
  return warren_fail(WARREN_INVALID, "%s is not UTF-8", what);
}

/* --- Processes ------------------------------------------------------------ */

static int pid_from(int32_t status, warren_pid *pid) {
  if (status < 0) return fetch_error(status);
  if ((size_t)status >= WARREN_PID_SIZE)
    return warren_fail(WARREN_INTERNAL, "a PID of %d bytes", (int)status);
  pid->text[status] = 0;
  return 0;
}

int warren_self(warren_pid *pid) { return pid_from(process_pid(pid->text, WARREN_PID_SIZE - 1), pid); }

int warren_send(const char *to, const char *topic, const warren_writer *payload) {
  if (check("destination", to) || check("topic", topic)) return -1;
  warren_writer values = WARREN_WRITER;
  int failed = values_of(payload, "payload", &values);
  if (!failed) failed = done(process_send(STRING(to), STRING(topic), values.bytes, values.len));
  warren_writer_free(&values);
  return failed;
}

/* A call on one process. */
static int on(const char *target, int32_t (*call)(IN)) {
  return check("destination", target) ? -1 : done(call(STRING(target)));
}

int warren_terminate(const char *target) { return on(target, process_terminate); }
int warren_cancel(const char *target, int64_t deadline) {
  if (check("destination", target)) return -1;
  return done(process_cancel(STRING(target), deadline < 0 ? -1 : deadline));
}
int warren_monitor(const char *target) { return on(target, process_monitor); }
int warren_unmonitor(const char *target) { return on(target, process_unmonitor); }
int warren_link(const char *target) { return on(target, process_link); }
int warren_unlink(const char *target) { return on(target, process_unlink); }
bool warren_trap_links(void) { return process_get_options() & 1; }
void warren_set_trap_links(bool trap) { process_set_options(trap); }

int warren_upgrade(const char *definition, const warren_writer *arguments) {
  if (check("definition", definition)) return -1;
  warren_writer values = WARREN_WRITER;
  /* Printed and unwritten output would be lost. */
  fflush(NULL);
  if (!values_of(arguments, "arguments", &values))
    done(process_upgrade(definition, definition ? strlen(definition) : ABSENT, values.bytes, values.len));
  warren_writer_free(&values);
  return -1;
}

void warren_exit(int status) {
  fflush(NULL);
  program_exit(status);
}

/* Appends the content of one writer to another, as one value. */
static void append(warren_writer *writer, const warren_writer *value) {
  raw(writer, value->bytes, value->len);
  count_value(writer);
}

static int write_options(const warren_start *start, warren_writer *out) {
  if (check("name", start->name) || check("actor", start->actor)) return -1;
  for (size_t i = 0; start->policies && i < start->policy_count; i++)
    if (check("policy", start->policies[i])) return -1;
  for (size_t i = 0; i < start->message_count; i++)
    if (check("topic", start->messages[i].topic)) return -1;
  if (sound_one(start->context, "context") || sound_one(start->actor_meta, "meta of the actor")) return -1;
  /* Each part has its limit; messages may be many. */
  out->unlimited = true;
  uint32_t pairs = !!start->name + !!start->context + !!start->actor + !!start->policies + !!start->message_count;
  if (pairs == 0) return 0;
  warren_write_map(out, pairs);
  if (start->name) {
    warren_write_string(out, "name");
    warren_write_string(out, start->name);
  }
  if (start->context) {
    warren_write_string(out, "context");
    append(out, start->context);
  }
  if (start->actor) {
    warren_write_string(out, "actor");
    warren_write_map(out, 2);
    warren_write_string(out, "id");
    warren_write_string(out, start->actor);
    warren_write_string(out, "meta");
    if (start->actor_meta) append(out, start->actor_meta);
    else warren_write_map(out, 0);
  }
  if (start->policies) {
    warren_write_string(out, "scope");
    warren_write_map(out, 1);
    warren_write_string(out, "policies");
    warren_write_array(out, (uint32_t)start->policy_count);
    for (size_t i = 0; i < start->policy_count; i++) warren_write_string(out, start->policies[i]);
  }
  if (start->message_count) {
    warren_write_string(out, "messages");
    warren_write_array(out, (uint32_t)start->message_count);
    for (size_t i = 0; i < start->message_count; i++) {
      warren_writer values = WARREN_WRITER;
      int failed = values_of(start->messages[i].payload, start->messages[i].topic, &values);
      warren_write_array(out, 2);
      warren_write_string(out, start->messages[i].topic);
      append(out, &values);
      warren_writer_free(&values);
      if (failed) return -1;
    }
  }
  return sound(out, "options");
}

/* Spawns; begins an exec if `pid` is NULL. */
static int begin(const warren_start *start, warren_pid *pid, warren_queue *queue) {
  if (check("definition", start->definition) || check("host", start->host)) return -1;
  warren_writer options = WARREN_WRITER, values = WARREN_WRITER;
  int failed = values_of(start->arguments, "arguments", &values) || write_options(start, &options) ? -1 : 0;
  if (!failed && pid) {
    failed = pid_from(process_spawn(STRING(start->definition), STRING(start->host), values.bytes, values.len,
                                    start->relation, options.bytes, options.len, pid->text, WARREN_PID_SIZE - 1),
                      pid);
  } else if (!failed) {
    int32_t status = process_exec(STRING(start->definition), STRING(start->host), values.bytes, values.len,
                                  options.bytes, options.len);
    failed = done(status);
    *queue = (warren_queue)status;
  }
  warren_writer_free(&options);
  warren_writer_free(&values);
  return failed;
}

int warren_spawn(const warren_start *start, warren_pid *pid) { return begin(start, pid, NULL); }
int warren_exec_start(const warren_start *start, warren_queue *queue) { return begin(start, NULL, queue); }

/* --- Messages -------------------------------------------------------------- */

warren_queue warren_inbox(void) { return mailbox_inbox(); }
warren_queue warren_events(void) { return mailbox_events(); }

int warren_listen(const char *topic, warren_queue *queue) {
  if (check("topic", topic)) return -1;
  int32_t status = mailbox_listen(STRING(topic));
  if (status < 0) return fetch_error(status);
  *queue = (warren_queue)status;
  return 0;
}

void warren_unlisten(warren_queue queue) { mailbox_unlisten(queue); }

static int64_t deadline_after(int64_t timeout) {
  if (timeout < 0) return -1;
  int64_t now = clock_monotonic();
  return timeout > INT64_MAX - now ? INT64_MAX : now + timeout;
}

static uint32_t little_endian(const char *at) {
  const uint8_t *bytes = (const uint8_t *)at;
  return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

/* Takes a record of the flat ABI apart; false where its payload is no values. */
static bool parse_message(warren_message *message, size_t len) {
  const char *at = message->bytes, *end = at + len;
  message->queue = little_endian(at);
  size_t from = little_endian(at + 4), topic = little_endian(at + 8);
  at += 12;
  size_t kept = from < WARREN_PID_SIZE ? from : 0;
  memcpy(message->from.text, at, kept);
  message->from.text[kept] = 0;
  message->topic.data = at + from;
  message->topic.len = topic;
  return values_reader(at + from + topic, end, &message->payload);
}

int warren_receive_any(warren_message *message, const warren_queue *queues, size_t count, int64_t timeout) {
  call receive = {RECEIVE, NULL, queues, count, deadline_after(timeout)};
  for (;;) {
    int64_t len = fetch(message, &receive);
    if (len < 0) return -1;
    if (len >= 12) {
      if (parse_message(message, (size_t)len)) return 1;
      warren_log(WARREN_WARN, "dropped a message `%.*s` from %s: not values of the guest ABI",
                 WARREN_TEXT(message->topic), message->from.text);
    } else if (timeout >= 0) {
      return 0;
    }
  }
}

int warren_receive(warren_message *message, warren_queue queue, int64_t timeout) {
  return warren_receive_any(message, &queue, 1, timeout);
}

void warren_message_free(warren_message *message) {
  free(message->bytes);
  memset(message, 0, sizeof *message);
}

void warren_sleep(int64_t nanoseconds) {
  char out[1];
  warren_queue none = 0;
  mailbox_receive(&none, 0, deadline_after(nanoseconds < 0 ? 0 : nanoseconds), out, 0);
}

/* `{value}`, `{error, cause}` or an empty map. */
static int read_outcome(warren_reader *reader, bool *failed, warren_error *error, warren_reader *value) {
  static const char nil[1] = {(char)0xc0};
  warren_reader none = {nil, nil + 1, 1, NULL};
  *value = none;
  *failed = false;
  memset(error, 0, sizeof *error);
  error->retryable = WARREN_RETRYABLE_UNKNOWN;
  uint32_t pairs = warren_read_map(reader);
  while (pairs-- && !reader->mistake) {
    warren_text key = warren_read_text(reader);
    warren_reader part = warren_read_value(reader);
    if (warren_text_is(key, "value")) *value = part;
    if (warren_text_is(key, "error")) {
      *failed = true;
      if (!error->message.data) error->message = warren_read_text(&part);
    }
    if (warren_text_is(key, "cause")) {
      *failed = true;
      warren_read_error(&part, error);
    }
  }
  return reader->mistake ? -1 : 0;
}

int warren_read_event(const warren_message *message, warren_event *event) {
  memset(event, 0, sizeof *event);
  warren_reader reader = message->payload;
  uint32_t pairs = warren_read_map(&reader);
  warren_text kind = {"", 0};
  while (pairs-- && !reader.mistake) {
    warren_text key = warren_read_text(&reader);
    if (warren_text_is(key, "kind")) kind = warren_read_text(&reader);
    else if (warren_text_is(key, "from")) event->from = warren_read_text(&reader);
    else if (warren_text_is(key, "at")) event->at = warren_read_text(&reader);
    else if (warren_text_is(key, "deadline")) event->deadline = warren_read_text(&reader);
    else if (warren_text_is(key, "node") || warren_text_is(key, "name")) event->name = warren_read_text(&reader);
    else if (warren_text_is(key, "result")) read_outcome(&reader, &event->failed, &event->error, &event->value);
    else warren_read_value(&reader);
  }
  if (warren_read_done(&reader, "event")) return -1;
  if (warren_text_is(kind, "pid.exit")) event->kind = WARREN_EVENT_EXIT;
  else if (warren_text_is(kind, "pid.link.down")) event->kind = WARREN_EVENT_LINK_DOWN;
  else if (warren_text_is(kind, "pid.cancel")) event->kind = WARREN_EVENT_CANCEL;
  else if (warren_text_is(kind, "node.up")) event->kind = WARREN_EVENT_NODE_UP;
  else if (warren_text_is(kind, "node.down")) event->kind = WARREN_EVENT_NODE_DOWN;
  else if (warren_text_is(kind, "name.lost")) event->kind = WARREN_EVENT_NAME_LOST;
  else return warren_fail(WARREN_INVALID, "an event of unknown kind `%.*s`", WARREN_TEXT(kind));
  return 0;
}

int warren_exec_result(const warren_message *message, warren_reader *value) {
  warren_reader reader = message->payload;
  bool failed;
  warren_error error;
  read_outcome(&reader, &failed, &error, value);
  if (warren_read_done(&reader, "outcome")) return -1;
  return failed ? warren_fail_with(&error) : 0;
}

int warren_exec(const warren_start *start, warren_message *message, warren_reader *value) {
  warren_queue queue;
  if (warren_exec_start(start, &queue)) return -1;
  if (warren_receive(message, queue, WARREN_FOREVER) != 1) return -1;
  return warren_exec_result(message, value);
}

/* --- Operations --------------------------------------------------------------- */

int warren_call_start(const char *operation, const warren_writer *arguments, warren_message *message,
                      warren_reader *value, warren_queue *queue) {
  if (check("operation", operation)) return -1;
  warren_writer request = WARREN_WRITER;
  request.unlimited = arguments && arguments->unlimited;
  int64_t len = -1;
  if (!values_of(arguments, "arguments", &request) && !prepare(message))
    len = fetched(message, capability_call(STRING(operation), request.bytes, request.len,
                                           message->bytes, message->capacity));
  warren_writer_free(&request);
  /* A subscription is the extension type 3, with four bytes. */
  if (len == 6 && (uint8_t)message->bytes[0] == 0xd6 && message->bytes[1] == 3) {
    *queue = little_endian(message->bytes + 2);
    return 1;
  }
  return value_of(message, value, len);
}

int warren_call(const char *operation, const warren_writer *arguments, warren_message *message,
                warren_reader *value) {
  warren_queue queue;
  int started = warren_call_start(operation, arguments, message, value, &queue);
  if (started != 1) return started;
  if (warren_receive(message, queue, WARREN_FOREVER) != 1) return -1;
  return warren_exec_result(message, value);
}

/* --- HTTP ----------------------------------------------------------------------- */

/* Writes the fields as a map of names: a name that is there twice has all its values. */
static void write_headers(const warren_header *headers, size_t count, warren_writer *out) {
  warren_writer pairs = WARREN_WRITER;
  pairs.unlimited = true;
  for (size_t i = 0; i < count; i++) {
    const char *name = headers[i].name;
    bool is_written = false;
    for (size_t j = 0; j < i && !is_written; j++) is_written = strcmp(headers[j].name, name) == 0;
    if (is_written) continue;
    uint32_t values = 0;
    for (size_t j = i; j < count; j++) values += strcmp(headers[j].name, name) == 0;
    warren_write_string(&pairs, name);
    warren_write_array(&pairs, values);
    for (size_t j = i; j < count; j++)
      if (strcmp(headers[j].name, name) == 0) warren_write_string(&pairs, headers[j].value);
  }
  if (pairs.mistake && !out->mistake) out->mistake = pairs.mistake;
  msgpack_pack_map(out, pairs.count / 2);
  append(out, &pairs);
  warren_writer_free(&pairs);
}

static void write_request(const warren_request *request, warren_writer *out) {
  warren_write_string(out, request->method);
  warren_write_string(out, request->url);
  warren_write_map(out, !!request->header_count + !!request->body.data + !!request->timeout);
  if (request->header_count) {
    warren_write_string(out, "headers");
    write_headers(request->headers, request->header_count, out);
  }
  if (request->body.data) {
    warren_write_string(out, "body");
    warren_write_text(out, request->body);
  }
  if (request->timeout) {
    warren_write_string(out, "timeout");
    warren_write_int(out, request->timeout);
  }
}

static int read_response(warren_reader *answer, warren_response *response) {
  memset(response, 0, sizeof *response);
  uint32_t pairs = warren_read_map(answer);
  while (pairs-- && !answer->mistake) {
    warren_text key = warren_read_text(answer);
    warren_reader value = warren_read_value(answer);
    if (warren_text_is(key, "status")) response->status = (int)warren_read_int(&value);
    else if (warren_text_is(key, "url")) response->url = warren_read_text(&value);
    else if (warren_text_is(key, "headers")) response->headers = value;
    /* An empty body is nil. */
    else if (warren_text_is(key, "body") && !warren_read_nil(&value))
      response->body = warren_read_text(&value);
  }
  return warren_read_done(answer, "answer");
}

int warren_http_request(const warren_request *request, warren_message *message,
                        warren_response *response) {
  /* The operation takes -1 for its own time limit. */
  if (request->timeout < 0) return warren_fail(WARREN_INVALID, "timeout is below 0");
  warren_writer arguments = WARREN_WRITER;
  /* A body may be longer than a message; the runtime refuses one that is too long. */
  arguments.unlimited = true;
  write_request(request, &arguments);
  warren_reader answer;
  int failed = warren_call("http.request", &arguments, message, &answer);
  warren_writer_free(&arguments);
  return failed ? -1 : read_response(&answer, response);
}

warren_text warren_response_header(const warren_response *response, const char *name) {
  warren_reader headers = response->headers;
  uint32_t count = warren_read_array(&headers);
  while (count-- && !headers.mistake) {
    warren_read_array(&headers);
    warren_text known = warren_read_text(&headers), value = warren_read_text(&headers);
    if (known.len == strlen(name) && strncasecmp(known.data, name, known.len) == 0) return value;
  }
  return text_of(NULL);
}

/* --- Names, context, identity --------------------------------------------- */

int warren_register(const char *name, const char *pid) {
  if (check("name", name) || check("pid", pid)) return -1;
  return done(registry_register(STRING(name), pid, pid ? strlen(pid) : ABSENT));
}

int warren_lookup(const char *name, warren_pid *pid) {
  if (check("name", name)) return -1;
  return pid_from(registry_lookup(STRING(name), pid->text, WARREN_PID_SIZE - 1), pid);
}

int warren_unregister(const char *name) {
  if (check("name", name)) return -1;
  int32_t status = registry_unregister(STRING(name));
  return status < 0 ? fetch_error(status) : status;
}

int warren_context(const char *key, warren_message *message, warren_reader *value) {
  if (check("key", key)) return -1;
  call get = {CONTEXT, key, NULL, 0, 0};
  return fetch_value(message, value, &get);
}

int warren_context_all(warren_message *message, warren_reader *value) {
  call all = {CONTEXT_ALL, NULL, NULL, 0, 0};
  return fetch_value(message, value, &all);
}

int warren_actor(warren_message *message, warren_reader *value) {
  call actor = {ACTOR, NULL, NULL, 0, 0};
  return fetch_value(message, value, &actor);
}

int warren_scope(warren_message *message, warren_reader *value) {
  call scope = {SCOPE, NULL, NULL, 0, 0};
  return fetch_value(message, value, &scope);
}

int warren_named_scope(const char *id, warren_message *message, warren_reader *value) {
  if (check("id", id)) return -1;
  call scope = {NAMED_SCOPE, id, NULL, 0, 0};
  return fetch_value(message, value, &scope);
}

int warren_policy(const char *id) { return check("id", id) ? -1 : done(security_policy(STRING(id))); }

bool warren_can(const char *action, const char *resource, const warren_writer *attributes) {
  if (check("action", action) || check("resource", resource)) return false;
  if (sound_one(attributes, "attributes")) return false;
  return security_can(STRING(action), STRING(resource), attributes ? attributes->bytes : NULL,
                      attributes ? attributes->len : ABSENT);
}

/* --- The rest ---------------------------------------------------------------- */

int64_t warren_now(void) { return clock_now(); }
int64_t warren_monotonic(void) { return clock_monotonic(); }
void warren_random(void *bytes, size_t len) { random_bytes(bytes, len); }

void warren_log_at(const char *file, int line, warren_level level, const char *format, ...) {
  char message[1024];
  va_list arguments;
  va_start(arguments, format);
  int len = vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  if (len < 0) return;
  warren_writer fields = WARREN_WRITER;
  warren_write_map(&fields, 2);
  warren_write_string(&fields, "file");
  warren_write_string(&fields, file);
  warren_write_string(&fields, "line");
  warren_write_int(&fields, line);
  /* Cut in the middle of a character, it would be no text. */
  size_t kept = (size_t)len < sizeof message ? (size_t)len : sizeof message - 1;
  while (kept && !is_utf8((const uint8_t *)message, kept)) kept--;
  if (fields.mistake) logger_log(level, "", 0, message, kept, NULL, ABSENT);
  else logger_log(level, "", 0, message, kept, fields.bytes, fields.len);
  warren_writer_free(&fields);
}

/* --- Entry ------------------------------------------------------------------- */

static void finish(const warren_writer *result) {
  if (sound(result, "result")) {
    report_last();
  } else if (result->count > 1) {
    warren_fail(WARREN_INVALID, "result: %u values where one was expected", result->count);
    report_last();
  } else if (result->count == 0 || (result->len == 1 && (uint8_t)result->bytes[0] == 0xc0)) {
    /* Nil is the result of who returns nothing. */
    program_finish(NULL, ABSENT);
  } else {
    program_finish(result->bytes, result->len);
  }
}

static void run(void) {
  warren_message message = WARREN_MESSAGE;
  warren_reader arguments;
  call get = {ARGUMENTS, NULL, NULL, 0, 0};
  int64_t len = fetch(&message, &get);
  if (len >= 0 && !values_reader(message.bytes, message.bytes + len, &arguments))
    len = warren_fail(WARREN_INVALID, "arguments: not values of the guest ABI");
  if (len < 0) {
    report_last();
    return;
  }
  warren_writer result = WARREN_WRITER;
  int status = warren_main(&arguments, &result);
  if (status == 0) {
    finish(&result);
    return;
  }
  if (!last_error.message.data) warren_fail(WARREN_INTERNAL, "warren_main returned %d", status);
  report_last();
}

__attribute__((export_name("start"))) void warren_entry(void) {
  /* The runtime passes complete lines on as they come. */
  setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
  run();
  /* Nothing runs after `start` that would do it. */
  fflush(NULL);
}
