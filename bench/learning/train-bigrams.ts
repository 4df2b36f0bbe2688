import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/**
 * Trains the model of names that people give to files, by which the learner tells `config.json` from
 * `sess_9f3ab2c1`: how often each character follows each other in the file names of Debian packages
 * (dpkg's own lists on this machine). Writes discovery/learn/paths/bigrams.json.
 *
 *   node --import tsx bench/learning/train-bigrams.ts [FOLDER-OF-LISTS]
 */
const folder = process.argv[2] ?? '/var/lib/dpkg/info'
/** Letters of any case, digits, any other character, and the edge of a name. */
const SYMBOLS = 38
const OTHER = 36
const EDGE = 37

const lists = readdirSync(folder)
	.filter((file) => file.endsWith('.list'))
	.sort()
const names = new Set<string>()
for (const list of lists) {
	for (const path of readFileSync(`${folder}/${list}`, 'utf8').split('\n')) {
		const name = path.slice(path.lastIndexOf('/') + 1)
		if (name !== '' && name !== '.') names.add(name)
	}
}

const counts = Array.from({ length: SYMBOLS }, () => new Array<number>(SYMBOLS).fill(0))
let [changeCount, pairCount] = [0, 0]
for (const name of names) {
	let before = EDGE
	let caseBefore = ''
	for (const character of name) {
		const symbol = symbolOf(character)
		count(before, symbol)
		before = symbol
		const letterCase = /[a-z]/.test(character) ? 'lower' : /[A-Z]/.test(character) ? 'upper' : ''
		if (letterCase !== '' && caseBefore !== '') {
			pairCount++
			if (letterCase !== caseBefore) changeCount++
		}
		caseBefore = letterCase
	}
	count(before, EDGE)
}

function count(before: number, symbol: number): void {
	const row = counts[before]
	if (row) row[symbol] = (row[symbol] ?? 0) + 1
}

function symbolOf(character: string): number {
	const code = character.toLowerCase().charCodeAt(0)
	if (code >= 97 && code <= 122) return code - 97
	return code >= 48 && code <= 57 ? code - 48 + 26 : OTHER
}

/** −log2 P(next | before), with half a sighting added to each pair (Krichevsky–Trofimov), to 1/100 bit. */
const bits = counts.map((row) => {
	const total = row.reduce((sum, one) => sum + one, 0) + SYMBOLS / 2
	return row.map((one) => Math.round(-100 * Math.log2((one + 0.5) / total)) / 100)
})
/** What it takes to say whether a letter that follows another has its case: words rarely change theirs. */
const caseChange = Math.round(-100 * Math.log2(changeCount / pairCount)) / 100
const caseSame = Math.round(-100 * Math.log2(1 - changeCount / pairCount)) / 100
const model = {
	source: `Distinct file names of ${lists.length} Debian packages (dpkg file lists), by bench/learning/train-bigrams.ts`,
	nameCount: names.size,
	symbols: 'a-z (any case), 0-9, other, edge',
	caseChange,
	caseSame,
	bits
}
const target = fileURLToPath(new URL('../../discovery/learn/paths/bigrams.json', import.meta.url))
const rows = bits.map((row) => `\t\t[${row.join(', ')}]`).join(',\n')
const head = JSON.stringify({ ...model, bits: undefined }, null, '\t').slice(0, -2)
writeFileSync(target, `${head},\n\t"bits": [\n${rows}\n\t]\n}\n`)
process.stdout.write(`${names.size} names of ${lists.length} packages → ${target}\n`)
