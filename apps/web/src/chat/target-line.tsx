import type { Pane, Target } from './panes.ts'

interface TargetLineProps {
  target: Target
  panes: readonly Pane[]
  onAll: () => void
}

/** Says whom the next question is for, if that is not everybody as usual. */
export function TargetLine({ target, panes, onAll }: TargetLineProps) {
  if (target.to === 'all') return null
  const number = panes.findIndex(({ key }) => key === target.key) + 1
  return (
    <p role="status">
      {target.to === 'one' ? `To model ${number} only.` : `To all models, behind the answer of model ${number}.`}{' '}
      <button type="button" className="quiet" onClick={onAll}>
        To all as they are
      </button>
    </p>
  )
}
