// What opens on demand, and is made only then.
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";

type DetailsProps = {
  class: string;
  title: string;
  open?: boolean;
  children: () => ComponentChildren;
};

/** A disclosure. */
export function Details(props: DetailsProps) {
  const open = useSignal(props.open ?? false);
  return (
    <details
      class={props.class}
      open={open.value}
      onToggle={(event) => {
        open.value = event.currentTarget.open;
      }}
    >
      <summary>{props.title}</summary>
      {open.value && props.children()}
    </details>
  );
}
