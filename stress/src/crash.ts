import { Command } from 'commander'

export const crash = new Command('crash')
