export { Adafactor, type AdafactorOptions } from './adafactor.ts'
export { LBFGS, type LBFGSOptions } from './lbfgs.ts'
export { Muon, type MuonOptions } from './muon.ts'
