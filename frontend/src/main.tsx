// TensorBoard imports this module and calls `render`; a report file holds it and its answers.
import { render as renderInto } from "preact";
import { embedded } from "./embedded.ts";
import { start } from "./load.ts";
import { markSettled } from "./settled.ts";
import { followTheme } from "./theme.ts";
import { Page } from "./views/page.tsx";

/** Shows the page in the document that TensorBoard has made for it. */
export function render(): void {
  document.documentElement.lang = "en";
  document.title = "Batch Norm";
  const host = document.createElement("div");
  host.id = "page";
  document.body.append(host);
  const show = () => {
    followTheme();
    markSettled();
    renderInto(<Page />, host);
    void start();
  };
  if (embedded) {
    show();
    return;
  }
  const style = document.createElement("link");
  style.rel = "stylesheet";
  style.href = "./style.css";
  // Canvases read their colours from the style sheet, so it comes first.
  style.addEventListener("load", show, { once: true });
  style.addEventListener("error", show, { once: true });
  document.head.append(style);
}

if (embedded) render();
