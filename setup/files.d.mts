/** Where what outlives a clone is kept: below the user's cache folder, writable by nobody else. */
export function cacheFolder(): string
