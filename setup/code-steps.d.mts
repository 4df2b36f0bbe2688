/** What the built page below `root` depends on, as one hash. */
export function pageKey(root: string): string
