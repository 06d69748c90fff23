/**
 * Loading in three steps, so that several things are loaded together or not at all: a check that changes nothing, a reservation of memory,
 * which may still fail, and taking over, which cannot.
 */

/** Takes over what was checked and for which there is room. */
export type Commit = () => void

/** Makes room for what was checked. */
export type Reserve = () => Commit
