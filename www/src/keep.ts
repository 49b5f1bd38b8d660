// Preferences outlive the visit where the browser allows it. Where it does not (a sandboxed frame,
// a full or forbidden store) the page works the same and forgets.

const PREFIX = "aof-lab.";

export function kept(name: string): string | null {
  try {
    return localStorage.getItem(PREFIX + name);
  } catch {
    return null;
  }
}

export function keep(name: string, value: string): void {
  try {
    localStorage.setItem(PREFIX + name, value);
  } catch {
    // Nothing to tell: no work is lost, only a preference.
  }
}
