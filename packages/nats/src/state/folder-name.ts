import { createHash } from 'node:crypto'

/** File systems take 255 bytes. */
const LONGEST = 200

/** Turns the label of a route into the name of a folder. Different labels get different names. */
export function folderName(label: string): string {
  const name = label.replaceAll(/[^A-Za-z0-9_.-]/g, (character) => {
    const code = character.charCodeAt(0)
    return code < 256 ? `%${code.toString(16).padStart(2, '0')}` : `%u${code.toString(16).padStart(4, '0')}`
  })
  if (name.length <= LONGEST) return name
  return `${name.slice(0, LONGEST)}-${createHash('sha256').update(label).digest('hex').slice(0, 16)}`
}
