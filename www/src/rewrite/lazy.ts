// Everything about a rewrite that a first visit does not need: scenes, sentences, tables. Loaded as
// one chunk when a run has a rewrite in it.
import { late } from "../text/late.svelte";
import { en } from "./text-en";
import { zh } from "./text-zh";

late.en = en;
late.zh = zh;

export { default as RenameScene } from "../rename/RenameScene.svelte";
export { default as BeforeAfter } from "./BeforeAfter.svelte";
export { default as Foreground } from "./Foreground.svelte";
export { default as OtherOrder } from "./OtherOrder.svelte";
export { default as RewriteScene } from "./RewriteScene.svelte";
export { default as RewriteTables } from "./RewriteTables.svelte";
export { default as VerdictStrip } from "./VerdictStrip.svelte";
