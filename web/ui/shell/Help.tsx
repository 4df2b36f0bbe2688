import { Modal, Switch } from '@mantine/core'
import { useState } from 'react'
import { activeShortcuts, type Shortcut, singleKeysAreOn, switchSingleKeys } from './shortcuts.js'

const more: Pick<Shortcut, 'keys' | 'label' | 'group'>[] = [
	{ keys: 'Ctrl K', label: 'Go anywhere', group: 'Everywhere' },
	{ keys: 'Esc', label: 'Close, or leave the row', group: 'Everywhere' }
]

/** The shortcuts that work on this page, and a switch for people whose input types by itself. */
export function Help({ opened, onClose }: { opened: boolean; onClose: () => void }) {
	return (
		<Modal
			opened={opened}
			onClose={onClose}
			title="Keyboard"
			size="lg"
			closeButtonProps={{ 'aria-label': 'Close' }}
		>
			{opened && <Keys />}
		</Modal>
	)
}

function Keys() {
	const [isOn, setOn] = useState(singleKeysAreOn)
	const groups = new Map<string, Pick<Shortcut, 'keys' | 'label'>[]>()
	for (const shortcut of [...activeShortcuts(), ...more]) {
		const group = groups.get(shortcut.group) ?? []
		group.push(shortcut)
		groups.set(shortcut.group, group)
	}
	return (
		<>
			<div className="help">
				{[...groups].map(([group, shortcuts]) => (
					<section key={group}>
						<h3>{group}</h3>
						<dl>
							{shortcuts.map((shortcut) => (
								<div key={shortcut.keys}>
									<dt>
										{shortcut.keys.split(' ').map((key) => (
											<kbd key={key}>{key}</kbd>
										))}
									</dt>
									<dd>{shortcut.label}</dd>
								</div>
							))}
						</dl>
					</section>
				))}
			</div>
			<Switch
				label="Single-key shortcuts"
				description="Switch off if you speak your input, or if keys do things that you did not mean."
				checked={isOn}
				onChange={(event) => {
					const on = event.currentTarget.checked
					switchSingleKeys(on)
					setOn(on)
				}}
			/>
		</>
	)
}
