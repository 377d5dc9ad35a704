import { struct, u32, utf8 } from 'memlane'

export const Job = struct('Job', { number: u32, task: utf8(32) })
