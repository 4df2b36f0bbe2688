import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router'
import { Missing } from './shell/Empty.js'
import { Failure } from './shell/Failure.js'
import { Page } from './shell/Page.js'
import { Shell } from './shell/Shell.js'

/** The address is the page's whole state: every parameter is a plain text, so that links are readable. */
export type Parameters = Record<string, string>

const root = createRootRoute({
	component: Shell,
	notFoundComponent: () => (
		<Page title="Not here">
			<Missing what="page" />
		</Page>
	),
	errorComponent: ({ error }) => <Failure error={error} />,
	validateSearch: (search: Record<string, unknown>): Parameters => textsOf(search)
})

const routeTree = root.addChildren([
	createRoute({
		getParentRoute: () => root,
		path: '/',
		component: lazyRouteComponent(() => import('./pages/Overview.js'), 'Overview')
	}),
	createRoute({
		getParentRoute: () => root,
		path: '/workloads',
		component: lazyRouteComponent(() => import('./pages/Workloads.js'), 'Workloads')
	}),
	createRoute({
		getParentRoute: () => root,
		path: '/workloads/$workload',
		component: lazyRouteComponent(() => import('./pages/Workload.js'), 'WorkloadPage')
	}),
	createRoute({
		getParentRoute: () => root,
		path: '/policies',
		component: lazyRouteComponent(() => import('./pages/Suggestions.js'), 'Suggestions')
	}),
	createRoute({
		getParentRoute: () => root,
		path: '/policies/$workload/$class',
		component: lazyRouteComponent(() => import('./pages/Policy.js'), 'PolicyPage')
	}),
	createRoute({
		getParentRoute: () => root,
		path: '/held',
		component: lazyRouteComponent(() => import('./pages/Held.js'), 'HeldPage')
	}),
	createRoute({
		getParentRoute: () => root,
		path: '/violations',
		component: lazyRouteComponent(() => import('./pages/Violations.js'), 'Violations')
	}),
	createRoute({
		getParentRoute: () => root,
		path: '/history',
		component: lazyRouteComponent(() => import('./pages/History.js'), 'HistoryPage')
	}),
	createRoute({
		getParentRoute: () => root,
		path: '/health',
		component: lazyRouteComponent(() => import('./pages/Health.js'), 'Health')
	}),
	createRoute({
		getParentRoute: () => root,
		path: '/probe',
		component: lazyRouteComponent(() => import('./pages/Probe.js'), 'Probe')
	})
])

export const router = createRouter({
	routeTree,
	defaultPreload: 'intent',
	defaultPendingMs: 200,
	parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
	stringifySearch: (search) => {
		const text = new URLSearchParams(textsOf(search)).toString()
		return text === '' ? '' : `?${text}`
	}
})

declare module '@tanstack/react-router' {
	interface Register {
		router: typeof router
	}
}

function textsOf(search: Record<string, unknown>): Parameters {
	const texts: Parameters = {}
	for (const [key, value] of Object.entries(search)) {
		if (value !== undefined && value !== null && value !== '') texts[key] = String(value)
	}
	return texts
}
