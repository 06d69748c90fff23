/** Creates an arena's own generator. The class registers itself here, so a bundle without random numbers has no code for them. */
export const newGenerator: { of?: () => unknown } = {}
