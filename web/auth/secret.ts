import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

/** A new secret of 256 random bits, with a prefix that secret scanners can look for. */
export function newSecret(prefix: string): string {
	return `${prefix}_${randomBytes(32).toString('base64url')}`
}

/** What is kept of a secret: nobody who reads it can use it, and equal length makes comparing safe. */
export function hashOf(secret: string): Buffer {
	return createHash('sha256').update(secret).digest()
}

/** True when `secret` has this hash; takes the same time wherever they differ. */
export function isSecret(secret: string, hash: Buffer): boolean {
	return timingSafeEqual(hashOf(secret), hash)
}
