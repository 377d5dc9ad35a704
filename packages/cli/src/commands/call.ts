import { fromJson, toJson } from '@memlane/inspect/internal'
import { connect } from '@memlane/producer'
import { api, call as procedureOf, stream } from '@memlane/protocol'
import type { Command } from '../command.js'
import { CommandError, EXIT, UsageError } from '../exit-code.js'
import { codecOf, memorySchema } from '../memory-schema.js'
import { seconds } from '../option-values.js'
import { jsonValues } from '../value-lines.js'

const NOTES = `
Prints the answer as JSON; of a streamed answer, each part in a line of its own as it comes. Ctrl-C ends the call,
and tells the server.

Examples:
  memlane call prices quote '{"symbol":"ACME"}'
  memlane call prices trades '{"symbol":"ACME"}' | head -3`

export const call: Command<{ timeout: number }> = {
  name: 'call',
  summary: 'call a procedure, and print its answer',
  declare(line) {
    line
      .argument('<name>', 'the name of the memory')
      .argument('<procedure>', 'the procedure; info NAME shows all')
      .argument('[json]', 'the request; without it, standard input has it')
      .option('--timeout <seconds>', 'how long to wait for the answer', seconds, 5000)
      .addHelpText('after', NOTES)
  },
  async run({ out, terminal, signal }, [name = '', procedure = '', json], { timeout: timeoutMs }) {
    const memory = memorySchema(name)
    if (memory.shape !== 'call') throw new UsageError(`"${name}" is a ${memory.shape}, and takes no calls.`)
    const found = memory.api.procedures.find((each) => each.name === procedure)
    if (found === undefined) {
      const names = memory.api.procedures.map((each) => each.name).join(', ')
      throw new CommandError('NOT_FOUND', `"${name}" has no procedure "${procedure}". It has ${names}.`, EXIT.NOT_FOUND)
    }
    const { value: request } = await jsonValues(json, terminal).next()
    const [requestCodec, answerCodec] = [codecOf(found.request), codecOf(found.answer)]
    const declared = found.streams
      ? procedureOf(requestCodec, stream(answerCodec))
      : procedureOf(requestCodec, answerCodec, { idempotent: found.idempotent })
    using client = await connect(name, api(memory.api.name, { [procedure]: declared }), { signal, timeoutMs })
    const method = (client as unknown as Record<string, Method>)[procedure] as Method
    const answer = method(fromJson(request, found.request), { signal, timeoutMs })
    if (!found.streams) {
      out.object(toJson(await answer, found.answer))
      return
    }
    for await (const part of answer as AsyncIterable<unknown>) {
      out.object(toJson(part, found.answer))
      await out.drained()
    }
  },
}

type Method = (request: unknown, options: object) => Promise<unknown> | AsyncIterable<unknown>
