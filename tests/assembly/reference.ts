/** erf x = 2/√π·e^(−x²)·Σ 2^n·x^(2n + 1)/(1·3·5·…·(2n + 1)): all terms have one sign, so nothing cancels. */
export function erfOf(x: f64): f64 {
  if (Math.abs(x) > 6) return x < 0 ? -1 : 1
  let term = x, sum = 0.0
  for (let n = 1; n < 200; n++) {
    sum += term
    term *= (2 * x * x) / <f64>(2 * n + 1)
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum
}
