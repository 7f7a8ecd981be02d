/* Writing, flushing and buffering, where Lua's io leaves them to libc: what is
** written is never lost, and setvbuf does what it says. */

LUALIB_API int luaL_fileresult (lua_State *L, int done, const char *path) {
  int results = lauxlib_fileresult(L, done, path);
  if (!done) {
    lua_pushinteger(L, warren_error_number((int)lua_tointeger(L, -1)));
    lua_replace(L, -2);
  }
  return results;
}

static void take_out (warren_File *file) {
  if (file->place == NULL) return;
  *file->place = file->next;
  if (file->next != NULL) file->next->place = file->place;
  file->place = NULL;
}

/* Notes that a file is about to be written to. */
static void put_in (lua_State *L, warren_File *file) {
  warren_Files *files;
  warren_File **list;
  if (file->place != NULL) return;
  files = warren_files(L);
  list = file->held ? &files->held : &files->pending;
  file->next = *list;
  if (file->next != NULL) file->next->place = &file->next;
  file->place = list;
  *list = file;
}

/* The error of a call that failed. */
static int reason (void) {
  return errno != 0 ? errno : EIO;
}

LUA_API int warren_flush_files (warren_File **list) {
  int error = 0;
  while (*list != NULL) {
    warren_File *file = *list;
    take_out(file);
    errno = 0;
    if (fflush(file->f) != 0 && file->error == 0) file->error = reason();
    if (error == 0) error = file->error;
  }
  return error;
}

static int warren_fclose (lua_State *L, warren_Stream *p) {
  warren_File *file = p->file;
  int error = 0;
  if (file != NULL) {
    take_out(file);
    error = file->error;
  }
  errno = 0;
  if (fclose(p->f) != 0 && error == 0) error = reason();
  if (file != NULL) {
    free(file->buffer);
    free(file);
    p->file = NULL;
  }
  if (error == 0) return 0;
  warren_files(L)->lost = error;
  errno = error;
  return EOF;
}

static int failure (lua_State *L, int error) {
  errno = error;
  return luaL_fileresult(L, 0, NULL);
}

/* The file of a stream; NULL where there is no memory for it. */
static warren_File *file_of (warren_Stream *p) {
  if (p->file == NULL && (p->file = calloc(1, sizeof(warren_File))) != NULL)
    p->file->f = p->f;
  return p->file;
}

enum { MODE_NO, MODE_FULL, MODE_LINE };

/* Bytes of a buffer where the program does not say. A call of the runtime costs
** more than libc's 1,024 bytes are worth. */
#define FILE_BUFFER	(16 * 1024)

/* Bytes of the buffer of a longer file whose lines are read. */
#define LINES_BUFFER	(64 * 1024)

/* libc keeps so many bytes of a buffer for ungetc. */
#define UNGET_ROOM	8

/* Gives a file a buffer of a size; false where there is no memory for it. */
static int set_buffer (warren_File *file, int mode, size_t size) {
  static const int modes[] = {_IONBF, _IOFBF, _IOLBF};
  char *buffer = NULL;
  if (mode != MODE_NO) {
    if (size > (size_t)-1 - UNGET_ROOM) return 0;
    buffer = malloc(size + UNGET_ROOM);
    if (buffer == NULL) return 0;
    size += UNGET_ROOM;
  }
  setvbuf(file->f, buffer, modes[mode], buffer != NULL ? size : 0);
  /* A file without a buffer still uses the old one for ungetc. */
  if (buffer != NULL) {
    free(file->buffer);
    file->buffer = buffer;
    file->size = size;
  }
  return 1;
}

static int is_standard_output (FILE *f) {
  return f == warren_out || f == warren_err;
}

/* A file gets a larger buffer only once it has filled a smaller one: many small files
** that stay open need no memory for that. */
static void warren_read_more (warren_Stream *p) {
  warren_File *file = file_of(p);
  if (file == NULL || file->held) return;
  /* Without memory the file keeps the buffer that it has. */
  if (!file->read) file->read = 1;
  else if (file->size < FILE_BUFFER) set_buffer(file, MODE_FULL, FILE_BUFFER);
  else if (file->size < LINES_BUFFER) set_buffer(file, MODE_FULL, LINES_BUFFER);
}

/* Bytes of one call that are passed on together. */
#define CALL_BYTES	512

/* The bytes that a call writes to a standard stream. */
typedef struct Call {
  lua_State *L;
  int err;
  size_t used;
  char bytes[CALL_BYTES];
} Call;

static void pass_on (Call *call) {
  warren_stream_write(call->L, call->err, call->bytes, call->used);
  call->used = 0;
}

