/* Leaving a coroutine, and calling from C, without a frame of C between.
**
** A function of C that yields or fails has Lua throw, up to the `lua_resume` of its
** coroutine. That costs more than a microsecond, and is needed only where calls of C lie
** between. Without any, the function leaves by its result: it returns WARREN_LEFT, and so
** do the loop of the interpreter and `resume`.
**
** A function of C that calls a function of Lua as its last act need not wait for it on the
** stack of C: it returns WARREN_CALLED, and the loop that has called it runs the function of
** Lua, and then the continuation. So `pcall`, `gsub` and `sort` can be left. */

#include "lstate.h"

/* The results of a function of C that is not over. The interpreter's loop learns of the
** first by `trap`, which it looks at anyway. */
#define WARREN_LEFT	(-2)
#define WARREN_CALLED	(-3)

/* A function of Lua that a function of C, the frame before it, has called in this way. It
** is marked as CIST_FRESH, too, which the loop looks at anyway. */
#define CIST_CALLED	(1 << 14)
/* A function of C while it calls in this way: what it calls may do so, too. */
#define CIST_INPLACE	(1 << 15)

/* Set while a coroutine is being left by results. These lie where every process writes: as
** variables of C, they would be a page more of each. */
#define warren_left	(G(L)->warren_left_)
/* The calls of C at the innermost `lua_resume`. */
#define warren_resumed	(G(L)->warren_resumed_)
/* The same with the calls in place, which count as calls of C for LUAI_MAXCCALLS: with as
** many, none of C lie between. As those of C, they count until the coroutine is left. */
#define warren_base	(G(L)->warren_base_)

#define warren_can_leave(L)	(getCcalls(L) == warren_base)

static int warren_leave (lua_State *L, int status);
static int warren_trace (lua_State *L, CallInfo *ci, const Instruction *pc);
static int warren_passed (lua_State *L, CallInfo *ci, int n);
static CallInfo *warren_returned (lua_State *L, CallInfo *ci);
