import { statfs } from 'node:fs/promises'
import { serve } from '@memlane/consumer'
import { EndRequest } from '@memlane/demo-shared/end-request'
import { Machine } from '@memlane/demo-shared/machine'
import type { FiguresOptions } from './command-line.js'
import { MachineMeter } from './machine-meter.js'

/** Answers calls about this machine until a key is pressed. Several first processes share the calls. */
export async function answerCalls({ name }: FiguresOptions): Promise<void> {
  using end = new EndRequest({ key: true })
  await using server = serve(name, Machine, {
    async *watch(rate) {
      const meter = new MachineMeter()
      for (let sequence = 1; !(await end.within(1000 / rate)); sequence++) yield { sequence, ...meter.read() }
    },
    async disk(path) {
      const { blocks, bavail, bsize } = await statfs(path)
      return { total: blocks * bsize, free: bavail * bsize }
    },
  })
  console.log(`Answering calls for this machine's figures in ${name}.`)
  console.log('Press any key to end.')
  await end.within()
  await server.close()
  console.log(`Answered ${server.served} calls.`)
}
