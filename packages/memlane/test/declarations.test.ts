import { fileURLToPath } from 'node:url'
import { compilerOptions } from '@memlane/testing/compiler-options'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'

/** With slashes on Windows, too, as the compiler writes paths. */
const FOLDER = fileURLToPath(new URL('.', import.meta.url)).replaceAll('\\', '/')
const OPTIONS: ts.CompilerOptions = { ...compilerOptions, declaration: true, emitDeclarationOnly: true }

/** Compiles a module of a user, as if it lay in this folder, and returns its declarations and the compiler's errors. */
function compile(text: string): { declarations: string; errors: string[] } {
  const path = `${FOLDER}user-code.ts`
  const host = ts.createCompilerHost(OPTIONS)
  const { fileExists, getSourceFile } = host
  host.fileExists = (name) => name === path || fileExists.call(host, name)
  host.getSourceFile = (name, ...rest) =>
    name === path ? ts.createSourceFile(name, text, ts.ScriptTarget.ES2022) : getSourceFile.call(host, name, ...rest)
  let declarations = ''
  host.writeFile = (_name, written) => {
    declarations = written
  }
  const program = ts.createProgram([path], OPTIONS, host)
  const emitted = program.emit()
  const errors = [...ts.getPreEmitDiagnostics(program), ...emitted.diagnostics].map(({ messageText }) =>
    ts.flattenDiagnosticMessageText(messageText, '\n'),
  )
  return { declarations, errors: [...new Set(errors)] }
}

const SCHEMAS = `
  import { array, bytes, createRegion, createStream, f64, openStream, payload, struct, u32, union, utf8 } from 'memlane'
  export const Quote = struct('Quote', { symbol: utf8(8), bid: f64, ask: f64 })
  export const Car = struct(
    'Car',
    { seq: u32, raw: bytes(4), wheels: array(struct('Wheel', { pressure: f64 }), 4) },
    { consistency: { sequence: 'seq' } },
  )
  export const Event = union({ quote: Quote, note: payload.utf8 })
`

describe('the declarations of code that uses memlane', () => {
  it('show plain fields, and are about as long as the code', () => {
    const text = `${SCHEMAS}
  export const quotes = createStream('quotes', Quote)
  export const car = createRegion('car', Car)
  export const view = car.view
  export const claimed = quotes.claim()
  export async function latest() {
    const reader = await openStream('events', Event)
    return reader.receive()
  }
`
    const { declarations, errors } = compile(text)
    expect(errors).toEqual([])
    const shown = declarations.replace(/import\([^)]*\)\./g, '').replace(/\s+/g, ' ')
    for (const declaration of [
      'const Quote: StructLayout<{ symbol: string; bid: number; ask: number; }, never>;',
      'const Car: StructLayout<{ seq: number; raw: Uint8Array<ArrayBufferLike>; wheels: { pressure: number; }[]; }, "seq">;',
      'const quotes: StreamWriter<StructLayout<{ symbol: string; bid: number; ask: number; }, never>>;',
      'const view: { seq: number; raw: Uint8Array<ArrayBufferLike>; readonly wheels: ArrayView<{ pressure: number; }>; };',
      'const claimed: { symbol: string; bid: number; ask: number; } | undefined;',
    ]) {
      expect(shown).toContain(declaration)
    }
    expect(shown).toMatch(
      /latest\(\): Promise<.*\{ kind: "quote"; value: \{ symbol: string; bid: number; ask: number; \}; \}/,
    )
    expect(declarations).not.toMatch(/StructValue|PlacedField|Layout<any|Fields/)
    expect(shown.length).toBeLessThan(2 * text.length)
  })

  it('lead to error messages that show plain fields', () => {
    const { errors } = compile(`${SCHEMAS}
  createStream('quotes', Quote).trySend({ symbol: 'ACME', bid: 1 })
  createRegion('quote', Quote).update(() => {})
  createRegion('car', Car).update((car) => { car.seq = 1 })
  createRegion('car', Car).view.raw = 5
`)
    expect(errors.length).toBe(4)
    expect(errors[0]).toContain(
      "Property 'ask' is missing in type '{ symbol: string; bid: number; }' but required in type '{ symbol: string; bid: number; ask: number; }'.",
    )
    expect(errors[1]).toContain("is not assignable to type 'HasVersionWords'")
    expect(errors[2]).toBe("Cannot assign to 'seq' because it is a read-only property.")
    expect(errors[3]).toContain("Type 'number' is not assignable to type 'Uint8Array")
  })
})
