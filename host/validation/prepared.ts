/**
 * Loading in three steps, so that several objects load together or not at all: check (changes nothing), reserve memory (may fail), commit
 * (cannot fail).
 */

/** Writes the checked values into the reserved memory. */
export type Commit = () => void

/** Reserves memory for the checked values. */
export type Reserve = () => Commit
