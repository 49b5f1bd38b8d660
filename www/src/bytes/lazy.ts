// The bytes of a file: fetched when the first one is opened.
export { default as BytesDialog } from "./BytesDialog.svelte";
