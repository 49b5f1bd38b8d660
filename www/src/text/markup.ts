// Sentences carry two kinds of marked words: what a reader could type or find in a file (set in
// mono), and the half of a headline that is stressed. The marks are control characters, which no
// text that reaches the page contains: see `visible`.

const CODE = "\u0001";
const STRESS = "\u0002";
const END = "\u0003";

export interface Segment {
  kind: "text" | "code" | "stress";
  text: string;
}

/** Marks a command, byte string, field, file name or errno. */
export function code(text: string): string {
  return CODE + visible(text) + END;
}

/** Marks the words of a headline that carry its answer. */
export function stress(text: string): string {
  return STRESS + text + END;
}

/** Control characters as `\xNN`, so that bytes of a user cannot act as marks. */
export function visible(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f]/g, (char) => {
    return "\\x" + char.charCodeAt(0).toString(16).padStart(2, "0");
  });
}

/** The sentence without its marks, for screen readers and tests. */
export function plain(text: string): string {
  return text.replace(/[\u0001-\u0003]/g, "");
}

export function segments(text: string): Segment[] {
  const found: Segment[] = [];
  let kind: Segment["kind"] = "text";
  let from = 0;
  const push = (to: number) => {
    if (to > from) found.push({ kind, text: text.slice(from, to) });
    from = to + 1;
  };
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    if (char === CODE || char === STRESS) {
      push(at);
      kind = char === CODE ? "code" : "stress";
    } else if (char === END) {
      push(at);
      kind = "text";
    }
  }
  push(text.length);
  return found;
}
