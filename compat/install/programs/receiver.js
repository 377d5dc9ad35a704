import { f64, openRegion, openStream, struct, u32, utf8 } from 'memlane'

const Quote = struct('Quote', { symbol: utf8(8), bid: f64, seq: u32 }, { consistency: { sequence: 'seq' } })

async function main() {
  const [, , name = ''] = process.argv
  const region = await openRegion(`${name}-region`, Quote)
  const stream = await openStream(`${name}-stream`, Quote)
  try {
    let [messages, sum] = [0, 0]
    for await (const { seq } of stream) {
      messages += 1
      sum += seq
    }
    console.log(`${messages} messages, sum ${sum}, ${stream.end}; bid ${region.snapshot()?.bid}`)
  } finally {
    stream.close()
    region.close()
  }
}

void main()
