import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'
import './styles.css'
import './composer/attachments.css'
import './composer/model-picker.css'
import './composer/options-panel.css'
import './composer/composer.css'
import './composer/question.css'
import './chat/chat.css'
import './history/history.css'
import './grid/grid.css'
import './answer.css'
import './reading/reading.css'
import './reading/code-block.css'
import './reading/formula.css'

const root = document.getElementById('root')
if (!root) throw new Error('index.html has no element with the id "root"')
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
)
