/* What the interpreter's loop does most is done in the loop itself: each call of a function
** of WebAssembly looks at the room on the stack and at the clock of preemption. */

/* As luaH_getshortstr; the key is mostly at its main position. */
static inline const TValue *at_main_position (Table *t, TString *key) {
  const Node *n = hashstr(t, key);
  if (l_likely(keyisshrstr(n) && eqshrstr(keystrval(n), key)))
    return gval(n);
  return luaH_getshortstr(t, key);
}

/* As luaH_getstr. */
static inline const TValue *at_main_position_str (Table *t, TString *key) {
  return key->tt == LUA_VSHRSTR ? at_main_position(t, key) : luaH_getstr(t, key);
}

/* As luaH_get. */
static inline const TValue *at_main_position_any (Table *t, const TValue *key) {
  return ttisshrstring(key) ? at_main_position(t, tsvalue(key)) : luaH_get(t, key);
}

/* As luaD_precall, of a function of Lua. */
static inline CallInfo *precall_lua (lua_State *L, StkId func, int nresults) {
  CallInfo *ci;
  Proto *p = clLvalue(s2v(func))->p;
  int narg = cast_int(L->top.p - func) - 1;  /* number of real arguments */
  int nfixparams = p->numparams;
  int fsize = p->maxstacksize;  /* frame size */
  checkstackGCp(L, fsize, func);
  L->ci = ci = prepCallInfo(L, func, nresults, 0, func + 1 + fsize);
  ci->u.l.savedpc = p->code;  /* starting point */
  for (; narg < nfixparams; narg++)
    setnilvalue(s2v(L->top.p++));  /* complete missing arguments */
  return ci;
}
