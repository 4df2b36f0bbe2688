import { CopyButton } from '@mantine/core'
import { Check, Copy } from 'lucide-react'
import { visible } from './text.js'

/** A command or a digest that is copied by pressing it. `shown` may be shorter than what is copied. */
export function CopyText({ text, shown }: { text: string; shown?: string }) {
	return (
		<CopyButton value={text} timeout={1500}>
			{({ copied, copy }) => (
				<button type="button" className="copy" onClick={copy} title={`Copy ${visible(text)}`}>
					<code>{visible(shown ?? text)}</code>
					{copied ? <Check size={12} aria-hidden /> : <Copy size={12} aria-hidden />}
					<span className="sr-only" aria-live="polite">
						{copied ? 'copied' : ''}
					</span>
				</button>
			)}
		</CopyButton>
	)
}

/** `sha256:` and the first twelve digits; the whole is copied. */
export function Digest({ digest }: { digest: string }) {
	return <CopyText text={digest} shown={digest.slice(0, 'sha256:'.length + 12)} />
}
