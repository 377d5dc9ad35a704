import type { Bridge, BridgeConfig, BridgeHealth, ConfigProblem, ServerFinding } from '@memlane/nats'
import { Argument } from 'commander'
import { abortablePause } from '../abortable-pause.js'
import type { Command, Context } from '../command.js'
import { CommandError, EXIT, type ExitCode, UsageError } from '../exit-code.js'
import { printFindings } from '../findings.js'
import { printable } from '../printable.js'
import type { Terminal } from '../terminal.js'

interface BridgeCommandOptions {
  connect?: boolean
}

type Action = 'check' | 'run' | 'status' | 'schema'

const NOTES = `
check: checks the file of configuration. With --connect also its servers: they answer, take the sign-in and have the
streams, buckets and rights that the routes need. That publishes and creates nothing.
run: carries messages until SIGTERM or Ctrl-C, which ends it cleanly; the second one ends it at once. It logs to
standard error, with --json one object per line.
status: asks the running bridge, at the address of "http" in the configuration.
schema: prints the JSON Schema of the configuration, for editors.

The bridge is a package of its own: npm install @memlane/nats

Examples:
  memlane bridge check bridge.json --connect
  memlane bridge run bridge.json`

export const bridge: Command<BridgeCommandOptions> = {
  name: 'bridge',
  summary: 'carry memory to other machines and back, over NATS JetStream',
  declare(line) {
    line
      .addArgument(new Argument('<action>', 'what to do').choices(['check', 'run', 'status', 'schema']))
      .argument('[file]', 'the configuration, such as bridge.json')
      .option('--connect', 'check the servers, too')
      .addHelpText('after', NOTES)
  },
  async run(context, [action, file], { connect = false }) {
    const nats = await load()
    if (action === 'schema') {
      context.out.object(nats.bridgeSchema())
      return EXIT.OK
    }
    if (file === undefined) throw new UsageError(`bridge ${action} needs a file, such as bridge.json.`)
    let config: BridgeConfig
    try {
      config = nats.readConfig(file)
    } catch (error) {
      if (!(error instanceof nats.BridgeConfigError)) throw error
      return tellProblems(context, action as Action, file, error.problems)
    }
    switch (action as Action) {
      case 'check':
        return await check(context, nats, file, config, connect)
      case 'status':
        return await status(context, config)
      default:
        return await carry(context, nats, config)
    }
  },
}

type Nats = typeof import('@memlane/nats')

async function load(): Promise<Nats> {
  try {
    return await import('@memlane/nats')
  } catch (error) {
    if (!/@memlane\/nats['"]/.test((error as Error).message)) throw error
    throw new CommandError('NOT_INSTALLED', 'The bridge is a package of its own: npm install @memlane/nats')
  }
}

function tellProblems(
  { out, terminal }: Context,
  action: Action,
  file: string,
  problems: readonly ConfigProblem[],
): ExitCode {
  const lineOf = ({ path, message, line, column }: ConfigProblem) => {
    return `${file}:${line}:${column}: ${path === '' ? 'the configuration' : path} ${message}`
  }
  if (action !== 'check')
    for (const problem of problems)
      terminal.errors.write(`${printable(`memlane: INVALID_CONFIG: ${lineOf(problem)}`)}\n`)
  else if (out.json) out.object({ file, valid: false, problems, findings: [] })
  else for (const problem of problems) out.line(lineOf(problem), 'red')
  return EXIT.FAILED
}

async function check(
  { out }: Context,
  nats: Nats,
  file: string,
  config: BridgeConfig,
  connect: boolean,
): Promise<ExitCode> {
  const findings: readonly ServerFinding[] = connect ? await nats.checkServers(config) : []
  const fails = findings.some(({ severity }) => severity === 'error')
  if (out.json) out.object({ file, valid: true, problems: [], findings })
  else {
    printFindings(
      findings.map(({ route, ...finding }) => ({ ...finding, name: route })),
      out,
    )
    const count = config.routes.length
    if (!fails) out.line(`${file}: ${count} ${count === 1 ? 'route' : 'routes'}, no problem.`, 'green')
  }
  return fails ? EXIT.FAILED : EXIT.OK
}

async function carry({ out, terminal, signal }: Context, nats: Nats, config: BridgeConfig): Promise<ExitCode> {
  const log = logTo(terminal, out.json)
  await using running: Bridge = new nats.Bridge(config, { log })
  log(`bridge ${running.origin}, process ${process.pid}, routes: ${config.routes.length}`)
  await using server = config.http === undefined ? undefined : await nats.serveBridge(running, config.http)
  if (server !== undefined) log(`serving ${server.url}/metrics and ${server.url}/health`)
  await abortablePause(Infinity, signal)
  log('stopping')
  await running.stop()
  log('stopped')
  return EXIT.OK
}

function logTo({ errors }: Terminal, json: boolean): (text: string, route?: string) => void {
  return (text, route) => {
    const time = new Date().toISOString()
    const line = json
      ? JSON.stringify({ time, route: route ?? null, message: text })
      : `${time} ${route === undefined ? '' : `${route}: `}${text}`
    errors.write(`${printable(line)}\n`)
  }
}

async function status({ out, signal }: Context, { http }: BridgeConfig): Promise<ExitCode> {
  if (http === undefined || http.port === 0) {
    throw new CommandError('NO_ENDPOINT', 'The configuration has no "http" with a port, so a bridge cannot be asked.')
  }
  const host = http.host.includes(':') ? `[${http.host}]` : http.host.replace(/^0\.0\.0\.0$/, '127.0.0.1')
  const url = `http://${host}:${http.port}/health`
  let health: BridgeHealth
  try {
    const response = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(5000)]) })
    health = (await response.json()) as BridgeHealth
  } catch {
    throw new CommandError('NOT_RUNNING', `No bridge answers at ${url}.`)
  }
  if (out.json) out.object(health)
  else {
    out.table(
      ['route', 'state', 'forwarded', 'dropped', 'retries', 'restarts', 'in flight', 'lag', 'spilled'],
      health.routes.map(({ kind, name, error, forwarded, dropped, retries, restarts, inFlight, lag, spillBytes }) => [
        `${kind} ${name}`,
        error === null ? { text: 'runs', tone: 'green' } : { text: 'fails', tone: 'red' },
        ...[forwarded, dropped, retries, restarts, inFlight, lag ?? undefined].map((count) => out.number(count)),
        out.bytes(spillBytes),
      ]),
    )
    for (const reason of health.reasons) out.line(reason, 'red')
  }
  return health.healthy ? EXIT.OK : EXIT.FAILED
}
