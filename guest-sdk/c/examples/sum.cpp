// Returns the sum of its arguments.
#include "warren.h"

int warren_main(warren_reader *args, warren_writer *result) {
  double sum = 0;
  while (warren_peek(args) != WARREN_END && !args->mistake) sum += warren_read_float(args);
  if (warren_read_done(args, "arguments")) return -1;
  warren_write_float(result, sum);
  return 0;
}
