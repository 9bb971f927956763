// Figures as a table. Rows begin with what they are of.
import { For } from "solid-js";

export function Figures(props: { columns: readonly string[]; rows: readonly (readonly string[])[] }) {
  return (
    <div class="table-scroll" tabindex="0">
      <table class="figures">
        <thead>
          <tr>
            <For each={props.columns}>{(name) => <th scope="col">{name}</th>}</For>
          </tr>
        </thead>
        <tbody>
          <For each={props.rows}>
            {([name, ...figures]) => (
              <tr>
                <th scope="row">{name}</th>
                <For each={figures}>{(figure) => <td>{figure}</td>}</For>
              </tr>
            )}
          </For>
        </tbody>
      </table>
    </div>
  );
}
