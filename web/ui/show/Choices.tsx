/** A few choices of which one holds. */
export function Choices<Value extends string>({
	label,
	choices,
	value,
	onChange
}: {
	label: string
	choices: readonly { value: Value; label: string }[]
	value: Value
	onChange: (value: Value) => void
}) {
	return (
		// biome-ignore lint/a11y/useSemanticElements: a fieldset's legend cannot stand in one line with its buttons
		<div className="choices" role="group" aria-label={label}>
			{choices.map((choice) => (
				<button
					key={choice.value}
					type="button"
					className="choice"
					aria-pressed={choice.value === value}
					onClick={() => onChange(choice.value)}
				>
					{choice.label}
				</button>
			))}
		</div>
	)
}
