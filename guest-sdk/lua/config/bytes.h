/* Scans and copies that the C library does not have: see bytes.c. */

#ifndef WARREN_BYTES_H
#define WARREN_BYTES_H

#include <stddef.h>

/* The first place of `what` in `in`; NULL without one. */
const char *warren_find (const char *in, size_t n, const char *what, size_t m);

/* The number of bytes up to the first that a string of JSON has to escape. */
size_t warren_plain (const char *s, size_t n);

/* The number of bytes up to the first beyond ASCII. */
size_t warren_ascii (const char *s, size_t n);

/* Copies, and gives the 26 letters from `first` on the other case. */
void warren_change_case (char *to, const char *from, size_t n, char first);

/* Copies the bytes in reverse order. */
void warren_reverse (char *to, const char *from, size_t n);

#endif
