// Gets every line. Start as many as you like.
import { openStream, payload } from 'memlane'

const [, , name = 'example-news'] = process.argv

using news = await openStream(name, payload.utf8)
for await (const text of news) console.log(text)
