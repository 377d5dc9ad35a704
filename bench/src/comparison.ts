import { markdownTable, type Result } from './report.js'
import { format, measured } from './tables.js'

/**
 * Makes a Markdown table of new results beside old ones of the same machine. A ratio above 1 is better, for rates and for times.
 * `worse` and `better` mark figures whose ranges (min to max) do not overlap.
 */
export function comparison(results: readonly Result[], old: readonly Result[]): string {
  const before = new Map(measured(old).map((result) => [keyOf(result), result]))
  const rows = measured(results).flatMap((after) => {
    const earlier = before.get(keyOf(after))
    if (earlier === undefined || !after.median || !earlier.median) return []
    const isRate = after.unit === '1/s'
    const ratio = isRate ? after.median / earlier.median : earlier.median / after.median
    const [worse, better] = isRate
      ? [isBelow(after, earlier), isBelow(earlier, after)]
      : [isBelow(earlier, after), isBelow(after, earlier)]
    const means = [earlier.mean, after.mean].map((mean) => format(mean ?? null, after.unit))
    return [
      [
        `${after.suite}, ${after.payload ?? ''} B, ${after.peer}, ${after.variant}: ${after.metric}`,
        ...[earlier, after].map(({ median, unit }) => format(median, unit)),
        ratio.toFixed(2),
        worse ? 'worse' : better ? 'better' : '',
        ...means,
      ],
    ]
  })
  return markdownTable(['figure', 'old', 'new', 'ratio', 'beyond the spread', 'old mean', 'new mean'], rows)
}

/** Tells whether all runs of one result lie below all runs of the other. */
function isBelow(one: Result, other: Result): boolean {
  return one.max !== null && other.min !== null && one.max < other.min
}

function keyOf({ suite, peer, variant, payload, metric }: Result): string {
  return JSON.stringify([suite, peer, variant, payload, metric])
}
