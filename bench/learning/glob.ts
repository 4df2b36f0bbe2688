/**
 * A pattern of KubeArmor's `matchPatterns` as AppArmor reads it: `*` is any text within a segment, `**`
 * any text at all, `?` one character of a segment. Everything else stands for itself.
 */
export function globOf(pattern: string): RegExp {
	// A slash, two stars and a slash also match a single slash: the text between may be empty.
	const source = pattern
		.replace(/[.+^$|()[\]{}\\]/g, '\\$&')
		.replace(/\*\*|\*|\?/g, (text) => (text === '**' ? '.*' : text === '*' ? '[^/]*' : '[^/]'))
		.replaceAll('/.*/', '/(?:.*/)?')
	return new RegExp(`^${source}$`, 's')
}

/** The directory, with its slash, below which everything lies that the pattern can match. */
export function literalDirectory(pattern: string): string {
	const at = pattern.search(/[*?]/)
	const literal = at < 0 ? pattern : pattern.slice(0, at)
	return literal.slice(0, literal.lastIndexOf('/') + 1)
}
