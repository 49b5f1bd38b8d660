// What is said of a failure comes with its pictures: a first visit has none.
import { crash as en } from "./en-crash";
import type { CrashText, Text } from "./text";
import { crash as zh } from "./zh-crash";

export function crashText(tag: Text["tag"]): CrashText {
  return tag === "en" ? en : zh;
}
