import { type LatestReader, openLatest } from '@memlane/consumer'
import { createLatest } from '@memlane/producer'
import { uniqueName } from '@memlane/testing'
import { expect, test } from 'vitest'
import { latest } from '../src/programs.js'
import { isSample, Sample, sampleOf } from '../src/sample.js'

const COUNT = 100_000
const LIVES = { timeoutMs: 50_000 }

/** Reads after each change until the writer ends, and returns the last version. */
async function readAll(reader: LatestReader<typeof Sample>): Promise<number> {
  let last = 0
  for await (const { value, version } of reader.changes()) {
    if (value.number !== version || !isSample(value)) throw new Error(`version ${version}: ${JSON.stringify(value)}`)
    last = version
  }
  return last
}

test('values that C sets reach memlane and C, and its end, too', async () => {
  const object = `/${uniqueName('latest')}`
  using writer = latest.writer(['--create', object, `${COUNT}`], LIVES)
  await writer.line('version 0')
  using reader = await openLatest(object, Sample)
  using blind = latest.reader(['--read', object], LIVES)
  using other = latest.reader([object], LIVES)
  await Promise.all([blind.line('joined'), other.line('joined')])
  const read = readAll(reader)
  for (let round = 1; round <= 3; round++) {
    writer.write('x')
    await writer.line(`set ${round * COUNT}`)
  }
  expect(reader.get()).toEqual(sampleOf(3 * COUNT))
  expect(reader.age).toBeGreaterThanOrEqual(0)
  expect(reader.age).toBeLessThan(LIVES.timeoutMs)
  writer.end()
  expect(await read).toBe(3 * COUNT)
  expect(reader.writer).toBe('closed')
  for (const child of [blind, other]) {
    expect(await child.exit).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/up to version 300000, closed\n$/),
    })
  }
  expect(await writer.exit).toMatchObject({ code: 0, stderr: '' })
})

test.each([
  ['with', undefined],
  ['without', 'off'],
])('values that memlane sets reach C, %s memory barriers in C', async (_, setting) => {
  const object = `/${uniqueName('latest')}`
  using writer = createLatest(object, Sample)
  using reader = latest.reader([object], { ...LIVES, env: { MEMLANE_MEMBARRIER: setting } })
  await reader.line('joined')
  for (let number = 1; number <= COUNT; number++) {
    writer.set(sampleOf(number))
    if (number % 1000 === 0) await new Promise((resolve) => setTimeout(resolve, 1))
  }
  writer.close()
  expect(await reader.exit).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(new RegExp(`up to version ${COUNT}, closed\n$`)),
  })
})

test('either side takes over from the other, and learns of its death', async () => {
  const object = `/${uniqueName('latest')}`
  const first = createLatest(object, Sample)
  first.set(sampleOf(1))
  using reader = await openLatest(object, Sample, { endOn: 'closed' })
  using refused = latest.writer([object, '1'], LIVES)
  expect(await refused.exit).toMatchObject({ code: 3, stdout: 'another process writes\n' })
  first.close()
  using second = latest.writer([object, '1'], LIVES)
  await second.line('version 1')
  expect(() => createLatest(object, Sample)).toThrow(/it has a writer already/)
  second.write('x')
  await second.line('set 2')
  using patient = latest.reader([object], LIVES)
  await patient.line('joined')
  second.write('d')
  await second.line('in the middle')
  second.kill('SIGKILL')
  expect(await patient.exit).toMatchObject({ code: 0, stdout: 'joined\n1 values up to version 2, died\n' })
  await second.exit
  expect([reader.writer, reader.get()]).toEqual(['died', sampleOf(2)])
  using third = createLatest(object, Sample)
  expect([third.version, third.get()]).toEqual([2, sampleOf(2)])
  third.set(sampleOf(3))
  expect([reader.get(), reader.version]).toEqual([sampleOf(3), 3])
})
