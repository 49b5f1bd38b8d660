import type { Run } from "../lab.svelte";

/** Keys of the picture, while it has focus: one step, ten, both ends, play. */
export function stageKeys(run: Run): (event: KeyboardEvent) => void {
  return (event) => {
    if (event.target !== event.currentTarget) return;
    const step = run.snapshot.step;
    const to: Record<string, () => void> = {
      ArrowRight: () => run.stepOnce(),
      ArrowLeft: () => run.stepBack(),
      PageUp: () => run.seek(step + 10),
      PageDown: () => run.seek(step - 10),
      Home: () => run.seek(0),
      End: () => run.seek(run.snapshot.stepCount),
      " ": () => run.play(),
    };
    const act = to[event.key];
    if (!act || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    act();
  };
}
