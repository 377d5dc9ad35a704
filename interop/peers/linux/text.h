/* Converts text between UTF-8, which arguments and terminals use, and the encoding of the memory. */
#ifndef TEXT_H
#define TEXT_H

#include <stddef.h>

struct encoding {
  const char* name;       /* its name in memlane */
  const char* iconv_name; /* its name in iconv */
  size_t unit_length;     /* bytes of one code unit, and so of the terminator */
};

/* The encoding of that name, or NULL. */
const struct encoding* find_encoding(const char* name);

/*
 * Converts UTF-8 text and its terminator to the encoding; the caller frees the result. NULL when the text has
 * characters that the encoding lacks.
 */
void* encode_text(const struct encoding* encoding, const char* text, size_t* length);

/* Converts the text in memory, up to its terminator or to length, to UTF-8; the caller frees it. NULL if malformed. */
char* decode_text(const struct encoding* encoding, const void* memory, size_t length);

#endif
