/* Counts of how often the instructions of a program run, for src/coverage.rs. A thread whose
** instructions are counted has a mark among its hooks, so that the interpreter's loop comes
** to `warren_trace`, as it does for a hook. Other threads pay nothing. */

/* The mark, beside the masks of Lua's own hooks. It stays when the program sets hooks. */
#define WARREN_COVERED	0x80

/* In src/coverage.rs. `warren_cover_line` is called for each instruction of a function, with
** its line or 0, and then `warren_cover_function`, which returns the number that
** `warren_count` knows the function by; 0 if it is not counted. */
void warren_cover_line (lua_State *L, unsigned int line);
unsigned int warren_cover_function (lua_State *L);
void warren_count (lua_State *L, unsigned int function, unsigned int instruction);

/* The line that an instruction at `line` shows as run, 0 for none. No hook sees the first
** instruction of a function with `...`. The last instruction of each function is a return
** that the compiler adds, behind the program's own; it also adds the ends of blocks, which a
** block that is left by `return` does not run. A function is made where it begins, but the
** instruction for it has the line of its `end`, and so have those behind it that store, pass
** or return it: `made` is the function that was made last. */
static int line_to_cover (const Proto *p, int pc, int line, const Proto *made) {
  if (pc == p->sizecode - 1) return 0;
  switch (GET_OPCODE(p->code[pc])) {
    case OP_VARARGPREP: case OP_CLOSE: return 0;
    default: return (made != NULL && line == made->lastlinedefined) ? made->linedefined : line;
  }
}

static void cover_function (lua_State *L, Proto *p) {
  int n, line = p->linedefined;
  const Proto *made = NULL;
  if (p->sizelineinfo < p->sizecode) return;
  for (n = 0; n < p->sizecode; n++) {
    line = nextline(p, line, n);
    if (GET_OPCODE(p->code[n]) == OP_CLOSURE) made = p->p[GETARG_Bx(p->code[n])];
    warren_cover_line(L, (unsigned int)line_to_cover(p, n, line, made));
  }
  p->covered = (unsigned short)warren_cover_function(L);
  for (n = 0; n < p->sizep; n++) cover_function(L, p->p[n]);
}

/* Has the function on top of the stack counted, which was just loaded, and all within it.
** Does not raise. */
LUA_API void warren_cover (lua_State *L) {
  cover_function(L, clLvalue(s2v(L->top.p - 1))->p);
}

/* Has the instructions of a thread counted, of the state's main thread, and of those that
** they make from now on. */
LUA_API void warren_cover_thread (lua_State *L) {
  L->hookmask |= WARREN_COVERED;
  G(L)->mainthread->hookmask |= WARREN_COVERED;
}

/* Counts the instruction at `pc`, which is about to run. */
static void count_instruction (lua_State *L, const CallInfo *ci, const Instruction *pc) {
  const Proto *p = ci_func(ci)->p;
  if (p->covered != 0) warren_count(L, p->covered, (unsigned int)(pc - p->code));
}
