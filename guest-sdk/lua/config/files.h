/* Between Lua's libraries and libc's files. Included before the libraries,
** whose calls the macros at the end redirect; stdio.c is the rest, and
** src/stdio.rs the other side. */

#include <stdio_ext.h>
#include <sys/stat.h>

/* Writes to a standard stream by src/stdio.rs; `err` picks the stream. */
void warren_stream_write (lua_State *L, int err, const char *bytes, size_t len);
void warren_stream_written (lua_State *L, int err);
void warren_stream_flush (lua_State *L, int err);
int warren_stream_buffering (lua_State *L, int err, int mode, size_t size);
ssize_t warren_stream_read (lua_State *L, char *bytes, size_t len);

#if defined(__wasi__)
#define WARREN_STATIC	static
#else
/* In a test each thread has an interpreter. */
#define WARREN_STATIC	static _Thread_local
#endif

/* The standard streams, which lead to the runtime instead of to descriptors. */
WARREN_STATIC FILE *warren_in, *warren_out, *warren_err;

#undef stdin
#undef stdout
#undef stderr
#define stdin	warren_in
#define stdout	warren_out
#define stderr	warren_err

/* The reason for which standard input was refused, if the runtime gave one. */
WARREN_STATIC char warren_refusal[160];
WARREN_STATIC int warren_refused;

LUA_API void warren_refuse (const char *text, size_t len) {
  if (len >= sizeof(warren_refusal)) len = sizeof(warren_refusal) - 1;
  memcpy(warren_refusal, text, len);
  warren_refusal[len] = '\0';
  warren_refused = 1;
}

static const char *warren_strerror (int en) {
  if (en == EPERM && warren_refused) {
    warren_refused = 0;
    return warren_refusal;
  }
#if defined(ENOTCAPABLE)
  /* The reason that the runtime gives for a path that exists, to those who may know it. */
  if (en == ENOTCAPABLE)
    return "Exists, but access is not granted (allow it with --read or --write)";
#endif
  return strerror(en);
}

#if defined(__wasi__)
/* Errors, with the numbers that programs for Unix know them by. */
static const struct { int error, number; } warren_numbers[] = {
  {EPERM, 1}, {ENOENT, 2}, {EINTR, 4}, {EIO, 5}, {ENXIO, 6}, {EBADF, 9},
  {EAGAIN, 11}, {ENOMEM, 12}, {EACCES, 13}, {ENOTCAPABLE, 13}, {EBUSY, 16},
  {EEXIST, 17}, {EXDEV, 18}, {ENODEV, 19}, {ENOTDIR, 20}, {EISDIR, 21},
  {EINVAL, 22}, {ENFILE, 23}, {EMFILE, 24}, {ENOTTY, 25}, {ETXTBSY, 26},
  {EFBIG, 27}, {ENOSPC, 28}, {ESPIPE, 29}, {EROFS, 30}, {EMLINK, 31},
  {EPIPE, 32}, {ENAMETOOLONG, 36}, {ENOTEMPTY, 39}, {ELOOP, 40}, {EILSEQ, 84},
  {EOVERFLOW, 75}, {ENOTSUP, 95}, {EDQUOT, 122}
};

#define WARREN_NUMBERS	(sizeof(warren_numbers) / sizeof(warren_numbers[0]))
#endif

/* The number that programs for Unix know an error by: WASI has others. */
static int warren_error_number (int en) {
#if defined(__wasi__)
  size_t i;
  for (i = 0; i < WARREN_NUMBERS; i++)
    if (warren_numbers[i].error == en) return warren_numbers[i].number;
#endif
  return en;
}

/* The error that has a number of Unix. */
static int warren_error_of (int number) {
#if defined(__wasi__)
  size_t i;
  for (i = 0; i < WARREN_NUMBERS; i++)
    if (warren_numbers[i].number == number) return warren_numbers[i].error;
  return EIO;
#else
  return number;
#endif
}

#if defined(__wasi__)
#include <wasi/api.h>

/* The descriptor of the directory that all paths are looked up in, `.`: the last of those
** that are open at the start. 0 before the first look-up. */
WARREN_STATIC int warren_here;

/* In the place of libc's, which drops the slash in front of an absolute path: the runtime
** tells `/a.txt` from `a.txt`. */
int __wasilibc_find_relpath (const char *path, const char **prefix, char **relative, size_t room) {
  __wasi_prestat_t status;
  int fd = 3;
  (void)room;
  if (warren_here == 0) {
    while (__wasi_fd_prestat_get(fd, &status) == 0) fd++;
    if (fd == 3) return -1;
    warren_here = fd - 1;
  }
  *prefix = "";
  *relative = (char *)path;
  return warren_here;
}
#endif

