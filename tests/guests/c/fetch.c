/* A request over HTTP to the URL that is the argument. Its result is the body of the answer. */
#include "warren.h"

int warren_main(warren_reader *args, warren_writer *result) {
  warren_text url = warren_read_text(args);
  if (warren_read_done(args, "arguments")) return -1;

  warren_writer request = WARREN_WRITER;
  warren_write_string(&request, "PUT");
  warren_write_text(&request, url);
  warren_write_map(&request, 2);
  warren_write_string(&request, "body");
  warren_write_string(&request, "twelve bytes");
  warren_write_string(&request, "timeout");
  warren_write_int(&request, 10 * WARREN_SECOND);

  warren_message message = WARREN_MESSAGE;
  warren_reader answer;
  if (warren_call("http.request", &request, &message, &answer)) return -1;
  uint32_t fields = warren_read_map(&answer);
  for (uint32_t i = 0; i < fields; i++) {
    warren_text name = warren_read_text(&answer);
    warren_reader value = warren_read_value(&answer);
    if (warren_text_is(name, "body")) warren_write_value(result, &value);
  }
  if (warren_read_done(&answer, "answer")) return -1;
  warren_message_free(&message);
  warren_writer_free(&request);
  return 0;
}
