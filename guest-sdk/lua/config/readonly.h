/* The tables of modules are read-only. A bit of a table's flags that Lua leaves alone
** tells: the low six remember metamethods, the highest is about the size of its array.
** Assignments to tables of all kinds pay for it with one test of a byte that they have
** next to what they read anyway. */

#include "ldebug.h"
#include "lvm.h"

#define READONLY	(1 << 6)

#define is_readonly(t)	l_unlikely((t)->flags & READONLY)

#define READONLY_TEXT	"attempt to change a module (put a changed copy in its place)"

static l_noret warren_readonly (lua_State *L) {
  luaG_runerror(L, READONLY_TEXT);
}

/* As in lvm.h, but for tables that are read-only. */
#undef luaV_finishfastset
#define luaV_finishfastset(L,t,slot,v) \
    { if (is_readonly(hvalue(t))) { finishreadonly(L); } \
      setobj2t(L, cast(TValue *,slot), v); \
      luaC_barrierback(L, gcvalue(t), v); }
