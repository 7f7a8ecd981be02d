/* The hash of strings, in the place of Lua's, which takes a step for each byte: this one
** is wyhash32 by Wang Yi, which is in the public domain, with a step for each 8 bytes. */

#include <stdint.h>

static uint32_t hash_word (const char *bytes) {
  uint32_t word;
  memcpy(&word, bytes, sizeof(word));
  return word;
}

static void hash_mix (uint32_t *a, uint32_t *b) {
  uint64_t product = (uint64_t)(*a ^ 0x53c5ca59u) * (*b ^ 0x74743c1bu);
  *a = (uint32_t)product;
  *b = (uint32_t)(product >> 32);
}

static unsigned int warren_hash (const char *bytes, size_t len, unsigned int seed) {
  uint32_t a = seed, b = (uint32_t)len;
  hash_mix(&a, &b);
  for (; len > 8; len -= 8, bytes += 8) {
    a ^= hash_word(bytes);
    b ^= hash_word(bytes + 4);
    hash_mix(&a, &b);
  }
  if (len >= 4) {
    a ^= hash_word(bytes);
    b ^= hash_word(bytes + len - 4);
  }
  else if (len > 0)
    a ^= (uint32_t)(unsigned char)bytes[0] << 16 |
         (uint32_t)(unsigned char)bytes[len >> 1] << 8 | (unsigned char)bytes[len - 1];
  hash_mix(&a, &b);
  hash_mix(&a, &b);
  return a ^ b;
}
