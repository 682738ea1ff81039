// TensorBoard imports this module and calls `render`.
import { render as renderInto } from "preact";
import { start } from "./load.ts";
import { markSettled } from "./settled.ts";
import { followTheme } from "./theme.ts";
import { Page } from "./views/page.tsx";

/** Shows the page in the document that TensorBoard has made for it. */
export function render(): void {
  document.documentElement.lang = "en";
  document.title = "Batch Norm";
  const style = document.createElement("link");
  style.rel = "stylesheet";
  style.href = "./style.css";
  const host = document.createElement("div");
  host.id = "page";
  document.body.append(host);
  const show = () => {
    followTheme();
    markSettled();
    renderInto(<Page />, host);
    void start();
  };
  // Canvases read their colours from the style sheet, so it comes first.
  style.addEventListener("load", show, { once: true });
  style.addEventListener("error", show, { once: true });
  document.head.append(style);
}
