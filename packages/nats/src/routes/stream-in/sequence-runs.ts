/** Numbers in ascending order, as pairs of a first number and how many follow each other from there. */
export type SequenceRuns = readonly (readonly [first: number, count: number])[]

export function runsOf(sequences: Iterable<number>): SequenceRuns {
  const runs: [number, number][] = []
  let last: [number, number] | undefined
  for (const sequence of sequences) {
    if (last !== undefined && last[0] + last[1] === sequence) last[1]++
    else {
      last = [sequence, 1]
      runs.push(last)
    }
  }
  return runs
}

export function sequencesIn(runs: SequenceRuns): number[] {
  return runs.flatMap(([first, count]) => Array.from({ length: count }, (_, index) => first + index))
}
