/* Reads whatever bytes say, as a guest would that takes any value. */
#include "warren.h"

/* The sum of all bytes that the readers hand out, so that each is touched. */
static volatile unsigned touched;

static void touch(warren_text text) {
  for (size_t i = 0; i < text.len; i++) touched += (unsigned char)text.data[i];
}

/* A count is what somebody claims: no more elements are asked for than that, and
 * the reader's own mistake ends the loop where they are missing. */
static void read_one(warren_reader *reader, unsigned depth) {
  if (depth > 200) return;
  switch (warren_peek(reader)) {
    case WARREN_BOOL: touched += warren_read_bool(reader); break;
    case WARREN_INT: touched += (unsigned)warren_read_int(reader); break;
    case WARREN_FLOAT: touched += warren_read_float(reader) > 0; break;
    case WARREN_STRING: touch(warren_read_text(reader)); break;
    case WARREN_ARRAY:
      for (uint32_t n = warren_read_array(reader); n > 0 && !reader->mistake; n--)
        read_one(reader, depth + 1);
      break;
    case WARREN_MAP:
      for (uint32_t n = warren_read_map(reader); n > 0 && !reader->mistake; n--) {
        read_one(reader, depth + 1);
        read_one(reader, depth + 1);
      }
      break;
    case WARREN_ERROR: {
      warren_error error;
      warren_read_error(reader, &error);
      touch(error.kind);
      touch(error.message);
      touch(error.details);
      touch(error.stack);
      break;
    }
    default: warren_read_nil(reader);
  }
}

uint32_t warren_fuzz_decode(const unsigned char *bytes, size_t len);
uint32_t warren_fuzz_decode(const unsigned char *bytes, size_t len) {
  warren_reader whole = {(const char *)bytes, (const char *)bytes + len, 1, NULL};
  warren_reader copy = whole;
  warren_reader value = warren_read_value(&copy);
  read_one(&value, 0);
  read_one(&whole, 0);
  return !copy.mistake;
}
