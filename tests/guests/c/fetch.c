/* A request over HTTP: its arguments are the URL, and the bytes of its body. Its result is the
 * status of the answer, the fields Content-Type and X-Two, and the body. */
#include "warren.h"

#include <stdlib.h>
#include <string.h>

int warren_main(warren_reader *args, warren_writer *result) {
  warren_text text = warren_read_text(args);
  int64_t len = warren_read_int(args);
  if (warren_read_done(args, "arguments")) return -1;
  char *url = calloc(text.len + 1, 1), *body = malloc((size_t)len + 1);
  if (!url || !body) return warren_fail(WARREN_OUT_OF_MEMORY, "no memory");
  memcpy(url, text.data, text.len);
  memset(body, 'x', (size_t)len);

  warren_header headers[] = {{"X-Two", "1"}, {"X-One", "alone"}, {"X-Two", "2"}};
  warren_request request = {.method = "PUT", .url = url, .headers = headers, .header_count = 3};
  request.timeout = 60 * WARREN_SECOND;
  if (len) request.body = (warren_text){body, (size_t)len};

  warren_message message = WARREN_MESSAGE;
  warren_response response;
  if (warren_http_request(&request, &message, &response)) return -1;
  warren_write_array(result, 4);
  warren_write_int(result, response.status);
  warren_write_text(result, warren_response_header(&response, "content-type"));
  warren_write_text(result, warren_response_header(&response, "X-TWO"));
  warren_write_text(result, response.body);

  warren_message_free(&message);
  free(url);
  free(body);
  return 0;
}
