/** TypeScript source of a schema, for people who want to open the memory with its type. */

import type { Consistency, LayoutDescriptor, PayloadDescriptor, SchemaDescriptor } from '@memlane/protocol'

/** Writes TypeScript source that declares a schema with the functions of `memlane`. The descriptor must have been checked. */
export function declareSchema(descriptor: SchemaDescriptor): string {
  return new Declarations().of(descriptor)
}

type StructDescriptor = LayoutDescriptor & { readonly kind: 'struct' }

/** Declarations, each before it is used. */
class Declarations {
  readonly #imports = new Set<string>()
  readonly #lines: string[] = []
  /** The names of structs that were declared, by their descriptors. */
  readonly #structs = new Map<string, string>()
  readonly #taken = new Set<string>()
  #usesMessagePack = false

  of(descriptor: SchemaDescriptor): string {
    const source = this.#schema(descriptor)
    if (!this.#structs.has(JSON.stringify(descriptor))) {
      const name = this.#name(descriptor.kind === 'api' ? descriptor.name : 'Message')
      this.#lines.push(`export const ${name} = ${source}`)
    }
    const imports = [`import { ${[...this.#imports].sort(byLowerCase).join(', ')} } from 'memlane'`]
    if (this.#imports.size === 0) imports.pop()
    if (this.#usesMessagePack) imports.push("import { messagepack } from 'memlane/messagepack'")
    return `${[...imports, '', ...this.#lines].join('\n')}\n`
  }

  #schema(descriptor: SchemaDescriptor): string {
    switch (descriptor.kind) {
      case 'board':
        return this.#call(
          'board',
          this.#object(descriptor.members.map(({ name, payload }) => [name, this.#payload(payload)])),
        )
      case 'api': {
        const procedures = descriptor.procedures.map(
          ({ name, request, answer, streams, idempotent }): [string, string] => {
            const answers = this.#payload(answer)
            const options = idempotent ? ', { idempotent: true }' : ''
            return [
              name,
              this.#call(
                'call',
                `${this.#payload(request)}, ${streams ? this.#call('stream', answers) : answers}${options}`,
              ),
            ]
          },
        )
        return this.#call('api', `${quoted(descriptor.name)}, ${this.#object(procedures)}`)
      }
      default:
        return this.#payload(descriptor)
    }
  }

  #payload(descriptor: PayloadDescriptor): string {
    if (descriptor.kind === 'union') {
      return this.#call(
        'union',
        this.#object(descriptor.members.map(({ name, payload }) => [name, this.#payload(payload)])),
      )
    }
    if (descriptor.kind !== 'payload') return this.#layout(descriptor)
    if (descriptor.encoding === 'messagepack') {
      this.#usesMessagePack = true
      return 'messagepack()'
    }
    this.#imports.add('payload')
    return `payload.${descriptor.encoding}${descriptor.encoding === 'json' ? '()' : ''}`
  }

  #layout(layout: LayoutDescriptor): string {
    switch (layout.kind) {
      case 'bool':
        return this.#use(layout.length === 4 ? 'bool32' : 'bool')
      case 'bytes':
        return this.#call('bytes', `${layout.length}`)
      case 'text':
        return this.#text(layout)
      case 'enumeration': {
        const names = Object.entries(layout.names).map(([name, number]): [string, string] => [name, `${number}`])
        return this.#call('enumeration', `${this.#layout(layout.base)}, ${this.#object(names)}`)
      }
      case 'array':
        return this.#call('array', `${this.#layout(layout.element)}, ${layout.count}`)
      case 'struct':
        return this.#struct(layout)
      default:
        return this.#use(layout.kind)
    }
  }

  #text({ encoding, terminator, length, alignment }: LayoutDescriptor & { readonly kind: 'text' }): string {
    const options = terminator === 'optional' ? ", { terminator: 'optional' }" : ''
    if (length % alignment === 0) return this.#call(encoding, `${length / alignment}${options}`)
    return this.#call('text', `${quoted(encoding)}, ${length}${options}`)
  }

  #struct(layout: StructDescriptor): string {
    const key = JSON.stringify(layout)
    const known = this.#structs.get(key)
    if (known !== undefined) return known
    const fields = layout.fields.map(({ name, layout }): [string, string] => [name, this.#layout(layout)])
    const source = this.#placed(layout, fields)
    const name = this.#name(layout.name)
    this.#structs.set(key, name)
    this.#imports.add('struct')
    this.#lines.push(`export const ${name} = struct(${quoted(layout.name)}, ${source})`)
    return name
  }

  /** Leaves out what follows from the order of the fields. */
  #placed(layout: StructDescriptor, fields: [string, string][]): string {
    const consistency =
      layout.consistency === undefined ? [] : [`consistency: ${consistencySource(layout.consistency)}`]
    for (const packed of [false, true]) {
      if (!isNatural(layout, packed)) continue
      const options = [...(packed ? ['packed: true'] : []), ...consistency]
      return `${this.#object(fields)}${options.length === 0 ? '' : `, { ${options.join(', ')} }`}`
    }
    const placed = fields.map(([name, source], index): [string, string] => {
      return [name, this.#call('at', `${layout.fields[index]?.offset}, ${source}`)]
    })
    const packed = layout.alignment === 1 ? ['packed: true'] : []
    const options = [`length: ${layout.length}`, 'overlap: true', ...packed, ...consistency]
    return `${this.#object(placed)}, { ${options.join(', ')} }`
  }

  #object(entries: readonly [string, string][]): string {
    const inner = entries.map(([name, source]) => `  ${propertyName(name)}: ${source.replaceAll('\n', '\n  ')},`)
    return `{\n${inner.join('\n')}\n}`
  }

  #call(name: string, source: string): string {
    return `${this.#use(name)}(${source})`
  }

  #use(name: string): string {
    this.#imports.add(name)
    return name
  }

  /** A name for a constant: that of the struct, if it can be one. */
  #name(wanted: string): string {
    const plain = wanted.replace(/[^A-Za-z0-9_$]/g, '_')
    const name = /^[A-Z]/.test(plain) ? plain : `Schema_${plain}`
    for (let number = 1; ; number++) {
      const candidate = number === 1 ? name : `${name}_${number}`
      if (this.#taken.has(candidate)) continue
      this.#taken.add(candidate)
      return candidate
    }
  }
}

/** Tells whether the fields lie where `struct` places them by itself. */
function isNatural({ fields, length, alignment }: StructDescriptor, packed: boolean): boolean {
  let end = 0
  let widest = 1
  for (const { offset, layout } of fields) {
    const step = packed ? 1 : layout.alignment
    if (offset !== roundUp(end, step)) return false
    end = offset + layout.length
    widest = Math.max(widest, step)
  }
  return alignment === widest && length === roundUp(end, widest)
}

const roundUp = (value: number, step: number) => Math.ceil(value / step) * step

function consistencySource(consistency: Consistency<string>): string {
  return `{ ${Object.entries(consistency)
    .map(([key, field]) => `${key}: ${quoted(field)}`)
    .join(', ')} }`
}

function propertyName(name: string): string {
  return /^[A-Za-z_$][A-Za-z0-9_$]*$/.test(name) ? name : quoted(name)
}

/** A string literal. JSON leaves nothing in it that TypeScript would read in another way. */
function quoted(text: string): string {
  const json = JSON.stringify(text)
  return text.includes("'") || text.includes('"') || text.includes('\\') ? json : `'${json.slice(1, -1)}'`
}

function byLowerCase(a: string, b: string): number {
  const [first, second] = [a.toLowerCase(), b.toLowerCase()]
  return first < second ? -1 : first > second ? 1 : 0
}
