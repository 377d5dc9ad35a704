import { existsSync, statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'
import { allPages, readPage, root } from './pages.js'

/** The text of a page without code, because code can contain text that only looks like a link. */
const proseOf = (page: string) =>
  readPage(page)
    .replace(/^```[\s\S]*?^```$/gm, '')
    .replace(/`[^`\n]*`/g, '')

/** The anchors that GitHub makes of headings. */
function anchorsOf(page: string): Set<string> {
  const anchors = new Set<string>()
  const text = readPage(page).replace(/^```[\s\S]*?^```$/gm, '')
  for (const [, heading = ''] of text.matchAll(/^#{1,6} (.*)$/gm)) {
    const plain = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase()
    const anchor = plain.replace(/[^\p{L}\p{N}\- _]/gu, '').replaceAll(' ', '-')
    let unique = anchor
    for (let count = 1; anchors.has(unique); count++) unique = `${anchor}-${count}`
    anchors.add(unique)
  }
  return anchors
}

function brokenLinksOf(page: string): string[] {
  const links = [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target as string)
  return links.filter((link) => {
    if (/^[a-z]+:/.test(link)) return false
    const [path = '', anchor] = link.split('#')
    const file = path === '' ? page : relative(root, join(root, dirname(page), path))
    if (!existsSync(join(root, file))) return true
    if (anchor === undefined) return false
    return !statSync(join(root, file)).isFile() || !anchorsOf(file).has(anchor)
  })
}

describe('the links', () => {
  it.each(allPages)('of %s lead to files and headings that exist', (page) => {
    expect(brokenLinksOf(page)).toEqual([])
  })
})

describe('the commands', () => {
  it.each(allPages)('of %s are scripts of package.json', (page) => {
    const { scripts } = JSON.parse(readPage('package.json'))
    const commands = [...readPage(page).matchAll(/\bnpm run ([a-z][\w:]*)/g)].map(([, name]) => name as string)
    expect(commands.filter((name) => !Object.hasOwn(scripts, name))).toEqual([])
  })
})
