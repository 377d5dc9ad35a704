import type { Result } from './report.js'
import { caseOf, format, groupBy, heading, measured, nameOf } from './tables.js'

const WIDTH = 960
const NAME_WIDTH = 260
const VALUE_WIDTH = 110
const BAR_WIDTH = WIDTH - NAME_WIDTH - VALUE_WIDTH
const LINE_HEIGHT = 20
const TITLE_HEIGHT = 40

const COLORS = ['#1b6ca8', '#555555', '#c8553d', '#588b8b', '#b8860b', '#7d4f9e', '#3d7a3d']

/** Draws each suite's first metric as bars on logarithmic scales, one panel per case. Returns SVG. */
export function chart(results: readonly Result[]): string {
  const colors = new Map(
    [...new Set(results.map(({ peer }) => peer))].map((peer, i) => [peer, COLORS[i % COLORS.length]]),
  )
  const firstMetrics = new Map<string, string>()
  for (const each of measured(results)) {
    const panel = panelOf(each)
    if (!firstMetrics.has(panel)) firstMetrics.set(panel, each.metric)
  }
  const drawn = measured(results).filter(
    (each) => each.median !== null && firstMetrics.get(panelOf(each)) === each.metric,
  )
  let top = 0
  const panels = [...groupBy(drawn, panelOf)].map(([title, bars]) => {
    const panel = drawPanel(`${title}: ${bars[0]?.metric}`, bars, top, (peer) => colors.get(peer) ?? 'black')
    top += TITLE_HEIGHT + bars.length * LINE_HEIGHT
    return panel
  })
  const height = top + LINE_HEIGHT
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${height}" fill="white"/>`,
    ...panels,
    '</svg>\n',
  ].join('\n')
}

function panelOf(result: Result): string {
  return `${result.suite}, ${heading(result.payload, caseOf(result))}`
}

function drawPanel(title: string, bars: readonly Result[], top: number, colorOf: (peer: string) => string): string {
  const logs = bars.flatMap(({ min, max }) => [min, max]).map((value) => Math.log10(Math.max(value ?? 1, 1e-3)))
  const low = Math.floor(Math.min(...logs)) - 0.5
  const high = Math.max(...logs)
  const xOf = (value: number | null) =>
    NAME_WIDTH + (BAR_WIDTH * (Math.log10(Math.max(value ?? 1, 1e-3)) - low)) / (high - low)
  const lines = bars.map((bar, i) => {
    const y = top + TITLE_HEIGHT + i * LINE_HEIGHT
    const x = xOf(bar.median)
    return [
      `<text x="${NAME_WIDTH - 8}" y="${y + 12}" text-anchor="end">${escapeXml(nameOf(bar))}</text>`,
      `<rect x="${NAME_WIDTH}" y="${y + 2}" width="${(x - NAME_WIDTH).toFixed(1)}" height="13" fill="${colorOf(bar.peer)}"/>`,
      `<line x1="${xOf(bar.min).toFixed(1)}" x2="${xOf(bar.max).toFixed(1)}" y1="${y + 8.5}" y2="${y + 8.5}" stroke="black"/>`,
      `<text x="${(xOf(bar.max) + 6).toFixed(1)}" y="${y + 12}">${escapeXml(format(bar.median, bar.unit))}</text>`,
    ].join('')
  })
  return [
    `<g><text x="8" y="${top + 28}" font-weight="bold">${escapeXml(title)} (logarithmic; line: min to max)</text>`,
    ...lines,
    '</g>',
  ].join('\n')
}

function escapeXml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`)
}
