// What opens on demand, and is made only then.
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";

type DetailsProps = {
  class: string;
  title: string;
  /** Until somebody opens or closes it. */
  open?: boolean;
  children: () => ComponentChildren;
};

/** A disclosure. */
export function Details(props: DetailsProps) {
  const turned = useSignal<boolean | null>(null);
  const open = turned.value ?? props.open ?? false;
  return (
    <details
      class={props.class}
      open={open}
      onToggle={(event) => {
        turned.value = event.currentTarget.open;
      }}
    >
      <summary>{props.title}</summary>
      {open && props.children()}
    </details>
  );
}
