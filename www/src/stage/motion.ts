import type { TransitionConfig } from "svelte/transition";

interface Motion {
  /** false while nothing may move, and after anything but a single step */
  on: boolean;
}

/** A new tile fades in at its place. */
export function appear(_node: Element, { on }: Motion): TransitionConfig {
  return { duration: on ? 160 : 0, css: (t) => `opacity: ${t}` };
}

/** The tick of an acknowledgement is drawn from left to right. */
export function draw(_node: Element, { on }: Motion): TransitionConfig {
  return { duration: on ? 120 : 0, css: (_t, u) => `clip-path: inset(0 ${u * 100}% 0 0)` };
}
