import type { NatsServer } from '@memlane/testing/nats-server'

interface StreamState {
  /** The member of the cluster that leads the stream; undefined without a cluster. */
  readonly leader: string | undefined
  readonly messages: number
}

interface Monitored {
  account_details?: { stream_detail?: { name: string; cluster?: { leader?: string }; state: { messages: number } }[] }[]
}

/** Tells what a server knows of its streams. Without an answer, it knows nothing. */
export async function streamStates(server: NatsServer): Promise<Map<string, StreamState>> {
  const states = new Map<string, StreamState>()
  const answer = (await server.monitor('jsz?streams=true').catch(() => ({}))) as Monitored
  for (const { stream_detail = [] } of answer.account_details ?? []) {
    for (const { name, cluster, state } of stream_detail) {
      states.set(name, { leader: cluster?.leader, messages: state.messages })
    }
  }
  return states
}
