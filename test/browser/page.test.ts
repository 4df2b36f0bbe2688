import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { atRest, calmContext, checkAccessible, launch } from './browser.js'
import { firstBatch, hostileObject, laterBatch } from './sightings.js'
import { buildPage, type Running, startRunning } from './service.js'

const NGINX = encodeURIComponent('host/node-a/nginx.service')

/** Every route, and every part of a route that looks different, with a text that shows that it is there. */
const ROUTES: [path: string, text: string][] = [
	['/', 'Where each class of each workload stands'],
	['/workloads', 'nginx.service'],
	[`/workloads/${NGINX}`, '/usr/sbin/nginx'],
	[`/workloads/${NGINX}?tab=timeline`, 'first process of its cgroup'],
	[`/workloads/${NGINX}?tab=violations`, 'would block'],
	[`/workloads/${NGINX}?tab=gaps`, 'first-sight ring was full'],
	[`/workloads/${NGINX}?tab=versions`, 'installed package'],
	[`/workloads/${NGINX}?tab=history`, 'Nothing has been decided'],
	['/policies', 'proposed'],
	[`/policies/${NGINX}/file-read`, '/etc/nginx/nginx.conf'],
	[`/policies/${NGINX}/file-read?rule=0`, 'Why it is there'],
	[`/policies/${NGINX}/network?tab=simulation`, 'What a replay cannot know'],
	[`/policies/${NGINX}/network?tab=simulation&part=surprises`, 'No past day could be tried yet'],
	[`/policies/${NGINX}/network?tab=simulation&part=blind`, 'first-sight ring was full'],
	[`/workloads/${NGINX}?tab=readiness`, 'A new behaviour within 24 h'],
	[`/workloads/${NGINX}?tab=held`, 'Nothing is held back'],
	[`/policies/${NGINX}/file-read?tab=readiness`, 'What it waits for'],
	[`/policies/${NGINX}/file-read?tab=yaml`, 'carried only together with file-write'],
	[`/policies/${NGINX}/file-read?tab=yaml&scope=all`, 'KubeArmorHostPolicy'],
	[`/policies/${NGINX}/file-read?tab=notes`, 'Notes'],
	[`/policies/${NGINX}/file-read?tab=history`, 'Nothing has been decided'],
	[`/policies/${NGINX}/file-read?tab=revisions`, 'proposed now'],
	['/held', '/bin/sh'],
	['/violations', 'would block'],
	['/history', 'Nothing has been decided'],
	['/health', 'first-sight ring was full'],
	['/health?tab=bad-inputs', 'kubearmor.jsonl'],
	['/health?tab=predictions', 'of the last 30 days'],
	['/probe', 'What is missing'],
	['/policies/no-such-workload/network', 'There is no such'],
	['/no/such/page', 'There is no such']
]

