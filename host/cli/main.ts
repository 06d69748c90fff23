/** The command `downhill`. */
import { DownhillError } from '../validation/errors.ts'
import { compareCommand } from './compare.ts'
import { conformanceCommand } from './conformance.ts'
import { inspectCommand } from './inspect.ts'
import { predictCommand } from './predict.ts'
import { trainCommand } from './train.ts'
import { version } from './version.ts'

/** A command receives its arguments and returns its exit code: 0, 1 for a failed case, 2 for bad input. */
export type Command = (args: string[]) => Promise<number>

const commands: Readonly<Record<string, { run: Command; summary: string }>> = {
  compare: { run: compareCommand, summary: 'compare optimizers on a bundled problem or your own table' },
  conformance: { run: conformanceCommand, summary: "run golden cases against PyTorch's numbers" },
  train: { run: trainCommand, summary: 'train a model with one optimizer, with checkpoints to resume from' },
  predict: { run: predictCommand, summary: 'predict the rows of a table with a trained model' },
  inspect: { run: inspectCommand, summary: 'show the contents of a checkpoint, a .safetensors or a .pt file' },
}

const usage = `downhill ${version}: PyTorch's optimizers in WebAssembly

${Object.entries(commands)
  .map(([name, { summary }]) => `  downhill ${name.padEnd(12)} ${summary}`)
  .join('\n')}

Run downhill COMMAND --help for the options of a command.
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
    process.stderr.write(`downhill: unknown command ${name}\n\n${usage}`)
    return 2
  }
  try {
    return await command.run(args)
  } catch (error) {
    const known = error instanceof DownhillError || (error as NodeJS.ErrnoException).code !== undefined
    if (!known) throw error
    // A library error may begin with the command's name too.
    const { message } = error as Error
    process.stderr.write(`downhill ${message.startsWith(`${name}: `) ? '' : `${name}: `}${message}\n`)
    return 2
  }
}

// The reader of the output may stop early, as `head` does. This ends the command and is not an error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

process.exitCode = await main(process.argv.slice(2))
