import { ActionIcon, Menu, useMantineColorScheme } from '@mantine/core'
import { Check, Monitor, Moon, Sun } from 'lucide-react'

const schemes = [
	{ value: 'light', label: 'Light', icon: Sun },
	{ value: 'dark', label: 'Dark', icon: Moon },
	{ value: 'auto', label: 'As the system', icon: Monitor }
] as const

export function SchemeSwitch() {
	const { colorScheme, setColorScheme } = useMantineColorScheme({
		// To suspend them, Mantine writes a style element, which the Content-Security-Policy refuses.
		keepTransitions: true
	})
	const Current = schemes.find((scheme) => scheme.value === colorScheme)?.icon ?? Monitor
	return (
		<Menu position="bottom-end" width={170} transitionProps={{ duration: 80 }}>
			<Menu.Target>
				<ActionIcon variant="subtle" color="gray" aria-label="Colours" title="Colours">
					<Current size={16} aria-hidden />
				</ActionIcon>
			</Menu.Target>
			<Menu.Dropdown>
				{schemes.map((scheme) => (
					<Menu.Item
						key={scheme.value}
						leftSection={<scheme.icon size={14} aria-hidden />}
						rightSection={colorScheme === scheme.value ? <Check size={14} aria-label="chosen" /> : null}
						onClick={() => setColorScheme(scheme.value)}
					>
						{scheme.label}
					</Menu.Item>
				))}
			</Menu.Dropdown>
		</Menu>
	)
}
