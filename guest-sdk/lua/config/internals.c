/* Functions beside those of Lua's API, for what every message does: each takes
** the place of several calls of the API. What they promise is said where Rust
** declares them, in src/internals.rs. */

/* As `Heap` in src/internals.rs. */
typedef struct WarrenHeap {
  size_t interpreter;
  size_t collected;
} WarrenHeap;

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

/* A young collection looks at every thread and at all of a table that was
** written to, however old: its cost grows with the heap. So it waits until the
** heap of the process, without the interpreter's own part, has grown by a fifth.
** After a full collection that freed little, Lua itself waits until the heap has
** doubled, and each step would be a full one: then there is nothing to do. */
LUA_API void warren_rest (lua_State *L, size_t young, WarrenHeap *heap) {
  global_State *g = G(L);
  size_t now = gettotalbytes(g);
  if (now < heap->collected)
    heap->collected = now;  /* Lua has collected meanwhile */
  else if (now - heap->collected > young) {
    size_t own = heap->collected > heap->interpreter ? heap->collected - heap->interpreter : 0;
    if (now - heap->collected <= own / 5) return;
    if (gcrunning(g) && g->gckind == KGC_GEN && g->lastatomic == 0) {
      luaE_setdebt(g, 0);
      luaC_step(L);
    }
    heap->collected = gettotalbytes(g);
  }
}

LUA_API int warren_has_finalizers (lua_State *L) {
  return G(L)->finobj != NULL || G(L)->tobefnz != NULL;
}

/* The part of luaC_freeallobjects that a program sees. Memory is left alone, as
** it goes with the instance: that would touch every object of the image. */
LUA_API void warren_finalize (lua_State *L) {
  global_State *g = G(L);
  g->gcstp = GCSTPCLS;  /* nor is anything collected from here on */
  /* Old objects are finalized, too: no list ends before them any more. */
  g->finobjsur = g->finobjold1 = g->finobjrold = NULL;
  separatetobefnz(g, 1);
  callallpendingfinalizers(L);
}
