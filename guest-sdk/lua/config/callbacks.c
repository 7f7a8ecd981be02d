/* `string.gsub` with a replacement that is called, and `table.sort` with a comparison that is
** called: as those of Lua, but what they need is kept on the stack of Lua, so that the
** functions they call can block. See leaving.h. */

/* The state of a `gsub`, beside the subject and the pattern at indices 1 and 2. */
typedef struct GSubState {
  const char *src;	/* where to match next */
  const char *p;	/* the pattern, without its anchor */
  const char *from;	/* the start of the match whose replacement is asked for */
  const char *lastmatch;	/* end of last match */
  const char *copied;	/* all before is in the buffer, if anything was replaced */
  lua_Integer n;	/* replacement count */
  lua_Integer max_s;
  char *buffer;
  size_t used, size;	/* of the buffer */
  int anchor;
  int changed;
  MatchState ms;
  char first[1];	/* the first buffer */
} GSubState;

/* The indices of the state, and of a buffer larger than the first one. */
#define GSUB_STATE	4
#define GSUB_BUFFER	5

/* The size of the first buffer, of the length of the subject or less. */
#define GSUB_FIRST	256

static void gsub_put (lua_State *L, GSubState *g, const char *s, size_t l) {
  if (l > g->size - g->used) {  /* enlarge the buffer */
    size_t size = g->size + g->size / 2;
    char *buffer;
    if (l_unlikely(l > MAX_SIZE / 2 - g->used))
      luaL_error(L, "buffer too large");
    if (size < g->used + l) size = g->used + l + 64;
    buffer = (char *)lua_newuserdatauv(L, size, 0);
    memcpy(buffer, g->buffer, g->used);
    lua_replace(L, GSUB_BUFFER);
    g->buffer = buffer;
    g->size = size;
  }
  memcpy(g->buffer + g->used, s, l);
  g->used += l;
}

/* Puts what was returned for a match, on top of the stack, in its place. */
static void gsub_add (lua_State *L, GSubState *g) {
  if (lua_toboolean(L, -1)) {
    size_t l;
    const char *value = lua_tolstring(L, -1, &l);
    if (l_unlikely(value == NULL))
      luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
    g->changed = 1;
    gsub_put(L, g, g->copied, g->from - g->copied);
    gsub_put(L, g, value, l);
    g->copied = g->src;
  }
  lua_pop(L, 1);
}

static int gsub_on (lua_State *L, int status, lua_KContext ctx);

/* Goes on with the match at `src`. Nothing is above index 5. */
static int gsub_run (lua_State *L, GSubState *g) {
  MatchState *ms = &g->ms;
  int patience = SKIP_AFTER;
  ms->L = L;
  while (g->n < g->max_s) {
    const char *e;
    reprepstate(ms);  /* (re)prepare state for new match */
    if (!g->anchor && --patience < 0) {
      e = warren_skip(ms, g->src, g->p);
      if (e == NULL) break;
      g->src = e;
    }
    if ((e = match(ms, g->src, g->p)) != NULL && e != g->lastmatch) {  /* match? */
      int n;
      patience = SKIP_AFTER;
      g->n++;
      g->from = g->src;
      g->src = g->lastmatch = e;
      if (lua_type(L, 3) == LUA_TFUNCTION) {
        lua_pushvalue(L, 3);
        n = push_captures(ms, g->from, e);  /* all captures as arguments */
      }
      else {
        lua_pushvalue(L, lua_upvalueindex(2));
        lua_pushvalue(L, 3);
        push_onecapture(ms, 0, g->from, e);  /* first capture is the index */
        n = 2;
      }
      n = warren_callk(L, n, 1, 0, gsub_on);
      if (n != 0) return n;
      gsub_add(L, g);
    }
    else if (g->src < ms->src_end)  /* otherwise, skip one character */
      g->src++;
    else break;  /* end of subject */
    if (g->anchor) break;
  }
  if (!g->changed)
    lua_pushvalue(L, 1);  /* return original string */
  else {
    gsub_put(L, g, g->copied, ms->src_end - g->copied);
    lua_pushlstring(L, g->buffer, g->used);
  }
  lua_pushinteger(L, g->n);  /* number of substitutions */
  return 2;
}

