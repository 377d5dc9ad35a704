import { readFileSync } from 'node:fs'

/** A file of the page, read once. */
export interface PageFile {
  readonly type: string
  readonly content: Buffer
}

const FILES = [
  ['', 'index.html', 'text/html; charset=utf-8'],
  ['page.js', 'page.js', 'text/javascript; charset=utf-8'],
  ['style.css', 'style.css', 'text/css; charset=utf-8'],
  ['icon.svg', 'icon.svg', 'image/svg+xml'],
] as const

/** Reads the files of the page, by their path in the address. No request reads a file. */
export function pageFiles(): ReadonlyMap<string, PageFile> {
  const folder = new URL('../dist/page/', import.meta.url)
  return new Map(FILES.map(([path, file, type]) => [path, { type, content: readFileSync(new URL(file, folder)) }]))
}
