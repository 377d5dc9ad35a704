// Reads from a shared library what decides where it loads: processor, libraries, symbols, and the oldest system.
//
//   format         elf, pe or mach-o
//   architecture   x64 or arm64, as Node.js names them
//   libraries      the libraries that the system loads with it
//   imports        undefined symbols, without versions. PE: none, because each import belongs to a library
//   exports        defined symbols that others see
//   libc           ELF: the newest version of glibc's symbols, such as 2.28; '' if no symbol has a version
//   system         Mach-O: platform and oldest version, such as macos 11.0.0
//   signed         Mach-O: whether it has a code signature (macOS on arm64 loads nothing else)
//
// Formats: ELF-64 and GNU symbol versioning (System V ABI, gABI chapter 4 and 5; LSB 5.0, chapter 10.7), PE32+ (Microsoft's "PE
// Format"), Mach-O (mach-o/loader.h, mach-o/nlist.h).

export function readFacts(bytes) {
  if (bytes.readUInt32BE(0) === 0x7f454c46) return elf(bytes)
  if (bytes.readUInt16BE(0) === 0x4d5a) return pe(bytes)
  if (bytes.readUInt32LE(0) === 0xfeedfacf) return machO(bytes)
  throw new TypeError('neither ELF, PE nor 64-bit Mach-O')
}

const textAt = (bytes, offset) => bytes.toString('latin1', offset, bytes.indexOf(0, offset))

function architectureOf(names, code) {
  return names[code] ?? `unknown processor 0x${code.toString(16)}`
}

function elf(bytes) {
  const u64 = (offset) => Number(bytes.readBigUInt64LE(offset))
  const [DYNSYM, DYNAMIC, VERNEED] = [11, 6, 0x6ffffffe]
  const sections = Array.from({ length: bytes.readUInt16LE(60) }, (_, index) => {
    const at = u64(40) + index * bytes.readUInt16LE(58)
    const [type, link, count] = [4, 40, 44].map((offset) => bytes.readUInt32LE(at + offset))
    return { type, link, count, offset: u64(at + 24), length: u64(at + 32) }
  })
  const sectionsOf = (wanted) => sections.filter(({ type }) => type === wanted)
  const nameIn = (section, offset) => textAt(bytes, sections[section.link].offset + offset)
  const entries = (section, length) =>
    Array.from({ length: section.length / length }, (_, index) => section.offset + index * length)

  const symbols = sectionsOf(DYNSYM).flatMap((section) =>
    entries(section, 24)
      .slice(1)
      .map((at) => ({ name: nameIn(section, bytes.readUInt32LE(at)), defined: bytes.readUInt16LE(at + 6) !== 0 })),
  )
  const [NULL, NEEDED] = [0, 1]
  const libraries = sectionsOf(DYNAMIC).flatMap((section) => {
    const tags = entries(section, 16)
    const end = tags.findIndex((at) => u64(at) === NULL)
    return tags.slice(0, end).flatMap((at) => (u64(at) === NEEDED ? [nameIn(section, u64(at + 8))] : []))
  })
  const versions = sectionsOf(VERNEED).flatMap((section) => {
    const names = []
    let library = section.offset
    for (let i = 0; i < section.count; i++) {
      let version = library + bytes.readUInt32LE(library + 8)
      for (let j = 0; j < bytes.readUInt16LE(library + 2); j++) {
        names.push(nameIn(section, bytes.readUInt32LE(version + 8)))
        version += bytes.readUInt32LE(version + 12)
      }
      library += bytes.readUInt32LE(library + 12)
    }
    return names
  })
  const glibc = versions.flatMap((name) => name.match(/^GLIBC_([\d.]+)$/)?.[1] ?? [])
  return {
    format: 'elf',
    architecture: architectureOf({ 62: 'x64', 183: 'arm64' }, bytes.readUInt16LE(18)),
    libraries,
    imports: symbols.filter(({ defined }) => !defined).map(({ name }) => name),
    exports: symbols.filter(({ defined }) => defined).map(({ name }) => name),
    libc: glibc.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1) ?? '',
  }
}