static int gsub_on (lua_State *L, int status, lua_KContext ctx) {
  GSubState *g = (GSubState *)lua_touserdata(L, GSUB_STATE);
  UNUSED(status);
  UNUSED(ctx);
  gsub_add(L, g);
  if (g->anchor) g->max_s = 0;  /* there is no other match */
  return gsub_run(L, g);
}

/* `string.gsub(s, pattern, replacement, n?)`. Of a table with a metatable the function that
** is the second upvalue gets the fields: it is given the table and the key. */
LUA_API int warren_gsub (lua_State *L) {
  size_t srcl, lp, size;
  const char *src, *p;
  lua_Integer max_s;
  GSubState *g;
  switch (lua_type(L, 3)) {
    case LUA_TFUNCTION: break;
    case LUA_TTABLE:
      if (hvalue(index2value(L, 3))->metatable != NULL) break;
      /* FALLTHROUGH */
    default: return str_gsub(L);
  }
  src = warren_checktext(L, 1, &srcl);
  p = warren_checktext(L, 2, &lp);
  max_s = luaL_optinteger(L, 4, srcl + 1);
  lua_settop(L, 3);
  size = srcl < GSUB_FIRST ? srcl + 16 : GSUB_FIRST;
  g = (GSubState *)lua_newuserdatauv(L, offsetof(GSubState, first) + size, 0);
  lua_pushnil(L);
  g->anchor = (*p == '^');
  if (g->anchor) {
    p++; lp--;  /* skip anchor character */
  }
  g->p = p;
  g->src = g->from = g->copied = src;
  g->lastmatch = NULL;
  g->n = 0;
  g->max_s = max_s;
  g->buffer = g->first;
  g->used = 0;
  g->size = size;
  g->changed = 0;
  prepstate(&g->ms, L, src, srcl, p, lp);
  return gsub_run(L, g);
}

/* The state of a `sort`, beside the table and the function at indices 1 and 2: that of Lua's
** `auxsort`, with the intervals that its recursion would come back to. */
typedef struct SortState {
  int place;	/* the comparison that is made */
  IdxT lo, up, p, i, j;
  unsigned int rnd;
  int waiting;
  struct { IdxT lo, up; unsigned int rnd; } intervals[1];
} SortState;

#define SORT_STATE	3

static int sort_on (lua_State *L, int status, lua_KContext ctx);

/* Calls the comparison with the values at two indices, and goes on with its result, at once
** or in `sort_on`. */
#define compare(at, a, b) \
  s->place = at; \
  lua_pushvalue(L, 2); \
  lua_pushvalue(L, (a) - 1);  /* -1 to compensate function */ \
  lua_pushvalue(L, (b) - 2);  /* -2 to compensate function and 'a' */ \
  n = warren_callk(L, 2, 1, 0, sort_on); \
  if (n != 0) return n; \
  /* FALLTHROUGH */ \
  case at: \
  less = lua_toboolean(L, -1); \
  lua_pop(L, 1);

