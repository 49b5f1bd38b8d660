import { keep, kept } from "./keep";

export type Theme = "system" | "light" | "dark";

function firstTheme(): Theme {
  const stored = kept("theme");
  return stored === "light" || stored === "dark" ? stored : "system";
}

/** A media query as a value that follows it. */
class Media {
  matches = $state(false);

  constructor(query: string) {
    const list = matchMedia(query);
    this.matches = list.matches;
    list.addEventListener("change", (event) => (this.matches = event.matches));
  }
}

const reduced = new Media("(prefers-reduced-motion: reduce)");
const phone = new Media("(max-width: 599.98px)");
const strip = new Media("(max-width: 899.98px)");
const low = new Media("(max-height: 759.98px)");
const folded = new Media("(max-width: 1199.98px)");

class Settings {
  theme = $state<Theme>(firstTheme());
  wantsMotion = $state(kept("motion") !== "off");
  moves = $derived(this.wantsMotion && !reduced.matches);

  setTheme(theme: Theme): void {
    this.theme = theme;
    keep("theme", theme);
  }

  setMotion(on: boolean): void {
    this.wantsMotion = on;
    keep("motion", on ? "on" : "off");
  }
}

export const settings = new Settings();

export const viewport = {
  get phone(): boolean {
    return phone.matches;
  },
  get strip(): boolean {
    return strip.matches;
  },
  get low(): boolean {
    return low.matches;
  },
  get folded(): boolean {
    return folded.matches;
  },
};
