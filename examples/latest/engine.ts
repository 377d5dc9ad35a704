import { f64, struct, u32 } from 'memlane'

export const Engine = struct('Engine', { rpm: f64, temperature: f64, gear: u32 })