function pe(bytes) {
  const header = bytes.readUInt32LE(60) + 4
  const optional = header + 20
  const sections = Array.from({ length: bytes.readUInt16LE(header + 2) }, (_, index) => {
    const at = optional + bytes.readUInt16LE(header + 16) + index * 40
    const [length, address, , offset] = [8, 12, 16, 20].map((field) => bytes.readUInt32LE(at + field))
    return { length, address, offset }
  })
  const place = (address) => {
    const section = sections.find((each) => address >= each.address && address < each.address + each.length)
    return section.offset + address - section.address
  }
  const [EXPORTS, IMPORTS, DELAYED] = [0, 1, 13]
  const directory = (index) => bytes.readUInt32LE(optional + 112 + index * 8)
  /** The names of the libraries in a table whose entries have `length` bytes. */
  const librariesIn = (index, length, nameOffset) => {
    const names = []
    if (directory(index) === 0) return names
    for (let at = place(directory(index)); bytes.readUInt32LE(at + nameOffset) !== 0; at += length)
      names.push(textAt(bytes, place(bytes.readUInt32LE(at + nameOffset))))
    return names
  }
  const exportNames = () => {
    const table = place(directory(EXPORTS))
    const names = place(bytes.readUInt32LE(table + 32))
    return Array.from({ length: bytes.readUInt32LE(table + 24) }, (_, index) =>
      textAt(bytes, place(bytes.readUInt32LE(names + index * 4))),
    )
  }
  return {
    format: 'pe',
    architecture: architectureOf({ 34404: 'x64', 43620: 'arm64' }, bytes.readUInt16LE(header)),
    libraries: [...librariesIn(IMPORTS, 20, 12), ...librariesIn(DELAYED, 32, 4)],
    imports: [],
    exports: directory(EXPORTS) === 0 ? [] : exportNames(),
  }
}

function machO(bytes) {
  const [SYMTAB, LOAD_DYLIB, CODE_SIGNATURE, BUILD_VERSION] = [0x2, 0xc, 0x1d, 0x32]
  const commands = []
  for (let at = 32; commands.length < bytes.readUInt32LE(16); at += bytes.readUInt32LE(at + 4))
    commands.push({ at, kind: bytes.readUInt32LE(at) })
  const commandsOf = (wanted) => commands.filter(({ kind }) => kind === wanted).map(({ at }) => at)
  const symbols = commandsOf(SYMTAB).flatMap((command) => {
    const [offset, count, names] = [8, 12, 16].map((field) => bytes.readUInt32LE(command + field))
    return Array.from({ length: count }, (_, index) => {
      const at = offset + index * 16
      const type = bytes.readUInt8(at + 4)
      const external = (type & 0xe0) === 0 && (type & 0x01) !== 0 && (type & 0x10) === 0
      return { name: textAt(bytes, names + bytes.readUInt32LE(at)), external, defined: (type & 0x0e) !== 0 }
    }).filter(({ external }) => external)
  })
  const [build] = commandsOf(BUILD_VERSION)
  const versionOf = (packed) => [packed >>> 16, (packed >>> 8) & 0xff, packed & 0xff].join('.')
  const systemOf = (at) =>
    `${{ 1: 'macos' }[bytes.readUInt32LE(at + 8)] ?? 'another platform'} ${versionOf(bytes.readUInt32LE(at + 12))}`
  return {
    format: 'mach-o',
    architecture: architectureOf({ 16777223: 'x64', 16777228: 'arm64' }, bytes.readUInt32LE(4)),
    libraries: commandsOf(LOAD_DYLIB).map((at) => textAt(bytes, at + bytes.readUInt32LE(at + 8))),
    imports: symbols.filter(({ defined }) => !defined).map(({ name }) => name.slice(1)),
    exports: symbols.filter(({ defined }) => defined).map(({ name }) => name.slice(1)),
    system: build === undefined ? 'not stated' : systemOf(build),
    signed: commandsOf(CODE_SIGNATURE).length > 0,
  }
}
