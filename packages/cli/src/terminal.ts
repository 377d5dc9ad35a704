/** Where a command reads from and writes to. `run` gets one, so that tests need no process. */
export interface Terminal {
  readonly input: AsyncIterable<Uint8Array | string> & { readonly isTTY?: boolean }
  readonly output: Writer
  readonly errors: Writer
  readonly env: Readonly<Record<string, string | undefined>>
  /** Aborts when the command must end: Ctrl-C, SIGTERM, or nobody reads the output any more. */
  readonly signal: AbortSignal
  /** Gives this process less CPU time than others, where they compete for it. */
  lowerPriority(): void
}

/** What a command needs of a stream that it writes to. */
export interface Writer {
  /** @returns false if the caller must wait for `drained` before it writes more */
  write(text: string): boolean
  /** Resolves when the stream takes more. Rejects when the signal aborts. */
  drained(signal: AbortSignal): Promise<void>
  readonly isTTY: boolean
  /** The width of the terminal in characters, if it is one. */
  readonly columns: number | undefined
  readonly rows: number | undefined
}
