/** Creates an arena's own generator. The class sets it, so that a bundle that draws no random numbers has no code for them. */
export const newGenerator: { of?: () => unknown } = {}
