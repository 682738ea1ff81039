// What opens over the page: the documentation of a rule, and the help.
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { RuleExample } from "../api_types.ts";
import * as state from "../state.ts";
import { Copy, Inline } from "./finding.tsx";

type DialogProps = { title: string; onClose: () => void; children: ComponentChildren };

function Dialog({ title, onClose, children }: DialogProps) {
  const host = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    host.current?.showModal();
  }, []);
  return (
    <dialog ref={host} aria-label={title} onClose={onClose}>
      <header>
        <h2>{title}</h2>
        <button
          type="button"
          class="quiet"
          aria-label="Close"
          onClick={() => host.current?.close()}
        >
          ×
        </button>
      </header>
      {children}
    </dialog>
  );
}

/** The documentation of the rule that was asked for. */
export function RuleDialog() {
  const code = state.openRule.value;
  if (code === null) return null;
  const rules = state.rules.value;
  const rule = rules?.find((one) => one.code === code);
  return (
    <Dialog
      title={rule ? `${rule.code} ${rule.name}` : code}
      onClose={() => {
        state.openRule.value = null;
      }}
    >
      {!rule && (
        <p>{rules ? `No rule is called ${code}.` : (state.failures.rules.value ?? "Loading…")}</p>
      )}
      {rule && (
        <>
          <p>{rule.summary}</p>
          {rule.sections.map((section) => (
            <section key={section.title}>
              <h3>{section.title}</h3>
              <Explanation text={section.text} />
            </section>
          ))}
          {rule.examples_note && (
            <section>
              <h3>Examples</h3>
              <Explanation text={rule.examples_note} />
            </section>
          )}
          {rule.examples.map((example) => (
            <Programs key={example.title} example={example} />
          ))}
        </>
      )}
    </Dialog>
  );
}

const INDENT = /^ {4}/;
const LIST = /^([-*] |https?:)/;
const LINK = /(https?:\/\/[^\s,]+)/;

/** Paragraphs, in which what is indented is code and an address is a link. */
function Explanation({ text }: { text: string }) {
  return (
    <>
      {text.split(/\n{2,}/).map((block, at) => {
        const lines = block.split("\n");
        if (lines.every((line) => INDENT.test(line)))
          return (
            <Listing key={at}>
              <span>{lines.map((line) => line.slice(4)).join("\n")}</span>
            </Listing>
          );
        return (
          <p key={at}>
            {(LIST.test(block) ? block : lines.join(" ")).split(LINK).map((part, number) =>
              number % 2 ? (
                <a key={number} href={part} target="_blank" rel="noopener noreferrer">
                  {part}
                </a>
              ) : (
                <Inline key={number} text={part} />
              ),
            )}
          </p>
        );
      })}
    </>
  );
}

const ELEMENTS = { " ": "span", "-": "del", "+": "ins" } as const;

/** A program with its fault and its cure in one: what is taken out and what is put in. */
function Programs({ example }: { example: RuleExample }) {
  const without = (mark: string) =>
    example.lines
      .filter((line) => line.mark !== mark)
      .map((line) => `${line.text}\n`)
      .join("");
  return (
    <section>
      <h3>
        <Inline text={example.title} />
      </h3>
      <Explanation text={example.fault} />
      <Explanation text={`Cure: ${example.cure}`} />
      <p class="quiet-text">
        With the fault <Copy text={without("+")} what="the program with the fault" />
        <span class="second">Cured</span> <Copy text={without("-")} what="the cured program" />
      </p>
      <Listing>
        {example.lines.map((line, at) => {
          const Element = ELEMENTS[line.mark];
          return <Element key={at}>{`${line.mark} ${line.text}\n`}</Element>;
        })}
      </Listing>
    </section>
  );
}

/** Lines of code, which scroll where they are wider than the dialog. */
function Listing({ children }: { children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls needs the keyboard
    <pre tabIndex={0}>
      <code>{children}</code>
    </pre>
  );
}

/** Opens the help. */
export function HelpButton() {
  return (
    <button
      type="button"
      class="quiet"
      aria-label="Help"
      onClick={() => {
        state.helpShown.value = true;
      }}
    >
      ?
    </button>
  );
}

/** What the mouse and the keyboard do here. */
export function HelpDialog() {
  if (!state.helpShown.value) return null;
  return (
    <Dialog
      title="How to read this page"
      onClose={() => {
        state.helpShown.value = false;
      }}
    >
      <p>
        All charts share one axis: the global training step. The left column lists what is wrong.
        Click a finding to select its layers and steps in every chart.
      </p>
      <table>
        <tbody>
          <tr>
            <th scope="row">Drag</th>
            <td>Zooms all charts. Double-click shows all steps again.</td>
          </tr>
          <tr>
            <th scope="row">Click</th>
            <td>Selects a layer and a step.</td>
          </tr>
          <tr>
            <th scope="row">Arrow keys</th>
            <td>
              Move by one record or one layer in the timeline; with Shift, by 50 records. Home and
              End go to the first and the last record. Enter opens the finding under the cursor.
              Space opens layers that look the same, which are one row until then. Escape clears the
              selection there; elsewhere it leads back to all runs.
            </td>
          </tr>
          <tr>
            <th scope="row">Training mode</th>
            <td>The layer normalizes with batch statistics and updates its moving statistics.</td>
          </tr>
          <tr>
            <th scope="row">Inference mode</th>
            <td>The layer normalizes with its moving statistics and changes nothing.</td>
          </tr>
          <tr>
            <th scope="row">Mixed</th>
            <td>
              Both modes ran under a gradient tape, or training mode ran in evaluate or predict.
            </td>
          </tr>
        </tbody>
      </table>
      <p>The address holds the selection: copy the link to show a colleague the same view.</p>
    </Dialog>
  );
}
