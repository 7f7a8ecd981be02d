/* Reads whatever bytes say, as a guest would that takes any value. */
#include <string.h>

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

static void copy_one(warren_reader *reader, warren_writer *writer) {
  switch (warren_peek(reader)) {
    case WARREN_NIL: warren_read_nil(reader); warren_write_nil(writer); break;
    case WARREN_BOOL: warren_write_bool(writer, warren_read_bool(reader)); break;
    case WARREN_INT: warren_write_int(writer, warren_read_int(reader)); break;
    case WARREN_FLOAT: warren_write_float(writer, warren_read_float(reader)); break;
    case WARREN_STRING: warren_write_text(writer, warren_read_text(reader)); break;
    case WARREN_ARRAY: {
      uint32_t n = warren_read_array(reader);
      warren_write_array(writer, n);
      for (; n > 0 && !reader->mistake && !writer->mistake; n--) copy_one(reader, writer);
      break;
    }
    case WARREN_MAP: {
      uint32_t n = warren_read_map(reader);
      warren_write_map(writer, n);
      for (; n > 0 && !reader->mistake && !writer->mistake; n--) {
        copy_one(reader, writer);
        copy_one(reader, writer);
      }
      break;
    }
    case WARREN_ERROR: {
      warren_error error;
      warren_read_error(reader, &error);
      warren_write_error(writer, &error);
      break;
    }
    default: reader->mistake = "a value of no type";
  }
}

/* Reads the bytes as one value and writes the value to `out`, which has `room` bytes.
 * Returns the number of bytes written, -1 if the bytes are not a value, or -2 if the
 * writer failed. */
int64_t warren_fuzz_copy(const unsigned char *bytes, size_t len, unsigned char *out, size_t room);
int64_t warren_fuzz_copy(const unsigned char *bytes, size_t len, unsigned char *out, size_t room) {
  warren_reader whole = {(const char *)bytes, (const char *)bytes + len, 1, NULL};
  warren_reader value = warren_read_value(&whole);
  if (warren_read_done(&whole, "value")) return -1;
  warren_writer writer = WARREN_WRITER;
  copy_one(&value, &writer);
  int64_t length = -2;
  if (!value.mistake && !writer.mistake && writer.count == 1 && writer.depth == 0 && writer.len <= room) {
    memcpy(out, writer.bytes, writer.len);
    length = (int64_t)writer.len;
  }
  warren_writer_free(&writer);
  return length;
}
