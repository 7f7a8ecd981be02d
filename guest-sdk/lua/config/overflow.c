/* Errors of full stacks. Such an error is a string, as in any Lua. The registry keeps the
** last one, and a value that is equal to it is that error, whoever has raised it again: so
** Lua itself knows the error of a lack of memory. */

static const char warren_overflow_key = 0;

/* The stack whose error the registry keeps; 0 without one. */
#if defined(__wasi__)
static int warren_full;
#else
static _Thread_local int warren_full;
#endif

/* Notes the value on top of the stack, which may be in the room that Lua keeps for
** errors. */
static void warren_note_overflow (lua_State *L, int stack) {
  Table *registry = hvalue(&G(L)->l_registry);
  TValue *value = s2v(L->top.p - 1);
  TValue key;
  setpvalue(&key, cast_voidp(&warren_overflow_key));
  luaH_set(L, registry, &key, value);
  luaC_barrierback(L, obj2gco(registry), value);
  warren_full = stack;
}

/* Raises the error of a full stack, behind the position of the call. */
static int warren_overflow (lua_State *L, int stack, const char *format, const char *what) {
  luaL_where(L, 1);
  lua_pushfstring(L, format, what);
  lua_concat(L, 2);
  warren_note_overflow(L, stack);
  return lua_error(L);
}

/* The same where lua_checkstack has found no room for `n` values on the stack `of`, which
** it also does for want of memory. */
static int warren_no_room (lua_State *L, lua_State *of, int n, const char *format, const char *what) {
  if (n <= WARREN_MAXSTACK - cast_int(of->top.p - of->stack.p))
    luaM_error(L);
  return warren_overflow(L, WARREN_STACK, format, what);
}

LUA_API int warren_overflowed (lua_State *L, int idx, int *most) {
  TValue key;
  const TValue *noted;
  if (warren_full == 0) return 0;
  setpvalue(&key, cast_voidp(&warren_overflow_key));
  noted = luaH_get(hvalue(&G(L)->l_registry), &key);
  if (!luaV_rawequalobj(index2value(L, idx), noted)) return 0;
  *most = warren_full == WARREN_STACK ? WARREN_MAXSTACK : LUAI_MAXCCALLS;
  return warren_full;
}

LUA_API void warren_pass_overflow (lua_State *L, int idx) {
  int most;
  int stack = warren_overflowed(L, idx, &most);
  if (stack != 0) warren_note_overflow(L, stack);
}
