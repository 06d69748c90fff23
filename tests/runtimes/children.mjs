/** Child processes of tests. Each runs in its own process group, which is killed when the test's process exits. */
import { spawn } from 'node:child_process'
import { createServer } from 'node:net'

const running = new Set()

function kill(child) {
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch (error) {
    if (error.code !== 'ESRCH') throw error
  }
}

process.on('exit', () => {
  for (const child of running) kill(child)
})
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1))

/** Starts a process. `stop` kills its process group, `exited` resolves to its exit code, `output` holds its output so far. */
export function start(command, args, { cwd, env = {}, stdio = [] } = {}) {
  const options = { cwd, env: { ...process.env, ...env }, detached: true, stdio: ['ignore', 'pipe', 'pipe', ...stdio] }
  const child = spawn(command, args, options)
  const output = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text) => (output.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text) => (output.stderr += text))
  if (child.pid !== undefined) running.add(child)
  const exited = new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  }).finally(() => running.delete(child))
  exited.catch(() => {})
  const stop = async () => {
    if (running.has(child)) kill(child)
    await exited.catch(() => {})
  }
  return { child, output, exited, stop }
}

/** Returns the promise's value, or throws after so many milliseconds. */
export async function within(milliseconds, what, promise) {
  let timer
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took longer than ${milliseconds / 1000} s`)), milliseconds)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Runs a process to its end. Returns its output. */
export async function finished(command, args, { timeout = 180_000, ...options } = {}) {
  const { output, exited, stop } = start(command, args, options)
  try {
    const code = await within(timeout, command, exited)
    if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${output.stdout}${output.stderr}`)
    return output.stdout
  } finally {
    await stop()
  }
}

/** Returns a free port, for programs that cannot choose one themselves. */
export async function freePort() {
  const server = createServer()
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}
