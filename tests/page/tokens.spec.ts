// The colours of the layers stay apart in every kind of colour vision, text stays readable on every
// ground, and what a browser loads stays within its budget. No browser is needed for these.
import { readdirSync, readFileSync } from "node:fs";
import { brotliCompressSync } from "node:zlib";
import { expect, test } from "@playwright/test";

const css = readFileSync(new URL("../../www/src/style/tokens.css", import.meta.url), "utf8");

type Vector = [number, number, number];

function token(name: string, theme: "light" | "dark"): Vector {
  const found = new RegExp(`--${name}: light-dark\\((#[0-9a-f]{6}), (#[0-9a-f]{6})\\)`).exec(css);
  const hex = found?.[theme === "light" ? 1 : 2];
  if (!hex) throw new Error(`no token ${name}`);
  const channel = (at: number) => Number.parseInt(hex.slice(at, at + 2), 16) / 255;
  return [channel(1), channel(3), channel(5)];
}

/** Undoes the transfer function of sRGB. */
function linear(colour: Vector): Vector {
  return colour.map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)) as Vector;
}

function times(matrix: number[][], vector: Vector): Vector {
  return matrix.map((row) => row.reduce((sum, m, i) => sum + m * (vector[i] ?? 0), 0)) as Vector;
}

// Machado, Oliveira, Fernandes 2009, severity 1.0, on linear RGB.
const VISIONS: Record<string, number[][]> = {
  normal: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

function lab(rgb: Vector): Vector {
  const clipped = rgb.map((c) => Math.min(1, Math.max(0, c))) as Vector;
  const [x, y, z] = times(
    [
      [0.4124564, 0.3575761, 0.1804375],
      [0.2126729, 0.7151522, 0.072175],
      [0.0193339, 0.119192, 0.9503041],
    ],
    clipped,
  );
  const f = (t: number) => (t > 216 / 24389 ? Math.cbrt(t) : (24389 / 27 / 116) * t + 16 / 116);
  const [fx, fy, fz] = [f(x / 0.95047), f(y), f(z / 1.08883)];
  return [116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)];
}

/** CIEDE2000. */
function distance([l1, a1, b1]: Vector, [l2, a2, b2]: Vector): number {
  const rad = Math.PI / 180;
  const meanC = (Math.hypot(a1, b1) + Math.hypot(a2, b2)) / 2;
  const g = 0.5 * (1 - Math.sqrt(meanC ** 7 / (meanC ** 7 + 25 ** 7)));
  const [p1, p2] = [a1 * (1 + g), a2 * (1 + g)];
  const [c1, c2] = [Math.hypot(p1, b1), Math.hypot(p2, b2)];
  const hue = (b: number, a: number) =>
    a === 0 && b === 0 ? 0 : (Math.atan2(b, a) / rad + 360) % 360;
  const [h1, h2] = [hue(b1, p1), hue(b2, p2)];
  let dh = h2 - h1;
  if (c1 * c2 === 0) dh = 0;
  else if (dh > 180) dh -= 360;
  else if (dh < -180) dh += 360;
  const dH = 2 * Math.sqrt(c1 * c2) * Math.sin((dh / 2) * rad);
  const [meanL, meanP] = [(l1 + l2) / 2, (c1 + c2) / 2];
  let meanH = h1 + h2;
  if (c1 * c2 !== 0) {
    if (Math.abs(h1 - h2) <= 180) meanH /= 2;
    else meanH = meanH < 360 ? (meanH + 360) / 2 : (meanH - 360) / 2;
  }
  const t =
    1 -
    0.17 * Math.cos((meanH - 30) * rad) +
    0.24 * Math.cos(2 * meanH * rad) +
    0.32 * Math.cos((3 * meanH + 6) * rad) -
    0.2 * Math.cos((4 * meanH - 63) * rad);
  const sl = 1 + (0.015 * (meanL - 50) ** 2) / Math.sqrt(20 + (meanL - 50) ** 2);
  const sc = 1 + 0.045 * meanP;
  const sh = 1 + 0.015 * meanP * t;
  const rc = 2 * Math.sqrt(meanP ** 7 / (meanP ** 7 + 25 ** 7));
  const rt = -Math.sin(60 * Math.exp(-(((meanH - 275) / 25) ** 2)) * rad) * rc;
  const [dl, dc, dhh] = [(l2 - l1) / sl, (c2 - c1) / sc, dH / sh];
  return Math.sqrt(dl ** 2 + dc ** 2 + dhh ** 2 + rt * dc * dhh);
}

