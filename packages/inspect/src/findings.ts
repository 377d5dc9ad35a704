/** The findings that all shapes have in common. */

import { SharedMemoryError } from '@memlane/core'
import { LayoutError } from '@memlane/protocol'
import type { Finding, FindingCode, FindingParticipant } from './finding.js'
import type { ParticipantInspection } from './participant-inspection.js'
import { named, shown } from './place.js'

/** Makes a finding. */
export function finding(
  code: FindingCode,
  severity: Finding['severity'],
  message: string,
  participant?: FindingParticipant,
  waitsFor: readonly FindingParticipant[] = [],
): Finding {
  return { code, severity, message, participant, waitsFor }
}

const SEVERITIES: readonly Finding['severity'][] = ['error', 'warning', 'note']

/** Sorts findings: the worst comes first. */
export function worstFirst<F extends Finding>(findings: readonly F[]): F[] {
  return [...findings].sort((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity))
}

/** One side of a channel, for the findings about its participants. */
export interface SideFacts {
  /** `producer`, `consumer`, … */
  readonly role: string
  readonly participants: readonly ParticipantInspection[]
  /** How many places there are, and the option that sets this number. */
  readonly places: number
  readonly countOption: string
  /** What a death leaves behind, and who cleans up. A sentence. */
  readonly afterDeath: string
}

/** Finds dead and stopped participants, full sides, and channels without participants. */
export function participantFindings(shape: string, sides: readonly SideFacts[]): Finding[] {
  const findings = sides.flatMap(({ role, participants, places, countOption, afterDeath }) => {
    const found: Finding[] = []
    for (const each of participants) {
      const participant = named(role, each)
      if (each.state === 'died') {
        found.push(
          finding('DEAD_PARTICIPANT', 'warning', `${upperFirst(shown(participant))} died. ${afterDeath}`, participant),
        )
      } else if (each.stopped === true) {
        const message = `${upperFirst(shown(participant))} is stopped, by a signal or a debugger. It keeps its place. Continue it (kill -CONT), or end it.`
        found.push(finding('STOPPED_PARTICIPANT', 'warning', message, participant))
      }
    }
    if (places > 1 && participants.filter(({ state }) => state === 'alive').length >= places) {
      const message = `All ${places} places for ${role}s are taken. Create the ${shape} with a larger ${countOption} if more are to come.`
      found.push(finding('NO_FREE_PLACE', 'note', message))
    }
    return found
  })
  if (sides.some(({ participants }) => participants.some(({ state }) => state === 'alive'))) return findings
  const message = `No participant lives. The ${shape} stays as long as a process has it open, or until it is unlinked if it is persistent.`
  return [...findings, finding('NO_PARTICIPANTS', 'note', message)]
}

/** Calls `look`. If the memory holds bytes that cannot be right, adds a finding, and returns undefined. */
export function unlessCorrupt<T>(findings: Finding[], look: () => T): T | undefined {
  try {
    return look()
  } catch (error) {
    const isCorrupt = error instanceof LayoutError || (error instanceof SharedMemoryError && error.code === 'CORRUPT')
    if (!isCorrupt) throw error
    findings.push(finding('CORRUPT', 'error', `The memory holds bytes that cannot be right: ${error.message}`))
    return undefined
  }
}

function upperFirst(text: string): string {
  return `${text[0]?.toUpperCase()}${text.slice(1)}`
}
