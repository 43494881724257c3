import { type Browser, chromium, type Page } from 'playwright-core';

/** Debian's Chromium, kept from the network. */
export const CHROMIUM = {
  executablePath: '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
};

/** Starts the browser. */
export function startChromium(): Promise<Browser> {
  return chromium.launch(CHROMIUM);
}

/** Takes a picture of a page for people to look at, where BERTH_TEST_SCREENSHOTS names a directory. */
export async function photograph(page: Page, name: string): Promise<void> {
  const directory = process.env.BERTH_TEST_SCREENSHOTS;
  if (directory) await page.screenshot({ path: `${directory}/${name}.png`, fullPage: true });
}
