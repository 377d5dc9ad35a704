import { find } from './element.js'

/** Shows a short message at the edge of the page, which screen readers read aloud. */
export function announce(text: string): void {
  const place = find('announcements')
  if (place.textContent === text) return
  place.textContent = text
  setTimeout(() => {
    if (place.textContent === text) place.textContent = ''
  }, 6000)
}
