import type { PictureTone } from '../graph-picture.ts';

/** Colours of the drawing, as the theme has them. */
export interface Palette {
  readonly ground: string;
  readonly surface: string;
  readonly line: string;
  readonly lineStrong: string;
  readonly ink: string;
  readonly inkQuiet: string;
  readonly accent: string;
  readonly accentSoft: string;
  readonly sail: string;
  readonly tones: Readonly<Record<PictureTone, string>>;
  readonly softTones: Readonly<Record<PictureTone, string>>;
  /** For texts: darker than fills, so that they can be read. */
  readonly troubleInk: { readonly warn: string; readonly bad: string };
  readonly font: string;
}

/** Reads the colours of the theme in force from the page's style. */
export const readPalette = (): Palette => {
  const style = getComputedStyle(document.documentElement);
  const read = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  return {
    ground: read('ground'),
    surface: read('surface'),
    line: read('line'),
    lineStrong: read('line-strong'),
    ink: read('ink'),
    inkQuiet: read('ink-3'),
    accent: read('accent'),
    accentSoft: read('accent-soft'),
    sail: read('sail'),
    tones: {
      ok: read('ok-fill'),
      warn: read('warn-fill'),
      bad: read('bad-fill'),
      tcp: read('tcp-fill'),
      idle: read('idle-fill'),
    },
    softTones: {
      ok: read('ok-soft'),
      warn: read('warn-soft'),
      bad: read('bad-soft'),
      tcp: read('tcp-soft'),
      idle: read('sunken'),
    },
    troubleInk: { warn: read('warn'), bad: read('bad') },
    font: read('font'),
  };
};
