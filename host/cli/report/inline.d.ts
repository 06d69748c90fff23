/** The text of a file, bundled first if it is a script (rollup.config.mjs). */
declare module '*?inline' {
  const text: string
  export default text
}
