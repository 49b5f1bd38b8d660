import { keep, kept } from "../keep";
import { en } from "./en";
import type { Text } from "./text";
import { zh } from "./zh";

export type Language = "en" | "zh";

function first(): Language {
  const stored = kept("language");
  if (stored === "en" || stored === "zh") return stored;
  return navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
}

class LanguageState {
  current = $state<Language>(first());
  text: Text = $derived(this.current === "zh" ? zh : en);

  switch(): void {
    this.current = this.current === "zh" ? "en" : "zh";
    keep("language", this.current);
  }
}

export const language = new LanguageState();
