import { type Conversation, useStore } from '@promptlab/react'
import { useEffect, useState } from 'react'
import { client } from '../api.ts'
import { type Branches, branchesOf } from './branches.ts'

const NONE: ReadonlyMap<string, Branches> = new Map()

/** The branches at each turn of a conversation, from the jobs that have its name in their metadata. */
export function useBranches(conversation: Conversation): ReadonlyMap<string, Branches> {
  const { id, turns } = useStore(conversation)
  const [branches, setBranches] = useState(NONE)
  const last = turns.at(-1)?.view()
  const name = (last?.job ?? last?.asked)?.metadata?.['conversation']
  useEffect(() => {
    if (name === undefined || id === undefined) return
    const leaving = new AbortController()
    client
      .listPage({ metadata: { conversation: name }, limit: 100, signal: leaving.signal })
      .then(({ data }) => setBranches(branchesOf(data)))
      // Without the list the turns are shown as they are.
      .catch(() => {})
    return () => leaving.abort()
  }, [id, name])
  return branches
}
