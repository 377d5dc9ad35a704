import * as consumer from '@memlane/consumer'
import * as core from '@memlane/core'
import * as producer from '@memlane/producer'
import * as protocol from '@memlane/protocol'
import * as protocolLayouts from '@memlane/protocol/layouts'
import * as protocolMessagepack from '@memlane/protocol/messagepack'
import * as memlane from 'memlane'
import * as layouts from 'memlane/layouts'
import * as messagepack from 'memlane/messagepack'
import { describe, expect, expectTypeOf, it } from 'vitest'

describe('memlane', () => {
  it('exports all that its packages export, each name once', () => {
    const names = [consumer, core, producer, protocol].flatMap((module) => Object.keys(module))
    expect(Object.keys(memlane).sort()).toEqual(names.sort())
    expect({ ...memlane }).toEqual({ ...consumer, ...core, ...producer, ...protocol })
  })

  it('exports the types that several of its packages export', () => {
    expectTypeOf<memlane.RegionMemory>().toEqualTypeOf<producer.RegionMemory>()
    expectTypeOf<memlane.RegionMemory>().toEqualTypeOf<consumer.RegionMemory>()
    expectTypeOf<memlane.StreamWaitOptions>().toEqualTypeOf<producer.StreamWaitOptions>()
    expectTypeOf<memlane.StreamWaitOptions>().toEqualTypeOf<consumer.StreamWaitOptions>()
    expectTypeOf<memlane.WaitStrategy>().toEqualTypeOf<producer.WaitStrategy>()
  })

  it('has the foreign layouts and MessagePack behind entry points of their own', () => {
    expect({ ...layouts }).toEqual({ ...protocolLayouts })
    expect({ ...messagepack }).toEqual({ ...protocolMessagepack })
  })
})
