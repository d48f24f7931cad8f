/** Where Debian's Chromium is; `CHROMIUM` names another. */
export const browserPath: string = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

/** A browser without a screen that asks nobody anything. */
export const browserArguments: string[] = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--no-first-run',
];
