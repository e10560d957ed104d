import react from '@vitejs/plugin-react'
import { defaultClientConditions, defineConfig } from 'vite'

export default defineConfig({
  plugins: [react()],
  // In this repository the packages are their sources. A copy of this folder needs no such line.
  resolve: { conditions: ['@promptlab/source', ...defaultClientConditions] },
})
