import type { TransitionConfig } from "svelte/transition";

/** Where the tiles of a scene stood before the last change, by their key. */
const places = new Map<string, DOMRect>();

const EASE = (t: number) => 1 - (1 - t) ** 3;

/** Remembers where the tiles stand; called before a change is drawn. */
export function remember(scene: HTMLElement | undefined): void {
  places.clear();
  for (const tile of scene?.querySelectorAll<HTMLElement>("[data-piece]") ?? []) {
    const key = tile.dataset.piece;
    if (key !== undefined) places.set(key, tile.getBoundingClientRect());
  }
}

/** A record that changed its place slides there from where it stood; a new one fades in. */
export function arrive(
  node: HTMLElement,
  { on, key }: { on: boolean; key: string },
): TransitionConfig {
  if (!on) return { duration: 0 };
  const was = places.get(key);
  if (!was) return { duration: 160, css: (t) => `opacity: ${t}` };
  const now = node.getBoundingClientRect();
  const x = was.left - now.left;
  const y = was.top - now.top;
  return {
    duration: 220,
    easing: EASE,
    css: (_t, u) => `transform: translate(${x * u}px, ${y * u}px)`,
  };
}
