import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const names = ['chromium', 'chromium-browser', 'google-chrome'] as const;

const isProgram = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

/** The Chromium of the PATH; `CHROMIUM` names another. Undefined: there is none. */
const browserPath: string | undefined =
  process.env['CHROMIUM'] ??
  (process.env['PATH'] ?? '')
    .split(delimiter)
    .flatMap((folder) => names.map((name) => join(folder, name)))
    .find(isProgram);

/** Why tests in a browser cannot run here; false when they can. */
export const noBrowser: string | false =
  browserPath === undefined ? 'chromium is not on the PATH (set CHROMIUM to its location)' : false;

/** How a browser is started. */
export interface BrowserOptions {
  /** Host names and the `address:port` where they are, as in a hosts file; with the port on top. */
  readonly hosts?: Readonly<Record<string, string>>;
}

/** A browser without a screen that asks nobody anything. */
export const startBrowser = ({ hosts = {} }: BrowserOptions = {}): Promise<Browser> => {
  const rules = Object.entries(hosts).map(([host, address]) => `MAP ${host} ${address}`);
  return chromium.launch({
    ...(browserPath !== undefined && { executablePath: browserPath }),
    args: [
      '--no-sandbox',
      '--disable-gpu',
      // Containers have little of /dev/shm.
      '--disable-dev-shm-usage',
      '--disable-background-networking',
      '--disable-component-update',
      '--no-first-run',
      ...(rules.length === 0 ? [] : [`--host-resolver-rules=${rules.join(',')}`]),
    ],
  });
};
