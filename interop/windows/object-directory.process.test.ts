import { expect, test } from 'vitest'
import { objectDirectoryTest } from '../src/windows-programs.js'

// Wine 8 reads one entry per call, so a program stands in for Windows here (peers/windows/object_directory_test.cc).
test('a directory of 90,000 objects is read completely, with a few calls', async () => {
  const { code, stdout } = await objectDirectoryTest([], { timeoutMs: 60_000 }).exit
  expect([code, stdout.trim().split(/\r\n/)]).toEqual([
    0,
    [
      'empty: 0 sections, all, 1 calls',
      'Windows: 45000 sections, all, 8 calls',
      expect.stringMatching(/^Wine: 501 sections, all,/),
    ],
  ])
})
