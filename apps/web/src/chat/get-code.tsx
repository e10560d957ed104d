import type { Job } from '@promptlab/client'
import { useState } from 'react'
import { Dialog } from '../dialog.tsx'
import { CodeBlock } from '../reading/code-block.tsx'
import { CODES, type Code, HIGHLIGHTED_AS, requestCode } from './request-code.ts'

/** Shows programs that ask what a job was asked. */
export function GetCode({ job, onClose }: { job: Job; onClose: () => void }) {
  const [code, setCode] = useState<Code>('curl')
  return (
    <Dialog title="Get code" onClose={onClose}>
      <fieldset className="codes">
        <legend className="visually-hidden">Language</legend>
        {CODES.map((each) => (
          <label key={each}>
            <input type="radio" name="code" checked={each === code} onChange={() => setCode(each)} />
            {each}
          </label>
        ))}
      </fieldset>
      <CodeBlock
        key={code}
        code={requestCode(code, job, location.origin)}
        language={HIGHLIGHTED_AS[code]}
        label={code}
      />
    </Dialog>
  )
}
