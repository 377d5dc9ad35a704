import { element, setText } from './element.js'
import type { Tone } from './keyed-rows.js'

/** A figure with its name. */
export interface Tile {
  readonly label: string
  readonly value: string
  readonly tone?: Tone | undefined
}

/** Shows figures in a list of terms. Tiles that stay keep their elements. */
export function showTiles(list: HTMLElement, tiles: readonly Tile[]): void {
  while (list.children.length > tiles.length) list.lastElementChild?.remove()
  for (const [index, { label, value, tone }] of tiles.entries()) {
    const tile = list.children[index] ?? list.appendChild(element('div', {}, element('dt'), element('dd')))
    const [term, description] = tile.children as unknown as [HTMLElement, HTMLElement]
    setText(term, label)
    setText(description, value)
    if (tone === undefined) delete description.dataset.tone
    else description.dataset.tone = tone
  }
}
