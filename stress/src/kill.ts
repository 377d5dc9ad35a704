import { Command } from 'commander'

export const kill = new Command('kill')
