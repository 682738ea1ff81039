// One finding in full: the fix first, then evidence, why it matters, when it is fine.
import { useSignal } from "@preact/signals";
import type { Outcome } from "../api_types.ts";
import { formatNumber, SEVERITY_MARKS, shorten } from "../model/text.ts";
import * as state from "../state.ts";

/** Mark and word, so that colour is not the only channel. */
export function SeverityMark({ severity }: { severity: Outcome["severity"] }) {
  return (
    <span class={`severity ${severity}`}>
      <span aria-hidden="true">{SEVERITY_MARKS[severity]}</span> {severity}
    </span>
  );
}

const SHOWN_LAYERS = 6;

/** The line of the program that has to change, its neighbours, and who called it. */
function Place({ place }: { place: NonNullable<Outcome["place"]> }) {
  const first = place.line - place.before.length;
  const lines = dedented([...place.before, place.text, ...place.after]);
  const digits = String(first + lines.length - 1).length;
  const where = `${place.file}:${place.line}`;
  return (
    <div class="place">
      <h3>
        {where} <Copy text={where} what="the place" />
      </h3>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls needs the keyboard */}
      <pre tabIndex={0}>
        <code>
          {lines.map((text, index) => {
            const here = index === place.before.length;
            return (
              <span key={index} class={here ? "here" : undefined}>
                {`${here ? ">" : " "} ${String(first + index).padStart(digits)}  ${text}\n`}
              </span>
            );
          })}
        </code>
      </pre>
      {place.callers.length > 0 && (
        <p>Called from {place.callers.map((line) => `${line.file}:${line.line}`).join(", ")}</p>
      )}
    </div>
  );
}

/** The lines without the indentation that all of them have. */
function dedented(lines: readonly string[]): string[] {
  const indents = lines.filter((text) => text.trim()).map((text) => text.search(/\S/));
  const common = Math.min(...indents);
  return lines.map((text) => text.slice(Number.isFinite(common) ? common : 0));
}

/** What opens under a selected finding. */
export function FindingDetails({ outcome }: { outcome: Outcome }) {
  const evidence = Object.entries(outcome.evidence);
  return (
    <div class="finding-details">
      {outcome.place && <Place place={outcome.place} />}
      {outcome.fix && (
        <div class="fix">
          <h3>
            What to do <Copy text={outcome.fix} what="what to do" />
          </h3>
          <Code text={outcome.fix} />
        </div>
      )}
      {outcome.why && (
        <>
          <h3>Why it matters</h3>
          <Code text={outcome.why} />
        </>
      )}
      {evidence.length > 0 && (
        <>
          <h3>Evidence</h3>
          <table class="evidence">
            <tbody>
              {evidence.map(([name, value]) => (
                <tr key={name}>
                  <th scope="row">{name.replaceAll("_", " ")}</th>
                  <td>{evidenceText(value)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </>
      )}
      {outcome.layers.length > 0 && (
        <>
          <h3>Layers</h3>
          <p class="layer-names">
            {outcome.layers.slice(0, SHOWN_LAYERS).map((path) => (
              <LayerLink key={path} path={path} />
            ))}
            {outcome.layers.length > SHOWN_LAYERS &&
              ` and ${outcome.layers.length - SHOWN_LAYERS} more`}
          </p>
        </>
      )}
      {outcome.fine_when && (
        <>
          <h3>When it is fine</h3>
          <Code text={outcome.fine_when} />
        </>
      )}
      <p>
        <button
          type="button"
          class="link"
          onClick={() => {
            state.openRule.value = outcome.code;
          }}
        >
          All about {outcome.code}
        </button>
      </p>
    </div>
  );
}

function evidenceText(value: Outcome["evidence"][string]): string {
  if (typeof value === "number") return formatNumber(value);
  if (typeof value === "boolean") return value ? "yes" : "no";
  return value ?? "–";
}

function LayerLink({ path }: { path: string }) {
  const at = state.report.value?.layers.findIndex((layer) => layer.path === path) ?? -1;
  return (
    <button
      type="button"
      class="link layer-name"
      title={path}
      onClick={() => state.selectCell(at >= 0 ? at : null, null)}
    >
      {shorten(path, 36)}
    </button>
  );
}

/** Paragraphs in which `code` is set as code. */
export function Code({ text }: { text: string }) {
  return (
    <>
      {text.split(/\n{2,}/).map((block, at) => (
        <p key={at}>
          <Inline text={block} />
        </p>
      ))}
    </>
  );
}

/** A line in which `code` is set as code. */
export function Inline({ text }: { text: string }) {
  return (
    <>
      {text.split(/`+([^`]+)`+/).map((part, at) => (at % 2 ? <code key={at}>{part}</code> : part))}
    </>
  );
}

/** Copies a text, and says so until it is left. */
export function Copy({ text, what }: { text: string; what: string }) {
  const copied = useSignal<string | null>(null);
  const leave = () => {
    copied.value = null;
  };
  return (
    <button
      type="button"
      class="copy"
      aria-label={`Copy ${what}`}
      onBlur={leave}
      onPointerLeave={leave}
      onClick={async () => {
        try {
          await navigator.clipboard.writeText(text);
          copied.value = text;
        } catch {
          copied.value = null; // without focus or permission the text can be selected by hand
        }
      }}
    >
      {copied.value === text ? "copied" : "copy"}
    </button>
  );
}
