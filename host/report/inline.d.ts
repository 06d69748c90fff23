/** The text of a file (rollup.config.mjs). */
declare module '*?inline' {
  const text: string
  export default text
}
