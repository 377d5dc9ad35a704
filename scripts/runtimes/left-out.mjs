// The tests that do not run under Bun or Deno, with the reason of each. `test` is the title of a test or suite, its parts joined
// by " > "; without it, the whole file is left out. A test that is not found is an error.

const bun = ['bun']
const deno = ['deno']
const both = ['bun', 'deno']

export const leftOut = [
  {
    runtimes: both,
    file: 'packages/core/test/doorbell.process.test.ts',
    test: 'a doorbell > has methods that refuse other objects',
    reason: 'V8 checks the receiver in Node.js; the objects of the addon are private to the package',
  },
  {
    runtimes: both,
    file: 'packages/core/test/linux-surroundings.process.test.ts',
    test: 'a system > without /proc still creates memory that has a name, or says that it cannot',
    reason: 'the runtime itself does not start without /proc',
  },
  {
    runtimes: both,
    file: 'packages/core/test/heap-pages.process.test.ts',
    test: 'a view in a heap that admits no foreign memory > is exact in `bytes`, ends with close, is unmapped when collected, and has a limit',
    reason: "such a heap is that of Node.js in Electron; the test depends on Node's V8 and its garbage collector",
  },
  {
    runtimes: bun,
    file: 'packages/channel/test/waiter.test.ts',
    test: 'a waiter > leaves nothing behind when waits are aborted',
    reason: 'it counts listeners by getEventListeners, which always returns an empty array',
  },
  {
    runtimes: bun,
    file: 'packages/core/test/doorbell.process.test.ts',
    test: 'a doorbell > calls the other listeners even if one of them throws',
    reason:
      "an exception of a microtask after a callback of the addon ends the process without an 'uncaughtException' event",
  },
  {
    runtimes: bun,
    file: 'packages/core/test/loader.process.test.ts',
    test: 'the loader > says that it needs a 64-bit runtime',
    reason: "it needs Node's variable NODE_OPTIONS",
  },
  {
    runtimes: bun,
    file: 'packages/core/test/waiting.process.test.ts',
    test: 'waiting > ends although fake timers were installed before core was loaded',
    reason: "Bun's own modules use the replaced timers",
  },
  {
    runtimes: bun,
    file: 'packages/consumer/test/fake-timers.process.test.ts',
    test: 'streams wait and time out with a clock that stands still: installed before loading, replaceGlobals',
    reason: "Bun's own modules use the replaced timers",
  },
  {
    runtimes: bun,
    file: 'packages/core/test/handles.gc.test.ts',
    test: 'handles that are never closed > keep their memory mapped as long as one view of it is in use',
    reason:
      'JavaScriptCore keeps the last object of a kind for a while, so the second half fails: memory without views is unmapped',
  },
  {
    runtimes: deno,
    file: 'packages/core/test/handles.gc.test.ts',
    test: 'handles that are never closed > are closed by workers that are terminated in the middle of a call, 100 times',
    reason: 'terminate() resolves before the worker has ended; its memory is released a moment later',
  },
  {
    runtimes: deno,
    file: 'packages/consumer/test/stream-crash-workers.process.test.ts',
    test: 'a worker thread > that is terminated while it sends or receives leaves a stream that works as before',
    reason: 'terminate() resolves before the worker has ended, so the next worker finds no free lane',
  },
  {
    runtimes: bun,
    file: 'packages/protocol/test/copying.test.ts',
    test: 'copies of numbers > keep every bit of a NaN',
    reason: 'JavaScriptCore has only one NaN',
  },
  {
    runtimes: bun,
    file: 'packages/protocol/test/messagepack.process.test.ts',
    test: 'without @msgpack/msgpack > the entry of MessagePack names the package to install',
    reason: "it reads Node's own error message",
  },
  {
    runtimes: deno,
    file: 'packages/protocol/test/messagepack.process.test.ts',
    reason: "it runs code by Node's option --eval",
  },
  {
    runtimes: deno,
    file: 'packages/protocol/test/no-code-generation.process.test.ts',
    reason: 'it needs an option of Node.js that forbids code from strings',
  },
  {
    runtimes: deno,
    file: 'packages/consumer/test/no-code-generation.process.test.ts',
    reason: 'it needs an option of Node.js that forbids code from strings',
  },
  {
    runtimes: deno,
    file: 'packages/core/test/loader.process.test.ts',
    reason: "it runs code by Node's option --eval",
  },
  {
    runtimes: deno,
    file: 'packages/core/test/waiting.process.test.ts',
    test: 'waiting for a name > keeps the process running, unless ref is false',
    reason: "it runs code by Node's option --eval",
  },
]