/* libc takes an empty path for the directory it starts from. */
static int warren_is_path (const char *path) {
  if (*path != '\0') return 1;
  errno = ENOENT;
  return 0;
}

static FILE *warren_fopen (const char *path, const char *mode) {
  FILE *f = warren_is_path(path) ? fopen(path, mode) : NULL;
  /* libc would tell that it is at the beginning, until it writes. */
  if (f != NULL && mode[0] == 'a' && mode[1] != '+') fseek(f, 0, SEEK_END);
  return f;
}

static int warren_remove (const char *path) {
  return warren_is_path(path) ? remove(path) : -1;
}

static int warren_rename (const char *from, const char *to) {
  return warren_is_path(from) && warren_is_path(to) ? rename(from, to) : -1;
}

/* A stream that was opened for the other direction fails without a reason, and
** WASI does not say that a directory is one. */
static int warren_ferror (FILE *f) {
  struct stat status;
  if (!ferror(f)) return 0;
  if (errno == 0) errno = EBADF;
  if (errno == EBADF) {
    int directory = fileno(f) >= 0 && fstat(fileno(f), &status) == 0 && S_ISDIR(status.st_mode);
    errno = directory ? EISDIR : EBADF;
  }
  return 1;
}

/* libc notes as an error that a numeral is none, over the reason why none was read. */
static size_t warren_stringtonumber (lua_State *L, const char *s) {
  int reason = errno;
  size_t size = lua_stringtonumber(L, s);
  errno = reason;
  return size;
}

/* There is the locale C, by its two names, and no other. */
static const char *warren_setlocale (int category, const char *name) {
  (void)category;
  if (name == NULL || *name == '\0' || strcmp(name, "C") == 0 || strcmp(name, "POSIX") == 0)
    return "C";
  return NULL;
}

/* A year of five digits gets no sign: only an offset from UTC has one. */
static size_t warren_strftime (char *out, size_t size, const char *format, const struct tm *tm) {
  size_t len = strftime(out, size, format, tm);
  size_t from, to = 0;
  if (strcmp(format, "%z") == 0) return len;
  for (from = 0; from < len; from++)
    if (out[from] != '+') out[to++] = out[from];
  return to;
}

/* Summer time is an hour ahead, where a table says that it is summer. */
static time_t warren_mktime (struct tm *tm) {
#if defined(__wasi__)
  if (tm->tm_isdst > 0 && tm->tm_hour > INT_MIN) tm->tm_hour--;
#endif
  return mktime(tm);
}

#define strftime(out, size, format, tm)	warren_strftime(out, size, format, tm)
#define mktime(tm)	warren_mktime(tm)
#define strerror(en)	warren_strerror(en)
#define fopen(path, mode)	warren_fopen(path, mode)
#define remove(path)	warren_remove(path)
#define rename(from, to)	warren_rename(from, to)
#define ferror(f)	warren_ferror(f)
#define lua_stringtonumber(L, s)	warren_stringtonumber(L, s)
#undef setlocale
#define setlocale(category, name)	warren_setlocale(category, name)

/* A file that was written to, or that setvbuf was called on. It is no part of
** the userdata, which a program can keep from being finalized. */
typedef struct warren_File {
  FILE *f;
  char *buffer;  /* that setvbuf has made, or NULL */
  size_t size;  /* bytes of it */
  int read;  /* lines have been read */
  int held;  /* setvbuf says when bytes are passed on */
  int error;  /* of a flush that nobody has heard of yet, or 0 */
  struct warren_File *next, **place;  /* in a list; place is NULL in none */
} warren_File;

/* Files whose buffers may hold something; `Files` in src/streams.rs. */
typedef struct warren_Files {
  warren_File *pending;  /* to be passed on when the process waits */
  warren_File *held;
  int lost;  /* why something was lost that nobody has heard of, or 0 */
} warren_Files;

warren_Files *warren_files (lua_State *L);

/* In the place of luaL_Stream, which it begins like. */
typedef struct warren_Stream {
  FILE *f;
  lua_CFunction closef;
  warren_File *file;  /* or NULL */
} warren_Stream;

static int warren_fclose (lua_State *L, warren_Stream *p);

/* To be called when lines have used up what was read ahead of a stream. */
static void warren_read_more (warren_Stream *p);
