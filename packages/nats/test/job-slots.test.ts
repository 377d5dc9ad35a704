import { Channel, createQueueChannel } from '@memlane/channel'
import { openQueue } from '@memlane/consumer'
import { joinQueue } from '@memlane/producer'
import { struct, u32 } from '@memlane/protocol'
import { codecOf, queueShape } from '@memlane/protocol/internal'
import { uniqueName } from '@memlane/testing'
import { describe, expect, it } from 'vitest'
import { type JobPlace, JobSlots } from '../src/routes/queue/job-slots.js'

const Job = struct('Job', { number: u32 })

function newSlots(options: object = {}) {
  const name = uniqueName('jobs')
  const channel = createQueueChannel(name, codecOf(Job), { capacity: 2, ...options })
  return { name, slots: new JobSlots(channel, undefined) }
}

function put(slots: JobSlots, number: number, deliveries = 0): JobPlace | undefined {
  let place: JobPlace | undefined
  const isPut = slots.put(new Uint8Array(Uint32Array.of(number).buffer), deliveries, (found) => {
    place = found
  })
  return isPut ? place : undefined
}

describe('the slots of jobs', () => {
  it('tell what becomes of each job', async () => {
    const { name, slots } = newSlots({ maxDeliveries: 2 })
    const worker = await openQueue(name, Job)
    const [first, second] = [put(slots, 1), put(slots, 2)] as [JobPlace, JobPlace]
    expect(put(slots, 3)).toBe(undefined)
    expect([slots.stateOf(first), slots.hasRoom()]).toEqual(['waiting', false])
    const earlier = { ...first, sentAt: first.sentAt - 1 } // of that slot
    expect([slots.stateOf({ ...earlier, isThere: true }), slots.stateOf(earlier)]).toEqual(['done', 'absent'])
    const one = await worker.take()
    expect([one?.value.number, slots.stateOf(first), slots.takeBack(first)]).toEqual([1, 'running', false])
    one?.retry({ delayMs: 60_000 })
    expect([slots.stateOf(first), slots.deliveriesOf(first)]).toEqual(['delayed', 1])
    expect(slots.takeBack(first)).toBe(true)
    const two = await worker.take()
    two?.ack()
    expect([slots.stateOf(second), slots.stateOf(first)]).toEqual(['done', 'done'])
    const third = put(slots, 3, 1) as JobPlace
    const three = await worker.take()
    expect([three?.value.number, three?.deliveryCount]).toEqual([3, 2])
    three?.retry({ reason: 'too much' }) // the delivery elsewhere counts
    expect([slots.stateOf(third), slots.reasonOf(third)]).toEqual(['dead', 'too much'])
    await worker.close()
    slots.close()
  })

  it('do not take the job of another producer for one that was not put before a kill', async () => {
    const { name, slots } = newSlots()
    const worker = await openQueue(name, Job)
    let place: JobPlace | undefined
    const kill = (found: JobPlace) => {
      place = found
      throw new Error('killed')
    }
    expect(() => slots.put(new Uint8Array(4), 0, kill)).toThrow('killed')
    slots.close()
    const other = await joinQueue(name, Job)
    await other.send({ number: 9 }) // into the same slot
    const next = new JobSlots(Channel.open(queueShape, name, undefined), undefined)
    const states = [next.stateOf(place as JobPlace)]
    const delivery = await worker.take()
    states.push(next.stateOf(place as JobPlace))
    delivery?.ack()
    states.push(next.stateOf(place as JobPlace))
    expect(states).toEqual(['absent', 'absent', 'absent'])
    next.close()
    other.close()
    await worker.close()
  })

  it('know a job that was not put, and jobs of a place that another producer has now', async () => {
    const { name, slots } = newSlots()
    const keeper = await openQueue(name, Job)
    const places: JobPlace[] = []
    expect(() =>
      slots.put(new Uint8Array(4), 0, (place) => {
        places.push(place)
        throw new Error('no journal')
      }),
    ).toThrow('no journal')
    const [absent] = places as [JobPlace]
    expect(slots.stateOf(absent)).toBe('absent')
    const [first, second] = [put(slots, 1), put(slots, 2)] as [JobPlace, JobPlace]
    slots.close()
    const other = await joinQueue(name, Job)
    const next = new JobSlots(Channel.open(queueShape, name, undefined), first.producer)
    expect(next.producer).not.toBe(first.producer)
    expect([next.stateOf(first), next.stateOf(second)]).toEqual(['waiting', 'waiting'])
    ;(await keeper.take())?.ack()
    await other.send({ number: 9 }) // into the same slot
    expect([next.stateOf({ ...first, isThere: true }), next.takeBack(first)]).toEqual(['done', false])
    expect(next.takeBack(second)).toBe(false) // the producer there would not learn of the free slot
    const rest = [await keeper.take(), await keeper.take()]
    expect([rest.map((delivery) => delivery?.value.number), keeper.tryTake()]).toEqual([[2, 9], undefined])
    next.close()
    other.close()
    await keeper.close()
  })
})
