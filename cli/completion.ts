import type { Command } from 'commander'
import { usage } from './fault.js'
import { nearest } from './nearest.js'

/** Each script asks `whittle __complete WORD…` (the last word is the unfinished one), so names are live. */
const scripts: Readonly<Record<string, string>> = {
	bash: `# whittle: source <(whittle completion bash)
_whittle() {
	local IFS=$'\\n'
	COMPREPLY=($(whittle __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _whittle whittle
`,
	zsh: `#compdef whittle
# whittle: source <(whittle completion zsh)
_whittle() {
	local -a found
	found=("\${(@f)$(whittle __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
	[[ -n "$found" ]] && compadd -- "\${found[@]}" || _files
}
compdef _whittle whittle
`,
	fish: `# whittle: whittle completion fish | source
function __whittle_complete
	set -l words (commandline -opc) (commandline -ct)
	whittle __complete -- $words[2..-1] 2>/dev/null
end
complete -c whittle -f -a '(__whittle_complete)'
`
}

export function define(command: Command): void {
	command.argument('<shell>', Object.keys(scripts).join(', ')).action((shell: string) => {
		const script = scripts[shell]
		if (script === undefined) {
			const meant = nearest(shell, Object.keys(scripts))
			throw usage(
				`There is no completion for "${shell}".`,
				meant === undefined ? 'There is one for bash, zsh and fish.' : `Did you mean "${meant}"?`
			)
		}
		process.stdout.write(script)
	})
}
