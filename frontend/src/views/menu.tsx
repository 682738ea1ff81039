// The downloads: a menu that closes when it is left.
import { useEffect, useRef } from "preact/hooks";
import { saveSvg } from "../charts/export.ts";
import { embedded } from "../embedded.ts";
import { shorten } from "../model/text.ts";
import { routeOf } from "../routes.ts";
import * as state from "../state.ts";

/** What can be taken away: findings, a layer's records, the timeline. */
export function Download() {
  const host = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const leave = (event: Event) => {
      const menu = host.current;
      if (!menu?.open) return;
      const inside = event.target instanceof Node && menu.contains(event.target);
      const key = event instanceof KeyboardEvent ? event.key : null;
      if (key === "Escape") {
        event.preventDefault(); // it closes the menu, and leads nowhere
        menu.querySelector("summary")?.focus();
      }
      if (key === "Escape" || (key === null && !inside)) menu.open = false;
    };
    document.addEventListener("pointerdown", leave);
    document.addEventListener("keydown", leave);
    return () => {
      document.removeEventListener("pointerdown", leave);
      document.removeEventListener("keydown", leave);
    };
  }, []);
  const report = state.report.value;
  if (!report) return null;
  // While another run is read, the files are of that one: it is what the select names.
  const changing = state.changing.value;
  const { run, model } = changing
    ? { run: state.askedRun.value?.run, model: state.askedModel.value }
    : report;
  const file = (what: string, format: string, layer?: number) =>
    routeOf("download", { run, model, what, format, layer });
  const layer = changing ? null : state.selectedLayer.value;
  const path = layer === null ? undefined : report.layers[layer]?.path;
  if (embedded && path === undefined) return null;
  return (
    <details class="menu" ref={host}>
      <summary>Download</summary>
      <ul>
        {!embedded && (
          <>
            <li>
              <a href={file("findings", "json")} download>
                Findings, JSON
              </a>
            </li>
            <li>
              <a href={file("findings", "csv")} download>
                Findings, CSV
              </a>
            </li>
          </>
        )}
        {!embedded && layer !== null && path !== undefined && (
          <li>
            <a href={file("layer", "csv", layer)} download>
              Layer <bdi>{shorten(path, 32)}</bdi>, CSV
            </a>
          </li>
        )}
        {path !== undefined && (
          <li>
            <button type="button" onClick={() => saveSvg(report)}>
              Timeline, SVG
            </button>
          </li>
        )}
      </ul>
    </details>
  );
}
