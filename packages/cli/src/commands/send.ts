import { fromJson } from '@memlane/inspect/internal'
import { createLatest, joinQueue, joinStream } from '@memlane/producer'
import type { AnyCodec, PayloadDescriptor, SchemaDescriptor } from '@memlane/protocol'
import type { Command, Context } from '../command.js'
import { CommandError, EXIT, UsageError } from '../exit-code.js'
import { type MemorySchema, memorySchema } from '../memory-schema.js'
import { seconds } from '../option-values.js'
import { jsonValues } from '../value-lines.js'

interface SendOptions {
  key?: string
  timeout: number
}

const NOTES = `
The value must fit the memory's schema. Without an argument, standard input has one JSON value per line.

A stream or queue gets one more producer for as long as the command runs. When the last producer of a stream closes,
the loops of its consumers end. A latest has one writer, so its own writer must have ended.

Examples:
  memlane send quotes '{"symbol":"ACME","bid":10.5}'
  memlane send car --key speed 88
  memlane tail quotes --json --count 5 | jq -c .value | memlane send copy`

export const send: Command<SendOptions> = {
  name: 'send',
  summary: 'send values into a stream or queue, or set them in a latest',
  declare(line) {
    line
      .argument('<name>', 'the name of the memory')
      .argument('[json]', 'one value')
      .option('--key <key>', 'the key to set, in a latest with several keys')
      .option('--timeout <seconds>', 'how long to wait for room', seconds, 5000)
      .addHelpText('after', NOTES)
  },
  async run(context, [name = '', json], options) {
    const memory = memorySchema(name)
    if (options.key !== undefined && memory.shape !== 'latest') {
      throw new UsageError(`--key is for a latest, and "${name}" is a ${memory.shape}.`)
    }
    const sent = await sendAll(context, name, memory, json, options)
    if (context.out.json) context.out.object({ name, sent })
    else context.out.line(`Sent ${sent} ${sent === 1 ? 'value' : 'values'} to ${name}.`)
  },
}

async function sendAll(
  { terminal, signal }: Context,
  name: string,
  memory: MemorySchema,
  json: string | undefined,
  { key, timeout: timeoutMs }: SendOptions,
): Promise<number> {
  const values = jsonValues(json, terminal)
  switch (memory.shape) {
    case 'stream': {
      using writer = await joinStream(name, memory.codec, { signal, timeoutMs })
      return await each(values, memory.codec, (value) => writer.send(value as never, { signal, timeoutMs }))
    }
    case 'queue': {
      using writer = await joinQueue(name, memory.codec, { signal, timeoutMs })
      return await each(values, memory.codec, (value) => writer.send(value as never, { signal, timeoutMs }))
    }
    case 'latest': {
      const { schema } = memory
      if (!('keys' in schema)) {
        if (key !== undefined && key !== 'value') throw unknownKey(name, key, memory.keys)
        using writer = createLatest(name, schema)
        return await each(values, schema, (value) => writer.set(value as never))
      }
      if (key === undefined) throw new UsageError(`"${name}" has several keys: ${memory.keys.join(', ')}. Pass --key.`)
      const codec: AnyCodec | undefined = schema.keys[key]
      if (codec === undefined) throw unknownKey(name, key, memory.keys)
      using writer = createLatest(name, schema)
      return await each(values, codec, (value) => writer.key(key).set(value as never))
    }
    default:
      throw new UsageError(`"${name}" takes calls: memlane call ${name} PROCEDURE JSON.`)
  }
}

async function each(
  values: AsyncIterable<unknown>,
  { descriptor }: { readonly descriptor: SchemaDescriptor },
  send: (value: unknown) => Promise<void> | void,
): Promise<number> {
  let sent = 0
  for await (const value of values) {
    await send(fromJson(value, descriptor as PayloadDescriptor))
    sent++
  }
  return sent
}

function unknownKey(name: string, key: string, keys: readonly string[]): CommandError {
  return new CommandError('NOT_FOUND', `"${name}" has no key "${key}". Its keys: ${keys.join(', ')}.`, EXIT.NOT_FOUND)
}
