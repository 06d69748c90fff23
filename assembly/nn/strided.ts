/**
 * The only loop over strided arrays: permutations, broadcasts, slices and their gradients.
 *
 * The table is 4·rank u32: sizes, strides of out and of x in bytes, and space for counters; the innermost axis is the last. With `more` it
 * adds to out, in the order of the axes, and may add to an element repeatedly (stride 0: a sum over that axis).
 */
export function stridedCopy<E>(rank: usize, table: usize, out: usize, x: usize, more: bool): void {
  const outStrides = table + 4 * rank, strides = outStrides + 4 * rank, counters = strides + 4 * rank, last: usize = 4 * (rank - 1)
  const n = load<u32>(table + last), to = <usize>load<u32>(outStrides + last), from = <usize>load<u32>(strides + last)
  let rows: usize = 1
  for (let axis: usize = 0; axis < last; axis += 4) {
    rows *= load<u32>(table + axis)
    store<u32>(counters + axis, 0)
  }
  if (n == 0) return
  for (; rows > 0; rows--) {
    row<E>(n, out, to, x, from, more)
    for (let axis: usize = last; axis > 0; ) {
      axis -= 4
      const outStride = <usize>load<u32>(outStrides + axis), stride = <usize>load<u32>(strides + axis)
      const counter = load<u32>(counters + axis) + 1, size = load<u32>(table + axis)
      out += outStride
      x += stride
      if (counter < size) {
        store<u32>(counters + axis, counter)
        break
      }
      store<u32>(counters + axis, 0)
      out -= outStride * size
      x -= stride * size
    }
  }
}

function row<E>(n: usize, out: usize, to: usize, x: usize, from: usize, more: bool): void {
  if (to == sizeof<E>() && from <= sizeof<E>()) return consecutive<E>(n * sizeof<E>(), out, x, from == 0, more)
  for (; n > 0; n--, out += to, x += from) {
    const value = load<E>(x)
    store<E>(out, more ? <E>(load<E>(out) + value) : value)
  }
}

/** A row of `bytes` that is contiguous in out, and in x too unless it is one repeated value. */
function consecutive<E>(bytes: usize, out: usize, x: usize, isOne: bool, more: bool): void {
  const step: usize = isOne ? 0 : 16, one = v128.load_splat<E>(x)
  for (; bytes >= 16; bytes -= 16, out += 16, x += step) {
    const value = isOne ? one : v128.load(x)
    v128.store(out, more ? v128.add<E>(v128.load(out), value) : value)
  }
  for (; bytes > 0; bytes -= sizeof<E>(), out += sizeof<E>(), x += isOne ? 0 : sizeof<E>()) {
    const value = load<E>(x)
    store<E>(out, more ? <E>(load<E>(out) + value) : value)
  }
}
