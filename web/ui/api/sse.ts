/** One event of a stream in the format of the HTML standard, §9.2.6. */
export interface StreamEvent {
	event: string
	data: string
	id: string | null
}

/**
 * Decodes an event stream piece by piece: give it text as it arrives, it returns the events that
 * are complete. `idle` comments (heartbeats) yield nothing. CR, LF and CRLF all end a line.
 */
export function eventDecoder(): (text: string) => StreamEvent[] {
	let rest = ''
	let event = ''
	let data: string[] = []
	let id: string | null = null

	return (text) => {
		const events: StreamEvent[] = []
		rest += text
		for (;;) {
			const end = /\r\n|\n|\r(?!$)/.exec(rest)
			if (end === null) return events
			const line = rest.slice(0, end.index)
			rest = rest.slice(end.index + end[0].length)
			if (line !== '') {
				take(line)
				continue
			}
			if (data.length > 0) events.push({ event: event === '' ? 'message' : event, data: data.join('\n'), id })
			event = ''
			data = []
		}
	}

	function take(line: string): void {
		const colon = line.indexOf(':')
		if (colon === 0) return
		const field = colon < 0 ? line : line.slice(0, colon)
		const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
		if (field === 'event') event = value
		else if (field === 'data') data.push(value)
		else if (field === 'id' && !value.includes('\0')) id = value
	}
}
