/** The part of the address behind `#/` names the memory that the page shows; it is empty for the list of all memory. */

/** The chosen memory, if one is chosen. */
export function chosenName(): string | undefined {
  const [, encoded] = /^#\/(.+)$/.exec(location.hash) ?? []
  if (encoded === undefined) return undefined
  try {
    return decodeURIComponent(encoded)
  } catch {
    return undefined // not an address of this page
  }
}

/** The address that chooses a memory. */
export function addressOf(name: string): string {
  return `#/${encodeURIComponent(name)}`
}
