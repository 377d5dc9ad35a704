export type { AnsiOptions } from './ansi.js'
export { ASSETTO_CORSA_PHYSICS_NAME, AssettoCorsaPhysics } from './assetto-corsa.js'
export {
  HWINFO_MUTEX_NAME,
  HWINFO_NAME,
  HwinfoHeader,
  type HwinfoOptions,
  HwinfoReading,
  HwinfoSensor,
  type HwinfoSnapshot,
  readHwinfo,
} from './hwinfo.js'
export {
  IRACING_EVENT_NAME,
  IRACING_NAME,
  IRacingHeader,
  IRacingTelemetry,
  type IRacingValue,
  type IRacingVariable,
  IRacingVariableHeader,
} from './iracing.js'
export {
  MSI_AFTERBURNER_MUTEX_NAME,
  MSI_AFTERBURNER_NAME,
  MsiAfterburnerEntry,
  MsiAfterburnerGpu,
  MsiAfterburnerHeader,
  type MsiAfterburnerOptions,
  type MsiAfterburnerReading,
  type MsiAfterburnerSnapshot,
  readMsiAfterburner,
} from './msi-afterburner.js'
export { MUMBLE_LINK_NAME, type MumbleLink, MumbleLinkLinux, MumbleLinkWindows, mumbleContext } from './mumble-link.js'
