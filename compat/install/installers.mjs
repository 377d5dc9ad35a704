// The package managers. Each one tells how it adds memlane to a project as a user would. Install scripts are off.

import { join } from 'node:path'
import { versionOf as runtimeVersion } from '../../scripts/runtimes/binaries.mjs'
import { tool, versionOf } from './tools.mjs'

const yarn = (name, linker, settings = '') => ({
  label: `yarn ${versionOf('yarn')} (${name})`,
  prepare({ command, registry, home }) {
    const program = [...command, tool('yarn', 'bin/yarn.js')]
    return {
      env: {
        YARN_NODE_LINKER: linker,
        YARN_NPM_MINIMAL_AGE_GATE: '0', // it leaves out what was published today
        YARN_NPM_REGISTRY_SERVER: registry,
        YARN_UNSAFE_HTTP_WHITELIST: '127.0.0.1',
        YARN_ENABLE_SCRIPTS: 'false',
        YARN_ENABLE_TELEMETRY: 'false',
      },
      files: { 'yarn.lock': '', '.yarnrc.yml': settings },
      add: [...program, 'add', 'memlane'],
      start: [...program, 'node'],
      stores: linker === 'pnp' ? [join(home, '.yarn', 'berry', 'cache')] : [],
    }
  },
})

/**
 * - `programs`: what must be on the PATH
 * - `files`: settings in the project's folder
 * - `env`: settings in the environment
 * - `add`: the command; `start` is the command that runs a script of the project, if the runtime's own does not suffice
 * - `stores`: folders with packages outside the project's folder, which count as installed
 */
export const installers = {
  npm: {
    label: `npm ${versionOf('npm')}`,
    prepare: ({ command }) => ({ add: [...command, tool('npm', 'bin/npm-cli.js'), 'install', 'memlane'] }),
  },
  pnpm: {
    label: `pnpm ${versionOf('pnpm')}`,
    prepare: () => ({ programs: { pnpm: tool('pnpm', 'pnpm') }, add: ['pnpm', 'add', 'memlane'] }),
  },
  yarn: yarn('node-modules', 'node-modules'),
  // Yarn warns that it loads ES modules in an experimental way, whatever the package.
  'yarn-pnp': yarn("Plug'n'Play", 'pnp', 'logFilters: [{ code: YN0092, level: discard }]'),
  'yarn-classic': {
    label: `yarn ${versionOf('yarn-classic')}`,
    prepare: ({ command }) => ({ add: [...command, tool('yarn-classic', 'bin/yarn.js'), 'add', 'memlane'] }),
  },
  bun: {
    label: `bun ${runtimeVersion('bun')}`,
    prepare: ({ command }) => ({ add: [...command, 'add', '--ignore-scripts', 'memlane'] }),
  },
  deno: {
    label: `deno ${runtimeVersion('deno')}`,
    prepare: () => ({ add: ['deno', 'add', '--minimum-dependency-age=0', 'npm:memlane'] }),
  },
}
