import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { capabilities } from '@memlane/core'
import { describe, expect, it, onTestFinished } from 'vitest'
import { BridgeConfigError, bridgeSchema, type ConfigProblem, parseConfig, readConfig } from '../src/index.js'

const out = { kind: 'stream-out', name: 'quotes', subject: 'site1.quotes.{lane}', jetstream: 'QUOTES' }
const into = { kind: 'stream-in', name: 'quotes-far', subject: 'site2.quotes.*', jetstream: 'FAR' }

function problemsOf(action: () => unknown): readonly ConfigProblem[] {
  try {
    action()
  } catch (error) {
    if (error instanceof BridgeConfigError) return error.problems
    throw error
  }
  return []
}

/** The problems of routes, as text. */
function problemsIn(routes: readonly object[], rest: object = {}): string[] {
  const problems = problemsOf(() => parseConfig({ stateFolder: 'state', routes, ...rest }))
  return problems.map(({ path, message }) => `${path} ${message}`)
}

function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'memlane-config-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return folder
}

describe('a configuration', () => {
  it('gets its defaults', () => {
    const config = parseConfig({ stateFolder: 'state', routes: [out, into] })
    expect(config.server.servers).toEqual(['nats://127.0.0.1:4222'])
    expect(config.origin).toMatch(/^[A-Za-z0-9_-]+$/)
    expect(config.routes[0]).toMatchObject({ encoding: 'json', onOverrun: 'drop', window: 512 })
  })

  it.each<[string, readonly object[], readonly string[]]>([
    [
      'an unknown key, with the nearest one that is known',
      [{ ...out, subjct: 'x', color: 1 }],
      [
        'routes[0].subjct is no key here; did you mean "subject"?',
        expect.stringMatching(/^routes\[0\]\.color is no key here; the keys are kind, name, subject, /),
      ],
    ],
    ['a missing key', [{ ...out, subject: undefined }], ['routes[0].subject is missing']],
    [
      'wrong types and values',
      [{ ...out, window: '512', onOverrun: 'wait', encoding: 3, maxSpillBytes: 1 }],
      [
        'routes[0].encoding must be one of json, messagepack, raw, not 3',
        'routes[0].window must be a whole number, not "512"',
        'routes[0].onOverrun must be one of block, drop, spill, not "wait"',
        'routes[0].maxSpillBytes must be at least 65536, not 1',
      ],
    ],
    [
      'an unknown kind',
      [{ kind: 'stream-oot' }],
      [expect.stringMatching(/^routes\[0\]\.kind must be one of stream-out, stream-in, .*, not "stream-oot"$/)],
    ],
    ['no kind', [{}], [expect.stringMatching(/^routes\[0\]\.kind is missing: it must be one of stream-out/)]],
    [
      'places that have no meaning',
      [
        { ...out, subject: 'a.{lane}.{key}' },
        { ...into, name: '{2}-far', subject: 'site2.*', allow: ['*'] },
      ],
      [
        'routes[0].subject has {key}, which has no meaning here; the places are {name} and {lane}',
        'routes[1].name has {2}, but the subject "site2.*" has wildcards 1 to 1',
      ],
    ],
    [
      'a name from the network without a list of names',
      [{ ...into, name: '{1}' }],
      [expect.stringMatching(/^routes\[0\]\.allow is missing: it lists the names/)],
    ],
    [
      'subjects that are no subjects',
      [
        { ...out, subject: 'a..b' },
        { ...out, subject: 'a b' },
        { ...out, subject: 'a.*' },
        { ...out, subject: '$JS.x' },
        { ...into, subject: 'a.>.b' },
        { ...into, subject: 'a*' },
      ],
      [
        'routes[0].subject "a..b" has an empty part: a dot stands between two parts',
        'routes[1].subject "a b" must not have a space, a brace or "\\"',
        'routes[2].subject "a.*" must have no wildcard: this route sends',
        'routes[3].subject "$JS.x" begins like the subjects of NATS itself',
        'routes[4].subject "a.>.b": the wildcard * stands alone between dots, and > alone at the end',
        'routes[5].subject "a*": the wildcard * stands alone between dots, and > alone at the end',
      ],
    ],
    [
      'a name that no memory can have',
      [{ ...out, name: 'a/b' }],
      [expect.stringMatching(/^routes\[0\]\.name is no name of memory: .*"\/" at position 1 is not allowed/)],
    ],
    [
      'a pattern with one subject',
      [{ ...out, name: 'quotes-*' }],
      ['routes[0].subject needs {name}: all memories that match "quotes-*" would use the same subject'],
    ],
    [
      'a pattern of memory that the bridge creates',
      [{ ...into, name: 'far-*' }],
      ['routes[0].name is a pattern, and this route creates memory: give it one name'],
    ],
    [
      'two routes for one memory',
      [out, { ...out, name: 'q*', subject: 'other.{name}' }],
      ['routes[1].name is taken: routes[0] is a stream-out of "quotes", too'],
    ],
    [
      'a loop',
      [
        { kind: 'queue-out', name: 'job?', subject: 'jobs.{name}', jetstream: 'JOBS' },
        { kind: 'queue-in', name: 'jobs', subject: 'jobs.*', jetstream: 'JOBS' },
      ],
      ['routes[1].name makes a loop: routes[0] is a queue-out of "job?"'],
    ],
    [
      'streams of JetStream that two routes create differently, or use for two shapes',
      [
        { ...out, create: {} },
        { ...out, name: 'other', create: { replicas: 3 } },
        { kind: 'queue-out', name: 'jobs', subject: 'jobs', jetstream: 'QUOTES' },
      ],
      [
        'routes[1].create differs from that of routes[0], which creates "QUOTES", too',
        expect.stringMatching(/^routes\[2\]\.jetstream is taken: routes\[0\] uses "QUOTES" for another shape/),
        expect.stringMatching(/^routes\[2\]\.jetstream is taken: routes\[1\]/),
      ],
    ],
    [
      'two routes that share a consumer or write one key',
      [
        { ...into, durable: 'one' },
        { ...into, name: 'b', durable: 'one' },
        { kind: 'latest-out', name: 'c', bucket: 'B', key: 'k' },
        { kind: 'latest-out', name: 'd', bucket: 'B', key: 'k' },
      ],
      [
        'routes[1].durable is taken: routes[0] has the same, and each would get a part of the messages',
        'routes[3].key is taken: routes[2] writes "k" of this bucket, too',
      ],
    ],
  ])('is refused with %s', (_, routes, problems) => {
    expect(problemsIn(routes)).toEqual(problems)
  })

  it('may take a stream out and in under one name: the bridge knows its own lanes', () => {
    expect(problemsIn([out, { ...into, name: 'quotes' }])).toEqual([])
  })

  it('has at most one way to sign in, and no secrets', () => {
    expect(
      problemsIn([out], {
        server: {
          servers: ['nats://me:secret@host:4222', 'nats://[::1]:4222', 'host'],
          user: 'me',
          tokenFile: 'token',
          tls: { keyFile: 'key' },
        },
      }),
    ).toEqual([
      expect.stringMatching(/^server\.servers\[0\] must be an address such as/),
      'server.tls needs certFile and keyFile together',
      'server has several ways to sign in: give only one of user, tokenFile, nkeyFile, credentialsFile',
      'server needs user and passwordFile together',
    ])
  })
})

