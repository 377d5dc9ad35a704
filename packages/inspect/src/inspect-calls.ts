import type { CallChannel } from '@memlane/channel'
import { ABANDONED, consumerOf, forEachBit, kindOf, PART, RETURNED_CALL, TAKEN } from '@memlane/protocol/internal'
import type { Finding } from './finding.js'
import { finding, participantFindings } from './findings.js'
import type { CallClientInspection, CallFigures, CallGeometry, CallServerInspection } from './inspection.js'
import { closed, inspectPlace, type Look, named, shown } from './place.js'

/** What a look at a channel of calls finds besides its schema. */
export interface CallLook {
  readonly geometry: CallGeometry
  readonly clients: readonly CallClientInspection[]
  readonly servers: readonly CallServerInspection[]
  readonly figures: CallFigures
  readonly findings: readonly Finding[]
}

export function inspectCalls({ control, header }: CallChannel, look: Look): CallLook {
  const { maxRequestLength, maxAnswerLength, maxClients, maxServers } = header
  const { capacity, slotStride } = control
  const takenBy = new Map<number, number>()
  const clients: CallClientInspection[] = []
  control.forEachUsed((client) => {
    let waiting = 0
    let taken = 0
    control.forEachReady(client, () => waiting++)
    control.forEachSlotOf(client, (_, word) => {
      const kind = kindOf(word)
      if (kind === RETURNED_CALL) waiting++
      if (kind === TAKEN || kind === PART) taken++
      if (kind !== TAKEN && kind !== PART && kind !== ABANDONED) return
      const server = consumerOf(word)
      takenBy.set(server, (takenBy.get(server) ?? 0) + 1)
    })
    const isOpen = () => control.stateOf(client) === 'open'
    const place = (isOpen() ? inspectPlace(look, control.producers, client, isOpen) : undefined) ?? closed(client)
    clients.push({ ...place, called: control.sentBy(client), waiting, taken })
  })
  const servers: CallServerInspection[] = []
  forEachBit(control.liveConsumers(), (slot) => {
    const place = inspectPlace(look, control.consumers, slot, () => (control.liveConsumers() & (1 << slot)) !== 0)
    if (place !== undefined) servers.push({ ...place, taken: takenBy.get(slot) ?? 0 })
  })
  const sum = (key: 'called' | 'waiting' | 'taken') => clients.reduce((sum, each) => (sum + each[key]) >>> 0, 0)
  const figures = { called: sum('called'), waiting: sum('waiting'), taken: sum('taken') }
  const geometry = {
    capacity,
    slotLength: slotStride * 4,
    maxRequestLength,
    maxAnswerLength,
    maxClients,
    maxServers,
  }
  return {
    geometry,
    clients,
    servers,
    figures,
    findings: [
      ...callFindings(geometry, clients, servers, figures),
      ...participantFindings('call channel', [
        {
          role: 'client',
          participants: clients,
          places: maxClients,
          countOption: 'maxClients',
          afterDeath: 'A server gives up its calls.',
        },
        {
          role: 'server',
          participants: servers,
          places: maxServers,
          countOption: 'maxServers',
          afterDeath: 'Its calls end with DIED, or go to another server if they are idempotent.',
        },
      ]),
    ],
  }
}

function callFindings(
  { capacity }: CallGeometry,
  clients: readonly CallClientInspection[],
  servers: readonly CallServerInspection[],
  { waiting }: CallFigures,
): Finding[] {
  const live = servers.filter(({ state }) => state === 'alive')
  const findings: Finding[] = []
  if (waiting > 0 && live.length === 0) {
    const calls = waiting === 1 ? '1 call waits' : `${waiting} calls wait`
    findings.push(finding('NO_SERVERS', 'warning', `${calls}, and there is no server.`))
  }
  for (const each of clients) {
    if (each.state !== 'alive' || each.waiting + each.taken < capacity) continue
    const client = named('client', each)
    const busy = live.filter(({ taken }) => taken > 0)
    const waitsFor = (busy.length > 0 ? busy : live).map((server) => named('server', server))
    const isStuck = live.every(({ stopped }) => stopped === true)
    const message = `All ${capacity} calls that ${shown(client)} can have are open${waitsFor.length === 0 ? '' : `: it waits for ${waitsFor.map(shown).join(', ')}`}.`
    findings.push(finding('FULL_CALLS', isStuck ? 'error' : 'warning', message, client, waitsFor))
  }
  return findings
}
