import { type Capabilities, capabilities } from './capabilities.js'
import { SharedMemoryError } from './errors.js'

// A name, the object that it means, and the processes that see it:
//
//   X or Local\X   Local\X on Windows,  /X.<uid> on POSIX    this login session; this user
//   Global\X       Global\X             /X                   every session; every user with access
//   /X             refused              /X                   memory made by POSIX programs

const encoder = new TextEncoder()

/** The folder of the bells and leases of one memory begins so, on Linux and macOS. */
const FOLDER_PREFIX = '.memlane.'
/** Endings of the names of bells and leases, and of the helper objects that exist while one of these is made or released. */
const RESERVED = /\.(bell|lease)\.\d+(\.new\d*|\.end\.\d+\.\d+)?$/

/**
 * Turns a name into the name of the system's object.
 *
 * @throws SharedMemoryError `INVALID_NAME`
 */
export function resolveName(name: string, system: Capabilities = capabilities, userId = currentUserId()): string {
  if (typeof name !== 'string') throw new TypeError(`name must be a string, not ${typeof name}`)
  const refuse = (why: string): never => {
    throw new SharedMemoryError('INVALID_NAME', `Invalid name ${JSON.stringify(name)}: ${why}`, {
      osCode: system.invalidNameOsCode,
    })
  }
  const [, prefix, rest] = /^(Local\\|Global\\|\/)?(.*)$/s.exec(name) as unknown as [string, string | undefined, string]
  if (prefix === '/' && system.namespace === 'windows') {
    refuse('a name that begins with "/" is POSIX shared memory, which Windows does not have; use Local\\ or Global\\.')
  }
  if (rest === '') refuse(prefix ? `nothing follows "${prefix}".` : 'it is empty.')
  for (let i = 0; i < rest.length; i++) {
    const character = rest.charAt(i)
    if (character === '\\' || character === '/' || character === '\0') {
      const hint =
        character === '\\' ? ' Only the prefixes Local\\ and Global\\ contain one, in exactly this spelling.' : ''
      const position = (prefix ?? '').length + i
      refuse(`${JSON.stringify(character)} at position ${position} is not allowed.${hint}`)
    }
  }
  if (/\p{Surrogate}/u.test(rest)) refuse('it contains an unpaired surrogate.')
  if (rest.startsWith(FOLDER_PREFIX))
    refuse(`memlane reserves names that begin with "${FOLDER_PREFIX}". Choose another.`)
  const reserved = RESERVED.exec(rest)
  if (reserved)
    refuse(`memlane reserves the ending "${reserved[0]}" for the ${reserved[1]}s of memory. Choose another.`)

  let object: string
  let length: number
  if (system.namespace === 'windows') {
    object = `${prefix ?? 'Local\\'}${rest}`
    length = object.length
  } else {
    const file = prefix === '/' || prefix === 'Global\\' ? rest : `${rest}.${userId}`
    if (file === '.' || file === '..') refuse(`"${file}" is a folder.`)
    object = `/${file}`
    length = encoder.encode(file).length
  }
  if (length > system.maxNameLength) {
    const unit = system.namespace === 'windows' ? 'characters' : 'bytes'
    refuse(`"${object}" is ${length} ${unit} long; ${system.maxNameLength} is the most.`)
  }
  return object
}

/**
 * Turns the name of a system's object back into a name that opens it here.
 *
 * @param ours true if memlane made the object: then a POSIX object without the user's suffix has a `Global\` name
 */
export function nameOf(object: string, ours: boolean, system: Capabilities = capabilities, userId = currentUserId()) {
  if (system.namespace === 'windows') return object.startsWith('Local\\') ? object.slice('Local\\'.length) : object
  const suffix = `.${userId}`
  if (object.endsWith(suffix) && object.length > 1 + suffix.length) return object.slice(1, -suffix.length)
  return ours ? `Global\\${object.slice(1)}` : object
}

/** True if `resolveName` gives this object for the name. Other programs can make objects that memlane has no name for. */
export function opens(name: string, object: string): boolean {
  try {
    return resolveName(name) === object
  } catch {
    return false
  }
}

function currentUserId(): number {
  return process.getuid?.() ?? 0
}
