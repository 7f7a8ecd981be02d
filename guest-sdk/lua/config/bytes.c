/* Memory and strings by 16 bytes at a time. Every engine that runs WebAssembly has these
** instructions; the functions of the C library go by 4 bytes. Built apart from Lua, so that
** the compiler makes vectors of nothing else. */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "bytes.h"

#if defined(__wasm_simd128__)

#include <wasm_simd128.h>

#define load(p)	wasm_v128_load(p)
#define store(p, v)	wasm_v128_store(p, v)
/* A bit for each byte that is equal. */
#define equal(a, b)	wasm_i8x16_bitmask(wasm_i8x16_eq(a, b))

/* From so many bytes on, the engine's own copy and fill are faster than a loop, in spite of
** the call that they take. */
#define BULK	512

/* The most of them at once: a process can be stopped, and others have their turn, only
** between two such copies. */
#define PIECE	((size_t)1 << 20)

/* Small values, aligned or not. */
#define get(type, p)	({ type value; __builtin_memcpy(&value, p, sizeof(value)); value; })
#define put(type, p, v)	({ type value = (v); __builtin_memcpy(p, &value, sizeof(value)); })

/* Up to 16 bytes; all are read before any is written. */
static inline void copy_few (char *to, const char *from, size_t n) {
  if (n >= 8) {
    uint64_t first = get(uint64_t, from), last = get(uint64_t, from + n - 8);
    put(uint64_t, to, first);
    put(uint64_t, to + n - 8, last);
  }
  else if (n >= 4) {
    uint32_t first = get(uint32_t, from), last = get(uint32_t, from + n - 4);
    put(uint32_t, to, first);
    put(uint32_t, to + n - 4, last);
  }
  else if (n > 0) {
    char first = from[0], middle = from[n / 2], last = from[n - 1];
    to[0] = first;
    to[n / 2] = middle;
    to[n - 1] = last;
  }
}

void *memcpy (void *restrict to, const void *restrict from, size_t n) {
  char *t = to;
  const char *f = from;
  if (n <= 16)
    copy_few(t, f, n);
  else if (n >= BULK) {
    for (; n > PIECE; n -= PIECE, t += PIECE, f += PIECE)
      __builtin_memcpy(t, f, PIECE);
    __builtin_memcpy(t, f, n);
  }
  else {
    v128_t last = load(f + n - 16);
    size_t i;
    for (i = 0; i < n - 16; i += 16)
      store(t + i, load(f + i));
    store(t + n - 16, last);
  }
  return to;
}

void *memmove (void *to, const void *from, size_t n) {
  char *t = to;
  const char *f = from;
  if (n <= 16)
    copy_few(t, f, n);
  else if (n >= BULK && (size_t)(t - f) >= n) {
    for (; n > PIECE; n -= PIECE, t += PIECE, f += PIECE)
      __builtin_memmove(t, f, PIECE);
    __builtin_memmove(t, f, n);
  }
  else if (n >= BULK) {
    for (; n > PIECE; n -= PIECE)
      __builtin_memmove(t + n - PIECE, f + n - PIECE, PIECE);
    __builtin_memmove(t, f, n);
  }
  else if ((size_t)(t - f) >= n) {  /* forward, as `to` lies before or apart */
    v128_t last = load(f + n - 16);
    size_t i;
    for (i = 0; i < n - 16; i += 16)
      store(t + i, load(f + i));
    store(t + n - 16, last);
  }
  else {
    v128_t first = load(f);
    size_t i;
    for (i = n; i > 16; i -= 16)
      store(t + i - 16, load(f + i - 16));
    store(t, first);
  }
  return to;
}

void *memset (void *to, int byte, size_t n) {
  char *t = to;
  if (n >= BULK) {
    for (; n > PIECE; n -= PIECE, t += PIECE)
      __builtin_memset(t, byte, PIECE);
    __builtin_memset(t, byte, n);
  }
  else if (n >= 16) {
    v128_t all = wasm_i8x16_splat((int8_t)byte);
    size_t i;
    for (i = 0; i < n - 16; i += 16)
      store(t + i, all);
    store(t + n - 16, all);
  }
  else {
    uint64_t all = (unsigned char)byte * UINT64_C(0x0101010101010101);
    if (n >= 8) {
      put(uint64_t, t, all);
      put(uint64_t, t + n - 8, all);
    }
    else if (n >= 4) {
      put(uint32_t, t, (uint32_t)all);
      put(uint32_t, t + n - 4, (uint32_t)all);
    }
    else if (n > 0)
      t[0] = t[n / 2] = t[n - 1] = (char)byte;
  }
  return to;
}

int memcmp (const void *a, const void *b, size_t n) {
  const unsigned char *p = a, *q = b;
  while (n >= 16) {
    uint32_t same = equal(load(p), load(q));
    if (same != 0xffff) {
      int at = __builtin_ctz(~same);
      return p[at] - q[at];
    }
    p += 16; q += 16; n -= 16;
  }
  if (n >= 8) {
    uint64_t x = get(uint64_t, p), y = get(uint64_t, q);
    if (x != y)
      return __builtin_bswap64(x) < __builtin_bswap64(y) ? -1 : 1;
    p += 8; q += 8; n -= 8;
  }
  for (; n > 0; p++, q++, n--)
    if (*p != *q) return *p - *q;
  return 0;
}

