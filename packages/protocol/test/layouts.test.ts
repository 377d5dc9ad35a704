import { describe, expect, it } from 'vitest'
import { LayoutError, readSnapshot, writeSnapshot } from '../src/index.js'
import {
  AssettoCorsaPhysics,
  HwinfoHeader,
  HwinfoReading,
  HwinfoSensor,
  IRacingHeader,
  IRacingTelemetry,
  IRacingVariableHeader,
  MsiAfterburnerEntry,
  MsiAfterburnerGpu,
  MsiAfterburnerHeader,
  MumbleLinkLinux,
  MumbleLinkWindows,
  mumbleContext,
  readHwinfo,
  readMsiAfterburner,
} from '../src/layouts/index.js'

const offsets = (layout: { fields: object }) =>
  Object.fromEntries(
    Object.entries(layout.fields as Record<string, { offset: number }>).map(([name, { offset }]) => [name, offset]),
  )

function thrownBy(act: () => unknown): unknown {
  try {
    act()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

function expectLayoutError(act: () => unknown, code: string, offset: number): void {
  const error = thrownBy(act)
  expect(error instanceof LayoutError).toBe(true)
  expect(error instanceof RangeError).toBe(true)
  const { code: actualCode, offset: actualOffset } = error as LayoutError
  expect([actualCode, actualOffset]).toEqual([code, offset])
}

describe('MumbleLink', () => {
  it('has the offsets of a wchar_t of 2 bytes', () => {
    expect(offsets(MumbleLinkWindows)).toEqual({
      uiVersion: 0,
      uiTick: 4,
      avatarPosition: 8,
      avatarFront: 20,
      avatarTop: 32,
      name: 44,
      cameraPosition: 556,
      cameraFront: 568,
      cameraTop: 580,
      identity: 592,
      contextLength: 1104,
      context: 1108,
      description: 1364,
    })
    expect(MumbleLinkWindows.length).toBe(5460)
  })

  it('has the offsets of a wchar_t of 4 bytes', () => {
    expect(offsets(MumbleLinkLinux)).toEqual({
      uiVersion: 0,
      uiTick: 4,
      avatarPosition: 8,
      avatarFront: 20,
      avatarTop: 32,
      name: 44,
      cameraPosition: 1068,
      cameraFront: 1080,
      cameraTop: 1092,
      identity: 1104,
      contextLength: 2128,
      context: 2132,
      description: 2388,
    })
    expect(MumbleLinkLinux.length).toBe(10580)
  })

  it('is written as one update and read as it was at one moment', () => {
    for (const layout of [MumbleLinkWindows, MumbleLinkLinux]) {
      const buffer = new ArrayBuffer(layout.length)
      const link = {
        uiVersion: 2,
        avatarPosition: [1, 2, 3],
        avatarFront: [0, 0, 1],
        avatarTop: [0, 1, 0],
        name: 'Spiel 🎮',
        cameraPosition: [1, 2, 3],
        cameraFront: [0, 0, 1],
        cameraTop: [0, 1, 0],
        identity: 'x'.repeat(256),
        contextLength: 3,
        context: new Uint8Array(256).fill(7, 0, 3),
        description: 'Ein Spiel',
      }
      writeSnapshot(layout, buffer, 0, link)
      const read = readSnapshot(layout, buffer)
      expect(read).toEqual({ ...link, uiTick: 1 })
      expect(read && [...mumbleContext(layout, read)]).toEqual([7, 7, 7])
      expect([...mumbleContext(layout, layout.readonlyView(buffer))]).toEqual([7, 7, 7])
      layout.view(buffer).contextLength = 257
      expectLayoutError(
        () => mumbleContext(layout, layout.read(new DataView(buffer), 0)),
        'CORRUPT',
        layout.fields.contextLength.offset,
      )
    }
  })
})

describe('Assetto Corsa', () => {
  it('has the offsets of the physics page', () => {
    const { packetId, gas, brake, fuel, gear, rpm, steer, speedKmh, ...rest } = offsets(AssettoCorsaPhysics)
    expect([packetId, gas, brake, fuel, gear, rpm, steer, speedKmh]).toEqual([0, 4, 8, 12, 16, 20, 24, 28])
    expect(rest).toEqual({
      velocity: 32,
      accG: 44,
      wheelSlip: 56,
      wheelLoad: 72,
      wheelsPressure: 88,
      wheelAngularSpeed: 104,
      tyreWear: 120,
      tyreDirtyLevel: 136,
      tyreCoreTemperature: 152,
      camberRadians: 168,
      suspensionTravel: 184,
      drs: 200,
      tc: 204,
      heading: 208,
      pitch: 212,
      roll: 216,
      cgHeight: 220,
      carDamage: 224,
      numberOfTyresOut: 244,
      pitLimiterOn: 248,
      abs: 252,
      kersCharge: 256,
      kersInput: 260,
      autoShifterOn: 264,
      rideHeight: 268,
      turboBoost: 276,
      ballast: 280,
      airDensity: 284,
      airTemp: 288,
      roadTemp: 292,
      localAngularVelocity: 296,
      finalFF: 308,
      performanceMeter: 312,
      engineBrake: 316,
      ersRecoveryLevel: 320,
      ersPowerLevel: 324,
      ersHeatCharging: 328,
      ersIsCharging: 332,
      kersCurrentKJ: 336,
      drsAvailable: 340,
      drsEnabled: 344,
      brakeTemp: 348,
      clutch: 364,
      tyreTempInner: 368,
      tyreTempMiddle: 384,
      tyreTempOuter: 400,
      isAIControlled: 416,
      tyreContactPoint: 420,
      tyreContactNormal: 468,
      tyreContactHeading: 516,
      brakeBias: 564,
      localVelocity: 568,
    })
    expect(AssettoCorsaPhysics.length).toBe(580)
  })
})

describe('iRacing', () => {
  const VARIABLES_OFFSET = 112
  const ROWS_OFFSET = VARIABLES_OFFSET + 7 * IRacingVariableHeader.length
  const ROW_LENGTH = 64
  const SESSION_OFFSET = ROWS_OFFSET + 3 * ROW_LENGTH
  const variables = [
    ['Speed', 'float', 0, 1],
    ['Gear', 'int', 4, 1],
    ['OnPitRoad', 'bool', 8, 1],
    ['SessionTime', 'double', 12, 1],
    ['Flags', 'bitField', 20, 1],
    ['Laps', 'int', 24, 3],
    ['Tag', 'char', 36, 8],
  ] as const

  function simulator() {
    const buffer = new ArrayBuffer(SESSION_OFFSET + 101)
    const data = new DataView(buffer)
    const header = IRacingHeader.view(buffer)
    const rowAt = (row: number) => ROWS_OFFSET + row * ROW_LENGTH
    IRacingHeader.write(data, 0, {
      version: 2,
      status: 1,
      tickRate: 60,
      sessionInfoUpdate: 1,
      sessionInfoLength: 101,
      sessionInfoOffset: SESSION_OFFSET,
      variableCount: variables.length,
      variableHeaderOffset: VARIABLES_OFFSET,
      bufferCount: 3,
      bufferLength: ROW_LENGTH,
      buffers: [0, 1, 2, 3].map((row) => ({ tickCount: 0, offset: row < 3 ? rowAt(row) : 0 })),
    })
    variables.forEach(([name, type, offset, count], index) => {
      const at = VARIABLES_OFFSET + index * IRacingVariableHeader.length
      IRacingVariableHeader.write(data, at, {
        ...{ name, type, offset, count, description: `the ${name}`, unit: '' },
        countAsTime: name === 'Laps',
      })
    })
    const publish = (row: number, tickCount: number, speed: number) => {
      data.setFloat32(rowAt(row), speed, true)
      data.setInt32(rowAt(row) + 4, -1, true)
      data.setUint8(rowAt(row) + 8, 1)
      data.setFloat64(rowAt(row) + 12, 1234.5, true)
      data.setUint32(rowAt(row) + 20, 0x80000001, true)
      for (const lap of [0, 1, 2]) data.setInt32(rowAt(row) + 24 + 4 * lap, lap + 10, true)
      new Uint8Array(buffer, rowAt(row) + 36, 8).set([0x41, 0x42, 0])
      header.buffers.get(row).tickCount = tickCount
    }
    publish(0, 1, 10)
    new Uint8Array(buffer, SESSION_OFFSET).set([0x2d, 0x2d, 0x2d])
    return { buffer, data, header, publish }
  }

  it('has the offsets of its header and its variables', () => {
    expect(offsets(IRacingHeader)).toEqual({
      version: 0,
      status: 4,
      tickRate: 8,
      sessionInfoUpdate: 12,
      sessionInfoLength: 16,
      sessionInfoOffset: 20,
      variableCount: 24,
      variableHeaderOffset: 28,
      bufferCount: 32,
      bufferLength: 36,
      buffers: 48,
    })
    expect(IRacingHeader.length).toBe(112)
    expect(offsets(IRacingVariableHeader)).toEqual({
      type: 0,
      offset: 4,
      count: 8,
      countAsTime: 12,
      name: 16,
      description: 48,
      unit: 112,
    })
    expect(IRacingVariableHeader.length).toBe(144)
  })

  it('gives variables of every type by name', () => {
    const { buffer } = simulator()
    const telemetry = new IRacingTelemetry(buffer)
    expect(telemetry.get('Speed')).toBe(undefined)
    expect(telemetry.refresh()).toBe(true)
    expect([...telemetry.variables.keys()]).toEqual(variables.map(([name]) => name))
    expect(variables.map(([name]) => telemetry.get(name))).toEqual([
      10,
      -1,
      true,
      1234.5,
      0x80000001,
      [10, 11, 12],
      'AB',
    ])
    expect(telemetry.variables.get('Gear')?.description).toBe('the Gear')
    expect(['Gear', 'Laps'].map((name) => telemetry.variables.get(name)?.countAsTime)).toEqual([false, true])
    expect(telemetry.get('Nothing')).toBe(undefined)
    expect(telemetry.sessionInfo()).toBe('---')
    new Uint8Array(buffer, SESSION_OFFSET).set([0x8a, 0x6b, 0x6f, 0x64, 0x61]) // "Škoda" in windows-1252
    expect(telemetry.sessionInfo()).toBe('Škoda')
  })

  it('reads the newest row, even if tick counts wrap', () => {
    const { buffer, publish } = simulator()
    const telemetry = new IRacingTelemetry(buffer)
    publish(2, 7, 70)
    publish(1, 6, 60)
    telemetry.refresh()
    expect([telemetry.get('Speed'), telemetry.tickCount]).toEqual([70, 7])
    publish(0, 0x7fffffff, 1)
    publish(1, -0x80000000, 2)
    publish(2, 0x7ffffffe, 0)
    telemetry.refresh()
    expect(telemetry.get('Speed')).toBe(2)
  })

  it('keeps the last row if the simulator is not connected', () => {
    const { buffer, header, publish } = simulator()
    const telemetry = new IRacingTelemetry(buffer)
    telemetry.refresh()
    publish(1, 2, 20)
    header.status = 0
    expect(telemetry.refresh()).toBe(false)
    expect(telemetry.get('Speed')).toBe(10)
  })

  it('reads the variables again if the session has changed', () => {
    const { buffer, data, header } = simulator()
    const telemetry = new IRacingTelemetry(buffer)
    telemetry.refresh()
    data.setUint8(VARIABLES_OFFSET + 16, 'X'.charCodeAt(0))
    telemetry.refresh()
    expect(telemetry.get('Xpeed')).toBe(undefined)
    header.sessionInfoUpdate += 1
    telemetry.refresh()
    expect(telemetry.get('Xpeed')).toBe(10)
    expect(telemetry.get('Speed')).toBe(undefined)
  })

  it('skips a variable of an unknown type', () => {
    const { buffer, data } = simulator()
    data.setInt32(VARIABLES_OFFSET, 77, true)
    const telemetry = new IRacingTelemetry(buffer)
    expect(telemetry.refresh()).toBe(true)
    expect(telemetry.variables.get('Speed')?.type).toBe(77)
    expect(telemetry.get('Speed')).toBe(undefined)
  })

  it('takes the first of two variables with one name', () => {
    const { buffer, data } = simulator()
    const second = VARIABLES_OFFSET + IRacingVariableHeader.length
    const speed = IRacingVariableHeader.read(data, VARIABLES_OFFSET)
    IRacingVariableHeader.write(data, second, { ...speed, type: 'char', offset: 60, count: 4 })
    data.setInt32(second, 77, true)
    const telemetry = new IRacingTelemetry(buffer)
    expect([telemetry.refresh(), telemetry.get('Speed'), telemetry.get('Gear')]).toEqual([true, 10, undefined])
  })

  it('refuses tables and rows outside the memory', () => {
    expectLayoutError(() => new IRacingTelemetry(new ArrayBuffer(111)), 'TOO_SHORT', 111)
    const spoiled: [number, number, number][] = [
      [IRacingHeader.fields.bufferCount.offset, 5, 32],
      [IRacingHeader.fields.bufferCount.offset, 0, 32],
      [IRacingHeader.fields.bufferLength.offset, 0x7fffffff, 36],
      [IRacingHeader.fields.bufferLength.offset, -1, 36],
      [IRacingHeader.fields.variableCount.offset, 0x7fffffff, 28],
      [IRacingHeader.fields.variableCount.offset, -1, 28],
      [IRacingHeader.fields.variableHeaderOffset.offset, -1, 28],
      [IRacingHeader.fields.buffers.offset + 4, 0x7ffffff0, 52],
      [IRacingHeader.fields.buffers.offset + 4, -4, 52],
      [VARIABLES_OFFSET + 4, 61, VARIABLES_OFFSET],
      [VARIABLES_OFFSET + 4, -1, VARIABLES_OFFSET],
      [VARIABLES_OFFSET + 144 + 8, 0, VARIABLES_OFFSET + 144],
      [VARIABLES_OFFSET + 144 + 8, 0x7fffffff, VARIABLES_OFFSET + 144],
    ]
    for (const [at, value, offset] of spoiled) {
      const { buffer, data } = simulator()
      data.setInt32(at, value, true)
      expectLayoutError(() => new IRacingTelemetry(buffer).refresh(), 'CORRUPT', offset)
    }
    const { buffer, header } = simulator()
    header.sessionInfoLength = 102
    expectLayoutError(() => new IRacingTelemetry(buffer).sessionInfo(), 'CORRUPT', 16)
  })
})

describe('HWiNFO', () => {
  const SENSOR_LENGTH = 392
  const READING_LENGTH = 460
  const READINGS_OFFSET = HwinfoHeader.length + SENSOR_LENGTH

  function monitor() {
    const buffer = new ArrayBuffer(READINGS_OFFSET + 2 * READING_LENGTH + 1)
    const data = new DataView(buffer)
    HwinfoHeader.write(data, 0, {
      signature: 'HWiS',
      version: 2,
      revision: 1,
      pollTime: 1_700_000_000n,
      pollingPeriodMs: 2000,
      sensorsOffset: HwinfoHeader.length,
      sensorLength: SENSOR_LENGTH,
      sensorCount: 1,
      readingsOffset: READINGS_OFFSET,
      readingLength: READING_LENGTH,
      readingCount: 2,
    })
    const sensor = { id: 5, instance: 0, label: 'CPU', userLabel: 'My CPU' }
    HwinfoSensor.write(data, HwinfoHeader.length, { ...sensor, utf8UserLabel: 'Мой CPU' })
    const reading = {
      type: 'temperature',
      sensorIndex: 0,
      id: 1,
      label: 'Core 0',
      userLabel: 'Core',
      unit: '°C',
    } as const
    HwinfoReading.write(data, READINGS_OFFSET, {
      ...{ ...reading, value: 45.5, min: 30, max: 90.25, average: 50 },
      ...{ utf8UserLabel: 'Ядро', utf8Unit: '℃' },
    })
    HwinfoReading.write(data, READINGS_OFFSET + READING_LENGTH, {
      ...{ ...reading, value: 1, min: 1, max: 1, average: 1 },
      ...{ utf8UserLabel: '', utf8Unit: '' },
    })
    return { buffer, data, header: HwinfoHeader.view(buffer), sensor, reading }
  }

  it('has the offsets of its header, sensors and readings', () => {
    expect(offsets(HwinfoHeader)).toEqual({
      signature: 0,
      version: 4,
      revision: 8,
      pollTime: 12,
      sensorsOffset: 20,
      sensorLength: 24,
      sensorCount: 28,
      readingsOffset: 32,
      readingLength: 36,
      readingCount: 40,
      pollingPeriodMs: 44,
    })
    expect(HwinfoHeader.length).toBe(48)
    expect(offsets(HwinfoSensor)).toEqual({ id: 0, instance: 4, label: 8, userLabel: 136, utf8UserLabel: 264 })
    expect(HwinfoSensor.length).toBe(SENSOR_LENGTH)
    expect(offsets(HwinfoReading)).toEqual({
      type: 0,
      sensorIndex: 4,
      id: 8,
      label: 12,
      userLabel: 140,
      unit: 268,
      value: 284,
      min: 292,
      max: 300,
      average: 308,
      utf8UserLabel: 316,
      utf8Unit: 444,
    })
    expect(HwinfoReading.length).toBe(READING_LENGTH)
  })

  it('reads sensors and readings with the strides of its header', () => {
    const { buffer, sensor, reading } = monitor()
    const snapshot = readHwinfo(buffer)
    expect(snapshot).toEqual({
      version: 2,
      revision: 1,
      pollTime: 1_700_000_000n,
      pollingPeriodMs: 2000,
      sensors: [{ ...sensor, userLabel: 'Мой CPU' }],
      readings: [
        { ...reading, value: 45.5, min: 30, max: 90.25, average: 50, userLabel: 'Ядро', unit: '℃' },
        { ...reading, value: 1, min: 1, max: 1, average: 1 },
      ],
    })
  })

  it('reads version 1, which has no UTF-8 and no polling period', () => {
    const [SENSOR_1, READING_1] = [264, 316]
    const { buffer, data, sensor, reading } = monitor()
    const old = new ArrayBuffer(44 + SENSOR_1 + 2 * READING_1)
    const bytes = new Uint8Array(old)
    bytes.set(new Uint8Array(buffer, 0, 44))
    bytes.set(new Uint8Array(buffer, HwinfoHeader.length, SENSOR_1), 44)
    for (const index of [0, 1]) {
      const from = READINGS_OFFSET + index * READING_LENGTH
      bytes.set(new Uint8Array(buffer, from, READING_1), 44 + SENSOR_1 + index * READING_1)
    }
    const words: [number, number][] = [
      [4, 1],
      [8, 0],
      [20, 44],
      [24, SENSOR_1],
      [32, 44 + SENSOR_1],
      [36, READING_1],
    ]
    for (const [offset, value] of words) new DataView(old).setUint32(offset, value, true)
    expect(readHwinfo(old)).toEqual({
      version: 1,
      revision: 0,
      pollTime: 1_700_000_000n,
      pollingPeriodMs: undefined,
      sensors: [sensor],
      readings: [
        { ...reading, value: 45.5, min: 30, max: 90.25, average: 50 },
        { ...reading, value: 1, min: 1, max: 1, average: 1 },
      ],
    })
    expect(data.byteLength).toBe(buffer.byteLength)
  })

  it('decodes ANSI text by the given code page, Western by default', () => {
    const { buffer } = monitor()
    const label = new Uint8Array(buffer, READINGS_OFFSET + READING_LENGTH + 12, 8)
    label.set([0xdf, 0xe4, 0xf0, 0xee, 0x20, 0xb9, 0x31, 0]) // "Ядро №1" in windows-1251
    expect(readHwinfo(buffer, { codePage: 'windows-1251' })?.readings[1]?.label).toBe('Ядро №1')
    expect(readHwinfo(buffer)?.readings[1]?.label).toBe('ßäðî ¹1')
    label.set([0x80, 0x92, 0xb0, 0])
    expect(readHwinfo(buffer)?.readings[1]?.label).toBe('€’°')
    expect(() => readHwinfo(buffer, { codePage: 'windows-9999' })).toThrow(RangeError)
  })

  it('is undefined if the memory is marked as dead, or after the last attempt', () => {
    const { buffer, header } = monitor()
    expect(readHwinfo(buffer, { maxAttempts: 0 })).toBe(undefined)
    header.signature = 'DEAD'
    expect(readHwinfo(buffer)).toBe(undefined)
  })

  it('refuses tables and rows outside the memory', () => {
    expectLayoutError(() => readHwinfo(new ArrayBuffer(43)), 'TOO_SHORT', 43)
    expectLayoutError(() => readHwinfo(new ArrayBuffer(44)), 'CORRUPT', 0)
    const spoiled: [keyof typeof HwinfoHeader.fields, number, number][] = [
      ['sensorsOffset', 0xffffffff, 20],
      ['sensorLength', 263, 20],
      ['sensorCount', 0xffffffff, 20],
      ['readingsOffset', READINGS_OFFSET + 2, 32],
      ['readingLength', 0, 32],
      ['readingCount', 3, 32],
    ]
    for (const [field, value, offset] of spoiled) {
      const { buffer, data } = monitor()
      data.setUint32(HwinfoHeader.fields[field].offset, value, true)
      expectLayoutError(() => readHwinfo(buffer), 'CORRUPT', offset)
    }
  })
})

describe('MSI Afterburner', () => {
  const HEADER_LENGTH = 32
  const ENTRY_LENGTH = 1324
  const GPU_LENGTH = 1304
  const FLT_MAX = 3.4028234663852886e38

  function monitor() {
    const buffer = new ArrayBuffer(HEADER_LENGTH + 2 * ENTRY_LENGTH + GPU_LENGTH)
    const data = new DataView(buffer)
    MsiAfterburnerHeader.write(data, 0, {
      signature: 0x4d41484d,
      version: 0x20000,
      headerLength: HEADER_LENGTH,
      entryCount: 2,
      entryLength: ENTRY_LENGTH,
      time: 1_700_000_000,
      gpuCount: 1,
      gpuLength: GPU_LENGTH,
    })
    const entry = {
      name: 'GPU temperature',
      units: '°C',
      localName: 'GPU-Temperatur',
      localUnits: '°C',
      format: '%.0f',
      flags: 1,
      gpu: 0,
      source: 0,
    }
    MsiAfterburnerEntry.write(data, HEADER_LENGTH, { ...entry, data: 61.5, min: 0, max: 100 })
    MsiAfterburnerEntry.write(data, HEADER_LENGTH + ENTRY_LENGTH, { ...entry, data: FLT_MAX, min: 0, max: FLT_MAX })
    const gpu = {
      id: 'VEN_10DE&DEV_2684&SUBSYS_00000000&REV_00&BUS_1&DEV_0&FN_0',
      family: 'AD102-A',
      device: 'GeForce RTX 4090',
      driver: '551.23',
      bios: '95.02.18.80.01',
      memoryKiB: 25_165_824,
    }
    MsiAfterburnerGpu.write(data, HEADER_LENGTH + 2 * ENTRY_LENGTH, gpu)
    return { buffer, header: MsiAfterburnerHeader.view(buffer), entry, gpu }
  }

  it('has the offsets of its header, its entries and its graphics cards', () => {
    expect(offsets(MsiAfterburnerHeader)).toEqual({
      signature: 0,
      version: 4,
      headerLength: 8,
      entryCount: 12,
      entryLength: 16,
      time: 20,
      gpuCount: 24,
      gpuLength: 28,
    })
    expect(MsiAfterburnerHeader.length).toBe(HEADER_LENGTH)
    expect(offsets(MsiAfterburnerEntry)).toEqual({
      name: 0,
      units: 260,
      localName: 520,
      localUnits: 780,
      format: 1040,
      data: 1300,
      min: 1304,
      max: 1308,
      flags: 1312,
      gpu: 1316,
      source: 1320,
    })
    expect(MsiAfterburnerEntry.length).toBe(1324)
    expect(offsets(MsiAfterburnerGpu)).toEqual({
      id: 0,
      family: 260,
      device: 520,
      driver: 780,
      bios: 1040,
      memoryKiB: 1300,
    })
    expect(MsiAfterburnerGpu.length).toBe(GPU_LENGTH)
  })

  it('reads entries and graphics cards; what is not available is undefined', () => {
    const { buffer, entry, gpu } = monitor()
    expect(readMsiAfterburner(buffer)).toEqual({
      version: 0x20000,
      time: 1_700_000_000,
      entries: [
        { ...entry, data: 61.5, min: 0, max: 100 },
        { ...entry, data: undefined, min: 0, max: undefined },
      ],
      gpus: [gpu],
    })
  })

  it('has no graphics cards before version 2.0', () => {
    const { buffer, header, entry } = monitor()
    header.version = 0x1ffff
    expect(readMsiAfterburner(buffer)).toMatchObject({ entries: [entry, entry], gpus: [] })
  })

  it('decodes ANSI text by the given code page, Western by default', () => {
    const { buffer } = monitor()
    new Uint8Array(buffer, HEADER_LENGTH + 520, 5).set([0xd2, 0xe5, 0xec, 0xef, 0]) // "Темп" in windows-1251
    expect(readMsiAfterburner(buffer, { codePage: 'windows-1251' })?.entries[0]?.localName).toBe('Темп')
    expect(readMsiAfterburner(buffer)?.entries[0]?.localName).toBe('Òåìï')
  })

  it('has the letters of its signature in reverse order in memory', () => {
    expect([...new Uint8Array(monitor().buffer, 0, 4)].reverse().map((byte) => String.fromCharCode(byte))).toEqual([
      ...'MAHM',
    ])
  })

  it('is undefined if the memory is marked as dead', () => {
    const { buffer, header } = monitor()
    header.signature = 0xdead
    expect(readMsiAfterburner(buffer)).toBe(undefined)
  })

  it('refuses tables and rows outside the memory', () => {
    expectLayoutError(() => readMsiAfterburner(new ArrayBuffer(23)), 'TOO_SHORT', 23)
    expectLayoutError(() => readMsiAfterburner(new ArrayBuffer(24)), 'CORRUPT', 0)
    for (const [field, value] of [
      ['headerLength', 33],
      ['headerLength', 0xffffffff],
      ['entryCount', 3],
      ['entryCount', 0xffffffff],
      ['entryLength', 0],
      ['entryLength', 2000],
    ] as const) {
      const { buffer, header } = monitor()
      header[field] = value
      expectLayoutError(() => readMsiAfterburner(buffer), 'CORRUPT', field === 'headerLength' && value === 33 ? 24 : 8)
    }
    for (const [field, value] of [
      ['gpuCount', 2],
      ['gpuCount', 0xffffffff],
      ['gpuLength', 0],
      ['gpuLength', 1303],
    ] as const) {
      const { buffer, header } = monitor()
      header[field] = value
      expectLayoutError(() => readMsiAfterburner(buffer), 'CORRUPT', 24)
    }
  })
})
