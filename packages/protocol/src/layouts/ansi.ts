/**
 * Text in a Windows "ANSI" code page. The code page is a setting of the system that wrote the text ("language for non-Unicode
 * programs"), and the memory does not name it. So the caller passes it; the default is the code page of Western Windows.
 */

/** How to read the ANSI text of a foreign program. */
export interface AnsiOptions {
  /**
   * The code page of the system that the program runs on, by its WHATWG name: `windows-1251` for Russian, `windows-1250` for
   * Polish, `shift_jis` for Japanese. Default `windows-1252`: Western European languages. English text is the same in all.
   */
  readonly codePage?: string
}

/** The characters 0x80 to 0x9F of windows-1252. All others equal Latin-1. (Node 20's own decoder reads these as Latin-1.) */
const WINDOWS_1252 =
  '\u20ac\x81\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\x8d\u017d\x8f' +
  '\x90\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\x9d\u017e\u0178'

/**
 * Makes a function that takes text that the layout `latin1` has read (one character for each byte), and returns the text in the
 * code page.
 *
 * @throws RangeError for a code page that this Node does not know
 */
export function ansiDecoder({ codePage = 'windows-1252' }: AnsiOptions): (latin1: string) => string {
  if (codePage === 'windows-1252') {
    return (latin1) => latin1.replace(/[\x80-\x9f]/g, (char) => WINDOWS_1252.charAt(char.charCodeAt(0) - 0x80))
  }
  const decoder = new TextDecoder(codePage)
  return (latin1) =>
    /[\x80-\xff]/.test(latin1) ? decoder.decode(Uint8Array.from(latin1, (char) => char.charCodeAt(0))) : latin1
}
