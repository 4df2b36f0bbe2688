/**
 * The path that stored object text stands for, or null when it holds bytes that YAML or KubeArmor
 * cannot carry (`\xNN` of control, bidirectional or invalid bytes). Only `\\` and `\x3c`, which the
 * store writes for a plain backslash and `<`, are turned back.
 */
export function literalPath(object: string): string | null {
	if (!object.includes('\\')) return object
	const literal = object.replace(/\\\\|\\x3c/g, (escaped) => (escaped === '\\x3c' ? '<' : '\\'))
	return /\\(?!\\|x3c)/.test(object.replaceAll('\\\\', '')) ? null : literal
}

/** The directory above a path, with its slash: `/a/b` → `/a/`. */
export function parentOf(path: string): string {
	return path.slice(0, path.lastIndexOf('/') + 1)
}
