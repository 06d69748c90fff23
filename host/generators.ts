import type { Generator } from './random.ts'

/** Makes an arena's own generator. The class sets it: a programme whose code draws no random numbers is bundled without it. */
export const newGenerator: { of?: () => Generator } = {}
