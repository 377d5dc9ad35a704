export { processTerminal } from './process-terminal.js'
export { run } from './run.js'
export type { Terminal, Writer } from './terminal.js'
