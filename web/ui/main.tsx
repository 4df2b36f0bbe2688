import './style/mantine.css'
import './style/tokens.css'
import './style/base.css'
import './style/shell.css'
import './style/table.css'
import './style/detail.css'
import './style/simulation.css'
import './style/learner.css'
import { MantineProvider } from '@mantine/core'
import { Notifications } from '@mantine/notifications'
import { QueryClientProvider } from '@tanstack/react-query'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { createQueryClient } from './api/queries.js'
import { App } from './shell/App.js'
import { colorSchemeManager, theme } from './theme.js'

const element = document.getElementById('root')
if (element === null) throw new Error('index.html has no element #root')

createRoot(element).render(
	<StrictMode>
		<MantineProvider
			theme={theme}
			colorSchemeManager={colorSchemeManager}
			defaultColorScheme="auto"
			withCssVariables={false}
			withGlobalClasses={false}
		>
			<Notifications position="bottom-right" limit={4} />
			<QueryClientProvider client={createQueryClient()}>
				<App />
			</QueryClientProvider>
		</MantineProvider>
	</StrictMode>
)
