// Sends each line to every consumer. It starts when two consumers are there.
import { createStream, payload } from 'memlane'

const [, , name = 'example-news'] = process.argv

using news = createStream(name, payload.utf8)
await news.consumersReady(2)
for (const text of ['first', 'second', 'third']) await news.send(text) // waits for the slowest consumer
await news.flush()
console.log(`sent to ${news.consumers} consumers`)
