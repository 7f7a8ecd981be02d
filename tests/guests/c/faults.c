/* Ends in each of the ways a process can fail. */
#include "warren.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int deeper(int n) { return n ? deeper(n + 1) + (int)strlen(getenv("PATH") ? "a" : "bc") : 0; }

int warren_main(warren_reader *args, warren_writer *result) {
  warren_text fault = warren_read_text(args);
  if (warren_read_done(args, "arguments")) return -1;
  if (warren_text_is(fault, "panic")) warren_panic("a bug in %s", "main");
  if (warren_text_is(fault, "assert")) assert(fault.len == 0);
  if (warren_text_is(fault, "abort")) abort();
  if (warren_text_is(fault, "memory"))
    for (;;) {
      volatile char *bytes = malloc(1 << 20);
      if (!bytes) return warren_fail(WARREN_OUT_OF_MEMORY, "not enough memory");
      bytes[0] = 1;
    }
  if (warren_text_is(fault, "recursion")) printf("%d\n", deeper(1));
  if (warren_text_is(fault, "status")) return 5;
  if (warren_text_is(fault, "exit")) warren_exit(7);
  if (warren_text_is(fault, "log")) {
    warren_log(WARREN_WARN, "something %s is odd", "here");
    return 0;
  }
  if (warren_text_is(fault, "results")) {
    warren_write_int(result, 1);
    warren_write_int(result, 2);
    return 0;
  }
  if (warren_text_is(fault, "unfinished")) {
    warren_write_array(result, 2);
    warren_write_int(result, 1);
    return 0;
  }
  if (warren_text_is(fault, "deep")) {
    for (int i = 0; i < 101; i++) warren_write_array(result, 1);
    warren_write_nil(result);
    return 0;
  }
  return warren_fail(WARREN_INVALID, "no fault `%.*s`", WARREN_TEXT(fault));
}
