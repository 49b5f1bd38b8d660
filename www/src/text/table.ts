// Only tables and what hangs on a failure need these words, so they are no part of a first visit.
import { table as en } from "./en-table";
import type { TableText, Text } from "./text";
import { table as zh } from "./zh-table";

export function tableText(tag: Text["tag"]): TableText {
  return tag === "en" ? en : zh;
}