describe('the page', () => {
	let running: Running
	let browser: Browser
	/** The one context that used the login URL; every test gets a page of its own in it. */
	let context: BrowserContext
	let page: Page
	let complaints: string[]

	before(async () => {
		await buildPage()
		running = await startRunning()
		await running.observe(firstBatch(Date.now()))
		await violate(running)
		browser = await launch()
		context = await signedIn(browser, running)
	})

	after(async () => {
		await browser?.close()
		await running?.close()
	})

	beforeEach(async () => {
		for (const open of context.pages()) await open.close()
		page = await context.newPage()
		page.setDefaultTimeout(10_000)
		await page.setViewportSize({ width: 1280, height: 800 })
		complaints = listenTo(page)
	})

	afterEach(() => {
		const refused = complaints.filter((text) => /content.security.policy|trusted/i.test(text))
		assert.deepEqual(refused, [], 'nothing that the page does is refused by its own policy')
	})

	it('turns no text into markup or code, whatever somebody slips into it', async () => {
		await go('/', 'Overview')
		for (const attempt of [
			`document.body.innerHTML = '<b>x</b>'`,
			`document.body.insertAdjacentHTML('beforeend', '<b>x</b>')`,
			`document.createElement('script').text = 'window.slipped = 1'`,
			`new DOMParser().parseFromString('<b>x</b>', 'text/html')`,
			`setTimeout('window.slipped = 1')`,
			`window.trustedTypes.createPolicy('default', { createHTML: (text) => text })`
		]) {
			await assert.rejects(page.evaluate(attempt), /Trusted|policy/i, attempt)
		}
		assert.ok(complaints.length > 0)
		complaints.length = 0
	})

	it('drops the token from the address, and takes it only once', async () => {
		await go('/', 'Overview')
		assert.equal(new URL(page.url()).search, '')
		const stranger = await calmContext(browser)
		const other = await stranger.newPage()
		const answer = await other.goto(running.service.loginUrl)
		assert.equal(answer?.status(), 401)
		await other.getByRole('heading', { name: 'Sign in to Whittle' }).waitFor()
		await other.getByText('That address was used already').waitFor()
		assert.equal(new URL(other.url()).search, '')
		await other.goto(new URL('/policies', running.service.url).href)
		await other.getByText('This browser has no session').waitFor()
		await checkAccessible(other, 'the sign-in form of a stranger')
		await stranger.close()
	})

	for (const scheme of ['light', 'dark'] as const) {
		it(`shows every route in ${scheme}, with nothing serious for axe and nothing refused by the policy`, async () => {
			await page.emulateMedia({ colorScheme: scheme })
			for (const [path, text] of ROUTES) {
				await go(path, text)
				assert.equal(await page.locator('html').getAttribute('data-mantine-color-scheme'), scheme, path)
				await checkAccessible(page, `${path} in ${scheme}`)
			}
			assert.deepEqual(complaints, [])
		})
	}

	it('fits a narrow screen without scrolling sideways', async () => {
		await page.setViewportSize({ width: 390, height: 800 })
		for (const path of [
			'/',
			'/policies',
			`/policies/${NGINX}/file-read`,
			`/policies/${NGINX}/network?tab=simulation`,
			`/workloads/${NGINX}`
		]) {
			await go(path, path === '/' ? 'Where each class' : 'nginx')
			const overflow = await page.evaluate<number>('document.documentElement.scrollWidth - window.innerWidth')
			assert.ok(overflow <= 0, `${path} is ${overflow} px too wide`)
		}
		await page.getByRole('button', { name: 'Places' }).click()
		await page.getByRole('link', { name: /^Workloads \d/ }).click()
		await page.getByRole('heading', { name: 'Workloads' }).waitFor()
	})

	it('narrows by facets and words, and the address is the whole state', async () => {
		await go('/policies', 'proposed')
		const all = await rowCount()
		assert.ok(all > 1)
		await page.locator('.toolbar').getByRole('button', { name: 'Class' }).click()
		await page.getByRole('checkbox', { name: /^network/ }).check()
		await page.keyboard.press('Escape')
		await page.waitForURL(/class=network/)
		await rowsAre((count) => count > 0 && count < all, `fewer than ${all}`)
		await page.keyboard.press('/')
		await page.keyboard.type('nginx.serv')
		await page.waitForURL(/q=nginx\.serv/)
		await rowsAre(1)
		await page.reload()
		await page.getByRole('row', { name: /nginx\.service/ }).waitFor()
		await rowsAre(1)
		await page.getByRole('button', { name: 'Clear', exact: true }).click()
		await page.waitForURL((url) => url.search === '')
		await rowsAre(all)
	})

	it('opens the evidence of a rule with one press, and follows the keyboard', async () => {
		await go(`/policies/${NGINX}/file-read`, '/etc/nginx/mime.types')
		await page.getByRole('row', { name: /mime\.types/ }).click()
		const panel = page.getByRole('complementary', { name: /Evidence of rule/ })
		await panel.getByText('Why it is there').waitFor()
		await panel.getByText('/etc/nginx/mime.types').first().waitFor()
		await page.keyboard.press('j')
		await page.waitForURL(/rule=1/)
		await panel.getByText('/etc/nginx/nginx.conf').first().waitFor()
		await page.keyboard.press('Escape')
		await panel.waitFor({ state: 'detached' })
	})

	it('tries a policy on what was seen: nothing of it would be blocked, and the history says where it is blind', async () => {
		await go(`/policies/${NGINX}/network`, 'Rules')
		await page.getByRole('link', { name: 'Simulation' }).click()
		await page.getByText('Would have been blocked').first().waitFor()
		await page.getByText('nothing', { exact: true }).first().waitFor()
		await page.getByText('Nothing that is on record would have been blocked.').waitFor()
		await page.getByRole('button', { name: /^Cannot speak for \d/ }).click()
		await page.waitForURL(/part=blind/)
		await page
			.getByRole('row', { name: /a source was blind/ })
			.first()
			.waitFor()
		await page.getByRole('button', { name: 'Run again' }).click()
		await page
			.getByRole('row', { name: /a source was blind/ })
			.first()
			.waitFor()
	})

	it('draws how the risk fell, and says the same as a table', async () => {
		await go(`/policies/${NGINX}/file-read?tab=readiness`, 'What it waits for')
		await page.getByRole('img', { name: /^Risk of something new within 24 h: / }).waitFor()
		await page.getByRole('img', { name: /^Behaviours known: \d+ after / }).waitFor()
		await page.getByText('The same as a table').click()
		await page.getByRole('columnheader', { name: 'Hours watched' }).waitFor()
		await page.getByText(/^The fitted model says/).click()
		await page.getByRole('columnheader', { name: 'Adds to the log-odds' }).waitFor()
		await checkAccessible(page, 'the readiness with its tables')
		await go('/policies', 'Risk 24 h')
		await page.locator('.toolbar').getByRole('button', { name: 'Readiness' }).click()
		await page.getByRole('checkbox', { name: /^not yet/ }).check()
		await page.waitForURL(/ready=not-yet/)
	})

	it('says what a rule costs and saves', async () => {
		await go(`/policies/${NGINX}/file-read?rule=0`, 'What it costs and saves')
		await page.getByText(/^Observed; it takes \d+ /).waitFor()
	})

	it('answers what is held back, bundle by bundle, with the keyboard alone', async () => {
		await go('/', 'Overview')
		await page.keyboard.press('g')
		await page.keyboard.press('b')
		await page.waitForURL(/\/held$/)
		await page
			.getByRole('row', { name: /\/bin\/sh/ })
			.first()
			.waitFor()
		const all = await rowCount()
		await page.keyboard.press('j')
		await page.keyboard.press('e')
		const detail = page.getByRole('complementary', { name: 'Why it is held back' })
		await detail.getByText(/interactive session/).waitFor()
		await detail.getByText('3 behaviours that belong together').waitFor()
		await checkAccessible(page, 'why something is held')
		await page.keyboard.press('b')
		await page.getByText('3 behaviours selected').waitFor()
		await page.keyboard.press('d')
		const dialog = page.getByRole('dialog', { name: 'Malicious: 3 behaviours' })
		await dialog.getByText('It is never learned').waitFor()
		await atRest(page)
		await page.keyboard.type('Nobody of us was there.')
		await checkAccessible(page, 'the answer')
		await page.keyboard.press('Tab')
		await page.keyboard.press('Tab')
		await page.keyboard.press('Enter')
		await dialog.getByText('3 answered').waitFor()
		await atRest(page)
		await page.keyboard.press('Enter')
		await dialog.waitFor({ state: 'detached' })
		await page.keyboard.press('Escape')
		await page.locator('.toolbar').getByRole('button', { name: 'Answer' }).click()
		await page.getByRole('checkbox', { name: /^malicious/ }).check()
		await page.keyboard.press('Escape')
		await rowsAre(Math.min(all, 3))
		await go('/history', 'Answered “malicious”')
	})

	it('shows hostile names as text', async () => {
		await go(`/policies/${NGINX}/file-read?q=onerror`, 'onerror')
		const title = await page.locator('.table-body .code').first().getAttribute('title')
		assert.equal(title, hostileObject)
		assert.equal(await page.locator('img[src="x"]').count(), 0)
	})

	it('approves with the keyboard alone', async () => {
		await go('/', 'Overview')
		await page.keyboard.press('g')
		await page.keyboard.press('s')
		await page.waitForURL(/\/policies$/)
		await page
			.getByRole('row', { name: /nginx\.service/ })
			.first()
			.waitFor()
		await page.keyboard.press('/')
		await page.keyboard.type('nginx.service network')
		await page.waitForURL(/q=nginx\.service\+network/)
		await rowsAre(1)
		// Leaves the search without emptying it, as Tab does.
		await page.keyboard.press('Tab')
		await page.keyboard.press('j')
		await page.keyboard.press('a')
		const dialog = page.getByRole('dialog', { name: 'Approve this policy' })
		await dialog.getByText('An approval is bound to exactly these digests.').waitFor()
		await checkAccessible(page, 'the approval')
		assert.ok(
			await page.evaluate<boolean>("document.activeElement.closest('[role=dialog]') !== null"),
			'the table, told to move just before, does not take the focus from the dialog'
		)
		await page.keyboard.press('Enter')
		await dialog.getByText('1 approved').waitFor()
		await atRest(page)
		await page.keyboard.press('Enter')
		await dialog.waitFor({ state: 'detached' })
		await page.getByRole('row', { name: /nginx\.service.*network.*approved/ }).waitFor()
		await go('/history', 'Approved')
	})

	it('decides about many, says what became of each, and refuses what is no longer proposed', async () => {
		// Another revision will take the place of the one on the screen, unseen: this page hears of nothing.
		await page.route('**/api/v1/events', (route) => route.abort())
		await go('/policies?q=shop&class=file-write', 'web/nginx')
		await rowsAre(2)
		await page.getByRole('checkbox', { name: 'Select all rows that are shown' }).check()
		await page.getByText('2 policies selected').waitFor()
		const later = firstBatch(Date.now())
		later.delivery.sequence = 3
		later.starts = []
		later.gaps = []
		later.bad = []
		later.sightings = later.sightings
			.filter((one) => one.object === '/var/cache/nginx/client_temp')
			.map((one) => ({ ...one, object: '/var/lib/nginx/state' }))
		await running.observe(later)
		await page.getByRole('button', { name: 'Reject…' }).click()
		const dialog = page.getByRole('dialog')
		await dialog.getByRole('textbox', { name: /Why/ }).fill('Not reviewed with the owners.')
		await dialog.getByRole('button', { name: 'Reject', exact: true }).click()
		await dialog.getByText('1 rejected, 1 not').waitFor()
		await dialog.getByText('Read the new proposal').waitFor()
		await checkAccessible(page, 'the result of a batch')
	})

	it('shows the plan before anything is applied, then what came of it, and rolls back', async () => {
		await go(`/policies/${NGINX}/network`, 'Approved')
		await page.getByRole('button', { name: 'Apply…' }).click()
		const dialog = page.getByRole('dialog')
		await dialog.getByRole('button', { name: 'Files in a folder' }).click()
		await dialog.getByText('What is done').waitFor()
		await checkAccessible(page, 'the plan')
		await dialog.getByRole('button', { name: 'Write the files' }).click()
		await dialog
			.getByText(/applied/)
			.first()
			.waitFor()
		await dialog.getByRole('button', { name: 'Close' }).last().click()
		await page.getByRole('button', { name: 'Roll back…' }).click()
		await page.getByRole('dialog').getByText('What is done').waitFor()
		await page.getByRole('dialog').getByRole('button', { name: 'Roll back now' }).click()
		await page.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click()
		await page.getByRole('button', { name: 'Roll back…' }).waitFor({ state: 'detached' })
	})

	it('shows and copies the policy in its languages', async () => {
		await context.grantPermissions(['clipboard-read', 'clipboard-write'], {
			origin: new URL(running.service.url).origin
		})
		await go(`/policies/${NGINX}/network?tab=yaml`, 'kubearmor')
		await page.getByRole('textbox', { name: /manifest, read only/ }).waitFor()
		await page.getByRole('button', { name: 'Copy', exact: true }).click()
		await page.getByText('Copied').waitFor()
		const copied = await page.evaluate<string>('navigator.clipboard.readText()')
		assert.match(copied, /^apiVersion: /)
		const downloading = page.waitForEvent('download')
		await page.getByRole('button', { name: 'Download' }).click()
		assert.match((await downloading).suggestedFilename(), /^[A-Za-z0-9._-]+\.yaml$/)
	})

	it('goes anywhere from the palette, and lists its keys', async () => {
		await go('/', 'Overview')
		await page.keyboard.press('Control+k')
		const search = page.getByRole('textbox', { name: 'Workload, policy or place' })
		await search.fill('api file read')
		await page
			.getByRole('button', { name: /api.*file read/ })
			.first()
			.waitFor()
		await checkAccessible(page, 'the palette')
		await search.press('Enter')
		await page.waitForURL(/\/policies\/.*\/file-read/)
		await page.getByRole('dialog').waitFor({ state: 'detached' })
		await atRest(page)
		// This dialog opens as most people see it, fading in.
		await page.emulateMedia({ reducedMotion: 'no-preference' })
		await page.keyboard.press('?')
		await page.getByRole('dialog', { name: 'Keyboard' }).getByText('Approve').waitFor()
		await checkAccessible(page, 'the help')
	})

	it('shows new workloads by itself, but never moves rows under the pointer', async () => {
		await go('/workloads', 'nginx.service')
		await page.getByText('live', { exact: true }).waitFor()
		const before = await rowCount()
		await page.getByRole('row', { name: /nginx\.service/ }).hover()
		await running.observe(laterBatch(Date.now(), 'curl', 11))
		await page.getByRole('button', { name: '1 new' }).waitFor()
		await atRest(page)
		assert.equal(await rowCount(), before)
		await page.getByRole('button', { name: '1 new' }).click()
		await page.getByRole('row', { name: /curl\.service/ }).waitFor()
		await page.mouse.move(4, 790)
		await running.observe(laterBatch(Date.now(), 'wget', 12))
		await page.getByRole('row', { name: /wget\.service/ }).waitFor()
		await rowsAre(before + 2)
	})

	it('remembers the colours that a person chose, from the first paint on', async () => {
		await page.emulateMedia({ colorScheme: 'light' })
		await go('/', 'Overview')
		await page.getByRole('button', { name: 'Colours' }).click()
		await page.getByRole('menuitem', { name: 'Dark' }).click()
		await page.addInitScript(`document.addEventListener('DOMContentLoaded', () => {
			document.documentElement.dataset.atFirst = document.documentElement.dataset.mantineColorScheme
		})`)
		await page.reload()
		await page.getByRole('heading', { name: 'Overview' }).waitFor()
		assert.equal(await page.locator('html').getAttribute('data-at-first'), 'dark')
		await page.evaluate('window.localStorage.clear()')
	})

	it('says since when it is stale, and asks to sign in when the service comes back without the session', async () => {
		await go('/workloads', 'nginx.service')
		await page.getByText('live', { exact: true }).waitFor()
		await running.stop()
		await page.getByText(/stale since \d\d:\d\d/).waitFor()
		await page.getByText(/reconnecting in \d+ s/).waitFor()
		assert.ok((await rowCount()) > 0, 'what was read stays readable')
		await running.restart()
		await page.getByRole('heading', { name: 'Sign in to Whittle' }).waitFor({ timeout: 60_000 })
		await checkAccessible(page, 'the sign-in form')
		await page.getByLabel('Address or token').fill(running.service.loginUrl)
		await page.getByRole('button', { name: 'Sign in' }).click()
		await page.getByRole('heading', { name: 'Overview' }).waitFor()
		assert.equal(new URL(page.url()).search, '')
	})

	/** Opens a path and waits until its text is there and the page at rest. */
	async function go(path: string, text: string): Promise<void> {
		await page.goto(new URL(path, running.service.url).href)
		try {
			await page.getByRole('heading', { level: 1 }).first().waitFor()
			await page.getByText(text).first().waitFor()
		} catch (cause) {
			throw new Error(`${path} does not show ${JSON.stringify(text)}`, { cause })
		}
		// Keys that are pressed now find their listeners.
		await atRest(page)
	}

	/** Waits for so many rows: the address changes before the table does. */
	async function rowsAre(
		wanted: number | ((count: number) => boolean),
		what = String(wanted)
	): Promise<void> {
		const holds = typeof wanted === 'number' ? (count: number) => count === wanted : wanted
		for (let left = 100; left > 0; left--) {
			if (holds(await rowCount())) return
			await atRest(page)
		}
		assert.fail(`the table has ${await rowCount()} rows, not ${what}`)
	}

	async function rowCount(): Promise<number> {
		return Number(await page.getByRole('table').first().getAttribute('aria-rowcount')) - 1
	}
})

