/**
 * Streams of memlane that are idle during the measurement. The spoke waits for a message that the hub does not send (`for await`,
 * `receive`, `receiveSync`), or for room that the hub does not make (`send`, `sendSync`).
 */

import { setTimeout } from 'node:timers/promises'
import { BEGIN, Content, END } from '../roles/content.js'
import type { Role } from '../roles/roles.js'
import { Stopwatch } from '../roles/stopwatch.js'
import { Tally } from '../roles/tally.js'
import type { Trial } from '../trial.js'
import { createSender, openReceiver } from './memlane-messages.js'

export const IDLE_WAYS = ['for await', 'receive', 'receiveSync', 'send', 'sendSync']

const CAPACITY = 65_536
const RECORD_HEADER_LENGTH = 8

/** @param start starts the spokes */
export async function idleHub<Spokes>(
  { variant, payload, warmUpSeconds, seconds }: Trial,
  name: string,
  start: () => Spokes,
): Promise<Role & { spokes: Spokes }> {
  const content = new Content(payload)
  const pass = async () => {
    const stopwatch = new Stopwatch()
    await setTimeout(seconds * 1000)
    return stopwatch.stop(0)
  }
  if (waitsForRoom(variant)) {
    const spokes = start()
    const tally = new Tally(1)
    const take = (sequence: number) => {
      tally.take(0, sequence)
      return !tally.ended
    }
    const receiver = await openReceiver('objects', name, content, take, { timeoutMs: 60_000 })
    return {
      spokes,
      async run() {
        await setTimeout(warmUpSeconds * 1000)
        const report = await pass()
        await receiver.forEach()
        return report
      },
      close: receiver.close,
    }
  }
  const sender = createSender('objects', name, content, { capacity: CAPACITY })
  return {
    spokes: start(),
    async run() {
      await setTimeout(warmUpSeconds * 1000)
      void sender.send(BEGIN, 1)
      const report = await pass()
      void sender.send(END, 1)
      return report
    },
    close: sender.close,
  }
}

export async function idleSpoke({ variant, payload, warmUpSeconds }: Trial, name: string): Promise<Role> {
  const content = new Content(payload)
  if (waitsForRoom(variant)) {
    const sender = createSender(variant === 'send' ? 'event loop' : 'objects', name, content, { capacity: CAPACITY })
    const fitting = Math.floor(CAPACITY / (payload + RECORD_HEADER_LENGTH)) - 1
    return {
      async run() {
        await sender.send(0, fitting)
        await setTimeout((warmUpSeconds * 1000) / 2)
        const stopwatch = new Stopwatch()
        await sender.send(fitting, 4)
        const report = stopwatch.stop(0)
        await sender.send(END, 1)
        return report
      },
      close: sender.close,
    }
  }
  const tally = new Tally(1)
  const take = (sequence: number) => {
    tally.take(0, sequence)
    return !tally.ended
  }
  const receiver = await openReceiver('objects', name, content, take, { timeoutMs: 60_000 })
  return {
    async run() {
      if (variant === 'for await') await receiver.forEach()
      else if (variant === 'receive') while (take(await receiver.receive()));
      else while (!tally.ended) if (receiver.poll() === 0) receiver.readySync()
      return tally.report
    },
    close: receiver.close,
  }
}

function waitsForRoom(variant: string): boolean {
  return variant === 'send' || variant === 'sendSync'
}
