import { Command } from 'commander'
import { bridge } from './bridge.js'
import { crash } from './crash.js'
import { faults } from './faults.js'
import { fuzz } from './fuzz.js'
import { kill } from './kill.js'
import { native } from './native.js'
import { torn } from './torn.js'

await new Command('stress')
  .description('Proves that memlane survives what its peers do.')
  .addCommand(kill)
  .addCommand(crash)
  .addCommand(faults)
  .addCommand(fuzz)
  .addCommand(native)
  .addCommand(torn)
  .addCommand(bridge)
  .parseAsync()
