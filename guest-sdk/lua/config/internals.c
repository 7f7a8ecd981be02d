/* Functions beside those of Lua's API, for what every message does: each takes
** the place of several calls of the API. What they promise is said where Rust
** declares them, in src/internals.rs. */

LUA_API void *warren_userdata (lua_State *L, int idx, const void *metatable) {
  const TValue *o = index2value(L, idx);
  if (ttisfulluserdata(o) && uvalue(o)->metatable == metatable)
    return getudatamem(uvalue(o));
  return NULL;
}

LUA_API const char *warren_string (lua_State *L, int idx, size_t *len) {
  const TValue *o = index2value(L, idx);
  if (!ttisstring(o)) return NULL;
  *len = tsslen(tsvalue(o));
  return getstr(tsvalue(o));
}

/* No finalizer has to be looked for: no class of warren has one. Nor is there a
** barrier: what was just made is white. */
LUA_API void warren_setclass (lua_State *L, const void *metatable) {
  uvalue(s2v(L->top.p - 1))->metatable = cast(Table *, metatable);
}

LUA_API void warren_rest (lua_State *L, size_t young, size_t *collected) {
  global_State *g = G(L);
  size_t now = gettotalbytes(g);
  if (now < *collected)
    *collected = now;  /* Lua has collected meanwhile */
  else if (now - *collected > young) {
    if (gcrunning(g) && g->gckind == KGC_GEN) {
      luaE_setdebt(g, 0);
      luaC_step(L);
    }
    *collected = gettotalbytes(g);
  }
}