const FLOOR = { light: 23, dark: 18 };

for (const theme of ["light", "dark"] as const) {
  test(`layers stay apart in every vision, ${theme}`, () => {
    for (const [vision, matrix] of Object.entries(VISIONS)) {
      const seen = (name: string) => lab(times(matrix, linear(token(name, theme))));
      for (const [one, other] of [
        ["mem", "cache"],
        ["cache", "disk"],
        ["mem", "disk"],
        ["mem", "child"],
        ["cache", "child"],
        ["disk", "child"],
      ] as const) {
        const apart = distance(seen(one), seen(other));
        expect(apart, `${one} and ${other}, ${vision}`).toBeGreaterThan(FLOOR[theme]);
      }
    }
  });

  test(`text is readable on every ground, ${theme}`, () => {
    const luminance = (name: string) => {
      const [r, g, b] = linear(token(name, theme));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const contrast = (one: string, other: string) => {
      const [a, b] = [luminance(one), luminance(other)].sort((x, y) => y - x) as [number, number];
      return (a + 0.05) / (b + 0.05);
    };
    const layers = ["mem", "cache", "disk", "child"];
    const words = ["ink", "ink-2", "ink-3", "ghost", ...layers.map((name) => `${name}-text`)];
    for (const word of words) {
      for (const ground of ["paper", "surface", "sunk"]) {
        expect(contrast(word, ground), `${word} on ${ground}`).toBeGreaterThanOrEqual(4.5);
      }
    }
    expect(contrast("on-disk", "disk")).toBeGreaterThanOrEqual(4.5);
    for (const edge of ["edge", ...layers]) {
      expect(contrast(edge, "surface"), `${edge} on surface`).toBeGreaterThanOrEqual(3);
    }
  });
}

const assets = new URL("../../www/dist/assets/", import.meta.url);
const read = (name: string) => readFileSync(new URL(name, assets));
const packed = (names: string[]) =>
  names.map((name) => brotliCompressSync(read(name)).length).reduce((sum, bytes) => sum + bytes, 0);

/** A chunk and everything that it imports at once. What it imports later is left out. */
function withImports(name: string, found = new Set<string>()): Set<string> {
  if (found.has(name)) return found;
  found.add(name);
  const script = read(name).toString("utf8");
  for (const [, other] of script.matchAll(/(?:from|import)\s*"\.\/([^"]+\.js)"/g)) {
    if (other) withImports(other, found);
  }
  return found;
}

test("scripts and styles keep their budget", () => {
  const all = readdirSync(assets);
  const scripts = all.filter((name) => name.endsWith(".js"));
  const html = readFileSync(new URL("../index.html", assets), "utf8");
  const entry = /src="\.\/assets\/([^"]+\.js)"/.exec(html)?.[1] ?? "";
  // The engine's glue is fetched by a call, but nothing can be shown without it.
  const glue = scripts.filter((name) => name.startsWith("aof_web-"));
  const first = new Set([...withImports(entry), ...glue]);
  const later = scripts.filter((name) => !first.has(name));
  expect(glue).toHaveLength(1);
  expect(later.some((name) => name.startsWith("lazy-"))).toBe(true);
  expect(packed([...first])).toBeLessThanOrEqual(59 * 1024);
  // Scenes of a rewrite, a failure, the bytes of a file, tables: each on its own when it is wanted.
  expect(packed(later)).toBeLessThanOrEqual(54 * 1024);
  expect(packed(all.filter((name) => name.endsWith(".css")))).toBeLessThanOrEqual(13 * 1024);
});