static int sort_run (lua_State *L, SortState *s) {
  int n, less;
  switch (s->place) {
    case 0:
      for (;;) {
        while (s->lo < s->up) {
          IdxT lo, up;
          /* sort elements 'lo', 'p', and 'up' */
          lua_geti(L, 1, s->lo);
          lua_geti(L, 1, s->up);
          compare(1, -1, -2)  /* a[up] < a[lo]? */
          if (less)
            set2(L, s->lo, s->up);
          else
            lua_pop(L, 2);
          if (s->up - s->lo == 1)  /* only 2 elements? */
            break;
          if (s->up - s->lo < RANLIMIT || s->rnd == 0)
            s->p = (s->lo + s->up) / 2;
          else
            s->p = choosePivot(s->lo, s->up, s->rnd);
          lua_geti(L, 1, s->p);
          lua_geti(L, 1, s->lo);
          compare(2, -2, -1)  /* a[p] < a[lo]? */
          if (less)
            set2(L, s->p, s->lo);
          else {
            lua_pop(L, 1);
            lua_geti(L, 1, s->up);
            compare(3, -1, -2)  /* a[up] < a[p]? */
            if (less)
              set2(L, s->p, s->up);
            else
              lua_pop(L, 2);
          }
          if (s->up - s->lo == 2)  /* only 3 elements? */
            break;
          lua_geti(L, 1, s->p);  /* get middle element (Pivot) */
          lua_pushvalue(L, -1);
          lua_geti(L, 1, s->up - 1);
          set2(L, s->p, s->up - 1);  /* swap Pivot (a[p]) with a[up - 1] */
          s->i = s->lo;
          s->j = s->up - 1;
          for (;;) {  /* a[lo .. i] <= P <= a[j .. up] */
            for (;;) {  /* repeat ++i while a[i] < P */
              lua_geti(L, 1, ++s->i);
              compare(4, -1, -2)
              if (!less) break;
              if (l_unlikely(s->i == s->up - 1))
                return luaL_error(L, "invalid order function for sorting");
              lua_pop(L, 1);
            }
            for (;;) {  /* repeat --j while P < a[j] */
              lua_geti(L, 1, --s->j);
              compare(5, -3, -1)
              if (!less) break;
              if (l_unlikely(s->j < s->i))
                return luaL_error(L, "invalid order function for sorting");
              lua_pop(L, 1);
            }
            if (s->j < s->i) {  /* no elements out of place? */
              lua_pop(L, 1);
              set2(L, s->up - 1, s->i);  /* swap pivot (a[up - 1]) with a[i] */
              break;
            }
            set2(L, s->i, s->j);
          }
          /* the smaller interval first; the other one waits */
          if (s->i - s->lo < s->up - s->i) {
            lo = s->i + 1;
            up = s->up;
            s->up = s->i - 1;
            n = s->i - s->lo;
          }
          else {
            lo = s->lo;
            up = s->i - 1;
            n = s->up - s->i;
            s->lo = s->i + 1;
          }
          s->intervals[s->waiting].lo = lo;
          s->intervals[s->waiting].up = up;
          /* partition too imbalanced? try a new randomization */
          s->intervals[s->waiting].rnd =
            (up - lo) / 128 > (IdxT)n ? l_randomizePivot() : s->rnd;
          s->waiting++;
        }
        if (s->waiting == 0) return 0;
        s->waiting--;
        s->lo = s->intervals[s->waiting].lo;
        s->up = s->intervals[s->waiting].up;
        s->rnd = s->intervals[s->waiting].rnd;
      }
  }
  return 0;
}

static int sort_on (lua_State *L, int status, lua_KContext ctx) {
  UNUSED(status);
  UNUSED(ctx);
  return sort_run(L, (SortState *)lua_touserdata(L, SORT_STATE));
}

/* Sorts the table at index 1, of `n` elements, by the function at index 2, for a function of
** C that returns the result. */
LUA_API int warren_sort_by (lua_State *L, unsigned int n) {
  SortState *s;
  int levels = 1;  /* each interval that is done first has at most half of the elements */
  unsigned int most = n;
  while (most > 1) {
    most /= 2;
    levels++;
  }
  lua_settop(L, 2);
  s = (SortState *)lua_newuserdatauv(L, sizeof(SortState) + levels * sizeof(s->intervals[0]), 0);
  s->place = 0;
  s->lo = 1;
  s->up = n;
  s->rnd = 0;
  s->waiting = 0;
  return sort_run(L, s);
}

#undef compare
