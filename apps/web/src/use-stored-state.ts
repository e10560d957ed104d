import { type Dispatch, useEffect, useState } from 'react'

/**
 * State that survives a reload of this tab.
 * @param read parses the stored value; undefined if the value is not valid
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
