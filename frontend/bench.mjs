// Measures the page at ADDRESS in Chromium, and prints JSON: of a run { painted_ms, in_frame_ms, move_ms },
// of the table of all runs { listed_to_painted_ms, in_frame_ms, read_ms, scroll_ms, slow_scroll_ms,
// script_ms, slow_script_ms, long_tasks }.
import { chromium } from "@playwright/test";
import { LAUNCH } from "./chromium.ts";

const [, , address, view = "run"] = process.argv;
const ROUNDS = 5;
const MOVES = 200;
const WHEELS = 400;

const browser = await chromium.launch(LAUNCH);

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

async function measureRun() {
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
  return {
    painted_ms: median(painted),
    in_frame_ms: median(inFrame),
    move_ms: median(moves),
  };
}

// In the frame: when the list of runs had come, and when its rows were first painted.
function noteRows() {
  const look = () => {
    if (document.querySelector("tr[data-index] th a")) {
      requestAnimationFrame(() => {
        const listed = performance
          .getEntriesByType("resource")
          .find(({ name }) => /runs$/.test(name));
        window.painted = { inFrame: performance.now(), listed: listed?.responseEnd ?? 0 };
      });
      return;
    }
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}

// How long the frames take in which the table is scrolled by several rows.
async function timeScroll(frames) {
  const box = document.querySelector(".runs");
  const times = [];
  let before = performance.now();
  for (let frame = 0; frame < frames; frame++) {
    box.scrollTop = (frame * 170) % (box.scrollHeight - box.clientHeight);
    await new Promise(requestAnimationFrame);
    const now = performance.now();
    times.push(now - before);
    before = now;
  }
  return times.sort((one, other) => one - other);
}

// Turns the wheel over the table as a quick hand does, ten rows at a time, down and up. Gives the
// script of each frame in which it scrolled, in time of its thread: what else runs on the machine
// would be counted in that of the clock. And the tasks of the page that took longer than 50 ms.
async function turnWheel(page, frame) {
  await frame.evaluate(() => {
    window.longTasks = 0;
    new PerformanceObserver((list) => {
      window.longTasks += list.getEntries().length;
    }).observe({ type: "longtask" });
  });
  await browser.startTracing(page, { categories: ["devtools.timeline"] });
  await page.mouse.move(700, 600);
  for (let turn = 0; turn < WHEELS; turn++) {
    await page.mouse.wheel(0, turn < WHEELS / 2 ? 340 : -340);
    await page.waitForTimeout(16);
  }
  const { traceEvents } = JSON.parse(await browser.stopTracing());
  const scrolled = traceEvents.filter(
    ({ name, args }) => name === "EventDispatch" && args.data?.type === "scroll",
  );
  return {
    script: scrolled.map(({ tdur }) => tdur / 1000).sort((one, other) => one - other),
    longTasks: await frame.evaluate(() => window.longTasks),
  };
}

async function measureTable() {
  const page = await browser.newPage({ viewport: { width: 1400, height: 1000 } });
  await page.addInitScript(noteRows);
  await page.goto(`${address}#batch_norm`, { waitUntil: "commit" });
  const frame = await (await page.waitForSelector("iframe")).contentFrame();
  const seen = await (await frame.waitForFunction(() => window.painted)).jsonValue();
  const begin = Date.now();
  await frame.waitForSelector("html[data-settled=yes]", { timeout: 400_000 });
  const read = Date.now() - begin;
  const times = await frame.evaluate(timeScroll, MOVES);
  const { script, longTasks } = await turnWheel(page, frame);
  return {
    listed_to_painted_ms: seen.inFrame - seen.listed,
    in_frame_ms: seen.inFrame,
    read_ms: read,
    scroll_ms: times[Math.floor(times.length / 2)],
    slow_scroll_ms: times[Math.floor(0.95 * times.length)],
    script_ms: script[Math.floor(script.length / 2)],
    slow_script_ms: script[Math.floor(0.99 * script.length)],
    long_tasks: longTasks,
  };
}

const measured = await (view === "table" ? measureTable() : measureRun());
await browser.close();
console.log(JSON.stringify(measured));
