/** The command `downhill`. */
import { DownhillError } from '../validation/errors.ts'
import { compareCommand } from './compare.ts'
import { conformanceCommand } from './conformance.ts'
import { inspectCommand } from './inspect.ts'
import { trainCommand } from './train.ts'
import { version } from './version.ts'

/** A command gets its arguments and gives its exit code: 0, 1 for a failed case, 2 for bad input. */
export type Command = (args: string[]) => Promise<number>

const commands: Readonly<Record<string, { run: Command; summary: string }>> = {
  compare: { run: compareCommand, summary: 'train a model with several optimizers and show which did best' },
  conformance: { run: conformanceCommand, summary: "run golden cases and compare with PyTorch's numbers" },
  train: { run: trainCommand, summary: 'train a model with one optimizer, save it on the way, and go on later' },
  inspect: { run: inspectCommand, summary: 'show what is in a checkpoint, a .safetensors or a .pt file' },
}

const usage = `downhill ${version}: PyTorch's optimizers in WebAssembly

${Object.entries(commands)
  .map(([name, { summary }]) => `  downhill ${name.padEnd(12)} ${summary}`)
  .join('\n')}

downhill COMMAND --help tells the options of each.
`

async function main([name, ...args]: string[]): Promise<number> {
  if (name === undefined || name === '--help' || name === '-h') {
    process.stdout.write(usage)
    return name === undefined ? 2 : 0
  }
  if (name === '--version') {
    process.stdout.write(`${version}\n`)
    return 0
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (!command) {
    process.stderr.write(`downhill: there is no command ${name}\n\n${usage}`)
    return 2
  }
  try {
    return await command.run(args)
  } catch (error) {
    const known = error instanceof DownhillError || (error as NodeJS.ErrnoException).code !== undefined
    if (!known) throw error
    process.stderr.write(`downhill ${name}: ${(error as Error).message}\n`)
    return 2
  }
}

// Whoever reads the output may stop reading, as `head` does: that ends the command and is no failure of it.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

process.exitCode = await main(process.argv.slice(2))
