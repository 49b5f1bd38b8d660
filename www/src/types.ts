// The contract is written once, beside the bindings.
export type * from "../../web/src/types.ts";