static void add (Call *call, const char *bytes, size_t len) {
  if (len > CALL_BYTES - call->used) pass_on(call);
  if (len > CALL_BYTES)
    warren_stream_write(call->L, call->err, bytes, len);
  else {
    memcpy(call->bytes + call->used, bytes, len);
    call->used += len;
  }
}

/* Digits of the longest integer, and its sign. */
#define INTEGER_BYTES	20

static void add_integer (Call *call, lua_Integer n) {
  char text[INTEGER_BYTES];
  char *first = text + INTEGER_BYTES;
  lua_Unsigned rest = n < 0 ? 0 - (lua_Unsigned)n : (lua_Unsigned)n;
  do {
    *--first = (char)('0' + rest % 10);
    rest /= 10;
  } while (rest > 0);
  if (n < 0) *--first = '-';
  add(call, first, (size_t)(text + INTEGER_BYTES - first));
}

/* As Lua's own, to a standard stream. The arguments to write lie from `arg` to below
** the file, on top. */
static int write_to_stream (lua_State *L, int err, int arg) {
  int top = lua_gettop(L);
  Call call;
  call.L = L;
  call.err = err;
  call.used = 0;
  for (; arg < top; arg++) {
    size_t len;
    const char *text;
    int type = lua_type(L, arg);
    if (type == LUA_TNUMBER && lua_isinteger(L, arg))
      add_integer(&call, lua_tointeger(L, arg));
    else if (type == LUA_TNUMBER) {
      char number[64];
      int written = snprintf(number, sizeof(number), LUA_NUMBER_FMT,
                             (LUAI_UACNUMBER)lua_tonumber(L, arg));
      add(&call, number, (size_t)written);
    }
    else {
      /* An argument that cannot be written comes after those before it. */
      if (type != LUA_TSTRING) pass_on(&call);
      text = luaL_checklstring(L, arg, &len);
      add(&call, text, len);
    }
  }
  pass_on(&call);
  warren_stream_written(L, err);
  return 1;
}

/* `first` is where the arguments to write begin. */
static int write_to (lua_State *L, warren_Stream *p, lua_CFunction write, int first) {
  FILE *f = p->f;
  warren_File *file;
  if (!__fwritable(f)) {
    /* As with glibc, nothing may be written to anything. */
    return lua_gettop(L) == first - 1 ? write(L) : failure(L, EBADF);
  }
  file = file_of(p);
  if (file == NULL) return failure(L, ENOMEM);
  if (file->error != 0) {
    int error = file->error;
    file->error = 0;
    return failure(L, error);
  }
  /* Bytes read ahead would move the place of the write. */
  if (__freading(f)) fseek(f, 0, SEEK_CUR);
  if (!file->held && file->buffer == NULL) set_buffer(file, MODE_FULL, FILE_BUFFER);
  put_in(L, file);
  return write(L);
}

static warren_Stream *default_output (lua_State *L) {
  warren_Stream *p;
  lua_getfield(L, LUA_REGISTRYINDEX, IO_OUTPUT);
  p = (warren_Stream *)lua_touserdata(L, -1);
  lua_pop(L, 1);
  return p;
}

static int own_io_write (lua_State *L) {
  warren_Stream *p;
  lua_getfield(L, LUA_REGISTRYINDEX, IO_OUTPUT);
  p = (warren_Stream *)lua_touserdata(L, -1);
  if (!isclosed(p) && is_standard_output(p->f))
    return write_to_stream(L, p->f == warren_err, 1);
  lua_pop(L, 1);
  return isclosed(p) ? io_write(L) : write_to(L, p, io_write, 1);
}

static int own_f_write (lua_State *L) {
  warren_Stream *p = tolstream(L);
  if (!isclosed(p) && is_standard_output(p->f)) {
    lua_pushvalue(L, 1);
    return write_to_stream(L, p->f == warren_err, 2);
  }
  return isclosed(p) ? f_write(L) : write_to(L, p, f_write, 2);
}

static int flush_stream (lua_State *L, warren_Stream *p) {
  FILE *f = p->f;
  int error = 0;
  if (is_standard_output(f))
    warren_stream_flush(L, f == warren_err);
  /* Bytes that were read ahead are kept: not every file can go back to them. */
  else if (__fwritable(f) && !__freading(f)) {
    errno = 0;
    if (fflush(f) != 0) error = reason();
    if (p->file != NULL) {
      take_out(p->file);
      if (p->file->error != 0) error = p->file->error;
      p->file->error = 0;
    }
  }
  errno = error;
  return luaL_fileresult(L, error == 0, NULL);
}

static int own_io_flush (lua_State *L) {
  warren_Stream *p = default_output(L);
  return isclosed(p) ? io_flush(L) : flush_stream(L, p);
}

static int own_f_flush (lua_State *L) {
  tofile(L);
  return flush_stream(L, tolstream(L));
}

