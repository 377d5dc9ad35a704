import { setImmediate } from 'node:timers/promises'
import type { StreamReader } from '@memlane/consumer'
import type { Ledger } from './ledger.js'
import type { Numbered } from './message.js'

type Reader = StreamReader<typeof Numbered>

/** The ways of reading that leave a process its event loop. Each ends with the stream. */
export const patientReadings = {
  async receive(reader: Reader, ledger: Ledger) {
    for (let message = await reader.receive(); message !== undefined; message = await reader.receive()) {
      ledger.enter(message)
    }
  },
  async iterate(reader: Reader, ledger: Ledger) {
    for await (const message of reader) ledger.enter(message)
  },
  async batches(reader: Reader, ledger: Ledger) {
    for await (const batch of reader.batches({ limit: 100 })) for (const message of batch) ledger.enter(message)
  },
  async poll(reader: Reader, ledger: Ledger) {
    while (await reader.ready()) reader.poll((view) => ledger.enter(view), 100)
  },
  async readable(reader: Reader, ledger: Ledger) {
    for await (const message of reader.toReadable()) ledger.enter(message)
  },
  /** Never waits, and asks by `readySync(0)` whether it is over. */
  async tryReceive(reader: Reader, ledger: Ledger) {
    for (;;) {
      const message = reader.tryReceive()
      if (message !== undefined) ledger.enter(message)
      else if (!reader.readySync({ timeoutMs: 0 }) && reader.end !== undefined) return
      else await setImmediate()
    }
  },
}

/** Every way of reading. */
export const readings = {
  ...patientReadings,
  receiveSync(reader: Reader, ledger: Ledger) {
    for (let message = reader.receiveSync(); message !== undefined; message = reader.receiveSync()) {
      ledger.enter(message)
    }
  },
  pollSync(reader: Reader, ledger: Ledger) {
    while (reader.readySync()) reader.poll((view) => ledger.enter(view), 100)
  },
}
