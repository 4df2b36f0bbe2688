import { Page } from '../shell/Page.js'
import { ViolationList } from '../show/ViolationList.js'

export function Violations() {
	return (
		<Page title="Violations" fills>
			<ViolationList />
		</Page>
	)
}