/** A browser that has used the login URL. */
async function signedIn(browser: Browser, running: Running): Promise<BrowserContext> {
	const context = await calmContext(browser)
	const page = await context.newPage()
	await page.goto(running.service.loginUrl)
	await page.getByRole('heading', { name: 'Overview' }).waitFor()
	return context
}

/** Collects what must not happen: errors, warnings, and everything that the Content-Security-Policy refused. */
function listenTo(page: Page): string[] {
	const complaints: string[] = []
	page.on('pageerror', (error) => complaints.push(`error: ${error.message}`))
	page.on('console', (message) => {
		// The browser itself reports every 404 of the API; two routes ask for what does not exist.
		if (message.type() === 'error' && !message.text().includes('404')) complaints.push(message.text())
	})
	return complaints
}

/** One denial on record, as the enforcer writes it. */
async function violate(running: Running): Promise<void> {
	const nowMs = Date.now()
	await running.writer.transact([
		{
			sql: `INSERT INTO violations (workload_id, class, digest, verb, object, source, action, rule, target, detail, count, first_ms, last_ms)
				SELECT id, 'network', ?, 'connect', 'egress/tcp/443/198.51.100.7', '/usr/bin/curl', 'would-block',
				'no rule allows it', 'host', '', 3, ?, ? FROM workloads WHERE name = 'host/node-a/nginx.service'`,
			params: [`sha256:${'a1'.repeat(32)}`, nowMs - 5000, nowMs - 1000],
			expect: 1
		}
	])
}
