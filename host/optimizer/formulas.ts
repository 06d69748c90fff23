/**
 * A rule's functions of the options, each called at its own call site: V8 inlines a call that always reaches the same function, but not a
 * loop over an array of functions. The loops took 75 of the 115 ns that a step of SGD costs beside its kernel (Node 20).
 */
import type { Clock } from './members.ts'

type Formula<O> = (o: O, t: number, clock: Clock) => number
type Condition<O> = (o: O, t: number, clock: Clock) => boolean

const zero = () => 0
const never = () => false

/** Up to twelve functions of the options and the clock. */
export class Numbers<O> {
  readonly f0: Formula<O>
  readonly f1: Formula<O>
  readonly f2: Formula<O>
  readonly f3: Formula<O>
  readonly f4: Formula<O>
  readonly f5: Formula<O>
  readonly f6: Formula<O>
  readonly f7: Formula<O>
  readonly f8: Formula<O>
  readonly f9: Formula<O>
  readonly f10: Formula<O>
  readonly f11: Formula<O>

  constructor(f: readonly Formula<O>[]) {
    this.f0 = f[0] ?? zero
    this.f1 = f[1] ?? zero
    this.f2 = f[2] ?? zero
    this.f3 = f[3] ?? zero
    this.f4 = f[4] ?? zero
    this.f5 = f[5] ?? zero
    this.f6 = f[6] ?? zero
    this.f7 = f[7] ?? zero
    this.f8 = f[8] ?? zero
    this.f9 = f[9] ?? zero
    this.f10 = f[10] ?? zero
    this.f11 = f[11] ?? zero
  }

  /** Writes their values to table[at …]. */
  write(table: Float32Array | Float64Array, at: number, o: O, clock: Clock): void {
    const { t } = clock
    table[at] = this.f0(o, t, clock)
    table[at + 1] = this.f1(o, t, clock)
    table[at + 2] = this.f2(o, t, clock)
    table[at + 3] = this.f3(o, t, clock)
    table[at + 4] = this.f4(o, t, clock)
    table[at + 5] = this.f5(o, t, clock)
    table[at + 6] = this.f6(o, t, clock)
    table[at + 7] = this.f7(o, t, clock)
    table[at + 8] = this.f8(o, t, clock)
    table[at + 9] = this.f9(o, t, clock)
    table[at + 10] = this.f10(o, t, clock)
    table[at + 11] = this.f11(o, t, clock)
  }
}

/** Up to four conditions on the options and the clock. */
export class Bits<O> {
  readonly c0: Condition<O>
  readonly c1: Condition<O>
  readonly c2: Condition<O>
  readonly c3: Condition<O>

  constructor(c: readonly Condition<O>[]) {
    this.c0 = c[0] ?? never
    this.c1 = c[1] ?? never
    this.c2 = c[2] ?? never
    this.c3 = c[3] ?? never
  }

  /** Returns a bit mask: bit i is set if condition i holds. */
  of(o: O, clock: Clock): number {
    const { t } = clock
    return (this.c0(o, t, clock) ? 1 : 0) | (this.c1(o, t, clock) ? 2 : 0) | (this.c2(o, t, clock) ? 4 : 0) | (this.c3(o, t, clock) ? 8 : 0)
  }
}
