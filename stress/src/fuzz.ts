import { Command } from 'commander'

export const fuzz = new Command('fuzz')
