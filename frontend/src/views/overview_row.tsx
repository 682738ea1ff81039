// One run in the table of all runs: what is wrong, its loss, its modes; each cell leads to the run.
import { useMemo } from "preact/hooks";
import type { OverviewRow } from "../api_types.ts";
import { isUnread, type Line, modesInWords } from "../model/overview.ts";
import {
  count,
  formatNumber,
  formatStep,
  formatWhole,
  SEVERITY_MARKS,
  shortRun,
} from "../model/text.ts";
import * as table from "../table.ts";
import { placeLink } from "./link.tsx";
import { smallLine, smallStrip } from "./small.tsx";

const SHOWN_CODES = 4;

type Found = OverviewRow["findings"][number];

type RunRowProps = { line: Line; index: number; ticked: boolean };

/**
 * The row; drawn again only where its run or its tick changes. Functions make what it holds, not
 * components: of these each has an effect, and a quick scroll draws ten rows in a frame.
 */
export function RunRow({ line, index, ticked }: RunRowProps) {
  const { entry, row } = line;
  const cells = useMemo(() => cellsOf(entry.run, row, ticked), [entry.run, row, ticked]);
  return (
    <tr aria-rowindex={index + 2} data-index={index} class={row?.worst ?? ""}>
      {cells}
    </tr>
  );
}

function cellsOf(run: string, row: OverviewRow | null, ticked: boolean) {
  const name = shortRun(run);
  const whole = shortRun(run, 200);
  const onOpen = () => {
    table.opened.value = run;
  };
  const to = { run };
  const link: Link = { to, onOpen, tabIndex: -1 };
  return (
    <>
      <td class="tick">
        <input
          type="checkbox"
          checked={ticked}
          aria-label={`Compare ${name}`}
          onChange={() => table.tick(run)}
        />
      </td>
      <th scope="row" class="run">
        {placeLink({ to, onOpen, title: run, "aria-label": whole }, nameOf(whole))}
      </th>
      {row === null ? (
        <td colSpan={5} class="quiet-text">
          not read yet
        </td>
      ) : (
        <>
          <td class="codes">{foundIn(row, link)}</td>
          <td>{lossOf(row, link, name)}</td>
          <td>{row.layers > 0 && modesOf(row, link, name)}</td>
          <td class="number">{placeLink(link, formatWhole(row.layers))}</td>
          <td class="number">{row.steps && placeLink(link, formatStep(row.steps[1] ?? 0))}</td>
        </>
      )}
    </>
  );
}

type Link = { to: { run: string }; onOpen: () => void; tabIndex: number };

const TAIL = 14;

/** A name of which the beginning is cut where there is no room: the runs of a sweep differ in the end. */
function nameOf(name: string) {
  const characters = [...name];
  return (
    <bdi>
      <span class="head">{characters.slice(0, -TAIL).join("")}</span>
      <span class="tail">{characters.slice(-TAIL).join("")}</span>
    </bdi>
  );
}

/** The findings, the worst first; else what was looked at. */
function foundIn(row: OverviewRow, link: Link) {
  const more = row.findings.length - SHOWN_CODES;
  const chip = { ...link, class: "chip-link" };
  if (isUnread(row)) {
    const { to, onOpen } = link;
    const text = `⚠ ${row.notes[0] ?? "nothing can be shown of it"}`;
    return placeLink({ to, onOpen, class: "chip-link", title: row.notes.join("\n") }, text);
  }
  return (
    <>
      {row.crashed > 0 && <span class="wrong">{count(row.crashed, "rule")} crashed </span>}
      {row.findings.slice(0, SHOWN_CODES).map((found) => chipOf(found, chip))}
      {more > 0 && placeLink(chip, `and ${more} more`)}
      {row.findings.length === 0 &&
        placeLink(chip, row.passed ? "nothing wrong" : "nothing checked")}
      {row.findings.length === 0 && (
        <span class="quiet-text">
          {row.passed} passed, {row.not_checked} not checked
          {row.expected > 0 && `, ${row.expected} expected`}
        </span>
      )}
    </>
  );
}

type Chip = Link & { class: string };

function chipOf({ code, name, severity, layers, model, message }: Found, chip: Chip) {
  const to = { ...chip.to, model: model ?? "", finding: code };
  return placeLink(
    { ...chip, to, class: `chip-link ${severity}`, title: message },
    <>
      <span class="mark" aria-hidden="true">
        {SEVERITY_MARKS[severity]}
      </span>{" "}
      <span class="visually-hidden">{severity} </span>
      {code}
      <span class="visually-hidden"> {name}</span>
      {layers > 0 && <span class="quiet-text"> {count(layers, "layer")}</span>}
    </>,
  );
}

function modesOf(row: OverviewRow, link: Link, name: string) {
  const words = modesInWords(row);
  const told = { ...link, "aria-label": `${name}: ${words}`, title: words };
  return placeLink(told, smallStrip(row.training_share));
}

function lossOf({ curve }: OverviewRow, link: Link, name: string) {
  if (curve === null) return <span class="quiet-text">no loss</span>;
  const [first = null, last = null] = curve.ends;
  const lost = curve.not_finite_at;
  const words = [
    `${curve.name} from ${formatNumber(first)} to ${formatNumber(last)}`,
    ...(lost === null ? [] : [`NaN at step ${formatStep(lost)}`]),
  ].join(", ");
  return placeLink(
    { ...link, class: "loss", title: words, "aria-label": `${name}: ${words}` },
    <>
      {smallLine(curve)}
      {lost === null ? formatNumber(last) : <span class="wrong">NaN</span>}
    </>,
  );
}
