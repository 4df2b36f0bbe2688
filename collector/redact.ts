/** What stands where a secret was. */
export const REDACTED = '***'

/** Longer texts are cut here before they are looked at: they are evidence for people, not data. */
export const TEXT_LENGTH_MAX = 4096

/**
 * A command line, URL or environment text without its secrets. Runs inside decoding, before
 * anything is queued, spooled or stored. Doing it twice changes nothing. It would rather
 * take too much than leave a password: the text is evidence for people and never decides.
 */
export function redact(text: string): string {
	// Every pattern below is bounded by the length of one word, but a word may be long.
	let redacted = text.length > TEXT_LENGTH_MAX ? text.slice(0, TEXT_LENGTH_MAX) : text
	// What one rule leaves may be what another looks for: `token:""--password x` has a name behind its value.
	for (let pass = 0; pass < PASSES_MAX && SUSPICIOUS.test(redacted); pass++) {
		const before = redacted
		redacted = redactOnce(before)
		if (redacted === before) break
	}
	return redacted
}

/** Two do for all that people write; a text that somebody made to need more is not looked at for ever. */
const PASSES_MAX = 8

function redactOnce(text: string): string {
	let redacted = text
	for (const { pattern, replacement } of RULES) redacted = redacted.replace(pattern, replacement)
	redacted = redacted.replace(KEY_FLAG, (whole, flag: string, value: string) =>
		looksRandom(value) ? `${flag}${REDACTED}` : whole
	)
	for (const { program, flag } of SHORT_FLAGS) {
		if (program.test(redacted)) redacted = redacted.replace(flag, `$1${REDACTED}`)
	}
	return redacted
}

/** The longest evidence text that is stored. */
const DETAIL_LENGTH_MAX = 400

/** The beginning of an escaped text, as `Sighting.detail` keeps it. */
export function cutDetail(escaped: string): string {
	// Not between the halves of a surrogate pair: SQLite would store something else.
	return escaped.slice(0, DETAIL_LENGTH_MAX).replace(/[\ud800-\udbff]$/, '')
}

