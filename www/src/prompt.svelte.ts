/** The line being typed and the lines before it; kept apart from the drawing, which may move. */
class PromptLine {
  text = $state("");
  #past: string[] = [];
  #at = 0;
  #draft = "";

  /** Remembers a line that was run. */
  ran(line: string): void {
    if (this.#past.at(-1) !== line) this.#past.push(line);
    this.#at = this.#past.length;
    this.text = "";
  }

  older(): void {
    if (this.#at === 0) return;
    if (this.#at === this.#past.length) this.#draft = this.text;
    this.#at -= 1;
    this.text = this.#past[this.#at] ?? "";
  }

  newer(): void {
    if (this.#at === this.#past.length) return;
    this.#at += 1;
    this.text = this.#past[this.#at] ?? this.#draft;
  }

  /** What the reader already sees as history comes first when they ask for older lines. */
  learn(lines: string[]): void {
    if (this.#past.length === 0) {
      this.#past = [...lines];
      this.#at = this.#past.length;
    }
  }
}

export const promptLine = new PromptLine();
