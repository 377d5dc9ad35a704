/** What Node passes to an object's own inspection. */
export type Inspect = (value: unknown, options: object) => string

/** Shows an object as `console.log` shows instances of a class: `StreamReader { name: 'quotes', lag: 3 }`. */
export function inspection(className: string, facts: object, options: object, inspect: Inspect): string {
  return `${className} ${inspect(facts, options)}`
}
