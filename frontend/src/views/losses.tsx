// How the loss is reduced and what is differentiated, measured; and what the metrics' names became.
import type { AppliedGradient, LossRow } from "../api_types.ts";
import { formatNumber, formatShape, formatShare, formatTimes, nameOfRun } from "../model/text.ts";
import * as state from "../state.ts";
import { Scroll } from "./scroll.tsx";

/** The tables of losses and metrics. */
export function Losses() {
  const report = state.report.value;
  if (!report) return null;
  const { losses, applied, metrics } = report;
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
      {(losses.length > 0 || applied) && (
        <LossTable losses={losses} applied={applied} caption="This run" />
      )}
      {other && (other.losses.length > 0 || other.applied) && (
        <LossTable losses={other.losses} applied={other.applied} caption={nameOfRun(other.run)} />
      )}
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

type TableProps = {
  losses: readonly LossRow[];
  applied: AppliedGradient | null;
  caption: string;
};

function LossTable({ losses, applied, caption }: TableProps) {
  const gradients = losses.some((loss) => loss.gradient);
  const padding = losses.some((loss) => countedOf(loss) !== null);
  return (
    <>
      <h3>{caption}</h3>
      {losses.map((loss) => (
        <p key={`${loss.name} ${loss.phase} reading`} class="reading">
          <b>{loss.name}</b>: {loss.reading}
          {loss.gradient && <>; by its gradient, {loss.gradient.reading}</>}
        </p>
      ))}
      {applied && (
        <p class="reading">
          <b>optimizer</b>: {applied.reading}
        </p>
      )}
      {losses.length > 0 && (
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
                {gradients && <th scope="col">by gradient</th>}
                {gradients && <th scope="col">cosine</th>}
                <th scope="col">outputs</th>
                <th scope="col">batch doubled</th>
                {padding && <th scope="col">not padding</th>}
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
                      <td class="number strong">{formatTimes(loss.measured.factor)}</td>
                    </>
                  ) : (
                    <td colSpan={3} class="quiet-text">
                      not measured: pass probe_data, or call summary.loss_reduction
                    </td>
                  )}
                  {gradients && (
                    <>
                      <td class="number strong">{formatTimes(loss.gradient?.factor ?? null)}</td>
                      <td class="number">{formatNumber(loss.gradient?.cosine)}</td>
                    </>
                  )}
                  <td class="number">{formatNumber(loss.measured?.outputs)}</td>
                  <td class="number">{formatTimes(loss.measured?.doubled_ratio ?? null)}</td>
                  {padding && <td class="number">{formatShare(countedOf(loss))}</td>}
                  <td class="number">{formatNumber(loss.measured?.replicas)}</td>
                  <td class="number">{formatTimes(loss.measured?.equal_learning_rate ?? null)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
    </>
  );
}

/** The share of the values that count, where the loss leaves some out as padding. */
function countedOf(loss: LossRow): number | null {
  const share = loss.measured?.counted_share ?? null;
  return share !== null && share < 1 ? share : null;
}