/** A URL path as it is stored for HTTP requests: no query, no fragment, no token in a segment. */
export function redactUrlPath(path: string): string {
	const end = path.search(/[?#]/)
	return redact(end === -1 ? path : path.slice(0, end))
}

// Words that announce a secret wherever they stand in a name …
const STRONG =
	'password|passwd|passphrase|secret|token|api[-_]?key|(?:access|account|private|signing|encryption|master|shared)[-_]?key|credential'
// … and words that do so only as a whole part of one (`DB_PASS`, not `--bypass`; `sig`, not `--signal`).
const WEAK =
	'(?<![A-Za-z0-9])(?:pass|pwd|auth|sig|signature|sas|creds?|cookie|jwt|bearer|session[-_]?id)(?![A-Za-z0-9])'
// A name that says where a secret lies is not one, and neither is the working directory.
const NOT_SECRET = '(?![A-Za-z0-9_.-]*[-_.](?:file|path|dir)s?(?![A-Za-z0-9]))(?!(?:old)?pwd=\\/)'
const NAME = `${NOT_SECRET}[A-Za-z0-9_.-]*(?:${STRONG}|${WEAK})[A-Za-z0-9_.-]*`
// Names are looked at from their beginning only, so that a long word costs one scan.
const AT_NAME = '(?<![A-Za-z0-9_.-])'
// What is redacted already stays as it is. A shell joins `'a'b` to one word, so the value goes on behind a quote.
const VALUE =
	'(?!\\*{3}(?:[^A-Za-z0-9]|$))(?:(?:"(?:[^"\\\\]|\\\\.)*"?|\'[^\']*\'?)(?:[A-Za-z0-9][^\\s"\'&]*)?|[^\\s"\'&]+)'
// Whoever recorded the arguments joined them with blanks, so the value of a flag goes on until the next one.
const TAIL = '(?:\\s+(?![-"\'|&;<>])[^\\s=]+(?=\\s|$))*'

/** One cheap look, which most command lines do not pass. */
const SUSPICIOUS = new RegExp(
	`${STRONG}|${WEAK}|authorization|[?&](?:key|code)=|key[:= ]|pin[= ]|otp[= ]|seed[= ]|://[^/\\s]*@|-----BEGIN|eyJ|A(?:KIA|SIA|ROA|IDA)|AIza|gh[opsur]_|github_pat_|glpat-|xox[a-z]-|[sr]k_(?:live|test)_|npm_|hvs\\.|ya29\\.|SG\\.|bearer |basic |pass:|\\s-[A-Za-z]*[puaPwUb]|--(?:proxy-)?user`,
	'i'
)

const RULES: readonly { pattern: RegExp; replacement: string }[] = [
	// Keys in PEM, also cut short (RFC 7468)
	{
		pattern: /-----BEGIN [A-Z0-9 ]{0,40}-----[^-]*(?:-----END [A-Z0-9 ]{0,40}-----)?/g,
		replacement: REDACTED
	},
	// JSON web tokens (RFC 7519): base64url of `{"`
	{ pattern: /(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*){1,4}/g, replacement: REDACTED },
	// Tokens that carry their issuer's mark
	{ pattern: /(?<![A-Za-z0-9])(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{12,}/g, replacement: REDACTED },
	{ pattern: /(?<![A-Za-z0-9])AIza[A-Za-z0-9_-]{30,}/g, replacement: REDACTED },
	{
		pattern:
			/(?<![A-Za-z0-9])(?:gh[opsur]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{15,})/g,
		replacement: REDACTED
	},
	{
		pattern:
			/(?<![A-Za-z0-9])(?:xox[a-z]-[A-Za-z0-9-]{8,}|[sr]k_(?:live|test)_[A-Za-z0-9]{8,}|npm_[A-Za-z0-9]{20,})/g,
		replacement: REDACTED
	},
	{
		pattern:
			/(?<![A-Za-z0-9])(?:hvs\.[A-Za-z0-9_-]{12,}|ya29\.[A-Za-z0-9_-]{12,}|SG\.[A-Za-z0-9_-]{12,}(?:\.[A-Za-z0-9_-]+)?)/g,
		replacement: REDACTED
	},
	// user:password@ and token@ in URLs (RFC 3986 §3.2.1); a password may itself hold an @
	{ pattern: /(:\/\/)[^/\s"']*@/g, replacement: `$1${REDACTED}@` },
	// Headers, to the next quote or flag
	{
		pattern:
			/(?<![a-z-])((?:(?:proxy-)?authorization|(?:set-)?cookie|[a-z-]*(?:key|token|auth|secret|password))\s?:\s?)(?!\/\/)(?:(?!\s--?[A-Za-z])[^"'\n])+/gi,
		replacement: `$1${REDACTED}`
	},
	{ pattern: /\b(bearer|basic|negotiate)(\s)[A-Za-z0-9+/=._~-]{6,}/gi, replacement: `$1$2${REDACTED}` },
	// --password=… and --password …
	{ pattern: new RegExp(`${AT_NAME}(--?${NAME}=)${VALUE}${TAIL}`, 'gi'), replacement: `$1${REDACTED}` },
	{
		pattern: new RegExp(`((?:^|\\s)--?${NAME}\\s+)(?!-)${VALUE}${TAIL}`, 'gi'),
		replacement: `$1${REDACTED}`
	},
	// DB_PASSWORD=…, ?token=…, "password": "…"
	{
		pattern: new RegExp(`${AT_NAME}(${NAME}["']?\\s?[=:]\\s?)(?!//)${VALUE}`, 'gi'),
		replacement: `$1${REDACTED}`
	},
	{ pattern: /([?&](?:key|code)=)[^&\s"']+/gi, replacement: `$1${REDACTED}` },
	// openssl's -passin pass:…
	{ pattern: /\b(pass:)[^\s"']+/g, replacement: `$1${REDACTED}` }
]

/** Flags that take a secret, a file name or a plain word alike: the value's own randomness decides. */
const KEY_FLAG =
	/((?:^|\s)--?[A-Za-z0-9_.-]*(?:key|pin|otp|seed|salt|auth|hash)[A-Za-z0-9_.-]*[=\s]\s?)([^\s"']{16,})/gi

function looksRandom(value: string): boolean {
	if (/^[./~]/.test(value) || value === REDACTED) return false
	const counts = new Map<string, number>()
	for (const character of value) counts.set(character, (counts.get(character) ?? 0) + 1)
	let bits = 0
	for (const count of counts.values()) bits -= (count / value.length) * Math.log2(count / value.length)
	return /[0-9]/.test(value) && /[A-Za-z]/.test(value) && bits >= 3
}

/** Short flags mean a password only after certain programs. */
const SHORT_FLAGS: readonly { program: RegExp; flag: RegExp }[] = [
	// mysql -pSECRET, sshpass -p SECRET
	{
		program: /\b(?:mysql|mariadb|mongo|sshpass|smbclient|7z|7za|7zr|rar|unrar)/,
		flag: /(\s-p\s?)(?!\s|-)[^\s"']+/g
	},
	{
		program: /\b(?:docker|podman|helm|az|oc|skopeo|buildah)\b.*\blogin\b/,
		flag: /(\s-p\s?)(?!\s|-)[^\s"']+/g
	},
	// curl -u user:secret, wget --user …
	{
		program: /\b(?:curl|wget|https?|lftp|ncftp\w*)\b/,
		flag: /(\s(?:-[A-Za-z]{0,8}u|--user|--proxy-user|-U)\s?=?\s?["']?)(?!\s|-)[^\s"']+/g
	},
	{ program: /\bredis-cli\b/, flag: /(\s-a\s?)(?!\s|-)[^\s"']+/g },
	{ program: /\bldap\w+/, flag: /(\s-w\s?)(?!\s|-)[^\s"']+/g },
	{ program: /\b(?:un)?zip\b/, flag: /(\s-P\s?)(?!\s|-)[^\s"']+/g },
	// smbclient -U user%secret
	{ program: /\b(?:smb\w+|rpcclient|net)\b/, flag: /(\s(?:-U|--user)\s?=?["']?[^\s%"']+%)[^\s"']+/g },
	{ program: /\bhtpasswd\b/, flag: /(\s-[A-Za-z]*b[A-Za-z]*\s+\S+\s+\S+\s+)[^\s"']+/g }
]
