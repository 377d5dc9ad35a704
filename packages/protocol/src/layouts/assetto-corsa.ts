import { array } from '../layout/array.js'
import type { Infer } from '../layout/layout.js'
import { f32, i32 } from '../layout/scalar.js'
import { struct } from '../layout/struct.js'

/** The name of the mapping with the car's physics. */
export const ASSETTO_CORSA_PHYSICS_NAME = 'Local\\acpmf_physics'

/** One number for each wheel: front left, front right, rear left, rear right. */
const wheels = array(f32, 4)
const vector = array(f32, 3)
const vectorPerWheel = array(vector, 4)

/**
 * Assetto Corsa's physics page, 580 bytes. Each step of the simulation writes the whole page again, with another `packetId`. The
 * page of Assetto Corsa Competizione begins with the same fields, and has more after them.
 *
 * `gear` is 0 in reverse, 1 in neutral, 2 in first gear. Pressures are in psi, temperatures in degrees Celsius, `fuel` in kilograms
 * (in Competizione litres), angles in radians, `accG` in multiples of g.
 *
 * @see the struct `SPageFilePhysics` of the shared memory documentation of Kunos Simulazioni
 */
export const AssettoCorsaPhysics = struct(
  'AssettoCorsaPhysics',
  {
    packetId: i32,
    gas: f32,
    brake: f32,
    fuel: f32,
    gear: i32,
    rpm: i32,
    steer: f32,
    speedKmh: f32,
    velocity: vector,
    accG: vector,
    wheelSlip: wheels,
    wheelLoad: wheels,
    wheelsPressure: wheels,
    wheelAngularSpeed: wheels,
    tyreWear: wheels,
    tyreDirtyLevel: wheels,
    tyreCoreTemperature: wheels,
    camberRadians: wheels,
    suspensionTravel: wheels,
    drs: f32,
    tc: f32,
    heading: f32,
    pitch: f32,
    roll: f32,
    cgHeight: f32,
    carDamage: array(f32, 5),
    numberOfTyresOut: i32,
    pitLimiterOn: i32,
    abs: f32,
    kersCharge: f32,
    kersInput: f32,
    autoShifterOn: i32,
    rideHeight: array(f32, 2),
    turboBoost: f32,
    ballast: f32,
    airDensity: f32,
    airTemp: f32,
    roadTemp: f32,
    localAngularVelocity: vector,
    finalFF: f32,
    performanceMeter: f32,
    engineBrake: i32,
    ersRecoveryLevel: i32,
    ersPowerLevel: i32,
    ersHeatCharging: i32,
    ersIsCharging: i32,
    kersCurrentKJ: f32,
    drsAvailable: i32,
    drsEnabled: i32,
    brakeTemp: wheels,
    clutch: f32,
    tyreTempInner: wheels,
    tyreTempMiddle: wheels,
    tyreTempOuter: wheels,
    isAIControlled: i32,
    tyreContactPoint: vectorPerWheel,
    tyreContactNormal: vectorPerWheel,
    tyreContactHeading: vectorPerWheel,
    brakeBias: f32,
    localVelocity: vector,
  },
  { consistency: { counter: 'packetId' } },
)

/** The plain value of Assetto Corsa's physics page. */
export type AssettoCorsaPhysics = Infer<typeof AssettoCorsaPhysics>
