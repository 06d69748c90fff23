import { describe, expect, it } from 'vitest'
import { Effort } from '../../host/threads/effort.ts'

const LEAST = 4000

/** Returns how many of 1,000 calls of 100 µs were handed over, if each then takes `together` µs. */
function handedOver(effort: Effort, together: (call: number) => number): number {
  let count = 0
  for (let call = 0; call < 1000; call++) {
    if (effort.declines(100_000)) continue
    count++
    effort.note(100, together(call))
  }
  return count
}

describe('what is worth handing over', () => {
  it('declines calls of less than two parts', () => {
    expect(new Effort(LEAST).declines(2 * LEAST - 1)).toBe(true)
    expect(new Effort(LEAST).declines(2 * LEAST)).toBe(false)
  })

  it('hands everything over while that saves time, whatever one job in thirty costs', () => {
    expect(handedOver(new Effort(LEAST), (call) => (call % 30 < 29 ? 60 : 5000))).toBe(1000)
  })

  it('hands over now and then if that costs time, and everything when it saves time again', () => {
    const effort = new Effort(LEAST)
    expect(handedOver(effort, () => 300)).toBeLessThan(15)
    expect(handedOver(effort, () => 60)).toBeGreaterThan(700)
    expect(handedOver(effort, () => 60)).toBe(1000)
  })

  it('keeps what it learned of short calls from long ones', () => {
    const effort = new Effort(LEAST)
    handedOver(effort, () => 300)
    expect(effort.declines(1e7)).toBe(false)
  })

  it('takes a call of any length', () => {
    for (const ns of [2 * LEAST, 1e9, LEAST * 2 ** 32, 1e15, Infinity]) expect(new Effort(LEAST).declines(ns)).toBe(false)
  })

  it('hands everything over if it does not adapt', () => {
    expect(handedOver(new Effort(LEAST, false), () => 300)).toBe(1000)
  })
})
