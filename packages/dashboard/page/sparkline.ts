const NAMESPACE = 'http://www.w3.org/2000/svg'
const WIDTH = 96
const HEIGHT = 24
const MAX_POINTS = 60

/** A small line without axes. It decorates a number that stands next to it. */
export class Sparkline {
  readonly node: SVGSVGElement
  readonly #line: SVGPolylineElement

  constructor() {
    this.node = document.createElementNS(NAMESPACE, 'svg')
    this.#line = document.createElementNS(NAMESPACE, 'polyline')
    this.node.setAttribute('viewBox', `0 -2 ${WIDTH} ${HEIGHT + 4}`)
    this.node.setAttribute('class', 'sparkline')
    this.node.setAttribute('aria-hidden', 'true')
    this.node.append(this.#line)
  }

  show(values: readonly (number | null)[]): void {
    const shown = values.slice(-MAX_POINTS)
    const highest = Math.max(1e-9, ...shown.map((value) => value ?? 0))
    const points = shown.flatMap((value, index) => {
      if (value === null) return []
      const x = WIDTH - ((shown.length - 1 - index) * WIDTH) / (MAX_POINTS - 1)
      return [`${x.toFixed(1)},${(HEIGHT * (1 - value / highest)).toFixed(1)}`]
    })
    this.#line.setAttribute('points', points.join(' '))
  }
}
