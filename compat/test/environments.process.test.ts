import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { capabilities, SharedMemory } from '@memlane/core'
import { spawnFixture, uniqueName } from '@memlane/testing'
import { leftovers } from '@memlane/testing/leftovers'
import { Onlooker } from '@memlane/testing/onlooker'
import { StreamPeer } from '@memlane/testing/stream-peer'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const FOLDER = '/dev/shm'
const WATCHDOG_MS = 60_000
const SMALL = { capacity: 65_536 }
const NO_SPACE = 'NO_SPACE'
const NO_FILE = expect.stringContaining('no room for another file')

const peer = (...through: string[]) => new StreamPeer({ timeoutMs: WATCHDOG_MS, through, group: true })

describe.runIf(capabilities.objectDirectory === FOLDER && process.getuid?.() === 0)(
  'a stream',
  { timeout: 90_000 },
  () => {
    describe.each([
      ['pid', ['-p', '-f', '--mount-proc', '--kill-child']],
      ['mount', ['-m']],
      ['pid, mount, IPC, network and host name', ['-p', '-f', '--mount-proc', '--kill-child', '-i', '-n', '-u']],
    ])('between %s namespaces', (_, options) => {
      const inside = () => peer('unshare', ...options)

      it('continues when one of its consumers is killed, and ends when its producer is killed', async () => {
        const name = uniqueName('stream')
        await using producer = inside()
        await using killed = inside()
        await using survivor = inside()
        await using outside = peer('env')
        await producer.call('create', name, SMALL)
        for (const consumer of [killed, survivor, outside]) await consumer.call('open', name, { waitStrategy: 'park' })
        const all = Promise.all([survivor, outside].map((consumer) => consumer.call('consume', 'receive')))
        const some = killed.call('consume', 'receive', 1000)
        expect(await producer.call('produce', 'send', 1000)).toBe(1000)
        expect(await some).toMatchObject({ count: 1000 })
        await killed.kill() // and blocks no producer from then on
        expect(await producer.call('produce', 'send', 10_000)).toBe(11_000)
        await producer.kill()
        for (const result of await all) expect(result).toMatchObject({ end: 'died', count: 11_000 })
        for (const consumer of [survivor, outside]) await consumer.call('closeReader')
        expect(leftovers(name)).toEqual([])
      })
    })

    describe('of several users', () => {
      const as = (user: number) => peer('setpriv', `--reuid=${user}`, `--regid=${user}`, '--clear-groups')
      const [NOBODY, OTHER, THIRD] = [65_534, 12_345, 12_346]
      const fileOf = (name: string) => name.slice('Global\\'.length)
      const names: string[] = []
      const globalName = () => {
        const name = `Global\\${uniqueName('stream')}`
        names.push(name)
        return name
      }
      // Only root can remove bells and leases that several users have created.
      afterAll(() => {
        for (const file of names.flatMap((name) => leftovers(fileOf(name)))) rmSync(`${FOLDER}/${file}`)
      })

      it('that admits all users is written and read by several of them, and outlives any of them', async () => {
        const name = globalName()
        await using owner = as(NOBODY)
        await using guest = as(OTHER)
        await using reader = as(THIRD)
        const trust = { trustOwner: [NOBODY] }
        await owner.call('create', name, { ...SMALL, mode: 0o666 })
        await expect(guest.call('join', name)).rejects.toMatchObject({ code: 'ACCESS_DENIED' })
        await guest.call('join', name, trust)
        await reader.call('open', name, { ...trust, waitStrategy: 'park' })
        const first = reader.call('consume', 'receive', 10_000)
        for (const count of [2500, 5000]) {
          expect(await owner.call('produce', 'send', 2500)).toBe(count)
          expect(await guest.call('produce', 'send', 2500)).toBe(count)
        }
        expect(await first).toMatchObject({ count: 10_000 })
        await guest.kill()
        {
          await using heir = as(THIRD)
          expect(await heir.call('join', name, trust)).toMatchObject({ lane: 1, sent: 5000 })
          const more = reader.call('consume', 'receive', 12_000)
          expect(await heir.call('produce', 'send', 2000)).toBe(2000)
          expect(await more).toMatchObject({ count: 12_000 })
          await reader.kill() // full lanes do not wait for it
          expect(await heir.call('produce', 'send', 10_000)).toBe(12_000)
          await heir.call('closeWriter')
        }
        await owner.call('closeWriter')
      })

      it('continues when a sleeping consumer of another user dies, and wakes a sleeper when such a producer dies', async () => {
        const name = globalName()
        await using owner = as(NOBODY)
        await using guest = as(OTHER)
        const options = { trustOwner: [NOBODY], waitStrategy: 'park' }
        await owner.call('create', name, { ...SMALL, mode: 0o666, waitStrategy: 'park' })
        await guest.call('open', name, options)
        void guest.call('consume', 'receive', 0)
        const sending = owner.call('produce', 'send', 10_000)
        await new Promise((resolve) => setTimeout(resolve, 50)) // by now it probably waits for room
        await guest.kill()
        expect(await sending).toBe(10_000)
        await using reader = as(OTHER)
        await reader.call('open', name, options)
        const reading = reader.call('consume', 'receive')
        await owner.call('produce', 'send', 10)
        await owner.kill()
        expect(await reading).toMatchObject({ end: 'died', count: 10 })
      })

      it('admits only users whom its bits admit, and only for reading or writing as the bits allow', async () => {
        await using root = peer('env')
        for (const overflow of ['wait', 'overwrite']) {
          for (const mode of [0o600, 0o644]) {
            const name = globalName()
            await root.call('create', name, { ...SMALL, mode, overflow })
            await using stranger = as(NOBODY)
            const denied = { code: 'ACCESS_DENIED' }
            await expect(stranger.call('join', name)).rejects.toMatchObject(denied)
            await expect(stranger.call('create', name, { existing: 'join' })).rejects.toMatchObject(denied)
            await expect(stranger.call('open', name, { access: 'readwrite' })).rejects.toMatchObject(denied)
            if (mode === 0o600 || overflow === 'wait') {
              await expect(stranger.call('open', name)).rejects.toMatchObject(denied)
              await expect(stranger.call('open', name, { access: 'read' })).rejects.toMatchObject(denied)
            } else {
              await stranger.call('open', name)
              const reading = stranger.call('consume', 'receive')
              await root.call('produce', 'send', 1000)
              await root.call('closeWriter')
              expect(await reading).toMatchObject({ end: 'closed', count: 1000 })
              await stranger.call('closeReader') // the last holder, which may not remove files of root
              await expect(stranger.call('open', name, { timeoutMs: 0 })).rejects.toMatchObject({ code: 'TIMED_OUT' })
              SharedMemory.list()
            }
            await root.call('closeWriter')
            expect(leftovers(fileOf(name))).toEqual([])
          }
        }
      })
    })

    describe('in a /dev/shm of its own', () => {
      const room = (options: string) =>
        peer('unshare', '-m', 'sh', '-c', `mount -t tmpfs -o ${options} tmpfs ${FOLDER} && exec "$@"`, 'sh')
      const within = ({ child }: StreamPeer) => ['nsenter', '-t', String(child.pid), '-m']
      const run = (where: StreamPeer, script: string) => {
        const [command = '', ...args] = [...within(where), 'sh', '-c', `cd ${FOLDER}; ${script}`]
        return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
      }

      it('does not read the folder, so that other files there cost nothing', async () => {
        const name = uniqueName('stream')
        // With strictatime, each reading of the folder changes its access time; each change of its files does not.
        await using producer = room('strictatime')
        await producer.call('now') // it runs in its folder by then
        await using killed = peer(...within(producer))
        await using survivor = peer(...within(producer))
        await using second = peer(...within(producer))
        const opening = survivor.call('open', name, { waitStrategy: 'park' })
        const lastRead = () => statSync(`/proc/${producer.child.pid}/root${FOLDER}`, { bigint: true }).atimeNs
        const before = lastRead()

        await producer.call('create', name, { ...SMALL, waitStrategy: 'park' })
        await opening
        await killed.call('open', name)
        await second.call('join', name)
        const all = survivor.call('consume', 'receive')
        const sending = producer.call('produce', 'send', 10_000) // and waits for the killed, which takes nothing
        expect(await second.call('produce', 'send', 100)).toBe(100)
        await killed.kill()
        expect(await sending).toBe(10_000)
        await second.kill()
        await producer.call('closeWriter')
        expect(await all).toMatchObject({ count: 10_100 })
        await survivor.call('closeReader')

        expect(lastRead()).toBe(before)
        expect(run(producer, 'ls -A')).toBe('')
        expect(lastRead()).not.toBe(before)
      })

      it('continues without free space and without free files, and newcomers get NO_SPACE', async () => {
        const name = uniqueName('stream')
        await using producer = room('size=1m,nr_inodes=60')
        await producer.call('create', name, { ...SMALL, waitStrategy: 'park' })
        const entered = () => peer(...within(producer))
        await using consumer = entered()
        await using second = entered()
        await using late = entered()
        await consumer.call('open', name, { waitStrategy: 'park' })
        let count = 0
        const goOn = async (...consumers: StreamPeer[]) => {
          count += 5000
          const reading = consumers.map((each) => each.call('consume', 'receive', count))
          expect(await producer.call('produce', 'send', 5000)).toBe(count)
          for (const each of reading) expect(await each).toMatchObject({ count })
        }
        await goOn(consumer)

        run(producer, 'cat /dev/zero > full; true')
        await expect(late.call('create', `${name}-late`, SMALL)).rejects.toMatchObject({ code: NO_SPACE })
        await goOn(consumer)
        await second.call('join', name) // joining needs files, but no space
        await second.call('closeWriter')
        await goOn(consumer)

        run(producer, 'i=0; while touch no-file-$i; do i=$((i+1)); done')
        const files = run(producer, 'ls')
        await expect(late.call('create', `${name}-late`, SMALL)).rejects.toMatchObject({ code: NO_SPACE })
        await expect(late.call('open', name)).rejects.toMatchObject({ code: NO_SPACE, message: NO_FILE })
        await expect(late.call('join', name, { lane: 2 })).rejects.toMatchObject({ code: NO_SPACE, message: NO_FILE })
        expect(run(producer, 'ls')).toBe(files)
        await goOn(consumer)

        run(producer, 'rm full no-file-*')
        await late.call('create', `${name}-late`, SMALL)
        await late.call('closeWriter')
        await late.call('open', name)
        await late.call('closeReader')
        await goOn(consumer)
        await producer.call('closeWriter')
        await consumer.call('closeReader')
        expect(run(producer, 'ls')).toBe('')
      })
    })

    it('reports that a process has no descriptors left, leaves none open, and works as soon as the process has some', async () => {
      const name = uniqueName('stream')
      using child = spawnFixture(new URL('../fixtures/without-descriptors.child.ts', import.meta.url), [name], {
        through: ['prlimit', '--nofile=200'],
        timeoutMs: WATCHDOG_MS,
      })
      const { code, signal, stdout, stderr } = await child.exit
      expect([code, signal, stderr]).toEqual([0, null, ''])
      const results = stdout.trim().split('\n')
      for (const line of results) {
        const { what, refusals, left } = JSON.parse(line)
        // The first bell opens the folder of the memory's bells, which stays open as long as the memory.
        const kept = what === 'bell' ? 1 : 0
        // A sleep and a ring need no descriptor that they do not have already. A first sleep starts the waiting thread, if there is one.
        const needsNone = what === 'ring' || (what === 'sleep' && process.env.MEMLANE_UV_POLL !== 'off')
        const expected = needsNone ? [] : ['SYSTEM 24']
        expect({ what, refusals: [...new Set(refusals)], left }).toEqual({ what, refusals: expected, left: kept })
      }
      expect(results).toHaveLength(8)
      expect(leftovers(name)).toEqual([])
    })

    it.each(['receive', 'batches', 'poll', 'receiveSync', 'pollSync'])(
      'of processes that collect garbage after each message loses none, with %s',
      async (way) => {
        const name = uniqueName('stream')
        const littered = () =>
          new StreamPeer({ timeoutMs: WATCHDOG_MS, env: { NODE_OPTIONS: '--max-semi-space-size=1' } })
        await using producer = littered()
        await using consumer = littered()
        for (const each of [producer, consumer]) await each.call('collectGarbage')
        await producer.call('create', name, SMALL)
        await consumer.call('open', name)
        const reading = consumer.call('consume', way)
        let count = 0
        for (const how of ['send', 'sendSync', 'trySend', 'sendBatch', 'fillBatch', 'claim', 'flush']) {
          count += 300
          expect(await producer.call('produce', how, 300)).toBe(count)
        }
        await producer.call('closeWriter')
        expect(await reading).toMatchObject({ end: 'closed', count })
      },
    )

    describe('while the clock is set', () => {
      let folder = ''
      let library = ''
      let shiftFile = ''
      const YEAR = 365 * 86_400
      const ROUNDING_MS = 20
      const setClock = (seconds: number) => {
        const file = openSync(shiftFile, 'r+')
        writeSync(file, new BigInt64Array([BigInt(seconds)]))
        closeSync(file)
      }
      const peerOfClock = () =>
        new StreamPeer({ timeoutMs: WATCHDOG_MS, env: { LD_PRELOAD: library, CLOCK_SHIFT: shiftFile } })

      beforeAll(() => {
        folder = mkdtempSync(join(tmpdir(), 'memlane-clock-'))
        library = join(folder, 'clock_shift.so')
        shiftFile = join(folder, 'shift')
        const source = fileURLToPath(new URL('../fixtures/clock_shift.c', import.meta.url))
        const compiler = fileURLToPath(new URL('../../scripts/cc.mjs', import.meta.url))
        const flags = ['-O2', '-Wall', '-Wextra', '-Werror', '-shared', '-fPIC']
        execFileSync(process.execPath, [compiler, ...flags, '-o', library, source])
        writeFileSync(shiftFile, new Uint8Array(8))
      })
      afterAll(() => rmSync(folder, { recursive: true }))

      it.each([
        ['back by a second', -1],
        ['back by years', -10 * YEAR],
        ['forward by years', 10 * YEAR],
      ])('continues: participants sleep, are woken, and stop waiting for the dead: %s', async (_, seconds) => {
        const name = uniqueName('stream')
        setClock(0)
        await using producer = peerOfClock()
        await using consumer = peerOfClock()
        await using killed = peerOfClock()
        await producer.call('create', name, { ...SMALL, waitStrategy: 'park' })
        for (const each of [consumer, killed]) await each.call('open', name, { waitStrategy: 'park' })
        using onlooker = new Onlooker(name)

        let reading = consumer.call('consume', 'receive', 5000)
        await onlooker.untilAsleep('consumers')
        setClock(seconds)
        const before = Date.now()
        const shifted = (await consumer.call('now')) - seconds * 1000
        expect(shifted).toBeGreaterThan(before - ROUNDING_MS)
        expect(shifted).toBeLessThan(Date.now() + ROUNDING_MS)
        const sending = producer.call('produce', 'send', 5000)
        await onlooker.untilAsleep('producers') // for the killed, which takes nothing
        setClock(0)
        await killed.kill()
        expect(await sending).toBe(5000)
        expect(await reading).toMatchObject({ count: 5000 })

        reading = consumer.call('consume', 'receiveSync', 10_000)
        await onlooker.untilAsleep('consumers')
        setClock(seconds)
        expect(await producer.call('produce', 'sendBatch', 5000)).toBe(10_000)
        expect(await reading).toMatchObject({ count: 10_000 })

        const rest = consumer.call('consume', 'receive')
        await onlooker.untilAsleep('consumers')
        setClock(2 * seconds)
        await producer.kill()
        expect(await rest).toMatchObject({ end: 'died' })
      })
    })
  },
)
