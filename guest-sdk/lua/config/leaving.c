/* See leaving.h. */

/* Leaves the coroutine with a status; the result of the function of C that runs. */
static int warren_leave (lua_State *L, int status) {
  L->errorJmp->status = status;
  warren_left = 1;
  return WARREN_LEFT;
}

/* What the loop does where `trap` is set: the new `trap`, or less than 0 where the coroutine
** is being left. The frame goes on with its stack as it is then. */
static __attribute__((noinline)) int warren_trace (lua_State *L, CallInfo *ci, const Instruction *pc) {
  if (warren_left) {
    ci->u.l.trap = L->hookmask;
    return -1;
  }
  if (l_unlikely(L->hookmask & WARREN_COVERED)) {
    count_instruction(L, ci, pc);
    if (!(L->hookmask & (LUA_MASKLINE | LUA_MASKCOUNT))) return 1;
  }
  return luaG_traceexec(L, pc);
}

/* What becomes of the result `n` of a function of C that is not over, of the frame `ci`. */
static int warren_passed (lua_State *L, CallInfo *ci, int n) {
  UNUSED(L);
  if (n == WARREN_LEFT && isLua(ci->previous))
    ci->previous->u.l.trap = 1;
  return n;
}

/* Tells if the function of C that runs may call in place: the interpreter's loop has called
** it by an instruction for that, or another such function. Metamethods are called by other
** instructions, and what runs while the loop calls (hooks, finalizers) is known by the state. */
static int may_call_in_place (lua_State *L) {
  CallInfo *caller = L->ci->previous;
  if (!yieldable(L)) return 0;
  if (!isLua(caller)) return caller->callstatus & CIST_INPLACE;
  if (caller->callstatus & CIST_HOOKED) return 0;
  switch (GET_OPCODE(caller->u.l.savedpc[-1])) {
    case OP_CALL: case OP_TAILCALL: case OP_TFORCALL: return 1;
    default: return 0;
  }
}

/* Ends a call in place, which does not count if the coroutine was left since it began. */
static void called_in_place (lua_State *L, CallInfo *ci) {
  ci->callstatus &= ~CIST_INPLACE;
  if (warren_base > warren_resumed) {
    warren_base--;
    L->nCcalls--;
  }
}

/* Calls the function at `func` below its arguments, for a function of C that may call in
** place and has set its continuation. 0 where the results are there; else what the function
** of C has to return. */
static int call_in_place (lua_State *L, StkId func, int nresults) {
  CallInfo *ci = L->ci;
  CallInfo *callee;
  ci->callstatus |= CIST_INPLACE;
  warren_base++;
  L->nCcalls++;
  if (l_unlikely(getCcalls(L) >= LUAI_MAXCCALLS)) {
    checkstackp(L, 0, func);  /* free any use of EXTRA_STACK */
    luaE_checkcstack(L);
  }
  callee = luaD_precall(L, func, nresults);
  if (callee != NULL) {
    callee->callstatus |= CIST_FRESH | CIST_CALLED;
    return WARREN_CALLED;
  }
  if (warren_left) return WARREN_LEFT;
  called_in_place(L, ci);
  adjustresults(L, nresults);
  return 0;
}

/* As lua_callk; `k` runs, with LUA_YIELD, unless 0 is returned: then the results are there.
** Any other result has to be that of the function of C. */
LUA_API int warren_callk (lua_State *L, int nargs, int nresults, lua_KContext ctx, lua_KFunction k) {
  CallInfo *ci = L->ci;
  if (!may_call_in_place(L)) {
    lua_callk(L, nargs, nresults, ctx, k);
    return 0;
  }
  ci->u.c.k = k;
  ci->u.c.ctx = ctx;
  return call_in_place(L, L->top.p - (nargs + 1), nresults);
}

/* The end of a function of Lua that the function of C of `ci` has called in place: goes on
** with that one. The frame to run next; NULL where the coroutine is left. */
static CallInfo *warren_returned (lua_State *L, CallInfo *ci) {
  do {
    int n;
    called_in_place(L, ci);
    if (ci->callstatus & CIST_YPCALL) {  /* a pcall, or an xpcall */
      ci->callstatus &= ~CIST_YPCALL;
      L->errfunc = ci->u.c.old_errfunc;
      n = cast_int(L->top.p - (ci->func.p + 1)) - (int)ci->u.c.ctx;
    }
    else {
      adjustresults(L, LUA_MULTRET);
      n = (*ci->u.c.k)(L, LUA_YIELD, ci->u.c.ctx);
      if (n == WARREN_LEFT) return NULL;
      if (n == WARREN_CALLED) return L->ci;
    }
    luaD_poscall(L, ci, n);
    ci = L->ci;
  } while (!isLua(ci));
  return ci;
}

/* The end of lua_error for a function of C that returns its result. */
LUA_API int warren_raise (lua_State *L) {
  const TValue *error = s2v(L->top.p - 1);
  if (!warren_can_leave(L) || L->errfunc != 0 ||
      (ttisshrstring(error) && eqshrstr(tsvalue(error), G(L)->memerrmsg)))
    return lua_error(L);
  return warren_leave(L, LUA_ERRRUN);
}

/* Calls the function at `func` in place, protected, for a pcall or an xpcall: what lua_pcallk
** does in a coroutine. `errfunc` is the place of the message handler, or 0; the first `extra`
** values of the function of C are not results. */
static int warren_pcall (lua_State *L, StkId func, ptrdiff_t errfunc, int extra, lua_KFunction k) {
  CallInfo *ci = L->ci;
  int n;
  ci->u.c.k = k;
  ci->u.c.ctx = extra;
  ci->u.c.old_errfunc = L->errfunc;
  ci->u2.funcidx = cast_int(savestack(L, func));
  L->errfunc = errfunc;
  setoah(ci->callstatus, L->allowhook);
  ci->callstatus |= CIST_YPCALL;
  n = call_in_place(L, func, LUA_MULTRET);
  if (n != 0) return n;
  ci->callstatus &= ~CIST_YPCALL;
  L->errfunc = ci->u.c.old_errfunc;
  return cast_int(L->top.p - (ci->func.p + 1)) - extra;
}
