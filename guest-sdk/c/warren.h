/* Write warren processes in C or C++.
 *
 * A process is a small WebAssembly instance of its own. It shares no memory
 * with others, blocks while it waits, and communicates only by messages.
 *
 *     #include "warren.h"
 *
 *     int warren_main(warren_reader *args, warren_writer *result) {
 *       int64_t a = warren_read_int(args), b = warren_read_int(args);
 *       if (warren_read_done(args, "arguments")) return -1;
 *       warren_write_int(result, a + b);
 *       return 0;
 *     }
 *
 * Functions that can fail return 0, or -1 and leave the reason in
 * warren_last_error(). A process that returns anything but 0 from warren_main
 * ends with that error.
 *
 * Build with clang for wasm32-wasip1, as a reactor; see the Makefile. */
#ifndef WARREN_H
#define WARREN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --- The program --------------------------------------------------------- */

typedef struct warren_reader warren_reader;
typedef struct warren_writer warren_writer;

/* The process's code, which the program defines. `args` has the process's
 * arguments; one value or none written to `result` is its result. */
int warren_main(warren_reader *args, warren_writer *result);

/* --- Text and errors ------------------------------------------------------ */

/* Borrowed bytes without a terminating zero byte. */
typedef struct warren_text {
  const char *data;
  size_t len;
} warren_text;

/* Returns whether the text equals the string. */
bool warren_text_is(warren_text text, const char *string);
/* For printf: printf("%.*s", WARREN_TEXT(text)). Evaluates its argument twice:
 * pass a variable, not a call. */
#define WARREN_TEXT(text) (int)(text).len, (text).data

#define WARREN_NOT_FOUND "NotFound"
#define WARREN_ALREADY_EXISTS "AlreadyExists"
#define WARREN_INVALID "Invalid"
#define WARREN_PERMISSION_DENIED "PermissionDenied"
#define WARREN_UNAVAILABLE "Unavailable"
#define WARREN_INTERNAL "Internal"
#define WARREN_CANCELED "Canceled"
#define WARREN_CONFLICT "Conflict"
#define WARREN_TIMEOUT "Timeout"
#define WARREN_RATE_LIMITED "RateLimited"
/* For ending the process for want of memory: the runtime makes it Internal, and
 * adds the limit to the message. */
#define WARREN_OUT_OF_MEMORY "OutOfMemory"

/* The same call may or may not succeed later. */
#define WARREN_RETRYABLE_UNKNOWN (-1)

/* A structured error. */
typedef struct warren_error {
  warren_text kind;    /* one of the above, or the program's own */
  warren_text message; /* for people */
  int retryable;       /* 0, 1, or WARREN_RETRYABLE_UNKNOWN */
  warren_text details; /* one encoded value; empty for none */
  warren_text stack;   /* place of the failure; empty if unknown */
} warren_error;

/* Returns the error of the last failed call. Valid until the next call that
 * fails. */
