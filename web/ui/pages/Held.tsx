import { HeldList } from '../held/HeldList.js'
import { Page } from '../shell/Page.js'

export function HeldPage() {
	return (
		<Page
			title="Held back"
			aside={<span className="faint">Seen and not learned: what belongs together stands together</span>}
			fills
		>
			<HeldList />
		</Page>
	)
}
