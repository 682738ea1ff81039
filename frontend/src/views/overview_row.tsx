// One run in the table of all runs: what is wrong, its loss, its modes; each cell leads to the run.
import { useMemo } from "preact/hooks";
import type { OverviewRow } from "../api_types.ts";
import { isUnread, type Line, modesInWords } from "../model/overview.ts";
import { count, formatNumber, formatStep, SEVERITY_MARKS, shorten } from "../model/text.ts";
import * as table from "../table.ts";
import { PlaceLink } from "./link.tsx";
import { SmallLine, SmallStrip } from "./small.tsx";

const SHOWN_CODES = 4;

type RunRowProps = { line: Line; index: number; ticked: boolean };

/** The row; drawn again only where its run or its tick changes. */
export function RunRow({ line, index, ticked }: RunRowProps) {
  const { entry, row } = line;
  const cells = useMemo(
    () => <Cells run={entry.run} row={row} ticked={ticked} />,
    [entry.run, row, ticked],
  );
  return (
    <tr aria-rowindex={index + 2} data-index={index} class={row?.worst ?? ""}>
      {cells}
    </tr>
  );
}

function Cells({ run, row, ticked }: { run: string; row: OverviewRow | null; ticked: boolean }) {
  const name = shorten(run);
  const open = () => {
    table.opened.value = run;
  };
  const to = { run };
  const link = { to, onOpen: open, tabIndex: -1 };
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
        <PlaceLink to={to} onOpen={open} title={run} aria-label={shorten(run, 200)}>
          <Name name={shorten(run, 200)} />
        </PlaceLink>
      </th>
      {row === null ? (
        <td colSpan={5} class="quiet-text">
          not read yet
        </td>
      ) : (
        <>
          <td class="codes">
            <Found run={run} row={row} onOpen={open} />
          </td>
          <td>
            <Loss row={row} link={link} name={name} />
          </td>
          <td>
            {row.layers > 0 && (
              <PlaceLink
                {...link}
                aria-label={`${name}: ${modesInWords(row)}`}
                title={modesInWords(row)}
              >
                <SmallStrip shares={row.training_share} />
              </PlaceLink>
            )}
          </td>
          <td class="number">
            <PlaceLink {...link}>{row.layers.toLocaleString("en-US")}</PlaceLink>
          </td>
          <td class="number">
            {row.steps && <PlaceLink {...link}>{formatStep(row.steps[1] ?? 0)}</PlaceLink>}
          </td>
        </>
      )}
    </>
  );
}

const TAIL = 14;

/** A name of which the beginning is cut where there is no room: the runs of a sweep differ in the end. */
function Name({ name }: { name: string }) {
  const characters = [...name];
  return (
    <bdi>
      <span class="head">{characters.slice(0, -TAIL).join("")}</span>
      <span class="tail">{characters.slice(-TAIL).join("")}</span>
    </bdi>
  );
}

type FoundProps = { run: string; row: OverviewRow; onOpen: () => void };

/** The findings, the worst first; else what was looked at. */
function Found({ run, row, onOpen }: FoundProps) {
  const more = row.findings.length - SHOWN_CODES;
  if (isUnread(row)) {
    return (
      <PlaceLink to={{ run }} onOpen={onOpen} class="chip-link" title={row.notes.join("\n")}>
        ⚠ {row.notes[0] ?? "nothing can be shown of it"}
      </PlaceLink>
    );
  }
  return (
    <>
      {row.crashed > 0 && <span class="wrong">{count(row.crashed, "rule")} crashed </span>}
      {row.findings.slice(0, SHOWN_CODES).map((found) => (
        <PlaceLink
          key={found.code}
          to={{ run, model: found.model ?? "", finding: found.code }}
          onOpen={onOpen}
          tabIndex={-1}
          class={`chip-link ${found.severity}`}
          title={found.message}
        >
          <span class="mark" aria-hidden="true">
            {SEVERITY_MARKS[found.severity]}
          </span>{" "}
          <span class="visually-hidden">{found.severity} </span>
          {found.code}
          <span class="visually-hidden"> {found.name}</span>
          {found.layers > 0 && <span class="quiet-text"> {count(found.layers, "layer")}</span>}
        </PlaceLink>
      ))}
      {more > 0 && (
        <PlaceLink to={{ run }} onOpen={onOpen} tabIndex={-1} class="chip-link">
          and {more} more
        </PlaceLink>
      )}
      {row.findings.length === 0 && (
        <PlaceLink to={{ run }} onOpen={onOpen} tabIndex={-1} class="chip-link">
          {row.passed ? "nothing wrong" : "nothing checked"}
        </PlaceLink>
      )}
      {row.findings.length === 0 && (
        <span class="quiet-text">
          {row.passed} passed, {row.not_checked} not checked
          {row.expected > 0 && `, ${row.expected} expected`}
        </span>
      )}
    </>
  );
}

type LossProps = {
  row: OverviewRow;
  link: { to: { run: string }; onOpen: () => void; tabIndex: number };
  name: string;
};

function Loss({ row, link, name }: LossProps) {
  const { curve } = row;
  if (curve === null) return <span class="quiet-text">no loss</span>;
  const [first = null, last = null] = curve.ends;
  const lost = curve.not_finite_at;
  const words = [
    `${curve.name} from ${formatNumber(first)} to ${formatNumber(last)}`,
    ...(lost === null ? [] : [`NaN at step ${formatStep(lost)}`]),
  ].join(", ");
  return (
    <PlaceLink {...link} class="loss" title={words} aria-label={`${name}: ${words}`}>
      <SmallLine curve={curve} />
      {lost === null ? formatNumber(last) : <span class="wrong">NaN</span>}
    </PlaceLink>
  );
}
