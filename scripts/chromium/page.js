// The page of cage-trial.mjs. Prepares memories, lets the native code map the shared memory over them, and tells Node what it
// finds.

const PAGE_LENGTH = 65_536
const SHARED_LENGTH = 4 * 2 ** 20
const MAP = 1
const MAKE_FRESH = 2
const COUNT_MAPPINGS = 3
const MEASURE_RESERVATION = 4

const pages = (length) => new WebAssembly.Memory({ initial: length / PAGE_LENGTH, maximum: length / PAGE_LENGTH })
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
const encoder = new TextEncoder()

const control = new Int32Array(pages(PAGE_LENGTH).buffer)
new Uint8Array(control.buffer).set(encoder.encode('memlane control'))

/** Gives an order to the native code, and returns its answer. */
async function native(order, target = 0) {
  control[5] = order
  control[6] = target
  Atomics.store(control, 4, 1)
  while (Atomics.load(control, 4) === 1) await pause(1)
  if (control[4] !== 2) throw new Error(`the native code could not do ${order} for ${target}`)
  return control[7]
}

/** Marks a memory, so that the native code finds it, and lets it map the shared memory there. */
async function map(memory, target) {
  const bytes = new Uint8Array(memory.buffer, 0, 16)
  bytes.fill(0)
  bytes.set(encoder.encode('memlane target'))
  bytes[15] = target
  await native(MAP, target)
}

async function collect() {
  for (let i = 0; i < 10; i++) {
    gc()
    await pause(20)
  }
}

/** Tells Node a finding. Node prints it, does what belongs to it on its side, and answers. */
async function tell(finding, value) {
  const response = await fetch(`/${finding}`, { method: 'POST', body: JSON.stringify(value) })
  return response.json()
}

/** Makes memories with the numbers from 2 on, all mapped over the shared one. */
async function mapMany(count) {
  const memories = Array.from({ length: count }, () => pages(SHARED_LENGTH))
  for (const [index, memory] of memories.entries()) await map(memory, 2 + index)
  return memories
}

/** How many memories of that length the heap gives. */
function countMemories(length, most) {
  const memories = []
  try {
    while (memories.length < most) memories.push(pages(length))
  } catch {}
  return memories.length
}

async function trial() {
  await tell('reservation', await native(MEASURE_RESERVATION))

  const memory = pages(SHARED_LENGTH)
  await map(memory, 0)
  const words = new Int32Array(memory.buffer)
  await tell(
    'read',
    words.every((word, index) => word === index),
  )
  for (let i = 0; i < words.length; i++) words[i] = -i
  await tell('written', null)
  const added = tell('adding', null)
  for (let i = 0; i < 1_000_000; i++) Atomics.add(words, 0, 1)
  await added
  await tell('added', words[0])

  const second = pages(SHARED_LENGTH)
  await map(second, 1)
  new DataView(second.buffer).setInt32(8, 77, true)
  await tell('twice', words[2])

  await native(MAKE_FRESH, 1)
  const { buffer } = second
  const view = new Int32Array(buffer)
  second.grow(0)
  await tell('closed', { lengths: [buffer.byteLength, view.length], mappings: await native(COUNT_MAPPINGS) })
  new Uint8Array(second.buffer).fill(0xff)
  await tell('intact', 'writing the pages of a closed view')
  await map(second, 1)
  await tell('again', new Int32Array(second.buffer)[2])

  const dropped = await mapMany(60)
  const before = await native(COUNT_MAPPINGS)
  dropped.length = 0
  await collect()
  await tell('dropped', { before, after: await native(COUNT_MAPPINGS) })
  const others = Array.from({ length: 60 }, () => pages(SHARED_LENGTH))
  for (const other of others) new Uint8Array(other.buffer).fill(0xff)
  await tell('intact', 'writing 60 new memories')
  others.length = 0
  await collect()

  await tell('count', countMemories(PAGE_LENGTH, 10_000))
  await collect()
  await tell('total', countMemories(2 ** 30, 1000))
  await tell('end', null)
}

trial().catch((error) => tell('failed', String(error.stack)))
