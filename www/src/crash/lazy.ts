// What is shown of a failure: fetched at the first one, or when the page has nothing else to do.
export { default as BootFrom } from "../parts/BootFrom.svelte";
export { default as PossibleDisks } from "../parts/PossibleDisks.svelte";
export { crashText } from "../text/crash";
export { default as PromisePanel } from "../parts/Promise.svelte";
