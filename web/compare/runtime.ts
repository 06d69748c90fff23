/** Returns the browser's name: 'Chromium 156', 'Firefox 140', 'Safari 18'. */
export function runtimeName(agent: string): string {
  const known = [
    ['Edge', /Edg\/(\d+)/],
    ['Firefox', /Firefox\/(\d+)/],
    ['Chromium', /Chrom(?:e|ium)\/(\d+)/],
    ['Safari', /Version\/(\d+).*Safari/],
  ] as const
  const found = known.map(([name, pattern]) => ({ name, version: pattern.exec(agent)?.[1] })).find(({ version }) => version !== undefined)
  return found ? `${found.name} ${found.version}` : 'a browser'
}
