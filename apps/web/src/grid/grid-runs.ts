import type { GridPlan } from './grid-plan.ts'
import { GridRun } from './grid-run.ts'
import { storedPlan, storePlan } from './stored-plans.ts'

/** The grids of this page. One that creates jobs goes on while another page is shown. */
const runs = new Map<string, GridRun>()

/** The grid with this id, as this page or this browser knows it. */
export function runOf(id: string): GridRun {
  const run = runs.get(id) ?? new GridRun(id, storedPlan(id))
  runs.set(id, run)
  return run
}

/** Stores the plan of a new grid and begins to create its jobs. */
export function startRun(id: string, plan: GridPlan): void {
  storePlan(id, plan)
  const run = new GridRun(id, plan)
  runs.set(id, run)
  void run.createMissing()
}
