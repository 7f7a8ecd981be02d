/* Writes a file, does not close it, and ends in the way that it is asked for. */
#include "warren.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

static void copy(char *to, size_t size, warren_text text) {
  snprintf(to, size, "%.*s", WARREN_TEXT(text));
}

int warren_main(warren_reader *args, warren_writer *result) {
  char path[1024];
  warren_text how = warren_read_text(args);
  copy(path, sizeof path, warren_read_text(args));
  if (warren_read_done(args, "arguments")) return -1;
  FILE *file = fopen(path, "w");
  if (!file) return warren_fail(WARREN_NOT_FOUND, "%s does not open", path);
  if (fputs("one\n", file) < 0 || fwrite("two", 1, 3, file) != 3)
    return warren_fail(WARREN_INTERNAL, "%s takes no bytes", path);
  if (warren_text_is(how, "fail")) return warren_fail(WARREN_CONFLICT, "as asked");
  if (warren_text_is(how, "status")) return 5;
  if (warren_text_is(how, "panic")) warren_panic("as asked");
  if (warren_text_is(how, "assert")) assert(file == NULL);
  if (warren_text_is(how, "exit")) warren_exit(0);
  if (warren_text_is(how, "failing exit")) warren_exit(3);
  if (warren_text_is(how, "exit of C")) exit(0);
  if (warren_text_is(how, "failing exit of C")) exit(3);
  if (warren_text_is(how, "upgrade")) return warren_upgrade("app:nothing", NULL);
  if (warren_text_is(how, "refused upgrade")) return warren_upgrade("app:none", NULL);
  if (warren_text_is(how, "results")) {
    warren_write_int(result, 1);
    warren_write_int(result, 2);
  }
  return 0;
}
