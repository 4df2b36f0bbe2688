import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

/**
 * Builds the page into `dist/ui`, which the service serves. Nothing is inlined, because the page's
 * Content-Security-Policy allows neither inline script nor inline style nor data: scripts.
 */
export default defineConfig({
	root: fileURLToPath(new URL('.', import.meta.url)),
	plugins: [react()],
	build: {
		outDir: fileURLToPath(new URL('../../dist/ui', import.meta.url)),
		emptyOutDir: true,
		assetsInlineLimit: 0,
		modulePreload: { polyfill: false },
		target: 'es2022',
		reportCompressedSize: true
	}
})
