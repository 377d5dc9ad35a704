import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'

export const root = resolve(import.meta.dirname, '../..')

const skipped = /(^|\/)(node_modules|build|dist|reference|coverage|CHANGELOG\.md$|\.)/

/** Each Markdown page of the project, as a path from its root. */
export const allPages: readonly string[] = readdirSync(root, { withFileTypes: true }).flatMap((entry) => {
  if (skipped.test(entry.name)) return []
  if (entry.isFile()) return entry.name.endsWith('.md') ? [entry.name] : []
  return pagesBelow(join(root, entry.name))
})

function pagesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = relative(root, join(folder, entry.name))
    if (skipped.test(path)) return []
    if (entry.isDirectory()) return pagesBelow(join(folder, entry.name))
    return path.endsWith('.md') ? [path] : []
  })
}

/** The pages for users, whose code blocks are tested. */
export const guides: readonly string[] = allPages.filter(
  (page) =>
    /^(README|packages\/\w+\/README|docs\/(guides\/)?[\w-]+)\.md$/.test(page) && !/wire-format|model|api/.test(page),
)

export const readPage = (page: string): string => readFileSync(join(root, page), 'utf8')
