type Scenes = typeof import("./rewrite/lazy");

/** The part of the page that shows rewrites. It is fetched when a run needs it. */
class Chunk {
  scenes: Scenes | null = $state.raw(null);
  #asked: Promise<void> | null = null;

  /** Fetches it once. A failure is told to the caller and can be tried again. */
  load(): Promise<void> {
    this.#asked ??= import("./rewrite/lazy").then(
      (scenes) => {
        this.scenes = scenes;
      },
      (error: unknown) => {
        this.#asked = null;
        throw error;
      },
    );
    return this.#asked;
  }
}

export const chunk = new Chunk();
