/* The limits of Lua's stacks. An error at one of them has Lua's own text; its value is
** noted, so that the error of a process that ends with it names the limit: see overflow.c.
** The page docs/limits.md states the numbers. */

#include "lua.h"

/* A recursion without end is "stack overflow" before it has used up the memory of
** a process of default size: a call takes 16 bytes of the stack, 40 beside it, and
** the old stack is there while the new one is filled. */
#define WARREN_MAXSTACK	400000

/* Calls of C within each other, as Lua has it, and the levels of a match of a pattern. */
#define LUAI_MAXCCALLS	200
#define MAXCCALLS	LUAI_MAXCCALLS

/* The stacks, as src/lua/overflow.rs numbers them: the values of one coroutine, and the
** calls of C. */
#define WARREN_STACK	1
#define WARREN_CALLS	2

/* luaG_runerror knows the errors of full stacks by these addresses. */
static const char warren_stack_text[] = "stack overflow";
static const char warren_calls_text[] = "C stack overflow";

LUA_API void warren_pass_overflow (lua_State *L, int idx);
static void warren_note_overflow (lua_State *L, int stack);
static int warren_overflow (lua_State *L, int stack, const char *format, const char *what);
static int warren_no_room (lua_State *L, lua_State *of, int n, const char *format, const char *what);
