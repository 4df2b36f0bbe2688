import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createFileList } from '../../../discovery/learn/files.js'

const segment = fc.constantFrom('a', 'a-b', 'a.b', 'a0', 'b', 'usr', 'é', ' ')
const path = fc.array(segment, { minLength: 1, maxLength: 4 }).map((parts) => `/${parts.join('/')}`)

test('a file list counts what lies below a directory as counting by hand does', () => {
	fc.assert(
		fc.property(fc.array(path, { maxLength: 40 }), path, (paths, directory) => {
			const list = createFileList('layers of sha256:1', paths)
			for (const root of [directory, '', '/']) {
				const prefix = root === '/' ? '/' : `${root}/`
				const below = [...new Set(paths)].filter((one) => one.startsWith(prefix)).sort()
				assert.deepEqual([...list.below(root)], below)
				assert.equal(list.countBelow(root, false), below.length)
				const direct = below.filter((one) => !one.slice(prefix.length).includes('/'))
				assert.equal(list.countBelow(root, true), direct.length)
			}
			for (const one of paths) assert.ok(list.has(one))
		})
	)
})

test('a file list ignores what is no path of a file, and says when it is partial', () => {
	const list = createFileList('dpkg of node-a', ['/bin/sh', 'relative', '/etc/', '', '/bin/sh'], {
		partial: true
	})
	assert.deepEqual([...list.below('')], ['/bin/sh'])
	assert.equal(list.partial, true)
	assert.equal(createFileList('x', []).partial, undefined)
	assert.equal(createFileList('x', []).countBelow('/etc', false), 0)
})
