// A participant that continues whatever happens to its memory. After an error with an expected code it starts
// again. Any other error ends it. scribble.ts starts it, with its role and a Task as JSON in its arguments.
import { randomFrom } from '@memlane/testing/random'
import { callLives } from './call-lives.js'
import { latestLives } from './latest-lives.js'
import { Life } from './life.js'
import { queueLives } from './queue-lives.js'
import { streamLives } from './stream-lives.js'
import type { Task } from './task.js'

const lives = { stream: streamLives, latest: latestLives, queue: queueLives, call: callLives }

const [role, text] = process.argv.slice(2) as ['producer' | 'consumer', string]
const { shape, name, seed, milliseconds }: Task = JSON.parse(text)
const life = new Life(randomFrom(seed), milliseconds)
while (!life.isOver) await life.allowed(() => lives[shape][role](life, name))
console.log(JSON.stringify(life.result))
