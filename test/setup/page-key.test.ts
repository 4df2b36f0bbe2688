import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { pageKey } from '../../setup/code-steps.mjs'

test('the page is built again when anything that goes into it changes, and not otherwise', (t) => {
	const root = mkdtempSync(join(tmpdir(), 'whittle-page-key-'))
	t.after(() => rmSync(root, { recursive: true, force: true }))
	const write = (path: string, text: string) => {
		mkdirSync(dirname(join(root, path)), { recursive: true })
		writeFileSync(join(root, path), text)
	}
	const parts = [
		'web/ui/index.html',
		'web/ui/main.tsx',
		'web/ui/public/scheme.js',
		'web/ui/public/mark.svg',
		'web/ui/public/font.woff2',
		'web/ui/style/base.css',
		'web/operations/shape.ts',
		'package-lock.json'
	]
	for (const path of parts) write(path, 'before')
	const keys = [pageKey(root)]
	for (const path of parts) {
		write(path, 'after')
		keys.push(pageKey(root))
	}
	assert.equal(new Set(keys).size, keys.length, 'each change gives another key')
	write('web/ui/node_modules/x/index.js', 'not ours')
	write('dist/ui/index.html', 'built')
	write('test/web/page.test.ts', 'no part of the page')
	assert.equal(pageKey(root), keys.at(-1))
})