/* Closing that the program asks for tells it of errors. */
static int close_told (lua_State *L, lua_CFunction close) {
  warren_Files *files = warren_files(L);
  int lost = files->lost;
  int results = close(L);
  files->lost = lost;
  return results;
}

static int own_io_close (lua_State *L) {
  return close_told(L, io_close);
}

static int own_f_close (lua_State *L) {
  return close_told(L, f_close);
}

static int own_f_setvbuf (lua_State *L) {
  static const char *const names[] = {"no", "full", "line", NULL};
  FILE *f = tofile(L);
  warren_Stream *p = tolstream(L);
  int mode = luaL_checkoption(L, 2, NULL, names);
  lua_Integer wanted = luaL_optinteger(L, 3, FILE_BUFFER);
  size_t size = wanted <= 0 ? FILE_BUFFER : (size_t)wanted;
  warren_File *file;
  if (f == warren_in) return luaL_fileresult(L, 1, NULL);
  if ((lua_Integer)size != wanted && wanted > 0) return failure(L, ENOMEM);
  if (is_standard_output(f)) {
    if (!warren_stream_buffering(L, f == warren_err, mode, size)) return failure(L, ENOMEM);
    return luaL_fileresult(L, 1, NULL);
  }
  file = file_of(p);
  if (file == NULL) return failure(L, ENOMEM);
  if (__freading(f)) {
    /* The old buffer stays where it holds what cannot be read again. */
    if (fseek(f, 0, SEEK_CUR) != 0) return luaL_fileresult(L, 1, NULL);
  }
  else if (fflush(f) != 0)
    return failure(L, reason());
  take_out(file);
  if (!set_buffer(file, mode, size)) return failure(L, ENOMEM);
  file->held = 1;
  return luaL_fileresult(L, 1, NULL);
}

static ssize_t read_in (void *cookie, char *bytes, size_t len) {
  ssize_t got = warren_stream_read((lua_State *)cookie, bytes, len);
  if (got >= 0) return got;
  errno = warren_error_of((int)-got);
  return -1;
}

static ssize_t write_out (void *cookie, const char *bytes, size_t len) {
  warren_stream_write((lua_State *)cookie, 0, bytes, len);
  return (ssize_t)len;
}

static ssize_t write_err (void *cookie, const char *bytes, size_t len) {
  warren_stream_write((lua_State *)cookie, 1, bytes, len);
  return (ssize_t)len;
}

static int no_seek (void *cookie, off_t *offset, int whence) {
  (void)cookie; (void)offset; (void)whence;
  errno = ESPIPE;
  return -1;
}

static void open_streams (lua_State *L) {
  static const cookie_io_functions_t in = {read_in, NULL, no_seek, NULL};
  static const cookie_io_functions_t out = {NULL, write_out, no_seek, NULL};
  static const cookie_io_functions_t err = {NULL, write_err, no_seek, NULL};
  void *cookie = G(L)->mainthread;
  warren_in = fopencookie(cookie, "r", in);
  warren_out = fopencookie(cookie, "w", out);
  warren_err = fopencookie(cookie, "w", err);
  if (warren_in == NULL || warren_out == NULL || warren_err == NULL)
    luaL_error(L, "not enough memory");
  /* src/stdio.rs buffers what is written. */
  setvbuf(warren_out, NULL, _IONBF, 0);
  setvbuf(warren_err, NULL, _IONBF, 0);
}

LUA_API int warren_open_io (lua_State *L) {
  static const luaL_Reg functions[] = {
    {"close", own_io_close}, {"flush", own_io_flush}, {"write", own_io_write}, {NULL, NULL}
  };
  static const luaL_Reg methods[] = {
    {"close", own_f_close}, {"flush", own_f_flush}, {"setvbuf", own_f_setvbuf},
    {"write", own_f_write}, {NULL, NULL}
  };
  open_streams(L);
  luaopen_io(L);
  luaL_setfuncs(L, functions, 0);
  luaL_getmetatable(L, LUA_FILEHANDLE);
  lua_getfield(L, -1, "__index");
  luaL_setfuncs(L, methods, 0);
  lua_pop(L, 1);
  /* Made anew as long as their class has no finalizer: the standard streams
  ** stay open, so that an ordinary process has nothing to finalize. */
  lua_pushnil(L);
  lua_setfield(L, -2, "__gc");
  lua_insert(L, -2);
  createstdfile(L, stdin, IO_INPUT, "stdin");
  createstdfile(L, stdout, IO_OUTPUT, "stdout");
  createstdfile(L, stderr, NULL, "stderr");
  lua_pushcfunction(L, f_gc);
  lua_setfield(L, -3, "__gc");
  return 1;
}
