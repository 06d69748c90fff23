/** Row counts as type parameters: a class with as many bytes as rows, so that `offsetof` is a compile-time constant. */
@unmanaged export class One { a: u8 }
@unmanaged export class Two { a: u8; b: u8 }
@unmanaged export class Three { a: u8; b: u8; c: u8 }
@unmanaged export class Four { a: u8; b: u8; c: u8; d: u8 }
@unmanaged export class Five { a: u8; b: u8; c: u8; d: u8; e: u8 }
@unmanaged export class Six { a: u8; b: u8; c: u8; d: u8; e: u8; f: u8 }
@unmanaged export class Eight { a: u64 }
