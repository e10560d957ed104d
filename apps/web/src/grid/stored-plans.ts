import { type GridPlan, readPlan } from './grid-plan.ts'

const DRAFT = 'promptlab.grid.draft'
const GRIDS = 'promptlab.grids'
/** How many grids this browser remembers how to complete. */
const MOST = 10

/** The grid that is being written in this browser. */
export function storedDraft(): GridPlan | undefined {
  return readPlan(parsed(DRAFT))
}

export function storeDraft(plan: GridPlan): void {
  store(DRAFT, plan)
}

/** The plan of a grid that was run in this browser; undefined if it is not here. */
export function storedPlan(id: string): GridPlan | undefined {
  return readPlan(entries().find(([name]) => name === id)?.[1])
}

/** Keeps the plan of a grid, and forgets the oldest ones. */
export function storePlan(id: string, plan: GridPlan): void {
  const others = entries().filter(([name]) => name !== id)
  // Plans with long texts may be too large together.
  for (let kept = MOST - 1; kept >= 0; kept = kept === 0 ? -1 : Math.floor(kept / 2))
    if (store(GRIDS, [[id, plan], ...others.slice(0, kept)])) return
}

function entries(): (readonly [string, unknown])[] {
  const stored = parsed(GRIDS)
  if (!Array.isArray(stored)) return []
  return stored.flatMap((entry: unknown) => {
    if (!Array.isArray(entry)) return []
    const [name, plan]: unknown[] = entry
    return typeof name === 'string' ? [[name, plan] as const] : []
  })
}

/** Whether the browser had room for it. */
function store(name: string, value: unknown): boolean {
  try {
    localStorage.setItem(name, JSON.stringify(value))
    return true
  } catch {
    return false
  }
}

function parsed(name: string): unknown {
  try {
    return JSON.parse(localStorage.getItem(name) ?? 'null')
  } catch {
    return undefined
  }
}
