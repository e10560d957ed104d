import { type Dispatch, useEffect, useState } from 'react'

/**
 * State that a reload of this tab keeps.
 * @param read gives the stored value its type; undefined if it is none of ours
 */
export function useStoredState<State>(
  name: string,
  initial: State,
  read: (stored: unknown) => State | undefined,
): [State, Dispatch<State>] {
  const [state, setState] = useState(() => read(stored(name)) ?? initial)
  useEffect(() => sessionStorage.setItem(name, JSON.stringify(state)), [name, state])
  return [state, setState]
}

function stored(name: string): unknown {
  try {
    return JSON.parse(sessionStorage.getItem(name) ?? 'null')
  } catch {
    return undefined
  }
}
