// One layer: moving against batch statistics, its channels, its facts, and how it was called.
import { useMemo } from "preact/hooks";
import type { Layer as LayerAnswer, LayerRow, Report } from "../api_types.ts";
import { type Line, Lines } from "../charts/lines.tsx";
import { embedded } from "../embedded.ts";
import { formatExecutions, formatNumber, formatShape, formatStep, shorten } from "../model/text.ts";
import * as state from "../state.ts";
import { Channels } from "./channels.tsx";
import { HeldBatch } from "./held_batch.tsx";
import { Scroll } from "./scroll.tsx";
import { Steady } from "./steady.tsx";

/** The panel of the layer that is selected. */
export function Layer() {
  const report = state.report.value;
  const at = state.selectedLayer.value;
  const row = at === null ? undefined : report?.layers[at];
  if (!report || at === null || !row) return null;
  const data = state.layerData.value;
  const failed = state.failures.layer.value !== null;
  return (
    <section class="region" aria-label="Layer">
      <h2>
        Layer{" "}
        <select
          aria-label="Layer"
          value={String(at)}
          onChange={(event) => state.selectCell(Number(event.currentTarget.value), null)}
        >
          {report.layers.map((layer, index) => (
            <option key={layer.path} value={String(index)}>
              {shorten(layer.path, 60)}
            </option>
          ))}
        </select>
      </h2>
      <Facts row={row} />
      <Steady waiting={data === null && !failed}>
        {data?.held_batch && <HeldBatch held={data.held_batch} />}
        {data && <Charts data={data} phases={report.phases} />}
        {data && <Ledger data={data} row={row} />}
        {data === null && (
          <p class="quiet-text">
            {failed ? "The records of this layer could not be read." : "Reading the layer…"}
          </p>
        )}
      </Steady>
    </section>
  );
}

function Facts({ row }: { row: LayerRow }) {
  const facts: [string, string][] = [
    ["class", row.layer_class],
    ["channels", formatNumber(row.channels)],
    ["momentum", formatNumber(row.momentum)],
    ["epsilon", formatNumber(row.epsilon)],
    ["axis", row.axis.join(", ") || "–"],
    ["statistics dtype", row.dtype ?? "–"],
    ["started from", row.start],
    ["synchronized across replicas", yesNo(row.synchronized)],
  ];
  return (
    <dl class="facts-list">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

type ChartsProps = { data: LayerAnswer; phases: Report["phases"] };

function Charts({ data, phases: all }: ChartsProps) {
  const phases = useMemo(() => all.slice(1).map((phase) => phase.step), [all]);
  const lines = useMemo(() => {
    const line = (name: string, title: string, color: string, dash?: number[]): Line[] => {
      const values = data.series[name];
      if (!values?.some((value) => value !== null)) return [];
      return [{ name: title, steps: data.steps, values, color, ...(dash ? { dash } : {}) }];
    };
    const held = (name: "batch_mean" | "batch_variance", title: string): Line[] => {
      const values = data.held_batch?.series[name];
      if (!data.held_batch || !values?.some((value) => value !== null)) return [];
      const { steps } = data.held_batch;
      return [{ name: title, steps, values, color: "line-3", width: 1, points: true }];
    };
    const band = (bands: (number | null)[][] | undefined) => {
      if (!data.channels || !bands) return [];
      const at = (index: number): Line => ({
        name: "",
        steps: data.channels?.steps ?? [],
        values: bands[index] ?? [],
        color: "grid",
      });
      return [
        { low: at(0), high: at(4), fill: "band-outer" },
        { low: at(1), high: at(3), fill: "band-inner" },
      ];
    };
    return {
      mean: [
        ...line("batch_mean", "batch mean", "line-batch", [2, 3]),
        ...line("moving_mean", "moving mean", "line-moving"),
        ...held("batch_mean", "mean of the held batch"),
      ],
      meanBands: band(data.channels?.mean_bands),
      variance: [
        ...line("batch_variance", "batch variance", "line-batch", [2, 3]),
        ...line("moving_variance", "moving variance", "line-moving"),
        ...held("batch_variance", "variance of the held batch"),
      ],
      varianceBands: band(data.channels?.variance_bands),
      start: [
        ...line("updates", "updates made", "line-1"),
        ...line("start_updates", "updates needed", "line-validation", [6, 4]),
      ],
    };
  }, [data]);
  const named = state.outcomes.value.some(
    (outcome) => outcome.status === "finding" && outcome.layers.includes(data.path),
  );
  return (
    <>
      <p class="quiet-text">
        Lines show means over channels.
        {data.channels &&
          " Bands show the middle 50 % and 90 % of the channels' moving statistics."}
      </p>
      <Lines
        axis={state.axis}
        title="Mean"
        lines={lines.mean}
        bands={lines.meanBands}
        phases={phases}
      />
      <Lines
        axis={state.axis}
        title="Variance"
        lines={lines.variance}
        bands={lines.varianceBands}
        phases={phases}
        labelled={lines.start.length < 2}
      />
      {lines.start.length === 2 && (
        <Lines
          axis={state.axis}
          title="Influence of the initial statistics"
          lines={lines.start}
          phases={phases}
          height={80}
          labelled
        />
      )}
      {data.channels && <Channels channels={data.channels} />}
      {embedded && !data.channels && !named && (
        <p class="quiet-text">This file holds the channels only of layers that a finding names.</p>
      )}
    </>
  );
}

function Ledger({ data, row }: { data: LayerAnswer; row: LayerRow }) {
  return (
    <>
      {data.calls.length === 0 ? (
        <p class="quiet-text">No call of this layer was recorded.</p>
      ) : (
        <Calls data={data} />
      )}
      <dl class="witnesses">
        <dt>Ran</dt>
        <dd>{formatExecutions(data.executions)}</dd>
        <dt>Trainable, as the program last set it</dt>
        <dd>{yesNo(data.trainable_as_set)}</dd>
        <dt>Trainable, at the newest record</dt>
        <dd>{yesNo(row.trainable_in_record)}</dd>
        <dt>Statistics</dt>
        <dd>
          {data.statistics}
          {data.agreement === "unexplained" && <strong> (what ran does not explain this)</strong>}
        </dd>
      </dl>
    </>
  );
}

function yesNo(value: boolean | null): string {
  if (value === null) return "not known";
  return value ? "yes" : "no";
}

function Calls({ data }: { data: LayerAnswer }) {
  return (
    <Scroll class="scroll" aria-label="Mode ledger">
      <table>
        <caption>Mode ledger: each way this layer was called</caption>
        <thead>
          <tr>
            {[
              "mode",
              "context",
              "training argument",
              "reason",
              "trainable when traced",
              "input",
              "function",
              "first seen",
            ].map((name) => (
              <th scope="col" key={name}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {data.calls.map((call, at) => (
            <tr key={at}>
              <td>{call.mode}</td>
              <td>{call.context.replaceAll("_", " ")}</td>
              <td>{call.training_argument}</td>
              <td>
                {call.reason}
                {call.source && (
                  <>
                    {call.reason === "default" ? ", though one was given to " : " from "}
                    <bdi title={call.source}>{shorten(call.source, 30)}</bdi>
                  </>
                )}
              </td>
              <td>{call.trainable ? "yes" : "no"}</td>
              <td class="nowrap">{formatShape(call.input_shape)}</td>
              <td>
                {call.function ? shorten(call.function, 30) : "eager"}
                {call.jit ? ", XLA" : ""}
              </td>
              <td class="nowrap">step {formatStep(call.first_step)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
