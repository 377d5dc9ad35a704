#include "text.h"

#include <iconv.h>
#include <stdlib.h>
#include <string.h>

static const struct encoding encodings[] = {
    {"utf16le", "UTF-16LE", 2},
    {"utf8", "UTF-8", 1},
    {"latin1", "ISO-8859-1", 1},
    {"utf32le", "UTF-32LE", 4},
};

const struct encoding* find_encoding(const char* name) {
  for (size_t i = 0; i < sizeof encodings / sizeof encodings[0]; i++) {
    if (strcmp(encodings[i].name, name) == 0) return &encodings[i];
  }
  return NULL;
}

/* For each encoding, four bytes of output for each byte of input, and four more bytes, are enough. */
static void* convert(const char* to, const char* from, const void* input, size_t input_length, size_t* output_length) {
  iconv_t converter = iconv_open(to, from);
  if (converter == (iconv_t)-1) return NULL;

  size_t room = 4 * (input_length + 1);
  char* output = calloc(1, room);
  char *source = (char*)input, *target = output;
  size_t lost = output == NULL ? (size_t)-1 : iconv(converter, &source, &input_length, &target, &room);
  iconv_close(converter);
  if (lost != 0) {
    free(output);
    return NULL;
  }
  *output_length = (size_t)(target - output);
  return output;
}

void* encode_text(const struct encoding* encoding, const char* text, size_t* length) {
  return convert(encoding->iconv_name, "UTF-8", text, strlen(text) + 1, length);
}

static size_t text_length(const struct encoding* encoding, const unsigned char* memory, size_t length) {
  static const unsigned char terminator[4];
  size_t end = 0;
  while (end + encoding->unit_length <= length && memcmp(memory + end, terminator, encoding->unit_length) != 0) {
    end += encoding->unit_length;
  }
  return end;
}

char* decode_text(const struct encoding* encoding, const void* memory, size_t length) {
  size_t output_length;
  return convert("UTF-8", encoding->iconv_name, memory, text_length(encoding, memory, length), &output_length);
}
