/* Forced into every source file of Lua: what warren's Lua does differently.
** The interpreter is set up once and its memory kept as an image, so during
** set-up nothing may ask for the time, and the seeds come from the runtime. */

#ifndef WARREN_H
#define WARREN_H

/* fopencookie, for the standard streams. */
#define _GNU_SOURCE

#include <time.h>

/* The seed of string hashes: from the runtime's random source. */
unsigned int warren_hash_seed (void);
#define luai_makeseed(L)	((void)(L), warren_hash_seed())

/* Large enough for set-up, so that it stays where it is made: see
** src/allocator/layout.rs. */
#define MINSTRTABSIZE	512

/* The runtime's clocks instead of the system's. `warren_time` is 0 during
** set-up, where luaopen_math seeds its generator; it is seeded anew when a
** process starts. */
long long warren_time (time_t *out);
long long warren_clock (void);
#define time(out)	warren_time(out)
#define clock()		warren_clock()
#undef CLOCKS_PER_SEC
#define CLOCKS_PER_SEC	1000000000

#endif
