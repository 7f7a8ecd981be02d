/* All of Lua in one file, so that the compiler sees through the calls between
** its parts; the order is that of Lua's own onelua.c. Then what warren wants to
** do with Lua's values without a detour through the API. */

#include "warren.h"

#include "lprefix.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <float.h>
#include <limits.h>
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LUA_CORE
#define LUA_LIB
#define ltable_c
#define lvm_c
#include "luaconf.h"

/* Nothing but the API is called from elsewhere. */
#undef LUAI_FUNC
#undef LUAI_DDEC
#undef LUAI_DDEF
#define LUAI_FUNC	static
#define LUAI_DDEC(def)	/* empty */
#define LUAI_DDEF	static

#include "overflow.h"
#include "leaving.h"
#include "bytes.h"

#include "lzio.c"
#include "lctype.c"
#include "lopcodes.c"
#include "lmem.c"
#include "lundump.c"
#include "ldump.c"
#include "lstate.c"
#include "lgc.c"
/* The line of the last error of syntax, which Lua tells only in its text. */
#if defined(__wasi__)
static int warren_line;
#else
static _Thread_local int warren_line;
#endif
#include "ldebug.h"
#define luaG_addinfo(L, msg, src, line)	luaG_addinfo(L, msg, src, warren_line = (line))
#include "llex.c"
#undef luaG_addinfo
#include "lcode.c"
#include "lparser.c"
/* In suggest.c. */
static const char *warren_extra (lua_State *L, const char *name, const char *extra);
#include "ldebug.c"
#include "lfunc.c"
#include "lobject.c"
#include "ltm.c"
#include "hash.h"
#include "lstring.c"
#include "readonly.h"
#include "ltable.c"
#pragma push_macro("LUAI_MAXSTACK")
#undef LUAI_MAXSTACK
#define LUAI_MAXSTACK	WARREN_MAXSTACK
#include "ldo.c"
#pragma pop_macro("LUAI_MAXSTACK")
/* The interpreter's loop notes its place only before what may raise. */
#define finishreadonly(L)	Protect(warren_readonly(L))
#include "inline.h"
#define luaH_getshortstr	at_main_position
#define luaH_getstr	at_main_position_str
#define luaH_get	at_main_position_any
#include "lvm.c"
#undef luaH_getshortstr
#undef luaH_getstr
#undef luaH_get
#undef finishreadonly
#define finishreadonly(L)	warren_readonly(L)
#include "lapi.c"

#include "lauxlib.h"

#include "overflow.c"
#include "coverage.c"
#include "leaving.c"

/* Raises where the value at `idx` is a table that is read-only. */
static void warren_check_writable (lua_State *L, int idx) {
  const TValue *value = index2value(L, idx);
  if (ttistable(value) && is_readonly(hvalue(value)))
    luaL_error(L, "%s", READONLY_TEXT);
}

#include "files.h"

/* Its own is renamed: an error has the number that programs know. */
#define luaL_fileresult lauxlib_fileresult
#include "lauxlib.c"
#undef luaL_fileresult
LUALIB_API int luaL_fileresult (lua_State *L, int done, const char *path);

#include "lbaselib.c"
#include "lcorolib.c"
#include "debug.c"
/* The least that `read` of a number of bytes asks for at a time. */
#define READ_BLOCK	((size_t)64 * 1024)
#define luaL_Stream warren_Stream
#define lua_newuserdatauv(L, size, values) \
  memset(lua_newuserdatauv(L, size, values), 0, size)
#define fclose(f) warren_fclose(L, p)
#include "lines.h"
#include "liolib.c"
#undef READ_BLOCK
#undef luaL_Stream
#undef lua_newuserdatauv
#undef fclose
#include "stdio.c"
#include "lfs.c"
#include "lmathlib.c"
#include "loadlib.c"
#include "loslib.c"
/* The functions of `string` take a structured error for its text. A string costs no
** more than it does in Lua. */
#include "text.h"
#define luaL_checklstring warren_checktext
#define luaL_optlstring warren_opttext
#include "lstrlib.c"
#undef luaL_checklstring
#undef luaL_optlstring
#include "ltablib.c"
#include "callbacks.c"
#include "lutf8lib.c"
#include "linit.c"

#include "internals.c"
#include "suggest.c"
