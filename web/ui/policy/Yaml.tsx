import { Button, CopyButton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Check, Copy, Download } from 'lucide-react'
import { lazy, Suspense } from 'react'
import { languages, manifests } from '../api/queries.js'
import type { ManifestPage, PolicyDetail } from '../api/shapes.js'
import { useAddress } from '../shell/address.js'
import { Answer } from '../shell/Answer.js'
import { Empty } from '../shell/Empty.js'
import { Waiting } from '../show/Card.js'
import { Choices } from '../show/Choices.js'
import { Notes } from '../show/State.js'
import { classWord } from '../show/state.js'

// The editor is the largest part of the page, and only this tab needs it.
const CodeView = lazy(() => import('../show/CodeView.js'))

/** What the policy becomes in each language that can carry its class. */
export function Yaml({ policy }: { policy: PolicyDetail }) {
	const [parameters, change] = useAddress()
	const query = useQuery(languages())
	return (
		<Answer query={query}>
			{(data) => {
				const able = data.items.filter((language) => language.classes.includes(policy.class))
				const [first] = able
				if (first === undefined) {
					return <Empty title={`No language can carry the class ${classWord[policy.class]}.`} />
				}
				const language = able.find((each) => each.name === parameters.language) ?? first
				return (
					<div className="yaml">
						<InLanguage
							policy={policy}
							language={language.name}
							choices={able.map((each) => ({ value: each.name, label: each.name }))}
							onChoose={(name) => change({ language: name === first.name ? '' : name })}
						/>
					</div>
				)
			}}
		</Answer>
	)
}

function InLanguage({
	policy,
	language,
	choices,
	onChoose
}: {
	policy: PolicyDetail
	language: string
	choices: { value: string; label: string }[]
	onChoose: (language: string) => void
}) {
	const [parameters, change] = useAddress()
	const scope = parameters.scope === 'all' ? 'all' : 'class'
	const query = useQuery(
		manifests(
			policy.workloadId,
			language,
			scope === 'all' ? undefined : { class: policy.class, digest: policy.digest }
		)
	)
	const text = query.data === undefined ? '' : joined(query.data)
	return (
		<>
			<div className="yaml-bar">
				<Choices label="Language" choices={choices} value={language} onChange={onChoose} />
				<Choices
					label="What to write"
					choices={[
						{ value: 'class', label: `Only ${classWord[policy.class]}` },
						{ value: 'all', label: 'All classes' }
					]}
					value={scope}
					onChange={(next) => change({ scope: next === 'class' ? '' : next })}
				/>
				<span className="spacer" />
				<CopyButton value={text} timeout={1500}>
					{({ copied, copy }) => (
						<Button
							size="xs"
							variant="default"
							disabled={text === ''}
							leftSection={copied ? <Check size={14} aria-hidden /> : <Copy size={14} aria-hidden />}
							onClick={copy}
						>
							<span aria-live="polite">{copied ? 'Copied' : 'Copy'}</span>
						</Button>
					)}
				</CopyButton>
				<Button
					size="xs"
					variant="default"
					disabled={text === ''}
					leftSection={<Download size={14} aria-hidden />}
					onClick={() => download(fileName(query.data, policy, language), text)}
				>
					Download
				</Button>
			</div>
			<Answer query={query}>
				{(data) => (
					<>
						{data.notes.length > 0 && <Notes notes={data.notes} />}
						{data.items.length === 0 ? (
							<Empty title={`Nothing can be written in ${language}.`}>
								The notes above say why. All classes together, or another language, may carry it.
							</Empty>
						) : (
							<Suspense fallback={<Waiting lines={12} />}>
								<CodeView text={text} label={`${language} manifest, read only`} />
							</Suspense>
						)}
					</>
				)}
			</Answer>
		</>
	)
}

/** All manifests as one YAML stream. */
function joined(page: ManifestPage): string {
	return (
		page.items.map((manifest) => manifest.yaml.trimEnd()).join('\n---\n') +
		(page.items.length > 0 ? '\n' : '')
	)
}

/** The manifest's own file name when there is one manifest; never a path. */
function fileName(page: ManifestPage | undefined, policy: PolicyDetail, language: string): string {
	const only = page?.items.length === 1 ? page.items[0] : undefined
	const name = only?.file.split('/').at(-1) ?? `${language}-${policy.class}.yaml`
	return name.replace(/[^A-Za-z0-9._-]/g, '-')
}

function download(name: string, text: string): void {
	const address = URL.createObjectURL(new Blob([text], { type: 'application/yaml' }))
	const link = document.createElement('a')
	link.href = address
	link.download = name
	link.click()
	// Revoked later: some browsers start reading only after the click has returned.
	setTimeout(() => URL.revokeObjectURL(address), 10_000)
}
