import { join } from 'node:path'
import type { SensorService } from '../../native/messages.js'
import { renderEverywhere, toCgroupRules } from '../languages.js'
import { directoryTarget } from './directory/directory.js'
import { hostTarget } from './host/host.js'
import type { Target } from './target.js'

/** The targets of this installation: `<data>/manifests`, and this host where a sensor runs. */
export function targetsFor(dataDir: string, sensor: SensorService | null): Target[] {
	const directory = directoryTarget({ folder: join(dataDir, 'manifests'), render: renderEverywhere })
	return sensor ? [directory, hostTarget({ sensor, toCgroupRules })] : [directory]
}
