/* The library debug, which sees the program and not what runs it: functions of the
** prelude are no levels of the stack, and the parts of the runtime's objects are
** nobody's. Included before ldblib.c, whose calls the macros at the end redirect. */

/* Chunks of the prelude, and no others, have lost their names and lines. */
static int is_hidden_function (const TValue *f) {
  return ttisLclosure(f) && clLvalue(f)->p->source == NULL;
}

static int is_hidden_call (const CallInfo *ci) {
  return isLua(ci) && is_hidden_function(s2v(ci->func.p));
}

/* As lua_getstack, without the calls of the prelude. */
LUA_API int warren_getstack (lua_State *L, int level, lua_Debug *ar) {
  CallInfo *ci;
  if (level < 0) return 0;
  for (ci = L->ci; ci != &L->base_ci; ci = ci->previous)
    if (!is_hidden_call(ci) && level-- == 0) {
      ar->i_ci = ci;
      return 1;
    }
  return 0;
}

/* The level that Lua itself knows a visible one by. */
LUA_API int warren_level (lua_State *L, int level) {
  CallInfo *ci;
  int at = 0;
  if (level < 0) return level;
  for (ci = L->ci; ci != &L->base_ci; ci = ci->previous, at++)
    if (!is_hidden_call(ci) && level-- == 0) return at;
  return INT_MAX;
}

/* The names that the prelude calls a function by are its own. */
static int visible_getinfo (lua_State *L, const char *what, lua_Debug *ar) {
  int named = *what != '>' && is_hidden_call(ar->i_ci->previous);
  int ok = lua_getinfo(L, what, ar);
  if (named && strchr(what, 'n')) {
    ar->name = NULL;
    ar->namewhat = "";
  }
  return ok;
}

/* A temporary value of a function of Lua may be left over from a call of the prelude. */
static const char *visible_getlocal (lua_State *L, const lua_Debug *ar, int n) {
  const char *name = lua_getlocal(L, ar, n);
  if (name != NULL && ar != NULL &&
      (strcmp(name, "(temporary)") == 0 || is_hidden_function(s2v(L->top.p - 1))))
    setnilvalue(s2v(L->top.p - 1));
  return name;
}

/* A function of C does not look twice at what it keeps on its stack. */
static const char *visible_setlocal (lua_State *L, const lua_Debug *ar, int n) {
  return isLua(ar->i_ci) ? lua_setlocal(L, ar, n) : NULL;
}

static int gmatch_aux (lua_State *L);
static int io_readline (lua_State *L);

/* Tells if the upvalues of a function are the program's to see. Lua's own functions
** of C have some that are. */
static int has_visible_upvalues (lua_State *L, int index, int set) {
  const TValue *f = index2value(L, index);
  if (ttisCclosure(f))
    return !set && (clCvalue(f)->f == gmatch_aux || clCvalue(f)->f == io_readline);
  return !is_hidden_function(f);
}

static const char *visible_getupvalue (lua_State *L, int index, int n) {
  return has_visible_upvalues(L, index, 0) ? lua_getupvalue(L, index, n) : NULL;
}

static const char *visible_setupvalue (lua_State *L, int index, int n) {
  return has_visible_upvalues(L, index, 1) ? lua_setupvalue(L, index, n) : NULL;
}

static void *visible_upvalueid (lua_State *L, int index, int n) {
  return has_visible_upvalues(L, index, 0) ? lua_upvalueid(L, index, n) : NULL;
}

/* Files are the program's, whatever metatable they have by now: no other userdata is
** of their shape, but objects of a class of the runtime, which it knows by name. */
static int is_file (lua_State *L, int index) {
  const TValue *o = index2value(L, index);
  int known = 0;
  if (uvalue(o)->nuvalue != 0 || uvalue(o)->len != sizeof(warren_Stream)) return 0;
  if (!lua_getmetatable(L, index)) return 1;
  lua_pushliteral(L, "__name");
  if (lua_rawget(L, -2) == LUA_TSTRING) {
    int file = strcmp(lua_tostring(L, -1), LUA_FILEHANDLE) == 0;
    lua_rawget(L, LUA_REGISTRYINDEX);
    known = !file && lua_rawequal(L, -1, -2);
  }
  lua_pop(L, 2);
  return !known;
}

/* Tells if the metatable of a value is the runtime's. */
static int is_object (lua_State *L, int index) {
  return lua_type(L, index) == LUA_TUSERDATA && !is_file(L, index);
}

static int visible_getmetatable (lua_State *L, int index) {
  if (is_object(L, index)) return luaL_getmetafield(L, index, "__metatable") != LUA_TNIL;
  return lua_getmetatable(L, index);
}

