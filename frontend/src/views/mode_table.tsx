// The timeline as a table: the runs of modes of each layer.
import type { Report } from "../api_types.ts";
import { MODE_WORDS, modeRuns } from "../model/modes.ts";
import { formatSteps, nameOfRun, shorten } from "../model/text.ts";
import { Details } from "./details.tsx";
import { Scroll } from "./scroll.tsx";

/** The table, made when it is opened: it has a row for each layer. */
export function ModeTable({ report }: { report: Report }) {
  return (
    <Details class="table-of" title="As a table">
      {() => (
        <Scroll class="scroll" aria-label={`Modes of ${nameOfRun(report.run)} as a table`}>
          <table>
            <thead>
              <tr>
                <th scope="col">Layer</th>
                <th scope="col">Modes by steps</th>
              </tr>
            </thead>
            <tbody>
              {report.layers.map((layer) => (
                <tr key={layer.path}>
                  <th scope="row">
                    <bdi title={layer.path}>{shorten(layer.path)}</bdi>
                  </th>
                  <td>
                    {modeRuns(layer, report.steps)
                      .map(
                        (run) => `${MODE_WORDS[run.mode]}, ${formatSteps([run.first, run.last])}`,
                      )
                      .join("; ")}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
    </Details>
  );
}
