/** Ranges and scales of option sliders. Typed numbers may exceed them. */

export interface Scale {
  /** Returns the slider's position, 0 to 1, of a value. */
  place(value: number): number
  value(place: number): number
}

const bounded = (place: number) => Math.min(1, Math.max(0, place))
const short = (value: number) => Number(value.toPrecision(3))

export function linear(low: number, high: number): Scale {
  return { place: (value) => bounded((value - low) / (high - low)), value: (place) => short(low + (high - low) * place) }
}

export function whole(low: number, high: number): Scale {
  const { place, value } = linear(low, high)
  return { place, value: (at) => Math.round(value(at)) }
}

/** A logarithmic scale, with 0 at the left end if `hasZero`. */
export function logarithmic(low: number, high: number, hasZero = true): Scale {
  const decades = Math.log10(high / low)
  return {
    place: (value) => (value <= 0 ? 0 : bounded(Math.log10(value / low) / decades)),
    value: (place) => (place <= 0 && hasZero ? 0 : short(low * 10 ** (decades * place))),
  }
}

/** A scale for decay rates: 0, 0.9, 0.99, 0.999 and 0.9999 are equally spaced. */
const nearOne: Scale = {
  place: (value) => bounded(value >= 1 ? 1 : -Math.log10(1 - value) / 4),
  value: (place) => Number((1 - 10 ** (-4 * place)).toFixed(place > 0.5 ? 5 : 3)),
}

const rate = logarithmic(1e-5, 10)
const tiny = logarithmic(1e-12, 1)
const share = linear(0, 1)
const epochs = whole(0, 500)
const scales: Readonly<Record<string, readonly Scale[]>> = {
  lr: [rate],
  maxLr: [rate],
  baseLr: [rate],
  swaLr: [rate],
  eps: [tiny, tiny],
  etaMin: [logarithmic(1e-6, 1)],
  minLr: [logarithmic(1e-6, 1)],
  toleranceGrad: [tiny],
  toleranceChange: [tiny],
  threshold: [tiny],
  lrDecay: [logarithmic(1e-5, 1)],
  momentumDecay: [logarithmic(1e-5, 1)],
  initialAccumulatorValue: [logarithmic(1e-4, 100)],
  weightDecay: [logarithmic(1e-6, 1)],
  lambd: [logarithmic(1e-6, 1)],
  betas: [nearOne, nearOne],
  alpha: [nearOne],
  rho: [nearOne],
  gamma: [nearOne],
  momentum: [share],
  dampening: [share],
  baseMomentum: [share],
  maxMomentum: [share],
  factor: [share],
  startFactor: [share],
  endFactor: [share],
  pctStart: [share],
  etas: [share, linear(1, 3)],
  stepSizes: [tiny, logarithmic(1e-2, 100)],
  maxIter: [whole(1, 50)],
  historySize: [whole(1, 100)],
  nsSteps: [whole(0, 20)],
  d: [linear(1, 5)],
  beta2Decay: [linear(-1, 0)],
  power: [linear(0, 4)],
  divFactor: [logarithmic(1, 1e3, false)],
  finalDivFactor: [logarithmic(1, 1e6, false)],
  stepSize: [epochs],
  tMax: [epochs],
  totalIters: [epochs],
  stepSizeUp: [epochs],
  annealEpochs: [epochs],
  patience: [whole(0, 50)],
  cooldown: [whole(0, 50)],
  tMult: [whole(1, 5)],
}

/** Returns the scale of an option's number, by its name and default. */
export function scaleOf(name: string, index: number, initial: unknown): Scale {
  if (name === 't0') return initial === undefined ? epochs : logarithmic(1, 1e6, false)
  return scales[name]?.[index] ?? linear(-10, 10)
}
