import { createTheme, Drawer, localStorageColorSchemeManager, Modal, Tooltip } from '@mantine/core'

/** Also in public/scheme.js, which runs before the first paint. */
export const colorSchemeManager = localStorageColorSchemeManager({ key: 'whittle-color-scheme' })

/**
 * Sizes and defaults of components; colours are CSS variables in style/tokens.css. `lockScroll` is off
 * because react-remove-scroll writes a style element, which the Content-Security-Policy refuses; the page's
 * body never scrolls anyway.
 */
export const theme = createTheme({
	primaryColor: 'brand',
	primaryShade: { light: 7, dark: 6 },
	colors: {
		brand: [
			'#e7f1f5',
			'#cfe2ea',
			'#a3c9d7',
			'#74adc3',
			'#4d97b3',
			'#2f83a2',
			'#1f7593',
			'#14607a',
			'#0f5068',
			'#0a3c4f'
		]
	},
	respectReducedMotion: true,
	cursorType: 'pointer',
	components: {
		Modal: Modal.extend({
			defaultProps: { lockScroll: false, centered: true, transitionProps: { duration: 120, exitDuration: 0 } }
		}),
		Drawer: Drawer.extend({
			defaultProps: {
				lockScroll: false,
				position: 'right',
				transitionProps: { duration: 140, exitDuration: 0 }
			}
		}),
		Tooltip: Tooltip.extend({ defaultProps: { withArrow: false, openDelay: 350, multiline: true } })
	}
})
