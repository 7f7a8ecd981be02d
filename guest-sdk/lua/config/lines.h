/* Reading a line, in the place of Lua's function, which asks libc for each byte:
** from the buffer of the file. */

#if defined(__wasi__)
/* musl has these, but no header that declares them. */
const char *__freadptr (FILE *f, size_t *len);
void __freadptrinc (FILE *f, size_t len);

/* The bytes that were read ahead of a file; NULL if none were. */
static const char *read_ahead (FILE *f, size_t *len) {
  return __freadptr(f, len);
}

/* Takes bytes of what was read ahead. */
static void take_ahead (FILE *f, size_t len) {
  __freadptrinc(f, len);
}
#else
static const char *read_ahead (FILE *f, size_t *len) {
  *len = (size_t)(f->_IO_read_end - f->_IO_read_ptr);
  return *len > 0 ? f->_IO_read_ptr : NULL;
}

static void take_ahead (FILE *f, size_t len) {
  f->_IO_read_ptr += len;
}
#endif

/* The first newline; NULL if there is none. libc's function has half the words. */
static const char *newline_in (const char *bytes, size_t len) {
  const uint64_t ones = 0x0101010101010101u, newlines = ones * '\n';
  for (; len >= sizeof(uint64_t); bytes += sizeof(uint64_t), len -= sizeof(uint64_t)) {
    uint64_t word;
    memcpy(&word, bytes, sizeof(word));
    word ^= newlines;
    /* A byte that is zero now has been a newline. */
    if (((word - ones) & ~word & ones << 7) != 0) break;
  }
  for (; len > 0; bytes++, len--)
    if (*bytes == '\n') return bytes;
  return NULL;
}

/* Pushes a line that was read ahead as a whole; false if there is none. */
static int line_ahead (lua_State *L, FILE *f, int chop) {
  size_t len;
  const char *line = read_ahead(f, &len);
  const char *end = line != NULL ? newline_in(line, len) : NULL;
  if (end == NULL) return 0;
  /* Taken first: a finalizer, which a push may run, may read on. It cannot get at the
  ** bytes before they are copied. */
  take_ahead(f, (size_t)(end - line) + 1);
  lua_pushlstring(L, line, (size_t)(end - line) + (chop ? 0 : 1));
  return 1;
}

/* Pushes a line; false at the end of the file. */
static int warren_read_line (lua_State *L, warren_Stream *p, int chop) {
  FILE *f = p->f;
  luaL_Buffer b;
  int c = 0;
  if (line_ahead(L, f, chop)) return 1;
  luaL_buffinit(L, &b);
  while (c != '\n' && c != EOF) {
    size_t len;
    const char *part = read_ahead(f, &len);
    if (part == NULL) {
      /* libc reads ahead with the next byte. */
      warren_read_more(p);
      c = getc(f);
      if (c != EOF && !(c == '\n' && chop)) luaL_addchar(&b, c);
    }
    else {
      const char *end = newline_in(part, len);
      size_t taken = end != NULL ? (size_t)(end - part) + 1 : len;
      take_ahead(f, taken);
      luaL_addlstring(&b, part, end != NULL && chop ? taken - 1 : taken);
      if (end != NULL) c = '\n';
    }
  }
  luaL_pushresult(&b);
  return c == '\n' || lua_rawlen(L, -1) > 0;
}

/* In `g_read`. */
#define read_line(L, f, chop)	warren_read_line(L, stream, chop)
