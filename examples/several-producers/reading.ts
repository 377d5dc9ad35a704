import { f64, struct, utf8 } from 'memlane'

export const Reading = struct('Reading', { sensor: utf8(16), celsius: f64 })