void *memchr (const void *in, int byte, size_t n) {
  const unsigned char *p = in;
  v128_t wanted = wasm_i8x16_splat((int8_t)byte);
  for (; n >= 64; p += 64, n -= 64) {
    v128_t same = wasm_v128_or(
      wasm_v128_or(wasm_i8x16_eq(load(p), wanted), wasm_i8x16_eq(load(p + 16), wanted)),
      wasm_v128_or(wasm_i8x16_eq(load(p + 32), wanted), wasm_i8x16_eq(load(p + 48), wanted)));
    if (wasm_v128_any_true(same)) break;
  }
  for (; n >= 16; p += 16, n -= 16) {
    v128_t same = wasm_i8x16_eq(load(p), wanted);
    if (wasm_v128_any_true(same))
      return (void *)(p + __builtin_ctz(wasm_i8x16_bitmask(same)));
  }
  for (; n > 0; p++, n--)
    if (*p == (unsigned char)byte) return (void *)p;
  return NULL;
}

/* By the first and the last byte of what is looked for: both are seldom right by chance. */
const char *warren_find (const char *in, size_t n, const char *what, size_t m) {
  size_t i = 0;
  if (m == 0) return in;
  if (m > n) return NULL;
  if (m == 1) return memchr(in, *what, n);
  n -= m - 1;  /* the places where it could begin */
  if (n >= 16) {
    v128_t first = wasm_i8x16_splat(what[0]);
    v128_t last = wasm_i8x16_splat(what[m - 1]);
#define both_at(i)	wasm_v128_and(wasm_i8x16_eq(load(in + (i)), first), \
                                      wasm_i8x16_eq(load(in + (i) + m - 1), last))
    for (; i + 16 <= n; i += 16) {
      v128_t both = both_at(i);
      uint32_t places;
      if (!wasm_v128_any_true(both)) {
        size_t start = i;
        while (i + 64 <= n &&
               !wasm_v128_any_true(wasm_v128_or(wasm_v128_or(both_at(i), both_at(i + 16)),
                                                wasm_v128_or(both_at(i + 32), both_at(i + 48)))))
          i += 64;
        if (i > start) i -= 16;
        continue;
      }
      for (places = wasm_i8x16_bitmask(both); places != 0; places &= places - 1) {
        const char *place = in + i + __builtin_ctz(places);
        if (memcmp(place + 1, what + 1, m - 2) == 0) return place;
      }
    }
  }
  for (; i < n; i++)
    if (in[i] == what[0] && memcmp(in + i + 1, what + 1, m - 1) == 0) return in + i;
  return NULL;
}

size_t warren_plain (const char *s, size_t n) {
  size_t i = 0;
  for (; i + 16 <= n; i += 16) {
    v128_t v = load(s + i);
    v128_t ends = wasm_v128_or(
      wasm_v128_or(wasm_i8x16_eq(v, wasm_i8x16_const_splat('"')),
                   wasm_i8x16_eq(v, wasm_i8x16_const_splat('\\'))),
      wasm_u8x16_lt(v, wasm_i8x16_const_splat(0x20)));
    if (wasm_v128_any_true(ends)) return i + __builtin_ctz(wasm_i8x16_bitmask(ends));
  }
  for (; i < n; i++)
    if (s[i] == '"' || s[i] == '\\' || (unsigned char)s[i] < 0x20) return i;
  return n;
}

size_t warren_ascii (const char *s, size_t n) {
  size_t i = 0;
  for (; i + 16 <= n; i += 16) {
    uint32_t high = wasm_i8x16_bitmask(load(s + i));
    if (high != 0) return i + __builtin_ctz(high);
  }
  for (; i < n; i++)
    if (s[i] & 0x80) return i;
  return n;
}

void warren_change_case (char *to, const char *from, size_t n, char first) {
  v128_t base = wasm_i8x16_splat(first);
  v128_t letters = wasm_i8x16_const_splat(26), bit = wasm_i8x16_const_splat(0x20);
  size_t i = 0;
  for (; i + 16 <= n; i += 16) {
    v128_t v = load(from + i);
    v128_t is = wasm_u8x16_lt(wasm_i8x16_sub(v, base), letters);
    store(to + i, wasm_v128_xor(v, wasm_v128_and(is, bit)));
  }
  for (; i < n; i++)
    to[i] = from[i] ^ ((unsigned char)(from[i] - first) < 26 ? 0x20 : 0);
}

void warren_reverse (char *to, const char *from, size_t n) {
  for (; n >= 16; n -= 16, to += 16) {
    v128_t v = load(from + n - 16);
    store(to, wasm_i8x16_shuffle(v, v, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0));
  }
  while (n > 0)
    *to++ = from[--n];
}

#else

/* For the tests of this machine. */

const char *warren_find (const char *in, size_t n, const char *what, size_t m) {
  size_t i;
  for (i = 0; i + m <= n; i++)
    if (memcmp(in + i, what, m) == 0) return in + i;
  return NULL;
}

size_t warren_plain (const char *s, size_t n) {
  size_t i;
  for (i = 0; i < n; i++)
    if (s[i] == '"' || s[i] == '\\' || (unsigned char)s[i] < 0x20) break;
  return i;
}

size_t warren_ascii (const char *s, size_t n) {
  size_t i;
  for (i = 0; i < n; i++)
    if (s[i] & 0x80) break;
  return i;
}

void warren_change_case (char *to, const char *from, size_t n, char first) {
  size_t i;
  for (i = 0; i < n; i++)
    to[i] = from[i] ^ ((unsigned char)(from[i] - first) < 26 ? 0x20 : 0);
}

void warren_reverse (char *to, const char *from, size_t n) {
  while (n > 0)
    *to++ = from[--n];
}

#endif
