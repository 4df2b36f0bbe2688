import { headAndTail, visible } from './text.js'

/**
 * Text that came from telemetry, in one line: the middle is cut when there is no room, the whole is in the
 * title and in what is copied. `bdi` keeps its direction from leaking into the sentence around it.
 */
export function Code({ text, tail = 28 }: { text: string; tail?: number }) {
	const safe = visible(text)
	if (safe === '') return <span className="faint">—</span>
	const [head, end] = headAndTail(safe, tail)
	return (
		<bdi className="code" title={safe}>
			{head !== '' && <span className="code-head">{head}</span>}
			<span className="code-tail">{end}</span>
		</bdi>
	)
}

/** The same, but wrapped over as many lines as it needs. */
export function CodeBlock({ text }: { text: string }) {
	return <bdi className="code code-wrap">{visible(text)}</bdi>
}
