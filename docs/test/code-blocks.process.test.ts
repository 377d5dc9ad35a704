import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Child, spawnChild } from '@memlane/testing'
import { compilerOptions } from '@memlane/testing/compiler-options'
import ts from 'typescript'
import { afterAll, describe, expect, it } from 'vitest'
import { guides, readPage, root } from './pages.js'

// A page names its code by comments: <!-- file: a.ts --> before a block gives the block a file name, and
// <!-- run: a.ts | b.ts --> starts those programs in real processes. The last one must end with 0; the others are killed then.
const MARK = /<!-- file: (\S+)([^>]*)-->\s*```ts\n([\s\S]*?)```|<!-- run: ([^>]*?) -->/g

/** Programs find `memlane` from here, as they would from a user's own project. */
const folder = mkdtempSync(join(root, 'docs', 'build-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Run {
  readonly programs: readonly string[]
  readonly files: ReadonlyMap<string, string>
}

function runsOf(page: string): Run[] {
  const runs: Run[] = []
  const files = new Map<string, string>()
  for (const [, file, , code = '', programs] of readPage(page).matchAll(MARK)) {
    if (file !== undefined) files.set(file, code)
    else if (programs !== undefined) runs.push({ programs: programs.split('|').map((name) => name.trim()), files })
  }
  return runs
}

const pages = guides.map((page) => ({ page, runs: runsOf(page) })).filter(({ runs }) => runs.length > 0)

describe.each(pages)('the code of $page', ({ page, runs }) => {
  it.each(runs.map((run) => ({ name: run.programs.join(' and '), ...run })))(
    'runs: $name',
    async ({ programs, files }) => {
      const place = mkdtempSync(join(folder, page.replaceAll('/', '-')))
      for (const [file, code] of files) {
        mkdirSync(dirname(join(place, file)), { recursive: true })
        writeFileSync(join(place, file), code)
      }
      const children: Child[] = []
      try {
        for (const program of programs)
          children.push(spawnChild(process.execPath, ['--import', 'tsx', program], { cwd: place, timeoutMs: 60_000 }))
        const { code, signal, stdout, stderr } = await (children.at(-1) as Child).exit
        expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' })
        expect(stdout).not.toBe('')
      } finally {
        for (const child of children) child[Symbol.dispose]()
        await Promise.allSettled(children.map((child) => child.exit))
      }
    },
  )
})

describe('the pages for users', () => {
  it('have TypeScript code that compiles, in blocks that all have a file name', { timeout: 120_000 }, () => {
    const programs: string[] = []
    for (const page of guides) {
      const marked = [...readPage(page).matchAll(MARK)].filter(([, file]) => file !== undefined)
      expect([page, readPage(page).match(/^```ts$/gm)?.length ?? 0]).toEqual([page, marked.length])
      const place = mkdtempSync(join(folder, page.replaceAll('/', '-')))
      for (const [, file = '', , code = ''] of marked) {
        mkdirSync(dirname(join(place, file)), { recursive: true })
        writeFileSync(join(place, file), code)
        programs.push(join(place, file))
      }
    }
    expect(programs.length).toBeGreaterThan(30)
    const program = ts.createProgram(programs, { ...compilerOptions, noEmit: true })
    const problems = ts.getPreEmitDiagnostics(program).map(({ file, messageText }) => {
      return `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`
    })
    expect(problems).toEqual([])
  })
})
