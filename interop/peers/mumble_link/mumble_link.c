/*
 * A game's and Mumble's side of MumbleLink, with the structure that games declare.
 *
 *   mumble_link write [--unterminated] [NAME]   fills every field, then waits for a byte of standard input or its end
 *   mumble_link print [NAME]                    prints every field that somebody wrote, as JSON
 *
 * wchar_t decides the layout: 4 bytes on Linux, 2 on Windows and on Linux with -fshort-wchar. --unterminated fills the
 * description to its last character, so that no terminator follows. Strings of the C library that take wchar_t are not
 * used, because its wchar_t need not be this program's.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

#include "mapping.h"

struct LinkedMem {
  uint32_t uiVersion;
  uint32_t uiTick;
  float fAvatarPosition[3];
  float fAvatarFront[3];
  float fAvatarTop[3];
  wchar_t name[256];
  float fCameraPosition[3];
  float fCameraFront[3];
  float fCameraTop[3];
  wchar_t identity[256];
  uint32_t context_len;
  unsigned char context[256];
  wchar_t description[2048];
};

#define AT(field, offset) _Static_assert(offsetof(struct LinkedMem, field) == (offset), #field " is not at " #offset)

AT(uiVersion, 0);
AT(uiTick, 4);
AT(fAvatarPosition, 8);
AT(fAvatarFront, 20);
AT(fAvatarTop, 32);
AT(name, 44);
#if __SIZEOF_WCHAR_T__ == 2
AT(fCameraPosition, 556);
AT(fCameraFront, 568);
AT(fCameraTop, 580);
AT(identity, 592);
AT(context_len, 1104);
AT(context, 1108);
AT(description, 1364);
_Static_assert(sizeof(struct LinkedMem) == 5460, "5460 bytes with wchar_t of 2");
#else
AT(fCameraPosition, 1068);
AT(fCameraFront, 1080);
AT(fCameraTop, 1092);
AT(identity, 1104);
AT(context_len, 2128);
AT(context, 2132);
AT(description, 2388);
_Static_assert(sizeof(struct LinkedMem) == 10580, "10580 bytes with wchar_t of 4");
#endif

/* Repeats a text's characters until the field is full, a terminator included or not. */
static void fill(wchar_t* field, size_t field_count, const wchar_t* text, size_t text_count, bool terminated) {
  for (size_t i = 0; i < field_count; i++) field[i] = text[i % text_count];
  if (terminated) field[field_count - 1] = 0;
}

static void write_fields(struct LinkedMem* link, bool unterminated) {
  static const wchar_t name[] = L"Spiel \u00e9\u00df \u65e5\u672c \U0001f3ae";
  static const wchar_t identity[] = L"{\"player\":\"J\u00fcrgen\"}";
  static const wchar_t description[] = L"0123456789\u00c4\u20ac\u65e5";
  const struct LinkedMem values = {
      .uiVersion = 2,
      .uiTick = 4000000001u,
      .fAvatarPosition = {1.5f, -2.25f, 3.125f},
      .fAvatarFront = {0.1f, 0.2f, 0.3f},
      .fAvatarTop = {-1e-30f, 1e30f, 16777216.0f},
      .fCameraPosition = {11.5f, -12.25f, 13.125f},
      .fCameraFront = {-0.4f, -0.5f, -0.6f},
      .fCameraTop = {0.0f, 1.0f, -1.0f},
      .context_len = 251,
  };
  *link = values;
  memcpy(link->name, name, sizeof name);
  fill(link->identity, 256, identity, sizeof identity / sizeof identity[0] - 1, true);
  for (int i = 0; i < 256; i++) link->context[i] = (unsigned char)(255 - i);
  fill(link->description, 2048, description, sizeof description / sizeof description[0] - 1, !unterminated);
}

static void print_character(uint32_t character) {
  if (character == '"' || character == '\\') {
    printf("\\%c", (int)character);
  } else if (character < 0x20) {
    printf("\\u%04x", (unsigned)character);
  } else if (character < 0x80) {
    putchar((int)character);
  } else if (character < 0x800) {
    printf("%c%c", (int)(0xc0 | character >> 6), (int)(0x80 | (character & 0x3f)));
  } else if (character < 0x10000) {
    printf("%c%c%c", (int)(0xe0 | character >> 12), (int)(0x80 | (character >> 6 & 0x3f)),
           (int)(0x80 | (character & 0x3f)));
  } else {
    printf("%c%c%c%c", (int)(0xf0 | character >> 18), (int)(0x80 | (character >> 12 & 0x3f)),
           (int)(0x80 | (character >> 6 & 0x3f)), (int)(0x80 | (character & 0x3f)));
  }
}

static void print_text(const char* field, const wchar_t* text, size_t field_count) {
  printf("\"%s\":\"", field);
  for (size_t i = 0; i < field_count && text[i] != 0; i++) {
    uint32_t character = (uint32_t)text[i];
    if (character >= 0xd800 && character < 0xdc00 && i + 1 < field_count) {
      uint32_t low = (uint32_t)text[++i];
      character = 0x10000 + ((character - 0xd800) << 10) + (low - 0xdc00);
    }
    print_character(character);
  }
  printf("\",");
}

static void print_vector(const char* field, const float vector[3]) {
  printf("\"%s\":[%.9g,%.9g,%.9g],", field, (double)vector[0], (double)vector[1], (double)vector[2]);
}

static void print_fields(const struct LinkedMem* link) {
  printf("{\"uiVersion\":%u,\"uiTick\":%u,", (unsigned)link->uiVersion, (unsigned)link->uiTick);
  print_vector("fAvatarPosition", link->fAvatarPosition);
  print_vector("fAvatarFront", link->fAvatarFront);
  print_vector("fAvatarTop", link->fAvatarTop);
  print_text("name", link->name, 256);
  print_vector("fCameraPosition", link->fCameraPosition);
  print_vector("fCameraFront", link->fCameraFront);
  print_vector("fCameraTop", link->fCameraTop);
  print_text("identity", link->identity, 256);
  printf("\"context_len\":%u,", (unsigned)link->context_len);
  print_text("description", link->description, 2048);
  printf("\"context\":[");
  for (int i = 0; i < 256; i++) printf("%s%u", i == 0 ? "" : ",", (unsigned)link->context[i]);
  printf("]}\n");
}

int main(int argc, char* argv[]) {
  bool writing = argc > 1 && strcmp(argv[1], "write") == 0;
  bool unterminated = writing && argc > 2 && strcmp(argv[2], "--unterminated") == 0;
  int name_argument = unterminated ? 3 : 2;
  if (argc < 2 || argc > name_argument + 1 || (!writing && strcmp(argv[1], "print") != 0)) {
    fprintf(stderr, "usage: mumble_link write [--unterminated] [NAME] | print [NAME]\n");
    return 2;
  }
  const char* name = argc > name_argument ? argv[name_argument] : default_name();

  struct mapping mapping;
  if (writing) {
    if (!create_or_open_mapping(name, sizeof(struct LinkedMem), &mapping)) return 1;
    write_fields(mapping.view, unterminated);
    printf("Ready (%s).\n", mapping.created ? "created" : "opened");
    fflush(stdout);
    getchar();
  } else {
    if (!open_mapping(name, sizeof(struct LinkedMem), &mapping)) return 1;
    print_fields(mapping.view);
  }
  close_mapping(name, &mapping);
  return 0;
}
