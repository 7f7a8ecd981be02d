/* Did-you-mean for calls of nil: the value that has no function of the name, and the
** end of Lua's message. The names are compared in src/mistakes/suggestion.rs. */

/* Registers and fields are followed so far from a call. */
#define WARREN_DEEPEST	8

/* Pushes `extra` with a suggestion for `name` and returns it, or returns `extra`. The
** value that was asked for the name is on top of the stack. */
const char *warren_suggestion (lua_State *L, const char *name, const char *extra);

/* A field of a table, without metamethods; NULL where there is none. */
static const TValue *field_of (const TValue *table, const TValue *key) {
  const TValue *value;
  if (table == NULL || !ttistable(table) || !ttisstring(key)) return NULL;
  value = luaH_getstr(hvalue(table), tsvalue(key));
  return isempty(value) ? NULL : value;
}

/* The module that the call of `require` at `pc` has returned, by a name that is written
** there; NULL for another call. */
static const TValue *required (lua_State *L, const Proto *p, int pc) {
  int reg = GETARG_A(p->code[pc]);
  int function = findsetreg(p, pc, reg);
  int argument = findsetreg(p, pc, reg + 1);
  const TValue *name, *loaded;
  if (function == -1 || argument == -1 || GETARG_B(p->code[pc]) != 2) return NULL;
  if (GET_OPCODE(p->code[function]) != OP_GETTABUP || GET_OPCODE(p->code[argument]) != OP_LOADK)
    return NULL;
  name = &p->k[GETARG_C(p->code[function])];
  if (strcmp(getstr(tsvalue(name)), "require") != 0) return NULL;
  loaded = luaH_getstr(hvalue(&G(L)->l_registry), luaS_new(L, LUA_LOADED_TABLE));
  return field_of(loaded, &p->k[GETARG_Bx(p->code[argument])]);
}

/* The value of a register before the instruction at `pc`: by the instructions that have
** made it where it was overwritten since. NULL where they do not tell. */
static const TValue *value_of (lua_State *L, CallInfo *ci, int pc, int reg, int depth) {
  const LClosure *function = ci_func(ci);
  const Proto *p = function->p;
  Instruction i;
  if (luaF_getlocalname(p, reg + 1, pc) != NULL) return s2v(ci->func.p + 1 + reg);
  pc = findsetreg(p, pc, reg);
  if (pc == -1 || depth == 0) return NULL;
  i = p->code[pc];
  switch (GET_OPCODE(i)) {
    case OP_MOVE:
      return GETARG_B(i) < GETARG_A(i) ? value_of(L, ci, pc, GETARG_B(i), depth - 1) : NULL;
    case OP_GETUPVAL:
      return function->upvals[GETARG_B(i)]->v.p;
    case OP_LOADK:
      return &p->k[GETARG_Bx(i)];
    case OP_GETTABUP:
      return field_of(function->upvals[GETARG_B(i)]->v.p, &p->k[GETARG_C(i)]);
    case OP_GETFIELD:
      return field_of(value_of(L, ci, pc, GETARG_B(i), depth - 1), &p->k[GETARG_C(i)]);
    case OP_CALL:
      return GETARG_A(i) == reg ? required(L, p, pc) : NULL;
    default:
      return NULL;
  }
}

/* The value whose field the function of Lua calls at present; NULL where it calls
** something else. */
static const TValue *called_on (lua_State *L, CallInfo *ci) {
  const LClosure *function = ci_func(ci);
  const Proto *p = function->p;
  int pc = currentpc(ci);
  Instruction i = p->code[pc];
  int reg = GETARG_A(i);
  if (GET_OPCODE(i) != OP_CALL && GET_OPCODE(i) != OP_TAILCALL) return NULL;
  if (luaF_getlocalname(p, reg + 1, pc) != NULL) return NULL;
  pc = findsetreg(p, pc, reg);
  if (pc == -1) return NULL;
  i = p->code[pc];
  switch (GET_OPCODE(i)) {
    case OP_GETTABUP:
      return function->upvals[GETARG_B(i)]->v.p;
    case OP_GETFIELD:
      return value_of(L, ci, pc, GETARG_B(i), WARREN_DEEPEST);
    case OP_SELF:  /* the argument behind the function */
      return s2v(ci->func.p + 1 + reg + 1);
    default:
      return NULL;
  }
}

static const char *warren_extra (lua_State *L, const char *name, const char *extra) {
  CallInfo *ci = L->ci;
  const TValue *value;
  if (!isLua(ci) || !lua_checkstack(L, LUA_MINSTACK)) return extra;
  value = called_on(L, ci);
  if (value == NULL) return extra;
  setobj2s(L, L->top.p, value);
  L->top.p++;
  return warren_suggestion(L, name, extra);
}
