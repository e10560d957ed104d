import type { ReactNode } from 'react'

/** A drawing of 16 by 16 in the colour of the text. It says nothing to screen readers. */
function Icon({ children }: { children: ReactNode }) {
  return (
    <svg className="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      {children}
    </svg>
  )
}

export const AttachIcon = () => (
  <Icon>
    <path d="M13.2 7.2 8 12.4a3.2 3.2 0 0 1-4.5-4.5l5.6-5.6a2.1 2.1 0 0 1 3 3l-5.5 5.5a1 1 0 0 1-1.5-1.4l4.9-5" />
  </Icon>
)

export const LinkIcon = () => (
  <Icon>
    <path d="M6.7 9.3a2.6 2.6 0 0 0 3.7 0l2.3-2.3A2.6 2.6 0 0 0 9 3.3l-.9.9M9.3 6.7a2.6 2.6 0 0 0-3.7 0L3.3 9A2.6 2.6 0 0 0 7 12.7l.9-.9" />
  </Icon>
)

export const CloseIcon = () => (
  <Icon>
    <path d="m4.5 4.5 7 7m0-7-7 7" />
  </Icon>
)

export const FileIcon = () => (
  <Icon>
    <path d="M4 1.8h5l3 3v9.4H4zM9 1.8v3h3M6 8.2h4M6 10.7h4" />
  </Icon>
)
