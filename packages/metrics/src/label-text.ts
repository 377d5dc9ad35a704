/** Control characters, invisible format characters, halves of surrogate pairs, and separators of lines. */
const UNFIT = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

/** Makes a label of a text from memory, which any program may have made up. */
export function labelText(text: string): string {
  return text.replace(UNFIT, '\ufffd')
}
