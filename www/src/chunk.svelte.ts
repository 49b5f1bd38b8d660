type Scenes = typeof import("./rewrite/lazy");
type Crash = typeof import("./crash/lazy");

/** The parts of the page that a first look does not need: what shows rewrites, and failures. */
class Chunk {
  scenes: Scenes | null = $state.raw(null);
  crash: Crash | null = $state.raw(null);
  #scenes: Promise<void> | null = null;
  #crash: Promise<void> | null = null;

  /** Fetches what shows a rewrite, once. A failure is told to the caller and can be tried again. */
  load(): Promise<void> {
    this.#scenes ??= import("./rewrite/lazy").then(
      (scenes) => {
        this.scenes = scenes;
      },
      (error: unknown) => {
        this.#scenes = null;
        throw error;
      },
    );
    return this.#scenes;
  }

  /** The same for what shows a failure. */
  loadCrash(): Promise<void> {
    this.#crash ??= import("./crash/lazy").then(
      (crash) => {
        this.crash = crash;
      },
      (error: unknown) => {
        this.#crash = null;
        throw error;
      },
    );
    return this.#crash;
  }
}

export const chunk = new Chunk();