describe('a file of configuration', () => {
  it('may have comments, and paths beside it', () => {
    const folder = folderWith({
      'token.txt': 'secret\n',
      'bridge.json': `{
        // where this bridge keeps its positions
        "stateFolder": "state",
        "server": { "tokenFile": "token.txt" },
        "routes": [${JSON.stringify(out)},], /* one is enough */
      }`,
    })
    const { stateFolder, server } = readConfig(join(folder, 'bridge.json'))
    expect({ stateFolder, tokenFile: server.tokenFile }).toEqual({
      stateFolder: join(folder, 'state'),
      tokenFile: join(folder, 'token.txt'),
    })
  })

  it('is the example of the package', () => {
    const text = readFileSync(new URL('../examples/bridge.jsonc', import.meta.url), 'utf8')
    const folder = folderWith({ 'bridge.json': text.replace('/var/lib/memlane-bridge', 'state') })
    expect(readConfig(join(folder, 'bridge.json')).routes).toHaveLength(1)
  })

  it('is refused with line and column of each problem', () => {
    const text = `{
  "stateFolder": "state",
  "server": { "credentialsFile": "none.creds" },
  "routes": [
    { "kind": "stream-out", "name": "quotes", "subjct": "quotes", "subject": "a b", "jetstream": "Q" }
  ]
}`
    const folder = folderWith({
      'bridge.json': text,
      'good.json': text.replace('"subjct": "quotes", "subject": "a b"', '"subject": "ab"'),
      'twice.json': text.replace('"routes"', '"server": {}, "routes"'),
    })
    const places = (name: string) =>
      problemsOf(() => readConfig(join(folder, name))).map(({ path, line, column }) => [path, line, column])
    expect(places('bridge.json')).toEqual([
      ['routes[0].subject', 5, 78],
      ['routes[0].subjct', 5, 47],
    ])
    expect(places('twice.json')).toEqual([['server', 3, 3]])
    expect(() => readConfig(join(folder, 'good.json'))).toThrow(
      /good\.json:3:34: server\.credentialsFile cannot be used: ENOENT/,
    )
  })

  it('is refused if it is no JSON', () => {
    const folder = folderWith({ 'broken.json': '{\n  "routes": [1 2]\n}', 'empty.json': '' })
    expect(() => readConfig(join(folder, 'broken.json'))).toThrow(
      /broken\.json:2:16: the configuration is no JSON: comma expected/,
    )
    expect(() => readConfig(join(folder, 'empty.json'))).toThrow(/empty\.json:1:1: the configuration is no JSON/)
    expect(() => readConfig(join(folder, 'none.json'))).toThrow(/ENOENT/)
  })

  it.skipIf(capabilities.namespace === 'windows')('is refused if its state folder cannot be used', () => {
    const folder = folderWith({ state: '', 'bridge.json': JSON.stringify({ stateFolder: 'state/x', routes: [out] }) })
    expect(() => readConfig(join(folder, 'bridge.json'))).toThrow(/stateFolder cannot be used: .*state/)
  })
})

it('the JSON Schema has all keys, with descriptions, and nothing of this machine; the package has it as a file', () => {
  const schema = bridgeSchema() as {
    properties: { origin: object; routes: { items: { oneOf: { required: string[]; properties: object }[] } } }
  }
  expect(schema.properties.origin).not.toHaveProperty('default')
  const kinds = schema.properties.routes.items.oneOf
  expect(kinds).toHaveLength(8)
  expect(kinds[0]?.required).toEqual(['kind', 'name', 'subject', 'jetstream'])
  expect(kinds[0]?.properties).toHaveProperty('onOverrun.description')
  expect(JSON.parse(readFileSync(new URL('../dist/bridge.schema.json', import.meta.url), 'utf8'))).toEqual(schema)
})
