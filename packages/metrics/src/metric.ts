/** A label of a metric, as Prometheus shows it. */
export type Label =
  | 'name'
  | 'shape'
  | 'producer'
  | 'consumer'
  | 'client'
  | 'key'
  | 'role'
  | 'state'
  | 'code'
  | 'severity'

/** One metric, under its names in Prometheus and in OpenTelemetry. */
export interface Metric {
  readonly name: string
  readonly openTelemetryName: string
  readonly kind: 'counter' | 'gauge'
  /** A unit of UCUM: `By`, `s`, or what is counted, such as `{message}`. */
  readonly unit: string
  readonly help: string
  readonly labels: readonly Label[]
}
