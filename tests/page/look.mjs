// Opens a page from disk in headless Chromium and prints what it finds as JSON: errors, requests, overflow, what an
// accessibility checker says. usage: look.mjs PAGE.html MODULES [FOLDER of pictures]
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { join } from "node:path";
import fs from "node:fs";

const [page, modules, pictures] = process.argv.slice(2);
const require = createRequire(join(modules, "package.json"));
const { chromium } = require("playwright-core");
const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const address = pathToFileURL(page).href;
const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
const found = { console: [], requests: [], dialogs: [], overflow: [], violations: [], scripts: 0, title: "" };
try {
  for (const colorScheme of ["light", "dark"]) {
    for (const width of [390, 1280, 1920]) {
      // The page's own policy forbids every script, the checker's, too: it is let past for the checker alone.
      const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme, bypassCSP: true });
      const tab = await context.newPage();
      tab.on("console", (message) => found.console.push(message.text()));
      tab.on("pageerror", (error) => found.console.push(String(error)));
      tab.on("dialog", (dialog) => { found.dialogs.push(dialog.message()); void dialog.dismiss(); });
      tab.on("request", (request) => { if (request.url() !== address) found.requests.push(request.url()); });
      await tab.goto(address);
      found.title = await tab.title();
      found.scripts += await tab.evaluate(() => document.scripts.length + document.images.length + document.querySelectorAll("iframe,object,embed,link").length);
      const wide = await tab.evaluate(() => {
        const room = document.documentElement.clientWidth;
        const inside = (element) => element.closest(".scroll,figure") !== null;
        const out = [...document.querySelectorAll("body *")].filter((element) => !inside(element) && element.getBoundingClientRect().right > room + 1);
        return { page: document.documentElement.scrollWidth - room, out: out.slice(0, 5).map((element) => element.outerHTML.slice(0, 120)) };
      });
      if (wide.page > 0 || wide.out.length > 0) found.overflow.push({ width, ...wide });
      await tab.evaluate(axe);
      const { violations } = await tab.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
      for (const { id, impact, nodes } of violations) {
        found.violations.push({ colorScheme, width, id, impact, count: nodes.length, first: nodes[0]?.html.slice(0, 200), why: nodes[0]?.failureSummary });
      }
      if (pictures) await tab.screenshot({ path: join(pictures, `${colorScheme}-${width}.png`), fullPage: true });
      await context.close();
    }
  }
  // Once more as a reader opens it, its policy in force.
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const tab = await context.newPage();
  tab.on("console", (message) => found.console.push(message.text()));
  tab.on("pageerror", (error) => found.console.push(String(error)));
  tab.on("dialog", (dialog) => { found.dialogs.push(dialog.message()); void dialog.dismiss(); });
  tab.on("request", (request) => { if (request.url() !== address) found.requests.push(request.url()); });
  await tab.goto(address);
  const print = await tab.pdf({ format: "A4" });
  found.printed = print.length;
  if (pictures) fs.writeFileSync(join(pictures, "print.pdf"), print);
} finally {
  await browser.close();
}
console.log(JSON.stringify(found));
