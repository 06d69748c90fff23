/** Element type of a tensor. Labels and indices are int32; everything differentiable is float32 or float64. */
export type DType = 'float32' | 'float64' | 'int32'

export const bytesPerElement: Readonly<Record<DType, number>> = { float32: 4, float64: 8, int32: 4 }

/** A live view of linear memory. */
export type View = Float32Array | Float64Array | Int32Array

/** The class of a view. */
export const viewClasses = { float32: Float32Array, float64: Float64Array, int32: Int32Array } as const