const warren_error *warren_last_error(void);
/* Sets the last error. Returns -1, for use in a return statement. */
int warren_fail(const char *kind, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Sets the last error with all its parts, which are copied. Returns -1. */
int warren_fail_with(const warren_error *error);

/* Ends the process with an error of kind Internal that names the place. */
#define warren_panic(...) warren_panic_at(__FILE__, __LINE__, __VA_ARGS__)
void warren_panic_at(const char *file, int line, const char *format, ...)
    __attribute__((noreturn, format(printf, 3, 4)));

/* --- Values -------------------------------------------------------------- */

/* Maximum nesting of values. */
#define WARREN_MAX_DEPTH 100
/* Bytes of the longest value that crosses: no host's max_message is more. */
#define WARREN_MAX_MESSAGE 1048576

/* Collects values. Begins as WARREN_WRITER, ends in warren_writer_free. A
 * mistake (no memory, too many bytes, nesting too deep, a container with too few
 * elements) is kept, and returned by the call that takes the writer. */
struct warren_writer {
  char *bytes;
  size_t len, capacity;
  uint32_t count;                          /* values at the top */
  uint32_t depth;                          /* open containers */
  uint32_t open[WARREN_MAX_DEPTH];         /* values that each still needs */
  const char *mistake;
  bool unlimited;                          /* set by the SDK for data that is not a message */
};
#define WARREN_WRITER {NULL, 0, 0, 0, 0, {0}, NULL, false}

void warren_write_nil(warren_writer *writer);
void warren_write_bool(warren_writer *writer, bool value);
void warren_write_int(warren_writer *writer, int64_t value);
void warren_write_float(warren_writer *writer, double value);
/* Writes a string that ends at its zero byte. */
void warren_write_string(warren_writer *writer, const char *string);
/* Writes a string of any bytes. */
void warren_write_text(warren_writer *writer, warren_text text);
/* Begins an array; the next `count` values are its elements. */
void warren_write_array(warren_writer *writer, uint32_t count);
/* Begins a map; the next 2 * `count` values are its keys and values by turns.
 * Keys are strings, numbers or booleans. */
void warren_write_map(warren_writer *writer, uint32_t count);
void warren_write_error(warren_writer *writer, const warren_error *error);
/* Moves one value from a reader. */
void warren_write_value(warren_writer *writer, warren_reader *value);
/* Empties the writer and keeps its memory. */
void warren_writer_clear(warren_writer *writer);
void warren_writer_free(warren_writer *writer);

typedef enum warren_type {
  WARREN_END, /* no value is left */
  WARREN_NIL,
  WARREN_BOOL,
  WARREN_INT,
  WARREN_FLOAT,
  WARREN_STRING,
  WARREN_ARRAY,
  WARREN_MAP,
  WARREN_ERROR
} warren_type;

/* Reads values from front to back; copy the reader to read them twice. Texts
 * point into the reader's source. A mistake (another type, no value left) is
 * kept, and every later read yields nothing: read all expected values, then
 * call warren_read_done. */
struct warren_reader {
  const char *at, *end;
  uint32_t count; /* values at the top, those read included */
  const char *mistake;
};

/* Returns the type of the next value. */
warren_type warren_peek(const warren_reader *reader);
/* Takes the next value if it is nil. */
bool warren_read_nil(warren_reader *reader);
bool warren_read_bool(warren_reader *reader);
int64_t warren_read_int(warren_reader *reader);
/* Reads a float or an integer. */
double warren_read_float(warren_reader *reader);
/* Reads a string of any bytes. */
warren_text warren_read_text(warren_reader *reader);
/* Begins an array; returns the number of elements that follow. */
uint32_t warren_read_array(warren_reader *reader);
/* Begins a map; returns the number of pairs of key and value that follow. */
uint32_t warren_read_map(warren_reader *reader);
void warren_read_error(warren_reader *reader, warren_error *error);
/* Takes one whole value, to be read later. */
warren_reader warren_read_value(warren_reader *reader);
/* Fails if a mistake was made or a value is left; the message names `what`. */
int warren_read_done(const warren_reader *reader, const char *what);

/* --- Processes ------------------------------------------------------------ */

/* Room for the text of any PID and its zero byte. */
#define WARREN_PID_SIZE 320
typedef struct warren_pid {
  char text[WARREN_PID_SIZE];
} warren_pid;

/* A destination is the text of a PID or a registered name. */
int warren_self(warren_pid *pid);
int warren_send(const char *to, const char *topic, const warren_writer *payload);
int warren_terminate(const char *target);
/* The deadline is in nanoseconds from now; negative for none. */
int warren_cancel(const char *target, int64_t deadline);
int warren_monitor(const char *target);
int warren_unmonitor(const char *target);
int warren_link(const char *target);
int warren_unlink(const char *target);
bool warren_trap_links(void);
void warren_set_trap_links(bool trap);
/* Replaces the running code; returns only on failure. Without a definition, the
 * present one starts afresh. */
int warren_upgrade(const char *definition, const warren_writer *arguments);
/* Ends the program, in its first process; ends the process in any other. */
void warren_exit(int status) __attribute__((noreturn));

typedef struct warren_message_spec {
  const char *topic;
  const warren_writer *payload;
} warren_message_spec;

#define WARREN_MONITORED 1u
#define WARREN_LINKED 2u

/* The request for a new process. All but the first two may be left zero. */
typedef struct warren_start {
  const char *definition, *host;
  const warren_writer *arguments;
  unsigned relation;             /* WARREN_MONITORED | WARREN_LINKED */
  const char *name;              /* claimed together with the start */
  const warren_writer *context;  /* one map */
  const char *actor;             /* its id */
  const warren_writer *actor_meta; /* one map */
  const char *const *policies;   /* its scope */
  size_t policy_count;
  const warren_message_spec *messages; /* found before any other */
  size_t message_count;
} warren_start;

int warren_spawn(const warren_start *start, warren_pid *pid);

/* --- Messages -------------------------------------------------------------- */

typedef uint32_t warren_queue;

/* The queues: the messages that no topic claims, the events, one topic. */
warren_queue warren_inbox(void);
warren_queue warren_events(void);
int warren_listen(const char *topic, warren_queue *queue);
void warren_unlisten(warren_queue queue);

/* A message. Begins as WARREN_MESSAGE and can be received into repeatedly, which
 * replaces its content. Ends in warren_message_free. */
typedef struct warren_message {
  warren_queue queue;
  warren_pid from; /* empty if no process sent it */
  warren_text topic;
  warren_reader payload;
  char *bytes;
  size_t capacity;
} warren_message;
#define WARREN_MESSAGE {0, {{0}}, {NULL, 0}, {NULL, NULL, 0, NULL}, NULL, 0}

#define WARREN_FOREVER (-1)
#define WARREN_SECOND INT64_C(1000000000)
#define WARREN_MILLISECOND INT64_C(1000000)

/* Waits until one of the queues has a message, for `timeout` nanoseconds at most,
 * and takes the oldest of the first that has one. Returns 1; 0 at the timeout; -1
 * without memory. A message that is not a value of the ABI is logged and
 * dropped. */
int warren_receive_any(warren_message *message, const warren_queue *queues, size_t count,
                       int64_t timeout);
int warren_receive(warren_message *message, warren_queue queue, int64_t timeout);
void warren_message_free(warren_message *message);
/* Waits for `nanoseconds`. */
void warren_sleep(int64_t nanoseconds);

typedef enum warren_event_kind {
  WARREN_EVENT_EXIT,
  WARREN_EVENT_LINK_DOWN,
  WARREN_EVENT_CANCEL,
  WARREN_EVENT_NODE_UP,
  WARREN_EVENT_NODE_DOWN,
  WARREN_EVENT_NAME_LOST
} warren_event_kind;

/* The content of a message of warren_events. */
typedef struct warren_event {
  warren_event_kind kind;
  warren_text from, at, deadline; /* deadline: CANCEL only, may be empty */
  warren_text name;               /* NODE_UP, NODE_DOWN: the node; NAME_LOST: the name */
  bool failed;
  warren_error error;             /* if failed */
  warren_reader value;            /* the result, nil for none */
} warren_event;
int warren_read_event(const warren_message *message, warren_event *event);

/* Starts a process and waits for its end. `message` owns the bytes of `value`. If
 * the process failed, its error is the last error. */
int warren_exec(const warren_start *start, warren_message *message, warren_reader *value);
/* warren_exec in two steps: the queue yields one message, for the second. */
int warren_exec_start(const warren_start *start, warren_queue *queue);
int warren_exec_result(const warren_message *message, warren_reader *value);

/* --- Operations --------------------------------------------------------------- */

/* Calls an operation of the runtime, such as "hash.sha256", or of the program that
 * embeds it, and waits for its value. docs/guest-abi.md lists the operations of the
 * runtime. `arguments` may be NULL; `message` owns the bytes of `value`. */
int warren_call(const char *operation, const warren_writer *arguments, warren_message *message,
                warren_reader *value);
/* warren_call in two steps. Returns 0 if the operation is done, with its `value`. Returns 1
 * if it goes on: `queue` yields one message, for warren_exec_result, and
 * warren_unlisten stops the operation. */
int warren_call_start(const char *operation, const warren_writer *arguments, warren_message *message,
                      warren_reader *value, warren_queue *queue);

/* --- HTTP ----------------------------------------------------------------------- */

typedef struct warren_header {
  const char *name, *value;
} warren_header;

/* A request over HTTP. All but the first two may be left zero. */
typedef struct warren_request {
  const char *method, *url;
  const warren_header *headers;
  size_t header_count;
  warren_text body;
  int64_t timeout; /* in nanoseconds, for all of it; 0 for 30 seconds */
} warren_request;

/* The answer to a request, of any status. */
typedef struct warren_response {
  int status;
  warren_text url;       /* the one that answered, after redirects */
  warren_text body;      /* decoded */
  warren_reader headers; /* an array of arrays of name and value */
} warren_response;

/* Sends a request to an origin that is granted, and waits for the whole answer; `message` owns
 * its bytes. warren_call("http.request", ...) has the other options of requests, and bodies that
 * are streams. */
int warren_http_request(const warren_request *request, warren_message *message,
                        warren_response *response);
/* Returns the first value of a header field, its name in any case; without `data` for none. */
warren_text warren_response_header(const warren_response *response, const char *name);

/* --- Names, context, identity --------------------------------------------- */

/* Gives a process, the caller if `pid` is NULL, a name. */
int warren_register(const char *name, const char *pid);
int warren_lookup(const char *name, warren_pid *pid);
/* Frees a name. Returns 1; 0 if it was free. */
int warren_unregister(const char *name);

/* Each of these sets `value` to one value, nil if there is none; `message` owns
 * its bytes. */
int warren_context(const char *key, warren_message *message, warren_reader *value);
int warren_context_all(warren_message *message, warren_reader *value);
int warren_actor(warren_message *message, warren_reader *value);
int warren_scope(warren_message *message, warren_reader *value);
int warren_named_scope(const char *id, warren_message *message, warren_reader *value);
int warren_policy(const char *id);
/* `attributes` is one map, or NULL. */
bool warren_can(const char *action, const char *resource, const warren_writer *attributes);

/* --- The rest ---------------------------------------------------------------- */

/* Return nanoseconds since 1970, and since some point in the past. */
int64_t warren_now(void);
int64_t warren_monotonic(void);
/* Fills `bytes`, at most 65,536. */
void warren_random(void *bytes, size_t len);

typedef enum warren_level { WARREN_DEBUG, WARREN_INFO, WARREN_WARN, WARREN_ERROR_LEVEL } warren_level;
/* Writes to the program's log, with file and line. */
#define warren_log(level, ...) warren_log_at(__FILE__, __LINE__, level, __VA_ARGS__)
void warren_log_at(const char *file, int line, warren_level level, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#ifdef __cplusplus
}
#endif

#endif
