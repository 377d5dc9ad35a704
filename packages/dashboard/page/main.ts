import { announce } from './announce.js'
import { Connection, type ConnectionState } from './connection.js'
import { find, printable, setText } from './element.js'
import { sortedFindings } from './findings-list.js'
import { History } from './history.js'
import { MemoryView } from './memory-view.js'
import { OverviewView } from './overview-view.js'
import { chosenName } from './route.js'

const STATES: Readonly<Record<ConnectionState, string>> = {
  live: '● Live',
  lost: '○ Connection lost, trying again',
  refused: '○ The server has ended, or too many pages are open',
  paused: '❚❚ Paused',
}

const history = new History()
const overview = new OverviewView(history)
const memory = new MemoryView(history)
let problems: ReadonlySet<string> | undefined

const connection = new Connection(
  {
    overview(event) {
      history.add(event.time, event.memories)
      const name = chosenName()
      const chosen = event.memories.find((each) => each.name === name)
      if (name === undefined) overview.show(event)
      else if (chosen !== undefined) memory.showSummary(chosen)
      announceProblems(event.memories)
    },
    memory: (event) => memory.show(event),
    messages: (event) => memory.addMessages(event),
    problem: ({ message }) => announce(message),
  },
  (state) => {
    setText(find('connection'), STATES[state])
    find('connection').dataset.state = state
  },
)

/** Reads new errors aloud: those that were not there when the page was opened. */
function announceProblems(memories: Parameters<typeof sortedFindings>[0]): void {
  const errors = sortedFindings(memories).filter(({ severity }) => severity === 'error')
  const fresh = errors.find(({ name, code }) => problems !== undefined && !problems.has(`${name} ${code}`))
  problems = new Set(errors.map(({ name, code }) => `${name} ${code}`))
  if (fresh !== undefined) announce(`${printable(fresh.name)}: ${printable(fresh.message)}`)
}

function showChosen(): void {
  const name = chosenName()
  find('overview').hidden = name !== undefined
  find('memory').hidden = name === undefined
  document.title = name === undefined ? 'memlane' : `${printable(name)} – memlane`
  if (name !== undefined) memory.choose(name)
  connection.choose(name)
}

window.addEventListener('hashchange', () => {
  showChosen()
  find(chosenName() === undefined ? 'overview-title' : 'memory-title').focus()
})
find('skip').addEventListener('click', (event) => {
  event.preventDefault() // the address names the memory
  find('content').focus()
})
find('pause').addEventListener('click', (event) => {
  connection.pause(!connection.paused)
  ;(event.currentTarget as HTMLElement).setAttribute('aria-pressed', String(connection.paused))
})
showChosen()