static int visible_setmetatable (lua_State *L, int index) {
  warren_check_writable(L, index);
  luaL_argcheck(L, !is_object(L, index), index, "the metatable of an object of the runtime stays");
  return lua_setmetatable(L, index);
}

static void hookf (lua_State *L, lua_Debug *ar);

/* Nothing happens, for a hook, in the prelude and in functions of C that it calls. */
static void visible_hook (lua_State *L, lua_Debug *ar) {
  CallInfo *ci = ar->i_ci;
  while (ci != &L->base_ci && !isLua(ci)) ci = ci->previous;
  if (!is_hidden_call(ci)) hookf(L, ar);
}

/* A thread that is covered stays so. */
static void visible_sethook (lua_State *L, lua_Hook hook, int mask, int count) {
  int covered = L->hookmask & WARREN_COVERED;
  lua_sethook(L, hook != NULL ? visible_hook : NULL, mask, count);
  L->hookmask |= covered;
}

/* The thread of the program, or NULL before it runs; in src/program.rs. */
lua_State *warren_program_thread (lua_State *L);

/* `debug.getregistry()`: a table of the program's, with what Lua itself keeps there. */
static int visible_getregistry (lua_State *L) {
  static const char *const names[] = {
    LUA_LOADED_TABLE, LUA_PRELOAD_TABLE, LUA_FILEHANDLE, "_HOOKKEY", "_IO_input", "_IO_output", NULL
  };
  static const char key = 0;
  lua_State *program = warren_program_thread(L);
  int i;
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &key) != LUA_TTABLE) {
    lua_pop(L, 1);
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &key);
  }
  for (i = 0; names[i] != NULL; i++) {
    lua_pushstring(L, names[i]);
    lua_pushvalue(L, -1);
    lua_rawget(L, LUA_REGISTRYINDEX);
    lua_rawset(L, -3);
  }
  if (program != NULL && lua_checkstack(program, 1)) {
    lua_pushthread(program);
    lua_xmove(program, L, 1);
    lua_rawseti(L, -2, LUA_RIDX_MAINTHREAD);
  }
  lua_pushglobaltable(L);
  lua_rawseti(L, -2, LUA_RIDX_GLOBALS);
  return 1;
}

#define lua_getstack(L, level, ar)	warren_getstack(L, level, ar)
#define lua_getinfo(L, what, ar)	visible_getinfo(L, what, ar)
#define lua_getlocal(L, ar, n)	visible_getlocal(L, ar, n)
#define lua_setlocal(L, ar, n)	visible_setlocal(L, ar, n)
#define lua_getupvalue(L, index, n)	visible_getupvalue(L, index, n)
#define lua_setupvalue(L, index, n)	visible_setupvalue(L, index, n)
#define lua_upvalueid(L, index, n)	visible_upvalueid(L, index, n)
#define lua_getmetatable(L, index)	visible_getmetatable(L, index)
#define lua_setmetatable(L, index)	visible_setmetatable(L, index)
/* A userdata of the program's has no user values. */
#define lua_getiuservalue(L, index, n)	((void)(n), lua_pushnil(L), LUA_TNONE)
#define lua_setiuservalue(L, index, n)	((void)(n), lua_pop(L, 1), 0)
#define lua_sethook(L, hook, mask, count)	visible_sethook(L, hook, mask, count)
#define lua_gethook(L)	(lua_gethook(L) == visible_hook ? hookf : lua_gethook(L))
/* `debug.debug` reads and writes the process's own streams. */
#pragma push_macro("lua_writestringerror")
#undef lua_writestringerror
#define lua_writestringerror(format, text) \
  (fprintf(stderr, (format), (text)), warren_stream_flush(L, 1))
#pragma push_macro("luaL_loadbuffer")
#undef luaL_loadbuffer
#define luaL_loadbuffer(L, text, len, name)	luaL_loadbufferx(L, text, len, name, "t")

#include "ldblib.c"

#undef lua_getstack
#undef lua_getinfo
#undef lua_getlocal
#undef lua_setlocal
#undef lua_getupvalue
#undef lua_setupvalue
#undef lua_upvalueid
#undef lua_getmetatable
#undef lua_setmetatable
#undef lua_getiuservalue
#undef lua_setiuservalue
#undef lua_sethook
#undef lua_gethook
#pragma pop_macro("lua_writestringerror")
#pragma pop_macro("luaL_loadbuffer")

/* The library debug with its own registry. */
LUA_API int warren_open_debug (lua_State *L) {
  luaopen_debug(L);
  lua_pushcfunction(L, visible_getregistry);
  lua_setfield(L, -2, "getregistry");
  return 1;
}
