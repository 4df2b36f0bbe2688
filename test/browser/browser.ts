import assert from 'node:assert/strict'
import { AxeBuilder } from '@axe-core/playwright'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'

const FLAGS = [
	'--no-sandbox',
	'--disable-gpu',
	'--disable-quic',
	'--disable-background-networking',
	'--disable-component-update',
	'--disable-sync',
	'--no-first-run'
]

/** So many frames in a row without motion are rest: React and Mantine take up to three to begin a motion. */
const REST_FRAMES = 4
/** Ten seconds at 60 frames: what still moves then moves for ever. */
const FRAMES_MAX = 600

export function launch(): Promise<Browser> {
	return chromium.launch({ executablePath: '/usr/bin/chromium', args: FLAGS })
}

/** A context in which nothing fades or slides, as for a person who asked their system for less motion. */
export function calmContext(browser: Browser): Promise<BrowserContext> {
	return browser.newContext({ reducedMotion: 'reduce' })
}

/**
 * Waits until nothing on the page fades or slides any more, and what React put off has been drawn. Colours
 * looked at earlier are those of something half transparent. Animations without an end do not count.
 */
export async function atRest(page: Page): Promise<void> {
	const moving = await page.evaluate<number>(LOOK)
	assert.equal(moving, 0, `${page.url()} does not come to rest`)
}

// Text, because it runs in the browser, whose types the tests do not have.
const LOOK = `new Promise((done) => {
	let rest = 0
	let left = ${FRAMES_MAX}
	function look() {
		const moving = document.getAnimations().filter(
			(one) => one.playState === 'running' && Number.isFinite(one.effect?.getComputedTiming().endTime ?? 0)
		).length
		rest = moving === 0 ? rest + 1 : 0
		if (rest === ${REST_FRAMES} || left-- === 0) done(moving)
		else requestAnimationFrame(look)
	}
	requestAnimationFrame(look)
})`

/** Fails with what axe finds serious or critical on the page at rest. */
export async function checkAccessible(page: Page, where: string): Promise<void> {
	await atRest(page)
	const { violations } = await new AxeBuilder({ page }).analyze()
	const bad = violations
		.filter((violation) => violation.impact === 'serious' || violation.impact === 'critical')
		.map((violation) => `${violation.id}: ${violation.nodes.map((node) => node.target.join(' ')).join(', ')}`)
	assert.deepEqual(bad, [], where)
}
