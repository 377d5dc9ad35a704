import { createLatestChannel, createQueueChannel, createStreamChannel, isBoard, keysOf } from '@memlane/channel'
import { SharedMemory } from '@memlane/core'
import type { AnyCodec, Overflow } from '@memlane/protocol'
import { codecOf } from '@memlane/protocol/internal'
import { Option } from 'commander'
import { abortablePause } from '../abortable-pause.js'
import type { Command } from '../command.js'
import { UsageError } from '../exit-code.js'
import { wholeNumber } from '../option-values.js'
import { schemaIn } from '../schema-text.js'

interface CreateOptions {
  shape?: 'stream' | 'latest' | 'queue'
  schema?: string
  length?: number
  capacity?: number
  maxMessageLength?: number
  overflow?: Overflow
  persistent?: boolean
}

const NOTES = `
Without --persistent, the memory lives as long as this command (until Ctrl-C) or another process has it open.
With it, the command ends at once, and the memory stays until memlane rm NAME. Not on Windows.

A schema is the TypeScript that declares it, or its descriptor as JSON (info NAME --json prints both):
  struct('Quote', { symbol: utf8(8), bid: f64, levels: array(f64, 5) })
  union({ quote: struct('Quote', { bid: f64 }), note: payload.utf8 })
  board({ speed: f64, note: payload.utf8 })                (only a latest)
  payload.json()   payload.utf8   payload.bytes   messagepack()

Examples:
  memlane create quotes --shape stream --schema "struct('Quote', { symbol: utf8(8), bid: f64 })"
  memlane create scratch --length 4096 --persistent`

export const create: Command<CreateOptions> = {
  name: 'create',
  summary: 'create a stream, latest or queue, or bare memory, and hold it',
  declare(line) {
    line
      .argument('<name>', 'the name of the memory')
      .addOption(new Option('--shape <shape>', 'the shape of a channel').choices(['stream', 'latest', 'queue']))
      .option('--schema <schema>', 'the messages of a channel')
      .option('--length <bytes>', 'the length of bare memory, all zeros', wholeNumber(1))
      .option('--capacity <number>', "bytes of a stream's lane, slots of a queue's producer", wholeNumber(2))
      .option('--max-message-length <bytes>', 'the longest message of a latest or queue', wholeNumber(1))
      .addOption(new Option('--overflow <rule>', 'when a lane of a stream is full').choices(['wait', 'overwrite']))
      .option('--persistent', 'keep the memory when nobody has it open')
      .addHelpText('after', NOTES)
  },
  async run({ out, signal }, [name = ''], options) {
    const memory = created(name, options)
    try {
      if (out.json)
        out.object({ name, shape: options.shape ?? null, length: memory.length, persistent: !!options.persistent })
      else out.line(`Created ${name} (${options.shape ?? 'bare memory'}, ${memory.length} bytes).`)
      if (options.persistent) return
      if (!out.json) out.line('Holding it. Ctrl-C ends.')
      await abortablePause(Infinity, signal)
    } finally {
      memory.close()
    }
  },
}

interface Held {
  readonly length: number
  close(): void
}

function created(name: string, options: CreateOptions): Held {
  const { shape, schema, length, capacity, maxMessageLength, overflow, persistent = false } = options
  if (shape === undefined) {
    refuse(options, ['schema', 'capacity', 'maxMessageLength', 'overflow'], 'needs --shape')
    if (length === undefined)
      throw new UsageError('pass --length for bare memory, or --shape and --schema for a channel.')
    const memory = SharedMemory.create(name, length, { persistent })
    return { length: memory.objectLength, close: () => memory.close() }
  }
  refuse(options, ['length'], 'is for bare memory')
  if (schema === undefined) throw new UsageError(`a ${shape} needs --schema.`)
  const parsed = schemaIn(schema)
  if (shape === 'latest') {
    refuse(options, ['capacity', 'overflow'], 'is not for a latest')
    return held(createLatestChannel(name, keysOf(parsed), { persistent, ...defined({ maxMessageLength }) }))
  }
  if (isBoard(parsed)) throw new UsageError('a board is the schema of a latest.')
  const codec: AnyCodec = codecOf(parsed)
  if (shape === 'queue') {
    refuse(options, ['overflow'], 'is for a stream')
    return held(createQueueChannel(name, codec, { persistent, ...defined({ capacity, maxMessageLength }) }))
  }
  refuse(options, ['maxMessageLength'], 'is for a latest or queue')
  return held(createStreamChannel(name, codec, { persistent, ...defined({ capacity, overflow }) }))
}

function held(channel: { readonly header: { readonly length: number }; close(): void }): Held {
  return { length: channel.header.length, close: () => channel.close() }
}

/** Leaves out options that were not given. */
function defined<T extends object>(options: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never
}

function refuse(options: CreateOptions, names: readonly (keyof CreateOptions)[], reason: string): void {
  for (const name of names) {
    if (options[name] === undefined) continue
    throw new UsageError(`--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} ${reason}.`)
  }
}
