import { join } from 'node:path'
import type { SensorService } from '../../native/messages.js'
import { renderEverywhere } from '../languages.js'
import { directoryTarget } from './directory/directory.js'
import type { Target } from './target.js'

/** The targets of this installation: `<data>/manifests`, and this host where a sensor runs. */
export function targetsFor(dataDir: string, _sensor: SensorService | null): Target[] {
	return [directoryTarget({ folder: join(dataDir, 'manifests'), render: renderEverywhere })]
}
