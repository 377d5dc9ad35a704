/** Makes and finds elements. Text becomes text, never HTML: it comes from other processes. */

type Attributes = Readonly<Record<string, string | undefined>>
type Child = Node | string

/** Makes an element. Attributes that are undefined are left out. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) if (value !== undefined) made.setAttribute(name, value)
  made.append(...children)
  return made
}

/** Finds an element of the page. */
export function find<E extends HTMLElement = HTMLElement>(id: string): E {
  const found = document.getElementById(id)
  if (found === null) throw new Error(`the page has no #${id}`)
  return found as E
}

/** Sets the text of an element, if it is another one. So screen readers and selections are left in peace. */
export function setText(target: Element, text: string): void {
  const shown = printable(text)
  if (target.textContent !== shown) target.textContent = shown
}

/** Characters that control terminals or turn the direction of text around. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to replace
const UNSAFE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g

/** Shows control characters by their numbers, so that a name cannot pass for another one. */
export function printable(text: string): string {
  return text.replace(UNSAFE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
