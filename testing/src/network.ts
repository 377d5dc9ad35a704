/**
 * Machines that are none: each has a network stack and a /dev/shm of its own (namespaces of Linux), and a cable to a switch. Nothing of it
 * is visible outside, and it all ends with the processes. Needs root.
 */

import { execFileSync } from 'node:child_process'
import { type Child, spawnChild } from './child.js'

/** A command that runs a program in a network of its own: one that has no way to any other. */
const IN_OWN_NETWORK = ['unshare', '--net', '--']
const LONGEST_MS = 7_200_000

/** Returns the command that runs a program in a network of its own, for `Network.create`. */
export function inOwnNetwork(command: readonly string[]): string[] {
  return [...IN_OWN_NETWORK, ...command]
}

/** Tells why there can be no machines here; undefined if there can. */
export function machinesMissing(): string | undefined {
  if (process.platform !== 'linux') return 'only Linux has namespaces'
  try {
    execFileSync('unshare', ['--net', '--mount', 'ip', 'link', 'add', 'switch', 'type', 'bridge'], { stdio: 'pipe' })
    return undefined
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: Buffer }
    return `no network of its own can be made (it needs root, and ip of iproute2): ${stderr?.toString().trim() || message}`
  }
}

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'inherit'] })
}

/** The network of this process, which `inOwnNetwork` has started, and the machines in it. */
export class Network implements AsyncDisposable {
  /** Where the machines reach this process. */
  readonly address = '10.77.0.1'
  readonly #machines: Machine[] = []
  #lastNumber = 0

  private constructor() {}

  /** @throws Error if the network of this process is in use already */
  static create(): Network {
    const used = execFileSync('ip', ['-oneline', 'link', 'show', 'up'], { encoding: 'utf8' })
    if (used !== '') throw new Error(`the network of this process is not its own: it has\n${used}`)
    const network = new Network()
    ip('link', 'set', 'lo', 'up')
    ip('link', 'add', 'switch', 'type', 'bridge')
    ip('address', 'add', `${network.address}/16`, 'dev', 'switch')
    ip('link', 'set', 'switch', 'up')
    return network
  }

  async addMachine(): Promise<Machine> {
    const machine = await Machine.create(++this.#lastNumber)
    this.#machines.push(machine)
    return machine
  }

  /** Ends the machines. Their processes must have ended before. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#machines.map((machine) => machine[Symbol.asyncDispose]()))
  }
}

export class Machine implements AsyncDisposable {
  /** Where this process, and the other machines, reach it. */
  readonly address: string
  /** Put before a command, this runs it on the machine. The process id and the signals are those of the command. */
  readonly within: readonly string[]
  readonly #cable: string
  readonly #holder: Child

  private constructor(number: number, holder: Child) {
    this.address = `10.77.${number}.1`
    this.within = ['nsenter', `--target=${holder.pid}`, '--net', '--mount', `--wdns=${process.cwd()}`, '--']
    this.#cable = `cable${number}`
    this.#holder = holder
  }

  /** Call `Network.addMachine` in its place. */
  static async create(number: number): Promise<Machine> {
    // cat ends when this process ends, and the machine ends with it.
    const start = 'mount -t tmpfs -o mode=1777 tmpfs /dev/shm && ip link set lo up && echo ready && exec cat'
    const holder = spawnChild('unshare', ['--net', '--mount', 'sh', '-c', start], { timeoutMs: LONGEST_MS })
    await holder.line('ready')
    const machine = new Machine(number, holder)
    ip('link', 'add', machine.#cable, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(holder.pid))
    ip('link', 'set', machine.#cable, 'master', 'switch', 'up')
    machine.run('ip', 'address', 'add', `${machine.address}/16`, 'dev', 'eth0')
    machine.run('ip', 'link', 'set', 'eth0', 'up')
    return machine
  }

  /** Runs a command on the machine, and returns its output. @throws Error if it fails */
  run(...command: string[]): string {
    const [program = '', ...args] = [...this.within, ...command]
    return execFileSync(program, args, { encoding: 'utf8' })
  }

  /** Pulls the cable: packets vanish, and no connection is told. */
  unplug(): void {
    ip('link', 'set', this.#cable, 'down')
  }

  plug(): void {
    ip('link', 'set', this.#cable, 'up')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#holder.kill('SIGKILL')
    await this.#holder.exit
  }
}
