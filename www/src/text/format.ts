import type { KeyView } from "../types";
import { visible } from "./markup";

/** The thin space between a number and its unit. */
export const THIN = "\u2009";

/** One word as redis-cli would take it: quoted when it is empty or holds blanks or quotes. */
function quoted(word: string): string {
  const shown = visible(word);
  return shown === "" || /[\s"']/.test(shown) ? `"${shown.replace(/"/g, '\\"')}"` : shown;
}

export function commandText(words: readonly string[]): string {
  return words.map(quoted).join(" ");
}

/** What a key holds; `more` words the number of elements that are left out. */
export function valueText(key: KeyView, more: (count: number) => string, most = Infinity): string {
  const { value } = key;
  const cut = key.more > 0 ? `${value.slice(0, -1)}, … ${more(key.more)}${value.slice(-1)}` : value;
  return visible(shortened(cut, most));
}

export function shortened(text: string, most: number): string {
  const chars = [...text];
  return chars.length <= most ? text : chars.slice(0, most - 1).join("") + "…";
}

/** Name and key, for places where the whole command would not fit. */
export function keyed(words: readonly string[], most = 12): string {
  return shortened(commandText(words.slice(0, 2)), most);
}

/** A reply as the wire carries it: `+OK` for OK, everything else as it is. */
export function replyText(text: string): string {
  return text === "OK" || text === "PONG" || text === "QUEUED" ? `+${text}` : text;
}

/** A duration in its natural unit; number and unit apart, since languages name units apart. */
export function duration(micros: number): { value: string; unit: "us" | "ms" | "s" } {
  if (micros < 1_000) return { value: String(micros), unit: "us" };
  if (micros < 1_000_000) {
    const millis = micros / 1_000;
    return { value: millis < 10 ? trimmed(millis, 1) : String(Math.round(millis)), unit: "ms" };
  }
  return { value: trimmed(micros / 1_000_000, 3), unit: "s" };
}

function trimmed(value: number, digits: number): string {
  return value.toFixed(digits).replace(/\.?0+$/, "");
}

/** Simulated time as a clock reading: always three decimals. */
export function clock(micros: number): string {
  return (micros / 1_000_000).toFixed(3) + THIN + "s";
}

/** Grouped digits from ten thousand on; bytes are never rounded. */
export function grouped(value: number): string {
  return value < 10_000 ? String(value) : value.toLocaleString("en-US");
}

const DECODER = new TextDecoder("utf-8", { fatal: false });

/** RESP bytes on one line, a CRLF as one glyph. */
export function bytesText(bytes: Uint8Array, most = 400): string {
  const text = DECODER.decode(bytes.subarray(0, most)).replace(/\r\n/g, "\n");
  const shown = visible(text.replace(/\n/g, "\u21b5"));
  return bytes.length > most ? shown + "…" : shown;
}
