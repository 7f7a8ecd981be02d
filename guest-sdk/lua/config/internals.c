/* Functions beside those of Lua's API, for what every message does: each takes
** the place of several calls of the API. What they promise is said where Rust
** declares them, in src/lua/internals.rs. */

/* As `Heap` in src/lua/internals.rs. */
typedef struct WarrenHeap {
  size_t interpreter;
  size_t collected;
} WarrenHeap;

LUA_API int warren_syntax_line (void) {
  return warren_line;
}

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

LUA_API void warren_setreadonly (lua_State *L, int idx, int on) {
  Table *t = hvalue(index2value(L, idx));
  t->flags = cast_byte(on ? t->flags | READONLY : t->flags & ~READONLY);
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

/* Takes the variable of a coroutine that is to be closed first out of the list
** of those, and pushes its __close and its value; 0 where there is none. The
** coroutine is suspended, or has failed, and does not run again. */
LUA_API int warren_unclosed (lua_State *L, lua_State *co) {
  const TValue *method;
  StkId variable = co->tbclist.p;
  if (variable <= co->stack.p) return 0;
  luaF_closeupval(co, co->stack.p + 1);
  poptbclist(co);
  method = luaT_gettmbyobj(co, s2v(variable), TM_CLOSE);
  setobj2s(L, L->top.p, method);
  setobj2s(L, L->top.p + 1, s2v(variable));
  L->top.p += 2;
  return 1;
}

LUA_API int warren_has_unclosed (lua_State *co) {
  return co->tbclist.p > co->stack.p;
}

/* Tells if the function of `ci` was called as the message handler of the xpcall
** around it; `guard` is what was found for a `ci` further inside. */
static int is_handler (lua_State *L, CallInfo *ci, CallInfo **guard) {
  while (*guard != &L->base_ci &&
         (*guard == ci || *guard == NULL || isLua(*guard) ||
          !ttislcf(s2v((*guard)->func.p)) ||
          fvalue(s2v((*guard)->func.p)) != luaB_xpcall))
    *guard = (*guard == NULL) ? ci->previous : (*guard)->previous;
  return *guard != &L->base_ci &&
         luaV_rawequalobj(s2v(ci->func.p), s2v((*guard)->func.p + 2));
}

/* The innermost place that keeps a thread from being left: see barrier in
** src/lua/frames.rs. `passes` knows the functions of C that can be left. */
LUA_API int warren_barrier (lua_State *L, lua_Debug *ar, int (*passes) (lua_State *, lua_CFunction)) {
  CallInfo *ci, *guard = NULL;
  for (ci = L->ci; ci != &L->base_ci; ci = ci->previous) {
    const TValue *f = s2v(ci->func.p);
    if (guard == ci) guard = NULL;
    if (ci->previous->callstatus & CIST_FIN) return 2;
    if (ci->previous->callstatus & CIST_HOOKED) return 4;
    if (is_handler(L, ci, &guard)) return 3;
    if (ci != L->ci && !isLua(ci)) {
      lua_CFunction function = ttislcf(f) ? fvalue(f) : ttisCclosure(f) ? clCvalue(f)->f : NULL;
      if (function != luaB_pcall && function != luaB_xpcall && function != luaB_pairs &&
          function != luaB_dofile && !passes(L, function)) {
        ar->i_ci = ci;
        return 1;
      }
    }
  }
  return 0;
}

/* Tells if `ci` is a pcall or an xpcall. */
static int is_protected_call (const CallInfo *ci) {
  const TValue *f = s2v(ci->func.p);
  return !isLua(ci) && ttislcf(f) && (fvalue(f) == luaB_pcall || fvalue(f) == luaB_xpcall);
}

/* The call of the program that led to the function of C that runs: see frame_of_call in
** src/lua/frames.rs. Functions of the prelude, and the function of C that has called
** one, return what the function they call has returned: so a call takes no results if
** they take all, and the call of the program none. What pcall calls is not discarded. */
LUA_API const void *warren_call (lua_State *L, lua_Debug *ar, int discards) {
  CallInfo *ci = L->ci;
  for (;;) {
    CallInfo *caller = ci->previous;
    if (ci == &L->base_ci || caller == NULL || caller == &L->base_ci) return NULL;
    if (isLua(caller) && !is_hidden_call(caller)) {
      if (discards && ci->nresults != 0) return NULL;
      ar->i_ci = caller;
      return caller->u.l.savedpc;
    }
    if (!isLua(caller) && !is_hidden_call(ci)) return NULL;
    if (discards && is_protected_call(caller)) return NULL;
    if (discards && ci->nresults != LUA_MULTRET) return NULL;
    ci = caller;
  }
}

/* The number of the instruction that the function of `ar` is at. */
LUA_API int warren_instruction (const lua_Debug *ar) {
  CallInfo *ci = ar->i_ci;
  return isLua(ci) ? pcRel(ci->u.l.savedpc, ci_func(ci)->p) : -1;
}
