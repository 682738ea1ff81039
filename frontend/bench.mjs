// Measures the page at ADDRESS in Chromium: prints { painted_ms, in_frame_ms, move_ms } as JSON.
import { existsSync } from "node:fs";
import { chromium } from "@playwright/test";

const [, , address] = process.argv;
const ROUNDS = 5;
const MOVES = 200;

const known = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const executablePath = process.env.CHROMIUM || known.find((path) => existsSync(path));
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });

const median = (values) => values.sort((one, other) => one - other)[Math.floor(values.length / 2)];

// In every frame, before anything else: note when the timeline first has pixels.
function notePainted() {
  const look = () => {
    const canvas = document.querySelector("[aria-label='Effective mode'] canvas");
    if (canvas?.width > 100) {
      const { data } = canvas.getContext("2d").getImageData(canvas.width / 2, 2, 1, 1);
      if (data[3] === 255) {
        window.painted = { inFrame: performance.now(), at: Date.now() };
        return;
      }
    }
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}

// How long the script of one cursor move takes, with all that it draws anew.
async function timeMoves(moves) {
  const picture = document.querySelector("[aria-label='Effective mode'] .plot");
  const box = picture.getBoundingClientRect();
  const drained = () =>
    new Promise((resolve) => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = resolve;
      port2.postMessage(null);
    });
  const times = [];
  for (let move = 0; move < moves; move++) {
    await new Promise(requestAnimationFrame);
    const place = {
      bubbles: true,
      clientX: box.left + 60 + ((move * 37) % (box.width - 80)),
      clientY: box.top + ((move * 13) % box.height),
    };
    const begin = performance.now();
    picture.dispatchEvent(new PointerEvent("pointermove", place));
    await drained();
    times.push(performance.now() - begin);
  }
  return times;
}

const painted = [];
const inFrame = [];
let moves = [];
for (let round = 0; round < ROUNDS; round++) {
  const page = await browser.newPage({ viewport: { width: 1400, height: 1000 } });
  await page.addInitScript(notePainted);
  const begin = Date.now();
  await page.goto(address, { waitUntil: "commit" });
  const frame = await (await page.waitForSelector("iframe")).contentFrame();
  const seen = await (await frame.waitForFunction(() => window.painted)).jsonValue();
  painted.push(seen.at - begin);
  inFrame.push(seen.inFrame);
  if (round === ROUNDS - 1) {
    await frame.waitForSelector(".map-scroll .bn");
    moves = await frame.evaluate(timeMoves, MOVES);
  }
  await page.close();
}
await browser.close();
console.log(
  JSON.stringify({
    painted_ms: median(painted),
    in_frame_ms: median(inFrame),
    move_ms: median(moves),
  }),
);
