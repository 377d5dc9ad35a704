import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { JobJournal, type JournalEntry } from '../src/routes/queue/job-journal.js'

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'memlane-journal-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

function entry(key: string): JournalEntry {
  return { key, ack: `ack.${key}`, until: 1, queue: 'q', producer: 0, slot: 1, generation: 2, sentAt: 3, deliveries: 0 }
}

describe('the journal of jobs', () => {
  it('tells the next bridge what is not settled, and what is done', () => {
    const folder = newFolder()
    const journal = new JobJournal(folder)
    for (const key of ['1', '2', '3', '4']) journal.put(entry(key))
    journal.end('1', true)
    journal.end('2', false)
    journal.back('3')
    journal.alive({ ...entry('4'), until: 9, ack: 'new' })
    journal.close() // as a kill does, while the process writes a line
    appendFileSync(join(folder, 'jobs.jsonl'), '["put",{"key":"5"')
    const next = new JobJournal(folder)
    expect(next.entries).toEqual([
      { ...entry('3'), isBack: true },
      { ...entry('4'), until: 9, ack: 'new' },
    ])
    expect([next.hasEnded('1'), next.hasEnded('2')]).toEqual([true, false])
    next.close()
  })

  it('does not grow without end', () => {
    const folder = newFolder()
    const journal = new JobJournal(folder)
    journal.put(entry('kept'))
    for (let key = 0; key < 12_000; key++) {
      journal.put(entry(String(key)))
      journal.end(String(key), true)
    }
    journal.close()
    expect(readFileSync(join(folder, 'jobs.jsonl'), 'utf8').split('\n').length).toBeLessThan(20_000)
    const next = new JobJournal(folder)
    expect(next.entries).toEqual([entry('kept')])
    expect([next.hasEnded('11999'), next.hasEnded('1')]).toEqual([true, false])
    next.close()
  })
})
