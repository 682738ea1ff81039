// How the loss is reduced, measured; and what the metrics' names became.
import type { LossRow } from "../api_types.ts";
import { formatNumber, formatShape } from "../model/text.ts";
import * as state from "../state.ts";
import { Scroll } from "./scroll.tsx";

/** The tables of losses and metrics. */
export function Losses() {
  const report = state.report.value;
  if (!report) return null;
  const { losses, metrics } = report;
  const other = state.other.value;
  return (
    <section class="region" aria-label="Loss reduction">
      <h2>Loss reduction</h2>
      {losses.length === 0 && (
        <p class="quiet-text">
          No loss was recorded. Pass <code>probe_data</code> to the callback, or call{" "}
          <code>tb_bnplugin.summary.loss_reduction</code> in your training loop.
        </p>
      )}
      {losses.length > 0 && <LossTable losses={losses} caption="This run" />}
      {other && other.losses.length > 0 && <LossTable losses={other.losses} caption={other.run} />}
      {metrics.length > 0 && (
        <>
          <h3>Metrics as resolved</h3>
          <Scroll class="scroll" aria-label="Metrics as resolved">
            <table>
              <thead>
                <tr>
                  <th scope="col">metric</th>
                  <th scope="col">compiled as</th>
                  <th scope="col">resolved to</th>
                  <th scope="col">labels</th>
                  <th scope="col">predictions</th>
                </tr>
              </thead>
              <tbody>
                {metrics.map((metric) => (
                  <tr key={`${metric.name} ${metric.phase}`}>
                    <th scope="row">{metric.name}</th>
                    <td>{metric.compiled_as}</td>
                    <td>{metric.metric_class}</td>
                    <td class="nowrap">{formatShape(metric.label_shape)}</td>
                    <td class="nowrap">{formatShape(metric.prediction_shape)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </Scroll>
        </>
      )}
    </section>
  );
}

function LossTable({ losses, caption }: { losses: readonly LossRow[]; caption: string }) {
  return (
    <>
      <h3>{caption}</h3>
      {losses.map((loss) => (
        <p key={`${loss.name} ${loss.phase} reading`} class="reading">
          <b>{loss.name}</b>: {loss.reading}
        </p>
      ))}
      <Scroll class="scroll" aria-label={`Losses of ${caption}`}>
        <table>
          <thead>
            <tr>
              <th scope="col">loss</th>
              <th scope="col">class</th>
              <th scope="col">reduction</th>
              <th scope="col">predictions</th>
              <th scope="col">your value</th>
              <th scope="col">Keras' mean</th>
              <th scope="col">factor</th>
              <th scope="col">outputs</th>
              <th scope="col">batch doubled</th>
              <th scope="col">replicas</th>
              <th scope="col">equal learning rate</th>
            </tr>
          </thead>
          <tbody>
            {losses.map((loss) => (
              <tr key={`${loss.name} ${loss.phase}`}>
                <th scope="row">{loss.name}</th>
                <td>
                  {loss.loss_class}
                  {loss.keras_class && loss.keras_class !== loss.loss_class
                    ? ` (a ${loss.keras_class})`
                    : ""}
                </td>
                <td>{loss.reduction ?? "custom"}</td>
                <td class="nowrap">{formatShape(loss.prediction_shape)}</td>
                {loss.measured ? (
                  <>
                    <td class="number">{formatNumber(loss.measured.value)}</td>
                    <td class="number">{formatNumber(loss.measured.keras_mean)}</td>
                    <td class="number strong">{times(loss.measured.factor)}</td>
                    <td class="number">{formatNumber(loss.measured.outputs)}</td>
                    <td class="number">{times(loss.measured.doubled_ratio)}</td>
                    <td class="number">{formatNumber(loss.measured.replicas)}</td>
                    <td class="number">{times(loss.measured.equal_learning_rate)}</td>
                  </>
                ) : (
                  <td colSpan={7} class="quiet-text">
                    not measured: pass probe_data, or call summary.loss_reduction
                  </td>
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </>
  );
}

function times(value: number | null): string {
  return value === null ? "–" : `${formatNumber(Number(value.toPrecision(4)))}×`;
}
