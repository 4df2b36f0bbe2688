import { Page } from '../shell/Page.js'
import { EventList } from '../show/EventList.js'

export function HistoryPage() {
	return (
		<Page title="History">
			<EventList />
		</Page>
	)
}
