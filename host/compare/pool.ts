/** Queue of runs for a pool of workers. Results do not depend on which worker takes a run, or when. */
import type { Arena } from '../memory/arena.ts'
import { DownhillError, type ErrorCode } from '../validation/errors.ts'
import type { Problem } from './problem.ts'
import { type Run, type RunSpec, trainRun } from './run.ts'

/** A worker's answer to the description of a run. */
export type Answer = { readonly run: Run } | { readonly code: ErrorCode; readonly message: string } | { readonly error: unknown }

/** Computes a worker's answer. */
export async function answerTo(spec: RunSpec, ready: Promise<readonly [Arena, Problem]>): Promise<Answer> {
  let problem: Problem | undefined
  try {
    const [arena, found] = await ready
    problem = found
    return { run: trainRun(arena, problem, spec) }
  } catch (error) {
    if (error instanceof DownhillError) return { code: error.code, message: error.message }
    // Errors of a custom model are reported to its author.
    if (problem && 'file' in problem.model) return { code: 'data-invalid', message: `${problem.facts.name}: ${error}` }
    return { error }
  }
}

interface Waiting {
  readonly spec: RunSpec
  readonly resolve: (run: Run) => void
  readonly reject: (error: unknown) => void
}

/** A worker, as a function that sends it the description of a run. */
export type Send = (spec: RunSpec) => void

export class Pool {
  readonly #idle: Send[] = []
  readonly #at = new Map<Send, Waiting>()
  #waiting: Waiting[] = []
  #isPaused = false

  /** Adds a worker, and returns the function that receives its answers. */
  add(send: Send): (answer: Answer) => void {
    this.#idle.push(send)
    return (answer) => {
      const asked = this.#at.get(send)
      if (!asked) return
      this.#at.delete(send)
      if ('run' in answer) asked.resolve(answer.run)
      else asked.reject('error' in answer ? answer.error : new DownhillError(answer.code, answer.message))
      this.#idle.push(send)
      this.#next()
    }
  }

  execute(spec: RunSpec): Promise<Run> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ spec, resolve, reject })
      this.#next()
    })
  }

  /** Pauses: no further run starts. */
  get isPaused(): boolean {
    return this.#isPaused
  }

  set isPaused(isPaused: boolean) {
    this.#isPaused = isPaused
    this.#next()
  }

  /** Rejects all runs. */
  fail(why: unknown): void {
    const left = [...this.#at.values(), ...this.#waiting]
    this.#at.clear()
    this.#waiting = []
    for (const { reject } of left) reject(why)
  }

  #next(): void {
    while (!this.#isPaused && this.#idle.length && this.#waiting.length) {
      const send = this.#idle.shift()!
      const asked = this.#waiting.shift()!
      this.#at.set(send, asked)
      send(asked.spec)
    }
  }
}
